"""A small real IMAP server on loopback, enough of RFC 3501 to read a mailbox, that can be told to misbehave."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

HOST = "127.0.0.1"
Moment = Literal["greeting", "login", "fetch", "store"]


@dataclass
class Mail:
    """One mail in the mailbox."""

    uid: int
    raw: bytes
    seen: bool = False


@dataclass
class ImapServer:
    """A server with one user and one folder, in threads; use it as a context manager.

    At `hang_at` it says nothing more, at `die_at` it hangs up. `asked` is every command it got.
    """

    username: str = "bounces@example.com"
    password: str = "a good secret"
    hang_at: Moment | None = None
    die_at: Moment | None = None
    mails: list[Mail] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._closing = threading.Event()
        self._listener: socketserver.ThreadingTCPServer | None = None

    def __enter__(self) -> Self:
        outer = self

        class Caller(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _Conversation(outer, self.connection, self.rfile).hold()

        self._listener = socketserver.ThreadingTCPServer((HOST, 0), Caller)
        self._listener.daemon_threads = True
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()

    def put(self, raw: bytes) -> Mail:
        """Lay an unread mail into the mailbox."""
        mail = Mail(len(self.mails) + 1, raw)
        self.mails.append(mail)
        return mail

    @property
    def unread(self) -> int:
        return sum(not mail.seen for mail in self.mails)

    def misbehave(self, moment: Moment) -> None:
        """Hang or hang up if that is the order for this moment."""
        if self.hang_at == moment:
            self._closing.wait(60)
        if moment in (self.hang_at, self.die_at):
            raise ConnectionAbortedError


class _Conversation:
    """One caller's connection."""

    def __init__(self, server: ImapServer, line: socket.socket, reader: object) -> None:
        self.server, self.line, self.reader = server, line, reader

    def hold(self) -> None:
        try:
            self.server.misbehave("greeting")
            self._say(b"* OK ready")
            while command := self.reader.readline():  # type: ignore[attr-defined]
                tag, _, rest = command.decode("utf-8").rstrip("\r\n").partition(" ")
                self.server.asked.append(rest)
                done = self._answer(rest)
                self._say(f"{tag} {done}".encode())
                if rest.upper().startswith("LOGOUT"):
                    return
        except OSError:
            return

    def _answer(self, command: str) -> str:
        words = command.upper().removeprefix("UID ")
        if words.startswith("CAPABILITY"):
            self._say(b"* CAPABILITY IMAP4rev1")
        elif words.startswith("LOGIN"):
            self.server.misbehave("login")
            if command.partition(" ")[2] != f'"{self.server.username}" "{self.server.password}"':
                return "NO [AUTHENTICATIONFAILED] wrong"
        elif words.startswith(("SELECT", "EXAMINE")):
            if words.partition(" ")[2].strip('"') != "INBOX":
                return "NO no such folder"
            self._say(b"* FLAGS (\\Seen)")
            self._say(f"* {len(self.server.mails)} EXISTS".encode())
        elif words.startswith("SEARCH"):
            found = " ".join(str(mail.uid) for mail in self.server.mails if not mail.seen)
            self._say(f"* SEARCH {found}".rstrip().encode())
        elif words.startswith("FETCH"):
            self._fetch(words)
        elif words.startswith("STORE"):
            self.server.misbehave("store")
            self._mail(words).seen = "+FLAGS" in words and "\\SEEN" in words
        elif words.startswith("LOGOUT"):
            self._say(b"* BYE")
        return "OK done"

    def _fetch(self, words: str) -> None:
        self.server.misbehave("fetch")
        mail = self._mail(words)
        size = re.search(r"<0\.(\d+)>", words)
        body = mail.raw[: int(size.group(1))] if size else mail.raw
        self._say(f"* {mail.uid} FETCH (UID {mail.uid} BODY[]<0> {{{len(body)}}}".encode())
        self.line.sendall(body)
        self._say(b")")

    def _mail(self, words: str) -> Mail:
        return self.server.mails[int(words.split()[1]) - 1]

    def _say(self, text: bytes) -> None:
        self.line.sendall(text + b"\r\n")
