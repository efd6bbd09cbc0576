"""What real nights need: waiting for something to become true, and processes that can be killed."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from app.config import Settings

ROOT = Path(__file__).parent.parent.parent
CODE = re.compile(r"\b\d{4}(?: \d{4}){3}\b")

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


def mail(port: int) -> dict[str, object]:
    """The environment that sends mail to a server on this machine."""
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": port,
        "SMTP_SECURITY": "none",
        "SMTP_SENDER": "tocsin@northwind.example",
    }


@contextmanager
def tocsin(
    settings: Settings, *words: str, module: str = "app.cli", **environment: object
) -> Iterator[subprocess.Popen[str]]:
    """A command of Tocsin in a process of its own on the database of `settings`."""
    given = {"INSTANCE": settings.instance, "DATABASE_URL": settings.database, **environment}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    clean |= {f"TOCSIN_{name}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, cwd=ROOT, env=clean, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def post(port: int, what: str) -> str | None:
    """The code that a report was answered with; None when it was not answered."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        wire.request("POST", "/", urlencode({"what": what}), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = wire.getresponse()
        said = re.sub(r"<[^>]+>", " ", answer.read().decode())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        wire.close()
    code = CODE.search(" ".join(said.split()))
    return code[0] if answer.status == 200 and code else None


@contextmanager
def reporters(port: int, count: int = 4) -> Iterator[list[str | None]]:
    """People who report one after the other meanwhile; the codes they were answered with, None for no answer."""
    codes: list[str | None] = []
    over = threading.Event()

    def go_on_reporting(who: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            codes.append(post(port, f"{who} {number}"))

    people = [threading.Thread(target=go_on_reporting, args=(who,)) for who in range(count)]
    for person in people:
        person.start()
    try:
        yield codes
    finally:
        over.set()
        for person in people:
            person.join(30)


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()
