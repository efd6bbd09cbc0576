"""That nobody can decide on an incident, in words, and where somebody is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from app.access import may
from app.language import gettext as _
from incidents.incident import Incident
from incidents.people import Right
from incidents.without_decider import others_who_decide


@dataclass(frozen=True)
class Nobody:
    """What is so, what to do, and where, if the reader may do it."""

    words: str
    url: str | None


def nobody_decides(session: Session, incident: Incident, adviser_id: int | None, *, now: datetime) -> Nobody | None:
    """The warning that nobody can decide on what this person advised; None where somebody can, or it is closed."""
    if incident.closed_at is not None or others_who_decide(session, incident, adviser_id, now=now):
        return None
    words = _(
        "Nobody can decide on the advice: nobody else holds the role Management, and nothing is delegated to anybody "
        "else. Until somebody decides, the advice stands. Ask an administrator to give somebody the role."
    )
    return Nobody(words, url_for("people.people") if may(Right.CONFIGURE) else None)
