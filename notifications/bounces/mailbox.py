"""The mailbox that reports come back to, read over IMAP; every call has a limit, and the whole round too."""

from __future__ import annotations

import contextlib
import imaplib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox

from incidents.words import N_
from notifications.bounces.parts import LONGEST
from notifications.channels import Outcome, Verdict
from notifications.channels.deadline import Deadline, open_socket
from notifications.channels.smtp import Security

log = logging.getLogger(__name__)

ROUND_SECONDS = 300.0
"""One reading ends after this; what is left is read in the next."""

SEEN = "\\Seen"

_SIGN_IN = N_("The mailbox at %(server)s refused our user name or password.")
_FOLDER = N_("The mailbox at %(server)s has no folder of this name.")
_SLOW = N_("The mailbox at %(server)s did not answer within %(seconds)s seconds.")
_UNTRUSTED = N_("The certificate of %(server)s is not trusted.")
_NO_TLS = N_("TLS with %(server)s failed; check the port and the kind of security.")
_NO_HOST = N_("The name %(server)s was not found.")
_UNREACHABLE = N_("The mailbox at %(server)s cannot be reached.")
_ODD = N_("The mailbox at %(server)s gave an answer that cannot be read.")
_OPENS = N_("The mailbox at %(server)s opens. Unread mails in it: %(number)s.")
_READ = N_("The mailbox at %(server)s was read.")


@dataclass(frozen=True)
class MailboxSettings:
    """Where reports are read; `timeout` is the limit of one answer, in seconds."""

    host: str
    username: str
    password: str = field(repr=False)
    port: int = 993
    security: Security = Security.TLS
    folder: str = "INBOX"
    timeout: float = 20.0


def read_unread(settings: MailboxSettings, take: Callable[[bytes], None]) -> Outcome:
    """Hand each unread mail to `take`, the oldest first, and mark it as read after that: killed in between, it is
    read again. A mail that `take` cannot take stays unread and holds up no other. At most its first 256 KiB are read.
    """
    with _answers(settings) as answer:
        with _opened(settings) as mailbox:
            for uid in mailbox.uids("UNSEEN"):
                raw = _fetch(mailbox, uid)
                try:
                    take(raw)
                except Exception:
                    # The database may be away for a moment; the mail is still there in the next round.
                    log.exception("a mail that came in could not be noted; it stays unread")
                    continue
                mailbox.flag(uid, SEEN, True)
        answer.append(Outcome.because(Verdict.ACCEPTED, _READ, {"server": settings.host}))
    return answer[0]


def check(settings: MailboxSettings) -> Outcome:
    """Open the mailbox and leave it as it is."""
    with _answers(settings) as answer:
        with _opened(settings) as mailbox:
            number = str(len(mailbox.uids("UNSEEN")))
        answer.append(Outcome.because(Verdict.ACCEPTED, _OPENS, {"server": settings.host, "number": number}))
    return answer[0]


class _Wire(imaplib.IMAP4):
    """One connection, watched by a deadline from its first byte."""

    def __init__(self, settings: MailboxSettings, deadline: Deadline) -> None:
        self._settings, self._deadline = settings, deadline
        super().__init__(settings.host, settings.port, timeout=settings.timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        settings = self._settings
        raw = open_socket(settings.host, settings.port, deadline=self._deadline, timeout=settings.timeout)
        if settings.security is not Security.TLS:
            return raw
        try:
            return ssl.create_default_context().wrap_socket(raw, server_hostname=settings.host)
        except (OSError, ValueError):
            raw.close()
            raise


class _Box(BaseMailBox):
    def __init__(self, settings: MailboxSettings, deadline: Deadline) -> None:
        self._settings, self._deadline = settings, deadline
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        wire = _Wire(self._settings, self._deadline)
        if self._settings.security is Security.STARTTLS:
            try:
                wire.starttls(ssl.create_default_context())
            except (imaplib.IMAP4.error, OSError, ValueError):
                wire.shutdown()
                raise
        return wire


@contextmanager
def _opened(settings: MailboxSettings) -> Iterator[BaseMailBox]:
    with Deadline(ROUND_SECONDS) as deadline:
        mailbox = _Box(settings, deadline)
        try:
            plain = (settings.username + settings.password).isascii()
            (mailbox.login if plain else mailbox.login_utf8)(settings.username, settings.password, settings.folder)
            yield mailbox
            with contextlib.suppress(imaplib.IMAP4.error, OSError, ImapToolsError):
                mailbox.logout()
        finally:
            with contextlib.suppress(OSError):
                mailbox.client.shutdown()


def _fetch(mailbox: BaseMailBox, uid: str) -> bytes:
    """The beginning of a mail, without marking it."""
    _, answer = mailbox.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)")
    bodies: list[Any] = [part[1] for part in answer if isinstance(part, tuple) and len(part) > 1]
    return bytes(bodies[0])[:LONGEST] if bodies else b""


@contextmanager
def _answers(settings: MailboxSettings) -> Iterator[list[Outcome]]:
    """What became of it, in a plain sentence, whatever the network or the server did."""
    answer: list[Outcome] = []
    try:
        yield answer
    except (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError) as error:
        params = {"server": settings.host, "seconds": f"{settings.timeout:g}"}
        answer.insert(0, Outcome.because(Verdict.TRY_AGAIN, _cause(error), params))


def _cause(error: Exception) -> str:
    if isinstance(error, MailboxLoginError):
        return _SIGN_IN
    if isinstance(error, MailboxFolderSelectError):
        return _FOLDER
    if isinstance(error, TimeoutError):
        return _SLOW
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNTRUSTED
    if isinstance(error, ssl.SSLError):
        return _NO_TLS
    if isinstance(error, socket.gaierror):
        return _NO_HOST
    return _UNREACHABLE if isinstance(error, OSError | imaplib.IMAP4.abort) else _ODD
