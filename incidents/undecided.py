"""Awareness that nobody has decided twelve hours after the first sign: told once, by day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.timeline import SYSTEM, Kind, record


def tell_undecided(session: Session, *, limit: int = 100, now: datetime) -> int:
    """Make an entry for each open incident whose awareness is still undecided. Returns for how many.

    Where no legal deadline runs any more, because all was sent, nothing hangs on it and nobody is told.
    """
    over = session.scalars(
        select(Incident)
        .where(Incident.awareness_asked_at <= now)
        .order_by(Incident.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True, of=Incident)
    ).all()
    told = 0
    for incident in over:
        asked_at, incident.awareness_asked_at = incident.awareness_asked_at, None
        over_already = incident.closed_at is not None or incident.dismissed or incident.law_due_at is None
        if incident.aware_at is not None or over_already or incident.canary:
            continue
        record(
            session,
            incident.timeline,
            Kind.AWARENESS_OPEN,
            by=SYSTEM,
            incident_id=incident.id,
            happened_at=asked_at,
            now=now,
        )
        told += 1
    session.flush()
    return told
