"""What a failed HTTP call of a channel means, in a plain sentence."""

from __future__ import annotations

from datetime import timedelta

from incidents.words import N_
from notifications.channels import Outcome, Verdict
from notifications.channels.http_answers import FAULTY, SLOW, WAIT, fault, wait_asked
from notifications.channels.http_watch import Exchange

# 402 (no credit left) and 407 are left out: both can be mended while the address stays as it is.
_FOR_NEVER = {400, 401, 403, 404, 405, 410, 413, 415, 422}

_ELSEWHERE = N_("%(service)s sends us elsewhere (HTTP %(status)s); enter its final address.")
_REFUSED = N_("%(service)s refused the message (HTTP %(status)s); check the address of the channel.")


def outcome_of(exchange: Exchange, service: str) -> Outcome | None:
    """The verdict on a call that went wrong; None when the service answered well, or was never asked."""
    if exchange.deadline.passed:
        seconds = f"{exchange.deadline.seconds:g}"
        return Outcome.because(Verdict.TRY_AGAIN, SLOW, {"service": service, "seconds": seconds})
    if exchange.error is not None:
        return fault(exchange.error, service)
    status = exchange.status
    if status is None or 200 <= status < 300:
        return None
    params, wait = {"service": service, "status": str(status)}, wait_asked(exchange.retry_after)
    if status == 429:
        return asked_to_wait(service, wait)
    if status in _FOR_NEVER:
        return Outcome.because(Verdict.NEVER, _REFUSED, params)
    cause = _ELSEWHERE if 300 <= status < 400 else FAULTY
    return Outcome.because(Verdict.TRY_AGAIN, cause, params, retry_after=wait)


def asked_to_wait(service: str, wait: timedelta | None) -> Outcome:
    """The service wants nothing more for a while."""
    return Outcome.because(Verdict.TRY_AGAIN, WAIT, {"service": service}, retry_after=wait)
