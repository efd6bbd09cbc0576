"""E-mail over one SMTP connection that is kept open."""

from __future__ import annotations

import base64
import contextlib
import enum
import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict
from notifications.channels.deadline import Deadline, open_socket
from notifications.channels.mail import Letter, ReturnAddress, compose, domain_of
from notifications.channels.mark import LENGTH
from notifications.channels.smtp_causes import NotOffered, Step, outcome_of, said

# Middleboxes forget a silent connection after minutes without telling either end.
IDLE_LIMIT_SECONDS = 60.0
ASK_AFTER_SECONDS = 5.0
_ASK_SECONDS = 2.0
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Security(enum.Enum):
    """How the way to the mail server is protected; stored by value."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True)
class SmtpSettings:
    """Where and how mail is handed over; `timeout` is the limit of one whole send, in seconds.

    `local_hostname` is the name given in EHLO, the domain of `sender` when left out. `ca_file` names a file
    of certificates to trust instead of the system's. With `bounces` each mail comes back to an address of its own,
    and the server is asked to report the arrival too. Refuses a sender or a name that cannot go on the wire.
    """

    host: str
    sender: str
    port: int = 587
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 20.0
    local_hostname: str | None = None
    ca_file: str | None = None
    bounces: ReturnAddress | None = None

    def __post_init__(self) -> None:
        domain_of(self.sender)
        if not re.fullmatch(r"[!-~]*", self.local_hostname or ""):
            raise Refused(N_("Write the name for EHLO without blanks, such as tocsin.example.org."))


class _Wire(smtplib.SMTP):
    """One connection, watched by a deadline from its first byte."""

    def __init__(self, settings: SmtpSettings, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        self._deadline = deadline
        self._wrap = context if settings.security is Security.TLS else None
        # Without a name smtplib asks the resolver for one, which can take seconds.
        hello = settings.local_hostname or domain_of(settings.sender)
        super().__init__(settings.host, settings.port, hello, timeout=settings.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = open_socket(host, port, deadline=self._deadline, timeout=timeout)
        if self._wrap is None:
            return raw
        try:
            return self._wrap.wrap_socket(raw, server_hostname=host)
        except (OSError, ValueError):
            raw.close()
            raise


class SmtpChannel:
    """Sends mail, one letter after the other, over a connection it keeps."""

    name = "smtp"

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        idle_limit: float = IDLE_LIMIT_SECONDS,
        ask_after: float = ASK_AFTER_SECONDS,
    ) -> None:
        self._settings = settings
        self._idle_limit = idle_limit
        self._ask_after = ask_after
        self._wire: _Wire | None = None
        self._used_at = 0.0

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand one message to the mail server, at least once, within the time limit."""
        try:
            settings = self._settings
            letter = compose(message, sender=settings.sender, recipient=target.address, bounces=settings.bounces)
        except Refused as refusal:
            params = {key: str(value) for key, value in refusal.params.items()}
            return Outcome.because(Verdict.NEVER, refusal.message, params)
        with Deadline(self._settings.timeout) as deadline:
            kept = self._kept_wire(deadline)
            outcome, gone = self._try(kept, letter, deadline)
            if kept is not None and gone:
                outcome, _ = self._try(None, letter, deadline)
        return outcome

    def check(self) -> Outcome:
        """Connect, sign in, offer the bounce address and leave again, over a connection of its own."""
        host, progress, hidden = self._settings.host, _Progress(), (self._settings.password or "",)
        with Deadline(self._settings.timeout) as deadline:
            try:
                wire = self._open(deadline, progress)
            except (OSError, ValueError) as error:
                return outcome_of(error, progress.step, host, deadline, hidden=hidden)
            try:
                self._offer_return(wire, progress)
            except (OSError, ValueError) as error:
                return outcome_of(error, progress.step, host, deadline, hidden=hidden)
            finally:
                _leave(wire)
        if self._settings.username:
            cause = N_("The mail server %(server)s answers and lets us sign in.")
        else:
            cause = N_("The mail server %(server)s answers.")
        return Outcome.because(Verdict.ACCEPTED, cause, {"server": host})

    def _offer_return(self, wire: _Wire, progress: _Progress) -> None:
        """Some servers let an account send from its own address only: then no page could leave."""
        if self._settings.bounces is not None:
            progress.step = Step.SENDER
            _expect(wire.mail(self._settings.bounces.marked("a" * LENGTH)), 250)

    def close(self) -> None:
        """Say goodbye to the server, briefly; the next send connects anew."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with Deadline(_ASK_SECONDS) as deadline:
                with contextlib.suppress(OSError):
                    _watch(wire, deadline)
                _leave(wire)

    def _try(self, wire: _Wire | None, letter: Letter, deadline: Deadline) -> tuple[Outcome, bool]:
        """One attempt; also whether the line was found dead before the server took any of the letter."""
        progress = _Progress()
        try:
            if wire is None:
                wire = self._wire = self._open(deadline, progress)
            reply = _hand_over(wire, letter, progress, arrival=self._settings.bounces is not None)
        except (OSError, ValueError) as error:
            self._after(error)
            gone = _is_gone(error) and progress.step is not Step.HANDED_OVER
            secrets = (letter.recipient, self._settings.password or "")
            outcome = outcome_of(error, progress.step, self._settings.host, deadline, hidden=secrets)
            return outcome, gone
        self._used_at = time.monotonic()
        cause = N_("Accepted by %(server)s: %(reply)s")
        shown = said(*reply, hidden=(letter.recipient,))
        params = {"server": self._settings.host, "reply": shown}
        return Outcome.because(Verdict.ACCEPTED, cause, params, remote_id=letter.message_id), False

    def _kept_wire(self, deadline: Deadline) -> _Wire | None:
        wire, idle = self._wire, time.monotonic() - self._used_at
        if wire is None:
            return None
        if idle > self._idle_limit or wire.sock is None:
            self._drop()
            return None
        try:
            _watch(wire, deadline)
            if idle > self._ask_after:
                _ask(wire, self._settings.timeout)
        except (OSError, ValueError):
            self._drop()
        return self._wire

    def _open(self, deadline: Deadline, progress: _Progress) -> _Wire:
        settings, context = self._settings, None
        progress.step = Step.CONNECT
        if settings.security is not Security.NONE:
            context = ssl.create_default_context(cafile=settings.ca_file)
        wire = _Wire(settings, deadline, context)
        try:
            progress.step = Step.GREET
            wire.ehlo_or_helo_if_needed()
            if settings.security is Security.STARTTLS:
                progress.step = Step.STARTTLS
                if not wire.has_extn("starttls"):
                    raise NotOffered("STARTTLS")
                _expect(wire.starttls(context=context), 220)
                progress.step = Step.GREET
                wire.ehlo_or_helo_if_needed()
            if settings.username:
                progress.step = Step.SIGN_IN
                _sign_in(wire, settings.username, settings.password or "")
        except (OSError, ValueError):
            wire.close()
            raise
        self._used_at = time.monotonic()
        return wire

    def _after(self, error: Exception) -> None:
        """Keep the connection after a plain refusal, drop it after anything else."""
        wire = self._wire
        if wire is None:
            return
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code != 421:
            try:
                _expect(wire.rset(), 250)
            except (OSError, ValueError):
                self._drop()
            else:
                self._used_at = time.monotonic()
        else:
            self._drop()

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()


class _Progress:
    """How far a send came."""

    step = Step.CONNECT


def _hand_over(wire: _Wire, letter: Letter, progress: _Progress, *, arrival: bool) -> tuple[int, bytes]:
    progress.step = Step.SENDER
    if letter.utf8 and not wire.has_extn("smtputf8"):
        raise NotOffered("SMTPUTF8")
    of_mail, of_recipient = ["smtputf8"] if letter.utf8 else [], []
    if letter.mark and wire.has_extn("dsn"):
        of_mail += ["RET=HDRS", f"ENVID={letter.mark}"]
        # Without a mailbox for them, reports of arrival would pile up at the sender's own.
        of_recipient += ["NOTIFY=SUCCESS,FAILURE,DELAY"] if arrival else []
    _expect(wire.mail(letter.sender, of_mail), 250)
    progress.step = Step.RECIPIENT
    _expect(wire.rcpt(letter.recipient, of_recipient), 250, 251)
    progress.step = Step.DATA
    _expect(wire.docmd("DATA"), 354)
    progress.step = Step.HANDED_OVER
    wire.send(_LEADING_DOT.sub(b"..", letter.body).rstrip(b"\r\n") + b"\r\n.\r\n")
    return _expect(wire.getreply(), 250)


def _expect(reply: tuple[int, bytes], *codes: int) -> tuple[int, bytes]:
    if reply[0] not in codes:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _sign_in(wire: _Wire, username: str, password: str) -> None:
    if (username + password).isascii():
        wire.login(username, password)
        return
    # smtplib knows ASCII passwords only; RFC 4616 wants UTF-8.
    token = base64.b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
    _expect(wire.docmd("AUTH", f"PLAIN {token}"), 235)


def _is_gone(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == 421
    return isinstance(error, ConnectionError | smtplib.SMTPServerDisconnected | ssl.SSLError)


def _ask(wire: _Wire, timeout: float) -> None:
    _settle(wire, min(_ASK_SECONDS, timeout))
    _expect(wire.noop(), 250)
    _settle(wire, timeout)


def _leave(wire: _Wire) -> None:
    try:
        _settle(wire, _ASK_SECONDS)
        wire.quit()
    except (OSError, ValueError):
        wire.close()


def _settle(wire: _Wire, seconds: float) -> None:
    if wire.sock is not None:
        wire.sock.settimeout(seconds)


def _watch(wire: _Wire, deadline: Deadline) -> None:
    if wire.sock is not None:
        deadline.watch(wire.sock)
