"""Every other service, through Apprise: one target at a time, a fresh object for each attempt."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict, http_causes
from notifications.channels.apprise_urls import display, load, secrets_of
from notifications.channels.deadline import Deadline
from notifications.channels.http_answers import ACCEPTED, bounded
from notifications.channels.http_watch import Exchange, watching

LIMIT_SECONDS = 15.0
_CONNECT_SECONDS = 4.0
_READ_SECONDS = 8.0
_LONGEST_REASON = 160

_UNKNOWN = N_("%(service)s did not take the message: %(reason)s")
_BROKEN = N_("The adapter for %(service)s failed: %(reason)s")


class AppriseChannel:
    """Sends through one service and host; `limit` is the limit of one whole send, in seconds."""

    def __init__(self, name: str, *, limit: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._limit = limit

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one message, once; we do the trying again."""
        with Deadline(self._limit) as deadline, watching(deadline) as exchange:
            try:
                service = load(target.address)
            except Refused as refusal:
                params = {key: str(value) for key, value in refusal.params.items()}
                return Outcome.because(Verdict.NEVER, refusal.message, params)
            shown = display(target.address)
            _tame(service, self._limit)
            _as_one(service, message)
            try:
                taken = service.notify(**_content(service, message))
            except _AskedToWait as wait:
                return http_causes.asked_to_wait(shown, bounded(wait.seconds))
            # More than a hundred adapters of others: whatever one of them raises, the page is tried again.
            except Exception as error:
                params = {"service": shown, "reason": type(error).__name__}
                return Outcome.because(Verdict.TRY_AGAIN, _BROKEN, params)
        if taken:
            return Outcome.because(Verdict.ACCEPTED, ACCEPTED, {"service": shown})
        return _why(exchange, shown, [*secrets_of(target.address), message.subject, *message.text.split()])

    def check(self) -> Outcome:
        """Whether Apprise is there; only a test page proves a target."""
        try:
            version = importlib.metadata.version("apprise")
        except importlib.metadata.PackageNotFoundError:
            return Outcome.because(Verdict.NEVER, N_("Apprise is not installed."))
        cause = N_("Apprise %(version)s is there; only a test page proves an address.")
        return Outcome.because(Verdict.ACCEPTED, cause, {"version": version})

    def close(self) -> None:
        """Nothing is kept open."""


class _AskedToWait(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__("asked to wait")
        self.seconds = seconds


def _tame(service: Any, limit: float) -> None:
    """Own time-outs, and no sleeping inside the adapter: the wait belongs into the delivery's due time."""
    service.socket_connect_timeout = min(service.socket_connect_timeout, _CONNECT_SECONDS, limit)
    service.socket_read_timeout = min(max(service.socket_read_timeout, _READ_SECONDS), limit)

    def throttle(last_io: object = None, wait: float | None = None) -> None:
        if wait is not None and wait > 0:
            raise _AskedToWait(wait)

    service.throttle = throttle


_SERIES = {"pagerduty": "dedup", "opsgenie": "alias"}
"""What Apprise calls the mark by which a service that keeps alarms itself knows one that it has already."""


def _as_one(service: Any, message: Message) -> None:
    """Let the rings of one round be one incident there, unless the address names a mark of its own."""
    mark = _SERIES.get(service.schema)
    if mark and message.series and not getattr(service, mark, None):
        setattr(service, mark, message.series)


def _content(service: Any, message: Message) -> dict[str, Any]:
    """One message that fits: titles that the service has no place for go into the text."""
    subject, text = message.subject, message.text.strip()
    if 0 < service.title_maxlen < len(subject):
        subject = subject[: service.title_maxlen - 1] + "…"
    room = service.body_maxlen - (len(subject) + 2 if service.title_maxlen <= 0 else 0)
    text = fit(text, room)
    if service.body_max_line_count > 0:
        text = " ".join(text.split())
    # Turned into Markdown by Apprise, each dot of the link would get a backslash, and it could not be tapped.
    form = "markdown" if service.notify_format == "markdown" else "text"
    is_page = message.headers.get("X-Priority", "").startswith(("1", "2"))
    return {
        "title": subject,
        "body": text,
        "body_format": form,
        "overflow": "upstream",
        "notify_type": "failure" if is_page else "info",
    }


def fit(text: str, room: int) -> str:
    """Leave out whole lines until the text fits; never a line that holds a link, even if it stays too long."""
    lines = text.splitlines()
    needed = {number for number, line in enumerate(lines) if "://" in line}
    if room <= 0 or len(text) <= room:
        return text
    if not needed:
        return text[: max(1, room - 1)] + "…"
    left = room - sum(len(lines[number]) + 1 for number in needed)
    for number, line in enumerate(lines):
        if number in needed:
            continue
        if len(line) + 1 > left:
            break
        needed.add(number)
        left -= len(line) + 1
    return "\n".join(lines[number] for number in sorted(needed))


def _why(exchange: Exchange, service: str, hidden: list[str]) -> Outcome:
    known = http_causes.outcome_of(exchange, service)
    if known is not None:
        return known
    reason = _scrubbed(exchange.warnings, hidden)
    return Outcome.because(Verdict.TRY_AGAIN, _UNKNOWN, {"service": service, "reason": reason})


def _scrubbed(warnings: list[str], hidden: list[str]) -> str:
    reason = " ".join(warnings[-1].split()) if warnings else "-"
    for secret in hidden:
        if len(secret) >= 4:
            reason = reason.replace(secret, "…")
    return reason[:_LONGEST_REASON]
