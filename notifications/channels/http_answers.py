"""What an answer or a fault of HTTP means for a message: how long to wait, and the plain cause."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

from incidents.words import N_
from notifications.channels import Outcome, Verdict

ACCEPTED = N_("Accepted by %(service)s.")
WAIT = N_("%(service)s asks us to wait before the next message.")
FAULTY = N_("%(service)s has a fault: HTTP %(status)s.")
SLOW = N_("%(service)s did not finish within %(seconds)s seconds.")
_LATE = N_("%(service)s did not answer in time.")
_CLOSED_PORT = N_("%(service)s refused the connection.")
_NO_HOST = N_("The host name of %(service)s was not found.")
_UNTRUSTED = N_("The certificate of %(service)s is not trusted.")
_UNREACHABLE = N_("%(service)s cannot be reached.")

_LONGEST_WAIT = timedelta(hours=1)


def fault(error: BaseException, service: str) -> Outcome:
    """What an exception of the network means; always worth another try."""
    params = {"service": service}
    for cause in _chain(error):
        if isinstance(cause, ConnectionRefusedError):
            return Outcome.because(Verdict.TRY_AGAIN, _CLOSED_PORT, params)
        if isinstance(cause, socket.gaierror):
            return Outcome.because(Verdict.TRY_AGAIN, _NO_HOST, params)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Outcome.because(Verdict.TRY_AGAIN, _UNTRUSTED, params)
        if isinstance(cause, TimeoutError):
            return Outcome.because(Verdict.TRY_AGAIN, _LATE, params)
    return Outcome.because(Verdict.TRY_AGAIN, _UNREACHABLE, params)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def wait_asked(retry_after: str | None) -> timedelta | None:
    """How long a Retry-After header asks to wait, in seconds or until a date; None when it says nothing."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            return bounded(float(retry_after))
        return bounded(parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def bounded(seconds: float) -> timedelta:
    """A wait of at least a second and at most an hour."""
    return min(timedelta(seconds=max(1.0, min(seconds, 1e6))), _LONGEST_WAIT)
