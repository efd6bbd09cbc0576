"""Reports about our own mails, read and tied to the delivery they are about.

Whether a mail is about one of ours is proved by the mark that only this installation can make, or by the token in
the Message-ID, which is as hard to guess. An address alone proves nothing: anybody could write that the mail to
somebody failed, and a way to reach that person would count as failing.
"""

from __future__ import annotations

import enum
import logging
from datetime import datetime

from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from notifications import tracking
from notifications.bounces.causes import cause_of
from notifications.bounces.reading import read
from notifications.bounces.report import Finding, Report
from notifications.channels import ChannelKind
from notifications.channels.mark import token_of
from notifications.delivery import Delivery

log = logging.getLogger(__name__)


class TakenIn(enum.Enum):
    """What a mail that came in changed. `KNOWN` said nothing new, `STRANGE` is about no mail of ours."""

    FAILED = "failed"
    DELIVERED = "delivered"
    KNOWN = "known"
    STRANGE = "strange"
    IGNORED = "ignored"


SETTLING = (Finding.FAILED, Finding.DELIVERED, Finding.COMPLAINT)
"""What changes a delivery; all else is left alone, a delay above all: the mail system still tries."""


def take_in(session: Session, raw: bytes, *, keyring: Keyring, now: datetime) -> TakenIn:
    """Note what a mail (RFC 5322), or the JSON of a provider, says about a mail of ours.

    The same one twice does no harm. Whatever is sent to it, it raises nothing but what the database raises.
    """
    report = read(raw)
    if report.finding not in SETTLING:
        log.info("a mail came in that settles nothing: %s", report.finding.value)
        return TakenIn.IGNORED
    about = _delivery(session, report, keyring)
    if about is None:
        log.info("a report came in that is about no mail of ours: %s", report.finding.value)
        return TakenIn.STRANGE
    if report.finding is Finding.DELIVERED:
        known = about.delivered_at is not None
        tracking.arrived(session, about.id, now=now)
        return TakenIn.KNOWN if known else TakenIn.DELIVERED
    fresh = tracking.came_back(session, about.id, cause_of(report), now=now)
    return TakenIn.FAILED if fresh else TakenIn.KNOWN


def _delivery(session: Session, report: Report, keyring: Keyring) -> Delivery | None:
    """The e-mail that a report is about; None for a strange or a forged one."""
    proved = [token for mark in report.marks if (token := token_of(keyring, mark))]
    for token in (*proved[:_MOST_ASKED], *report.message_ids[:_MOST_ASKED]):
        found = tracking.by_token(session, token)
        if found is not None and found.contact.channel is ChannelKind.EMAIL:
            return found
    return None


_MOST_ASKED = 5
