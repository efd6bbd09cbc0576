"""From the bytes of a mail to what it says. It never raises, and looks at a bounded part of the mail."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from notifications.bounces import prose, provider, status
from notifications.bounces.parts import LONGEST, Parts, take_apart
from notifications.bounces.report import NOTHING, Finding, Report
from notifications.channels.mark import MARKS

log = logging.getLogger(__name__)

MOST_CLUES = 200

_MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@[^\s<>@]{1,255}>", re.IGNORECASE)
_COMPLAINT = re.compile(r"complaint about message\b", re.IGNORECASE)
_DELETED = re.compile(r"^disposition:\s*automatic-action/.*;\s*(?:deleted|denied|failed)", re.IGNORECASE | re.MULTILINE)
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Received")


def read(raw: bytes) -> Report:
    """What a mail, or the JSON of a provider, says about a mail of ours."""
    try:
        return provider.read(raw) if raw.lstrip()[:1] == b"{" else _read(raw)
    except Exception as error:
        # A mailbox takes in what anybody sends; what cannot be read is no report.
        log.info("a mail that came in cannot be read: %s", type(error).__name__)
        return NOTHING


def _read(raw: bytes) -> Report:
    mail = take_apart(raw)
    for text in mail.everything:
        if text.lstrip().startswith("{") and (told := provider.read(text.encode())) is not NOTHING:
            return told
    found, lines = _finding(mail)
    return Report(
        found,
        status=(status.code(lines) or prose.code(mail.text)) if found is not Finding.DELIVERED else None,
        server=status.server(lines) or _sending_host(mail),
        marks=_clues(MARKS.findall(text.lower()) for text in _trail(mail, raw)),
        message_ids=_clues(_MESSAGE_ID.findall(text.lower()) for text in _trail(mail, raw)),
    )


def _finding(mail: Parts) -> tuple[Finding, str]:
    """What it says, and the lines of its delivery report if it has one."""
    if mail.feedback or "feedback-report" in mail.header("Content-Type").lower():
        return Finding.COMPLAINT, ""
    if _COMPLAINT.match(mail.header("Subject")):
        return Finding.COMPLAINT, ""
    if mail.read_receipt:
        unread = _DELETED.search(mail.read_receipt) and prose.finding(mail) is Finding.FAILED
        return (Finding.FAILED if unread else Finding.AUTO_REPLY), ""
    for lines in (mail.status, mail.text):
        if status.is_report(lines):
            return status.finding(lines), lines
    return prose.finding(mail), ""


def _sending_host(mail: Parts) -> str | None:
    """The domain in the sender of the report: never the mailbox."""
    domain = re.search(r"@([A-Za-z0-9.-]+)", mail.header("From"))
    return status.host_name(domain.group(1)) if domain else None


def _trail(mail: Parts, raw: bytes) -> list[str]:
    """Where a clue may stand: first what the mail was addressed to, which the mail system writes, then anywhere."""
    addressed = "\n".join(str(value) for name in _TO for value in mail.head.get_all(name, []))
    return [addressed[:LONGEST], raw[:LONGEST].decode("latin-1"), *mail.everything]


def _clues(found: Iterable[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clue for some in found for clue in some[:MOST_CLUES]))[:MOST_CLUES]
