"""For whoever watches the server: does the process answer, and could it take and page a report now."""

from __future__ import annotations

from flask import Blueprint, Response

from app.access import public
from app.navigation import installation
from incidents.law.clock import utcnow
from notifications.readiness import pulse, writable

pages = Blueprint("health", __name__)

PLAIN = "text/plain; charset=utf-8"


@pages.get("/healthz")
@public
def healthz() -> Response:
    """200 as long as the process answers."""
    return Response("ok\n", content_type=PLAIN)


@pages.get("/readyz")
@public
def readyz() -> Response:
    """200 when the database takes writes and a worker ticks, else 503; one word for each."""
    store = installation().store
    checks = {"database": "writable" if writable(store) else "unwritable", "engine": pulse(store, now=utcnow())}
    ready = checks == {"database": "writable", "engine": "ticking"}
    lines = [f"{name} {word}\n" for name, word in checks.items()]
    return Response("".join(lines), 200 if ready else 503, content_type=PLAIN)
