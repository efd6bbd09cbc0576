"""A webhook of the organisation's own, signed as Standard Webhooks say, so that its receiver knows who sent it."""

from __future__ import annotations

import binascii
import json
from urllib.parse import urlsplit

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from incidents.law.clock import utcnow
from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict, http_causes
from notifications.channels.deadline import Deadline
from notifications.channels.http_watch import watching

LIMIT_SECONDS = 15.0
SHORTEST_SECRET = 24
_CONNECT_SECONDS = 4.0
_READ_SECONDS = 8.0
_ACCEPTED = N_("Accepted by %(service)s.")


def validate(url: str, secret: str) -> str:
    """Address and secret as one text to be sealed; refuses what could be read on the way or guessed."""
    url, secret = url.strip(), secret.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    loopback = host in ("localhost", "127.0.0.1", "::1")
    if not host or not url.isprintable() or " " in url or not (parts.scheme == "https" or loopback):
        raise Refused(N_("Write an address that begins with https://."), field="url")
    signing(secret)
    return f"{secret} {url}"


def signing(secret: str) -> Webhook:
    """What signs with this secret; refuses one that is no such secret, or so short that it could be guessed."""
    body = secret.removeprefix("whsec_")
    try:
        made = Webhook(secret)
        long_enough = len(body) * 3 // 4 >= SHORTEST_SECRET
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        long_enough = False
    if not long_enough or not body.isascii():
        raise Refused(
            N_("Write a secret as Standard Webhooks have it: whsec_ and at least 24 bytes in base64."), field="secret"
        )
    return made


def display(url: str) -> str:
    """The address as people may see it: its host, no path, which may hold a token."""
    parts = urlsplit(url.strip())
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}/…"


class WebhookChannel:
    """Sends JSON. `limit` is the limit of one whole send, in seconds; a message keeps its id when it is tried again."""

    def __init__(self, name: str, *, limit: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._limit = limit

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one message, once; we do the trying again."""
        import requests  # it takes a tenth of a second, and many installations need none

        secret, _, url = target.address.partition(" ")
        now, shown = utcnow(), display(url)
        code = message.call_backs.code if message.call_backs else ""
        said = {"subject": message.subject, "text": message.text.strip(), "code": code}
        body = json.dumps({"type": "tocsin.message", "timestamp": now.isoformat(), "data": said}, ensure_ascii=False)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message.key, now, body),
        }
        with Deadline(self._limit) as deadline, watching(deadline) as exchange:
            timeout = (min(_CONNECT_SECONDS, self._limit), min(_READ_SECONDS, self._limit))
            try:
                requests.post(url, data=body.encode(), headers=headers, timeout=timeout, allow_redirects=False)
            except (requests.RequestException, ValueError) as error:
                exchange.error = exchange.error or error
            wrong = http_causes.outcome_of(exchange, shown)
        return wrong or Outcome.because(Verdict.ACCEPTED, _ACCEPTED, {"service": shown})

    def check(self) -> Outcome:
        """Nothing to ask without sending; only a test page proves an address."""
        return Outcome.because(Verdict.ACCEPTED, N_("Only a test page proves a webhook."))

    def close(self) -> None:
        """Nothing is kept open."""
