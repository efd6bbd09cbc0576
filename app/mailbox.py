"""Reports about our mails on their way in: a thread that reads the mailbox, and the one door that all of them take."""

from __future__ import annotations

import logging
import threading

from app.installation import Installation
from incidents.law.clock import utcnow
from notifications.bounces import TakenIn, take_in
from notifications.bounces.mailbox import read_unread
from notifications.channels import Outcome, Verdict

log = logging.getLogger(__name__)


def take_in_mail(house: Installation, raw: bytes) -> TakenIn:
    """Note what one mail says, and wake the engine when that changed anything."""
    with house.store.writing() as session:
        taken = take_in(session, raw, keyring=house.keyring, now=utcnow())
    if taken in (TakenIn.FAILED, TakenIn.DELIVERED):
        house.store.wake()
    return taken


def read_mailbox(house: Installation) -> Outcome | None:
    """Read what is unread in the mailbox; None when there is no mailbox."""
    with house.store.reading() as session:
        settings = house.mailbox(session)
    return read_unread(settings, lambda raw: _take(house, raw)) if settings else None


def _take(house: Installation, raw: bytes) -> None:
    take_in_mail(house, raw)


class MailboxReader:
    """Reads the mailbox again and again in a thread of its own: a mail server that hangs delays nobody.

    `said` is how the last round went, in English; empty before it and without a mailbox.
    """

    def __init__(self, house: Installation) -> None:
        self._house = house
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self.said = ""

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, wait: float = 1.0) -> None:
        """End after the mail at hand, for at most `wait` seconds; what was not marked is read again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(wait)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._tell(read_mailbox(self._house))
            except Exception:
                # A loop that must survive: the next round tries again.
                log.exception("the mailbox could not be read")
            self._stopping.wait(self._house.settings.imap_every)

    def _tell(self, outcome: Outcome | None) -> None:
        """Log how it went when that is news."""
        detail = outcome.detail if outcome else ""
        if outcome and detail != self.said:
            say = log.info if outcome.verdict is Verdict.ACCEPTED else log.warning
            say("%s", detail)
        self.said = detail
