"""One module for each task of each audience: blueprint, form and views together."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint

PAGES = (
    "report",
    "receipt",
    "acknowledge",
    "inbound",
    "login",
    "invitation",
    "setup",
    "account",
    "hours",
    "push",
    "people",
    "readiness",
    "settings",
    "profile",
    "sites",
    "phones",
    "outbox",
    "bounces",
    "rota",
    "rotaplan",
    "rotacover",
    "rotaask",
    "rotadays",
    "policy",
    "desk",
    "enter",
    "incident",
    "triage",
    "anchors",
    "calendars",
    "deadlines",
    "decisions",
    "memo",
    "calling",
    "waiting",
    "assessment",
    "situation",
    "parts",
    "takeon",
    "decision",
    "delegations",
    "secondlook",
    "steps",
    "filing",
    "thread",
    "evidence",
    "summary",
    "register",
    "health",
)


def blueprints() -> list[Blueprint]:
    """Every page's blueprint; each module calls it `pages`."""
    return [import_module(f"app.pages.{name}").pages for name in PAGES]
