"""The delivery report of RFC 3464 and its cousins: lines such as `Action: failed` and `Status: 5.1.1`."""

from __future__ import annotations

import re

from notifications.bounces.report import Finding

_ACTION = re.compile(r"^[ \t]*action[ \t]*:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"^[ \t]*status[ \t]*:[^\d\n]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_SERVERS = tuple(
    re.compile(rf"^[ \t]*{name}[ \t]*:[ \t]*(?:[a-z]+[ \t]*;)?[ \t]*\[?([^\s;()\]]+)", re.IGNORECASE | re.MULTILINE)
    for name in ("remote-mta", "reporting-mta")
)
_DIAGNOSIS = re.compile(r"^[ \t]*diagnostic-code[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(r"^[ \t]*(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
ENHANCED = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY = re.compile(r"(?<![\d.])([45][0-5]\d)(?![\d.])")
_HOST = re.compile(r"(?=.{1,100}\Z)[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]*[a-z0-9]", re.IGNORECASE)

_ACTIONS = (
    ("fail", Finding.FAILED),
    ("error", Finding.FAILED),
    ("undeliver", Finding.FAILED),
    ("delay", Finding.DELAYED),
    ("deliver", Finding.DELIVERED),
)
_WEIGHT = (Finding.FAILED, Finding.DELAYED, Finding.DELIVERED)


def is_report(lines: str) -> bool:
    """Whether these lines are a delivery report: they name a recipient, and what became of the mail."""
    return bool(_RECIPIENT.search(lines) and (_ACTION.search(lines) or _STATUS.search(lines)))


def finding(lines: str) -> Finding:
    """What the report says; the worst of several recipients, because each of our mails has one.

    `relayed` and `expanded` say neither that it arrived nor that it did not.
    """
    actions = [
        meaning for action in _ACTION.findall(lines) for word, meaning in _ACTIONS if action.lower().startswith(word)
    ]
    if actions:
        return min(actions, key=_WEIGHT.index)
    if _ACTION.search(lines):
        return Finding.OTHER
    codes = _STATUS.findall(lines)
    if any(code[0] in "45" for code in codes):
        return Finding.FAILED
    return Finding.DELIVERED if codes else Finding.OTHER


def code(lines: str) -> str | None:
    """The most telling code: the last of the report's own that is not a mere 5.0.0, else the diagnosis's."""
    own = [found for found in _STATUS.findall(lines) if found[0] in "45"]
    said = " ".join(_DIAGNOSIS.findall(lines))
    telling = [found for found in (*own, *ENHANCED.findall(said)) if not found.endswith(".0.0")]
    for found in (*telling, *own, *REPLY.findall(said)):
        return str(found)
    return None


def server(lines: str) -> str | None:
    """The host that refused the mail, else the one that reports it."""
    for pattern in _SERVERS:
        for name in pattern.findall(lines):
            if host := host_name(name):
                return host
    return None


def host_name(text: str) -> str | None:
    """A host's name when it is one; an address of a person is none."""
    name = text.strip().rstrip(".").lower()
    return name if _HOST.fullmatch(name) and not name.replace(".", "").isdigit() else None
