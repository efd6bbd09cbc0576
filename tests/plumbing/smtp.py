"""A real SMTP server on loopback that can be told to misbehave.

    python -m tests.plumbing.smtp PORT OUTFILE [--hang-at data]

runs one in a process of its own and writes each mail to OUTFILE as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import json
import re
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"
Moment = Literal["connect", "rcpt", "data"]
MOMENTS: tuple[Moment, ...] = ("connect", "rcpt", "data")


@dataclass(frozen=True)
class Mail:
    """One message that the server accepted."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    login: str | None = None
    envelope_id: str | None = None
    notify: str | None = None
    """What the sender asked to be told of (RFC 3461), as written."""

    @property
    def message(self) -> EmailMessage:
        """The message as sent, parsed."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The decoded plain part, with plain line ends."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


@dataclass
class Manners:
    """How the server treats its callers; may be changed at any time, also while it runs."""

    refusals: dict[str, str] = field(default_factory=dict)
    """Recipient to reply, such as "550 5.1.1 No such person"; "*" stands for everybody."""
    data_reply: str = "250 2.0.0 Accepted"
    """What it says to a finished message; keeps the message only if this starts with 2."""
    hang_at: Moment | None = None
    hang_for: float = 3600.0
    """Seconds."""
    drop_at: Moment | None = None
    login: tuple[str, str] | None = None
    """User and password without which no mail is taken."""
    dsn: bool = False
    """Whether it offers delivery reports (RFC 3461)."""


class SmtpServer:
    """A mail server in a thread; `port` 0 takes a free one and keeps it when started again.

    Use it as a context manager, or call `start()` and `stop()`.
    """

    def __init__(self, port: int = 0, manners: Manners | None = None) -> None:
        self.port = port
        self.manners = manners or Manners()
        self._mails: list[Mail] = []
        self._connections = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._failed: OSError | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def mails(self) -> list[Mail]:
        """What was accepted so far, in order."""
        with self._changed:
            return list(self._mails)

    @property
    def connections(self) -> int:
        """How many callers there were, the dropped ones included."""
        with self._changed:
            return self._connections

    def start(self) -> None:
        """Listen; returns when callers get through."""
        ready = threading.Event()
        self._failed = None
        self._thread = threading.Thread(target=self._run, args=(ready,), name="smtp-server", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failed:
            self._thread.join()
            raise self._failed

    def stop(self) -> None:
        """Hang up on everybody and free the port; mails stay readable."""
        if self._thread is None or self._loop is None or self._closing is None:
            return
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._thread = self._loop = self._closing = None

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Mail]:
        """Wait until `count` mails have come in all; TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._mails) >= count, timeout):
                raise TimeoutError(f"{len(self._mails)} of {count} mails after {timeout} s")
            return list(self._mails)

    def clear(self) -> None:
        """Forget the mails."""
        with self._changed:
            self._mails.clear()

    def keep(self, mail: Mail) -> None:
        """Store an accepted mail and wake those who wait."""
        with self._changed:
            self._mails.append(mail)
            self._changed.notify_all()

    def count_connection(self) -> None:
        """Note one more caller."""
        with self._changed:
            self._connections += 1

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except OSError as error:
            self._failed = error
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        callers: list[_Conversation] = []

        def answer() -> _Conversation:
            callers.append(_Conversation(self))
            return callers[-1]

        listener = await self._loop.create_server(answer, HOST, self.port)
        self.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await self._closing.wait()
        listener.close()
        for caller in callers:
            caller.hang_up()
        await asyncio.sleep(0)


_DSN = re.compile(r" (RET|ENVID|NOTIFY|ORCPT)=(\S+)")


class _Handler:
    """The answers, in the shape that aiosmtpd calls."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def handle_EHLO(
        self, smtp: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses[:-1] + ["250-DSN"] * self.server.manners.dsn + responses[-1:]

    async def handle_MAIL(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.server.manners.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, smtp: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await smtp.misbehave("rcpt")
        refusals = self.server.manners.refusals
        refusal = refusals.get(address) or refusals.get("*")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, smtp: _Conversation, session: Session, envelope: Envelope) -> str:
        await smtp.misbehave("data")
        reply = self.server.manners.data_reply
        if reply.startswith("2"):
            raw = envelope.original_content or b""
            proof = session.auth_data
            login = proof.login.decode() if isinstance(proof, LoginPassword) else None
            self.server.keep(
                Mail(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    raw,
                    login,
                    envelope_id=smtp.asked.get("ENVID"),
                    notify=smtp.asked.get("NOTIFY"),
                )
            )
        return reply


class _Conversation(SMTP):
    """One caller's connection."""

    def __init__(self, server: SmtpServer) -> None:
        super().__init__(
            _Handler(server),
            hostname="localhost",
            enable_SMTPUTF8=True,
            # AUTH is demanded in handle_MAIL: auth_required would warn that there is no TLS here.
            auth_require_tls=False,
            authenticator=self._check_login,
            loop=asyncio.get_running_loop(),
        )
        self.server = server
        self.asked: dict[str, str] = {}

    async def smtp_MAIL(self, arg: str | None) -> None:
        await super().smtp_MAIL(self._without_dsn(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        await super().smtp_RCPT(self._without_dsn(arg))

    def _without_dsn(self, arg: str | None) -> str | None:
        """Note what aiosmtpd does not know, when it was offered; otherwise it is refused as it should be."""
        if not self.server.manners.dsn or not arg:
            return arg
        self.asked |= dict(_DSN.findall(arg))
        return _DSN.sub("", arg)

    async def _handle_client(self) -> None:
        self.server.count_connection()
        await self.misbehave("connect")
        await super()._handle_client()

    async def misbehave(self, moment: Moment) -> None:
        """Hang or drop the line if that is the order for this moment."""
        manners = self.server.manners
        if manners.hang_at == moment:
            await asyncio.sleep(manners.hang_for)
        if manners.drop_at == moment:
            self.hang_up()
            raise asyncio.CancelledError

    def hang_up(self) -> None:
        """Close the connection without a word."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _check_login(self, smtp: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        wanted = self.server.manners.login
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=wanted is not None and given == wanted, handled=False, auth_data=data)


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to end; one line of JSON for each mail."""
    parser = argparse.ArgumentParser(prog="python -m tests.plumbing.smtp", description=main.__doc__)
    parser.add_argument("port", type=int, help="0 takes a free one")
    parser.add_argument("outfile", type=Path)
    parser.add_argument("--hang-at", choices=MOMENTS)
    parser.add_argument("--hang-for", type=float, default=3600.0, metavar="SECONDS")
    parser.add_argument("--drop-at", choices=MOMENTS)
    asked = parser.parse_args(arguments)

    manners = Manners(hang_at=asked.hang_at, hang_for=asked.hang_for, drop_at=asked.drop_at)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with asked.outfile.open("a", encoding="utf-8") as out, _Reporting(out, asked.port, manners) as server:
        print(f"listening on {HOST}:{server.port}", flush=True)
        signal.pause()


class _Reporting(SmtpServer):
    """A server that writes each mail down before it says yes."""

    def __init__(self, out: Any, port: int, manners: Manners) -> None:
        super().__init__(port, manners)
        self.out = out

    def keep(self, mail: Mail) -> None:
        line = {
            "at": time.time(),
            "from": mail.sender,
            "to": mail.recipients,
            "raw": mail.raw.decode("latin-1"),
        }
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()
        super().keep(mail)


if __name__ == "__main__":
    main()
