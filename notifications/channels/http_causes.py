"""What a failed HTTP call of a channel means, in a plain sentence."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

from incidents.words import N_
from notifications.channels import Outcome, Verdict
from notifications.channels.http_watch import Exchange

_LONGEST_WAIT = timedelta(hours=1)
# 402 (no credit left) and 407 are left out: both can be mended while the address stays as it is.
_FOR_NEVER = {400, 401, 403, 404, 405, 410, 413, 415, 422}

_WAIT = N_("%(service)s asks us to wait before the next message.")
_FAULTY = N_("%(service)s has a fault: HTTP %(status)s.")
_ELSEWHERE = N_("%(service)s sends us elsewhere (HTTP %(status)s); enter its final address.")
_REFUSED = N_("%(service)s refused the message (HTTP %(status)s); check the address of the channel.")
_SLOW = N_("%(service)s did not finish within %(seconds)s seconds.")
_LATE = N_("%(service)s did not answer in time.")
_CLOSED_PORT = N_("%(service)s refused the connection.")
_NO_HOST = N_("The host name of %(service)s was not found.")
_UNTRUSTED = N_("The certificate of %(service)s is not trusted.")
_UNREACHABLE = N_("%(service)s cannot be reached.")


def outcome_of(exchange: Exchange, service: str) -> Outcome | None:
    """The verdict on a call that went wrong; None when the service answered well, or was never asked."""
    if exchange.deadline.passed:
        seconds = f"{exchange.deadline.seconds:g}"
        return Outcome.because(Verdict.TRY_AGAIN, _SLOW, {"service": service, "seconds": seconds})
    if exchange.error is not None:
        return _fault(exchange.error, service)
    status = exchange.status
    if status is None or 200 <= status < 300:
        return None
    params, wait = {"service": service, "status": str(status)}, _wait(exchange.retry_after)
    if status == 429:
        return asked_to_wait(service, wait)
    if status in _FOR_NEVER:
        return Outcome.because(Verdict.NEVER, _REFUSED, params)
    cause = _ELSEWHERE if 300 <= status < 400 else _FAULTY
    return Outcome.because(Verdict.TRY_AGAIN, cause, params, retry_after=wait)


def asked_to_wait(service: str, wait: timedelta | None) -> Outcome:
    """The service wants nothing more for a while."""
    return Outcome.because(Verdict.TRY_AGAIN, _WAIT, {"service": service}, retry_after=wait)


def bounded(seconds: float) -> timedelta:
    """A wait that was asked for, from one second to an hour."""
    return min(timedelta(seconds=max(1.0, min(seconds, 1e6))), _LONGEST_WAIT)


def _fault(error: Exception, service: str) -> Outcome:
    params = {"service": service}
    for fault in _chain(error):
        if isinstance(fault, ConnectionRefusedError):
            return Outcome.because(Verdict.TRY_AGAIN, _CLOSED_PORT, params)
        if isinstance(fault, socket.gaierror):
            return Outcome.because(Verdict.TRY_AGAIN, _NO_HOST, params)
        if isinstance(fault, ssl.SSLCertVerificationError):
            return Outcome.because(Verdict.TRY_AGAIN, _UNTRUSTED, params)
        if isinstance(fault, TimeoutError):
            return Outcome.because(Verdict.TRY_AGAIN, _LATE, params)
    return Outcome.because(Verdict.TRY_AGAIN, _UNREACHABLE, params)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _wait(retry_after: str | None) -> timedelta | None:
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            return bounded(float(retry_after))
        return bounded(parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
