"""What real nights need: waiting for something to become true, and processes that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app.config import Settings

ROOT = Path(__file__).parent.parent.parent


Made = TypeVar("Made")


def at_once(*acts: Callable[[], Made]) -> list[Made]:
    """Run acts at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Made]) -> Made:
        barrier.wait(5)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(30) for future in [pool.submit(run, act) for act in acts]]


def until(true: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Wait until something is true; fails after `seconds`."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not become true in time"
        time.sleep(0.02)


@contextmanager
def mail_server(mails: Path, *manners: str) -> Iterator[int]:
    """A mail server in a process of its own that writes to `mails`; yields its port."""
    command = [sys.executable, "-m", "tests.plumbing.smtp", "0", str(mails), *manners]
    with _process(command, dict(os.environ)) as running:
        assert running.stdout is not None
        yield int(running.stdout.readline().rpartition(":")[2])


@contextmanager
def server(settings: Settings, port: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own on the database of `settings`, with a mail server on `port`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment |= {
        "TOCSIN_INSTANCE": str(settings.instance),
        "TOCSIN_DATABASE_URL": settings.database,
        "TOCSIN_PUBLIC_ADDRESS": settings.public_address,
        "TOCSIN_SMTP_HOST": "127.0.0.1",
        "TOCSIN_SMTP_PORT": str(port),
        "TOCSIN_SMTP_SECURITY": "none",
        "TOCSIN_SMTP_SENDER": "tocsin@northwind.example",
        "TOCSIN_SMTP_TIMEOUT": "1.5",
        "TOCSIN_WAIT_LEASE": "3",
        "TOCSIN_TICK": "0.2",
    }
    with _process([sys.executable, "-m", "tests.nights.server", *arguments], environment) as running:
        yield running


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()
