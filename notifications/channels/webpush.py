"""Web Push to the installed web app, signed with our own key: no account with anybody.

A push tells, it does not wake: browsers show it as quietly as any other notification.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from incidents.keyring import Keyring
from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict
from notifications.channels.deadline import Deadline, NotAllowed, open_socket
from notifications.channels.http_answers import ACCEPTED, FAULTY, SLOW, WAIT, fault, wait_asked
from notifications.channels.push_crypto import LONGEST, authorization, encrypt, sender_key
from notifications.channels.push_subscription import ENDED, Reach, Subscription

LIMIT_SECONDS = 15.0
_CONNECT_SECONDS = 4.0
_READ_SECONDS = 8.0

ALARM_LASTS = timedelta(hours=1)
"""How long a push service keeps a page for a phone that is off; by then it has rung again."""

NEWS_LASTS = timedelta(days=1)
SIGNED_FOR = timedelta(hours=12)
"""How long a signature counts; a day is the most that the standard allows, and clocks differ."""

_TITLE_MOST = 120
_BODY_MOST = 600
_PAD_TO = 1024

_KEY_REFUSED = N_("%(service)s refused our signature (HTTP %(status)s). Check the clock of this server.")
_REFUSED = N_("%(service)s refused the message (HTTP %(status)s). Turn push off and on again on that device.")
_TOO_LONG = N_("%(service)s finds the message too long (HTTP %(status)s).")
_NOT_PUBLIC = N_("%(service)s leads to an address inside a private network, so nothing is sent there.")


class WebPushChannel:
    """Sends to the browsers of one push service. `subject` is where its operator can reach ours, if anywhere.

    `limit` is the limit of one whole send, in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        keyring: Keyring,
        subject: str | None,
        reach: Reach,
        clock: Callable[[], datetime],
        limit: float = LIMIT_SECONDS,
    ) -> None:
        self.name = name
        self._keyring, self._subject, self._reach = keyring, subject, reach
        self._clock, self._limit = clock, limit

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one message; one that is found too long goes once more without its text."""
        try:
            subscription = Subscription.read(target.address)
            with Deadline(self._limit) as deadline:
                return self._try(subscription, message, deadline)
        except Refused as refusal:
            params = {key: str(value) for key, value in refusal.params.items()}
            return Outcome.because(Verdict.NEVER, refusal.message, params)

    def _try(self, subscription: Subscription, message: Message, deadline: Deadline) -> Outcome:
        service = subscription.host
        try:
            answer = self._post(subscription, message, deadline, brief=False)
            if answer.status == http.client.REQUEST_ENTITY_TOO_LARGE:
                answer = self._post(subscription, message, deadline, brief=True)
        except NotAllowed:
            return Outcome.because(Verdict.NEVER, _NOT_PUBLIC, {"service": service})
        except (OSError, http.client.HTTPException) as error:
            if deadline.passed:
                return Outcome.because(Verdict.TRY_AGAIN, SLOW, {"service": service, "seconds": f"{self._limit:g}"})
            return fault(error, service)
        return _verdict(answer, service)

    def check(self) -> Outcome:
        """Whether it could send: it needs no account, so only a test page says more."""
        return Outcome.because(Verdict.ACCEPTED, N_("Web Push needs no account; only a test page proves a device."))

    def close(self) -> None:
        """Nothing is kept open."""

    def _post(self, subscription: Subscription, message: Message, deadline: Deadline, *, brief: bool) -> _Answer:
        parts = self._reach.check(subscription.endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        expires_at = self._clock() + SIGNED_FOR
        key = sender_key(self._keyring, subscription.key)
        plain = payload(message, brief=brief)
        headers = {
            "Authorization": authorization(key, audience=origin, subject=self._subject, expires_at=expires_at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": f"{(ALARM_LASTS if message.alarm else NEWS_LASTS).total_seconds():.0f}",
            "Urgency": "high" if message.alarm else "normal",
        } | ({"Topic": message.topic} if message.topic else {})
        pad_to = 0 if brief else min(-(-len(plain) // _PAD_TO) * _PAD_TO, LONGEST)
        sealed = encrypt(plain, p256dh=subscription.p256dh, auth=subscription.auth, pad_to=pad_to)
        line = _Line(str(parts.hostname), parts.port, parts.scheme == "https", self._reach, deadline)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            line.request("POST", path, sealed, headers)
            response = line.getresponse()
            return _Answer(response.status, response.headers.get("Retry-After"))
        finally:
            line.close()


class _Line(http.client.HTTPConnection):
    """A connection that keeps to the deadline and calls only allowed addresses; no proxy, no redirect."""

    def __init__(self, host: str, port: int | None, tls: bool, reach: Reach, deadline: Deadline) -> None:
        self.default_port = 443 if tls else 80
        super().__init__(host, port)
        self._tls, self._reach, self._deadline = tls, reach, deadline

    def connect(self) -> None:
        sock: socket.socket = open_socket(
            self.host, self.port, deadline=self._deadline, timeout=_CONNECT_SECONDS, allowed=self._reach.allows
        )
        if self._tls:
            try:
                sock = _trust().wrap_socket(sock, server_hostname=self.host)
            except OSError:
                sock.close()
                raise
        sock.settimeout(_READ_SECONDS)
        self.sock = sock


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True)
class _Answer:
    status: int
    retry_after: str | None


def _verdict(answer: _Answer, service: str) -> Outcome:
    status, wait = answer.status, wait_asked(answer.retry_after)
    params = {"service": service, "status": str(status)}
    if 200 <= status < 300:
        return Outcome.because(Verdict.ACCEPTED, ACCEPTED, {"service": service})
    if status in (404, 410):
        return Outcome.because(Verdict.NEVER, ENDED, gone=True)
    if status == 429:
        return Outcome.because(Verdict.TRY_AGAIN, WAIT, {"service": service}, retry_after=wait)
    if not 400 <= status < 500:
        return Outcome.because(Verdict.TRY_AGAIN, FAULTY, params, retry_after=wait)
    causes = {401: _KEY_REFUSED, 403: _KEY_REFUSED, 413: _TOO_LONG}
    return Outcome.because(Verdict.NEVER, causes.get(status, _REFUSED), params)


def payload(message: Message, *, brief: bool = False) -> bytes:
    """What the service worker reads: title, body, link, and the tag by which a page replaces itself.

    Shortened until it fits; the link is never cut. A brief one has no body.
    """
    body = "" if brief else _body(message)
    told: dict[str, object] = {
        "title": message.subject[:_TITLE_MOST],
        "link": message.link,
        "tag": message.topic or message.key,
    }
    told |= {"quiet": True} if message.quiet else {}
    while True:
        written = json.dumps({**told, "body": body}, ensure_ascii=False).encode("utf-8", "replace")
        if len(written) <= LONGEST or not body:
            return written
        body = body[: len(body) * 3 // 4]


def _body(message: Message) -> str:
    """The text without its title, its links and what leads to them: a tap opens the link."""
    lines = [line.strip() for line in message.text.splitlines()]
    leading = {at - 1 for at, line in enumerate(lines) if "://" in line and lines[at - 1].endswith(":")}
    kept = [
        line
        for at, line in enumerate(lines)
        if line and "://" not in line and at not in leading and line != message.subject
    ]
    text = "\n".join(kept)
    return text if len(text) <= _BODY_MOST else text[: _BODY_MOST - 1] + "…"
