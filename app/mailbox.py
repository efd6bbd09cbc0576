"""Reports about our mails on their way in: a thread that reads the mailbox, and the one door that all of them take."""

from __future__ import annotations

import logging
import threading

from app.installation import Installation
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.words import N_
from notifications.bounces import TakenIn, take_in
from notifications.bounces.mailbox import read_unread
from notifications.channels import Outcome, Verdict
from notifications.readiness import Fault, Mend
from notifications.spells import Source, keep, lasting

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


UNREAD = N_("Mail that comes back is not noticed. %(cause)s")
"""The red of a mailbox that cannot be read."""

PATIENCE = 2
"""So many readings have to fail, one after the other, before that is red: a server may restart."""


class MailboxReader:
    """Reads the mailbox again and again in a thread of its own: a mail server that hangs delays nobody.

    What it says last is kept for the readiness page (`Installation.mailbox_said`); one that goes on failing is red.
    """

    def __init__(self, house: Installation) -> None:
        self._house = house
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._failed = 0
        self._red: bool | None = None

    @property
    def said(self) -> str:
        """How the last round went, in English; empty before it and without a mailbox."""
        return self._house.mailbox_said[0].detail if self._house.mailbox_said else ""

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, wait: float = 1.0) -> None:
        """End after the mail at hand, for at most `wait` seconds; what was not marked is read again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(wait)

    def read(self, *, patience: int = PATIENCE) -> None:
        """One round. It is red from the `patience`-th one on that fails."""
        outcome = read_mailbox(self._house)
        self._tell(outcome)
        fails = outcome is not None and outcome.verdict is not Verdict.ACCEPTED
        self._failed = self._failed + 1 if fails else 0
        red = self._failed >= patience
        if fails and not red:
            return
        if red is not self._red:
            self._keep(outcome if red else None)
            self._red = red

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.read()
            except Exception:
                # A loop that must survive: the next round tries again.
                log.exception("the mailbox could not be read")
            self._stopping.wait(self._house.settings.imap_every)

    def _tell(self, outcome: Outcome | None) -> None:
        """Log how it went when that is news."""
        if outcome and outcome.detail != self.said:
            say = log.info if outcome.verdict is Verdict.ACCEPTED else log.warning
            say("%s", outcome.detail)
        self._house.mailbox_said = (outcome, utcnow()) if outcome else None

    def _keep(self, problem: Outcome | None) -> None:
        house, now = self._house, utcnow()
        reds = [Fault(UNREAD, mend=Mend.SETTINGS, failure=problem.kept)] if problem else []
        with house.store.reading() as session:
            if not reds and not lasting(session, the_organisation(session).id, Source.MAILBOX):
                return
        with house.store.writing() as session:
            keep(session, the_organisation(session), Source.MAILBOX, reds, now=now)
