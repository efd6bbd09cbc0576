"""Processes of the run's own: started, waited for, and ended by it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
START_WITHIN = 60.0
END_WITHIN = 20.0


class DidNotStart(Exception):
    """A process of the run ended or stayed silent; the last lines it wrote say why."""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without any setting of Tocsin but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**kept, **(extra or {})}


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *arguments]


@contextmanager
def running(
    command: list[str], log: Path, *, settings: Mapping[str, str] | None = None, stdout: int | None = None
) -> Iterator[Popen[str]]:
    """A process until the block ends: asked to stop, then made to. What it says goes to `log`."""
    with log.open("w") as said:
        process = Popen(
            command, cwd=ROOT, env=environment(settings), stdout=stdout or said, stderr=said, text=True, bufsize=1
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def serving(
    command: list[str], log: Path, *, port: int, settings: Mapping[str, str] | None = None
) -> Iterator[Popen[str]]:
    """A server until the block ends, from the moment that it listens."""
    with running(command, log, settings=settings) as process:
        limit = time.monotonic() + START_WITHIN
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > limit:
                raise DidNotStart(f"{' '.join(command[1:])}\n{_tail(log)}")
            time.sleep(0.05)
        yield process


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1.0).close()
    except OSError:
        return False
    return True


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def resident(pid: int) -> float:
    """The memory that a process holds now, in MiB; needs /proc."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)
