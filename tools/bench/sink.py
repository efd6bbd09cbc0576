"""A mail server that takes everything and says when: `python -m tools.bench.sink`, a process of its own.

It prints its port, then one line of JSON for each mail. The stamp is that of CLOCK_MONOTONIC, which every process
of a machine reads alike; it is taken when the whole mail is there and the answer goes out.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import queue
import re
import sys
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from subprocess import PIPE, Popen

from tools.bench.processes import HOST, DidNotStart, python, running

DELAY = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 0.0
LARGEST = 4 * 1024 * 1024
ANSWERS = {
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
    b"DATA": b"354 Go on\r\n",
}
OK = b"250 2.0.0 OK\r\n"
LINK = re.compile(r"https?://\S+/p/\S+")


async def converse(reader: StreamReader, writer: StreamWriter) -> None:
    """One caller: every command is fine, every mail is taken."""
    to: list[str] = []
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(ANSWERS.get(verb, OK))
        if verb == b"RCPT":
            to.append(line.decode("utf-8", "replace").partition("<")[2].partition(">")[0])
        elif verb == b"DATA":
            raw = await reader.readuntil(b"\r\n.\r\n")
            await asyncio.sleep(DELAY)
            at = time.monotonic()
            writer.write(OK)
            print(json.dumps({"at": at, "to": to, "raw": raw.decode("latin-1")}), flush=True)
            to = []
        elif verb == b"QUIT":
            break
    writer.close()


async def serve() -> None:
    """Listen on a free port until the process is ended."""
    server = await asyncio.start_server(converse, HOST, 0, limit=LARGEST)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True)
class Mail:
    """A mail that the sink took. `at` is in seconds of `time.monotonic()`."""

    at: float
    to: tuple[str, ...]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def key(self) -> str:
        """What stands before the @ of its Message-ID."""
        return str(self.message["Message-ID"]).strip().lstrip("<").partition("@")[0]

    @property
    def link(self) -> str:
        """The paging link in its plain part; empty where there is none."""
        part = self.message.get_body(("plain",))
        found = LINK.search(str(part.get_content())) if part else None
        return found[0] if found else ""


class Sink:
    """The sink seen from the run: its port, and the mails as they come in."""

    def __init__(self, process: Popen[str]) -> None:
        assert process.stdout is not None
        self._lines = process.stdout
        self._mails: queue.SimpleQueue[Mail] = queue.SimpleQueue()
        first = self._lines.readline().strip()
        if not first.isdecimal():
            raise DidNotStart("the mail sink")
        self.port = int(first)
        self._reader = threading.Thread(target=self._read, name="sink", daemon=True)
        self._reader.start()

    def next(self, wait: float) -> Mail | None:
        """The next mail, or None if none comes within so many seconds."""
        try:
            return self._mails.get(timeout=wait)
        except queue.Empty:
            return None

    def empty(self) -> int:
        """Forget the mails that came in so far; how many they were."""
        gone = 0
        while self.next(0.001) is not None:
            gone += 1
        return gone

    def close(self) -> None:
        """Let go of a process that was told to end."""
        self._reader.join()
        self._lines.close()

    def _read(self) -> None:
        for line in self._lines:
            found = json.loads(line)
            self._mails.put(Mail(found["at"], tuple(found["to"]), found["raw"].encode("latin-1")))


@contextmanager
def sinking(folder: Path, *, delay: float = 0.0) -> Iterator[Sink]:
    """A sink in a process of its own, until the block ends; it takes `delay` seconds for each mail."""
    with running(python("tools.bench.sink", str(delay)), folder / "sink.log", stdout=PIPE) as process:
        sink = Sink(process)
        try:
            yield sink
        finally:
            process.terminate()
            sink.close()


if __name__ == "__main__":
    asyncio.run(serve())
