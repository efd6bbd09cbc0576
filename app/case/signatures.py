"""Advice, decisions and second opinions in one line each, for timeline and register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.case.clocks import part_words
from app.case.questions import told_words
from app.language import gettext as _
from incidents.incident import Part
from incidents.law.assessment import Says
from incidents.signatures import Signature
from incidents.timeline import Kind


def detail_of(kind: Kind, facts: Mapping[str, Any], part: Part | None) -> str:
    """Whom somebody said to tell, or whether the second person agrees; and for which part."""
    if kind is Kind.SECONDED:
        words = _("agrees") if facts["agrees"] else _("does not agree")
    else:
        words = told_words(Says(facts["authority"]), Says(facts["people"]))
        if facts.get("below"):
            words = _("%(words)s That is below the advice.", words=words)
    return f"{part_words(part)}: {words}" if part is not None and (part.is_own or part.customer) else words


def line_of(one: Signature) -> str:
    """One line of the register."""
    heads = {Kind.ASSESSED: _("Advice"), Kind.DECIDED: _("Decision"), Kind.SECONDED: _("Second person")}
    words = f"{heads[one.kind]}: {detail_of(one.kind, one.facts, one.part)}"
    return f"{words} {one.reason}" if one.reason else words
