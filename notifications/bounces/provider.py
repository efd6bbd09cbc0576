"""Reports as JSON: what Amazon SES tells through SNS, as a mail or as a request."""

from __future__ import annotations

import json
import re
from typing import Any

from notifications.bounces.parts import LONGEST
from notifications.bounces.report import NOTHING, Finding, Report
from notifications.bounces.status import ENHANCED, REPLY, host_name
from notifications.channels.mark import MARKS

_KINDS = {
    "bounce": Finding.FAILED,
    "complaint": Finding.COMPLAINT,
    "delivery": Finding.DELIVERED,
    "deliverydelay": Finding.DELAYED,
    "reject": Finding.FAILED,
}
_MESSAGE_ID = re.compile(r"([0-9a-f]{32})@", re.IGNORECASE)


def read(raw: bytes) -> Report:
    """What the JSON says; NOTHING when it is no report that we know."""
    try:
        told: Any = json.JSONDecoder().raw_decode(raw[:LONGEST].decode("utf-8", "replace").lstrip())[0]
        if isinstance(told, dict) and isinstance(told.get("Message"), str):
            told = json.loads(told["Message"])
    except (ValueError, RecursionError):
        return NOTHING
    kind = told.get("notificationType") or told.get("eventType") if isinstance(told, dict) else None
    found = _KINDS.get(str(kind).lower().replace(" ", ""))
    if found is None:
        return NOTHING
    words = json.dumps(told)
    detail = told.get(str(kind).lower())
    detail = detail if isinstance(detail, dict) else {}
    return Report(
        found,
        status=_code(detail) if found is Finding.FAILED else None,
        server=host_name(str(detail.get("reportingMTA", "")).rpartition(";")[2]),
        marks=tuple(MARKS.findall(words.lower())),
        message_ids=tuple(dict.fromkeys(_MESSAGE_ID.findall(words.lower()))),
    )


def _code(detail: dict[str, Any]) -> str | None:
    words = json.dumps(detail.get("bouncedRecipients", ""))
    found = ENHANCED.search(words) or REPLY.search(words)
    return found.group(1) if found else None
