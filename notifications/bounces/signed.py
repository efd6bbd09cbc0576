"""Whether a request that brings a mail is signed as Standard Webhooks demands it, with the secret we share."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor

from standardwebhooks.webhooks import Webhook, WebhookVerificationError, hmac_data


class _Bytes(Webhook):
    """The library signs text; a mail is bytes, which need not be UTF-8."""

    def sign(self, msg_id: str, timestamp: datetime, data: str) -> str:
        stamp = floor(timestamp.replace(tzinfo=UTC).timestamp())
        body = f"{msg_id}.{stamp}.{data}".encode("utf-8", "surrogateescape")
        return f"v1,{base64.b64encode(hmac_data(self._whsecret, body)).decode('ascii')}"


def is_signed(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether this body was signed with the secret (whsec_…) within the last five minutes."""
    try:
        text = body.decode("utf-8", "surrogateescape")
        _Bytes(secret).verify(text, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def signature(secret: str, body: bytes, *, message_id: str, now: datetime) -> dict[str, str]:
    """The headers that sign a body; what the other side sends."""
    signed = _Bytes(secret).sign(message_id, now, body.decode("utf-8", "surrogateescape"))
    return {"webhook-id": message_id, "webhook-timestamp": str(floor(now.timestamp())), "webhook-signature": signed}


def is_secret(secret: str) -> bool:
    """Whether it can be used to sign: at least 24 bytes in base 64, as Standard Webhooks asks."""
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False)) >= 24
    except ValueError:
        return False
