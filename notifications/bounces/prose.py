"""Reports in plain words, as many mail systems write them instead of RFC 3464.

A mail counts as such a report only when a mail system seems to have written it and its words say that a mail was
not delivered: an out-of-office answer may well say that a mailbox no longer exists.
"""

from __future__ import annotations

import re

from notifications.bounces.parts import Parts
from notifications.bounces.phrases import ABSENT, GIVEN_UP, MAILER, MEANT, NOT_DELIVERED, STILL_TRIED, SUBJECT, WARNED
from notifications.bounces.report import Finding
from notifications.bounces.status import ENHANCED, REPLY

_LONGEST = 16_384
"""So many letters of the text are looked at."""

_REPLY_LINE = re.compile(
    r"(?:^|said|response|responded|reply|error|code|<<<|>>>|\[|:)[:\s<>\[(*-]{0,9}" + REPLY.pattern + r"(?=[ -]\S)",
    re.IGNORECASE | re.MULTILINE,
)


def by_a_mailer(mail: Parts) -> bool:
    """Whether a mail system wrote it, by its sender, its return path or its subject."""
    return bool(
        MAILER.search(mail.header("From"))
        or MAILER.search(mail.header("Return-Path"))
        or SUBJECT.search(mail.header("Subject"))
        or mail.head.get_content_type() == "multipart/report"
        or mail.header("X-Failed-Recipients")
    )


def is_auto_reply(mail: Parts) -> bool:
    """Whether a person's own mailbox answered by itself."""
    submitted = mail.header("Auto-Submitted").lower()
    return bool(
        submitted.startswith("auto-replied")
        or ABSENT.search(mail.header("Subject"))
        or mail.header("X-Autoreply")
        or mail.header("X-Autorespond")
        or mail.header("X-Auto-Response-Suppress")
        or mail.header("Precedence").lower() == "auto_reply"
    )


def finding(mail: Parts) -> Finding:
    """What the words say."""
    subject, text = mail.header("Subject"), mail.text[:_LONGEST]
    mailer = by_a_mailer(mail)
    if not mailer or ABSENT.search(subject):
        return Finding.AUTO_REPLY if is_auto_reply(mail) else Finding.OTHER
    words = f"{subject}\n{text}"
    if WARNED.search(words) or (STILL_TRIED.search(words) and not GIVEN_UP.search(text)):
        return Finding.DELAYED
    if mail.header("X-Failed-Recipients") or NOT_DELIVERED.search(words) or code(text):
        return Finding.FAILED
    return Finding.AUTO_REPLY if is_auto_reply(mail) else Finding.OTHER


def code(text: str) -> str | None:
    """The code in the words, else what they mean in one."""
    text = text[:_LONGEST]
    if found := ENHANCED.search(text) or _REPLY_LINE.search(text):
        return found.group(1)
    for meant, words in MEANT:
        if words.search(text):
            return meant
    return None
