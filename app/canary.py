"""The canary's trip: through the public form over HTTP, as any reporter would go."""

from __future__ import annotations

import http.client
import logging
import ssl
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from app.config import Settings
from incidents.canary import Through
from incidents.incident import StillHappening
from incidents.words import N_
from notifications.channels import Outcome, Verdict
from notifications.channels.deadline import Deadline

log = logging.getLogger(__name__)

WORDS = "This is the nightly test of the report form. Tocsin filed it itself; nobody needs to do anything."
LIMIT = 30.0
"""Seconds for one call."""

FIELD = b'name="form_token"'
MOST = 1_000_000


@dataclass(frozen=True)
class Trip:
    """Which way the canary went, and what the form made of it."""

    through: Through
    outcome: Outcome


class Unreachable(Exception):
    """No connection: the address says nothing about the form."""


class Broken(Exception):
    """There was a connection, or a certificate that no browser would take: reporters get no further either."""


def send(token: str, *, public_address: str, settings: Settings) -> Trip:
    """Open the form and send it with the token, at the public address, or at the local port if that cannot be reached.

    An address that answers is never tried another way: what it answers is what reporters get.
    """
    if public_address:
        try:
            return Trip(Through.PUBLIC, _through(public_address, token))
        except Unreachable:
            log.warning("the public address cannot be reached from this machine; the canary goes to the local port")
    try:
        return Trip(Through.LOCAL, _through(local_address(settings), token))
    except Unreachable as error:
        nowhere = N_("Neither the public address nor the local port answers (%(reason)s).")
        return Trip(Through.LOCAL, Outcome.because(Verdict.NEVER, nowhere, {"reason": str(error)}))


def _through(base: str, token: str) -> Outcome:
    """Open the form at this address and send it; raises `Unreachable` only while nothing was sent."""
    cut = N_("The report form does not answer as it should (%(reason)s).")
    try:
        status, body = _call(base, "GET")
    except Broken as error:
        return Outcome.because(Verdict.NEVER, cut, {"reason": str(error)})
    if status != 200 or FIELD not in body:
        closed = N_("The address answers with %(status)s and shows no report form.")
        return Outcome.because(Verdict.NEVER, closed, {"status": str(status)})
    form = {"what": WORDS, "still_happening": StillHappening.NO.value, "form_token": token}
    try:
        status, _body = _call(base, "POST", urlencode(form).encode())
    except (Unreachable, Broken) as error:
        return Outcome.because(Verdict.NEVER, cut, {"reason": str(error)})
    if status != 200:
        refused = N_("The report form answered with %(status)s.")
        return Outcome.because(Verdict.NEVER, refused, {"status": str(status)})
    return Outcome.because(Verdict.ACCEPTED, N_("The report form took it."))


def local_address(settings: Settings) -> str:
    """Where the pages of this machine listen."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - it is not bound here
    host = anywhere.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _call(base: str, method: str, body: bytes | None = None) -> tuple[int, bytes]:
    parts = urlsplit(base)
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        line = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=LIMIT, context=context)
    else:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LIMIT)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    try:
        line.connect()
    except ssl.SSLCertVerificationError as error:
        raise Broken(type(error).__name__) from error
    except OSError as error:
        raise Unreachable(type(error).__name__) from error
    try:
        with Deadline(LIMIT) as deadline:
            deadline.watch(line.sock)
            line.request(method, "/", body, headers | {"User-Agent": "Tocsin canary", "Connection": "close"})
            answer = line.getresponse()
            return answer.status, answer.read(MOST)
    except (OSError, http.client.HTTPException) as error:
        raise Broken(type(error).__name__) from error
    finally:
        line.close()
