"""Deadlines that come near or pass become entries, each stage once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.obligations import OPEN, Obligation, next_stage, stages
from incidents.timeline import SYSTEM, Kind, record

log = logging.getLogger(__name__)


def strike(session: Session, *, now: datetime, limit: int = 200, careful: bool = False) -> int:
    """Turn every deadline stage that has been reached into an entry. Returns how many.

    `careful` tries each deadline alone, so that one that fails does not stop the others.
    """
    due = _ripe(session, now=now, limit=limit)
    struck = 0
    for row in due:
        if not careful:
            _strike(session, row, now=now)
            struck += 1
            continue
        try:
            with session.begin_nested():
                _strike(session, row, now=now)
            struck += 1
        except Exception:
            log.exception("deadline %s could not be told; it is tried again in a minute", row.id)
            row.next_warning_at = now + timedelta(minutes=1)
    session.flush()
    return struck


def _ripe(session: Session, *, now: datetime, limit: int) -> Sequence[Obligation]:
    """The deadlines with a stage reached, their incidents held."""
    ripe = (
        Obligation.standing.in_(OPEN),
        Obligation.next_warning_at <= now,
        Incident.closed_at.is_(None),
    )
    concerned = session.scalars(
        select(Incident.id)
        .join(Obligation, Incident.id == Obligation.incident_id)
        .where(*ripe)
        .order_by(Obligation.next_warning_at)
        .limit(limit)
    ).all()
    # The incident first, as every verb does; one that a verb holds is left for the next tick.
    held = session.scalars(
        select(Incident.id)
        .where(Incident.id.in_(concerned))
        .order_by(Incident.id)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    return session.scalars(
        select(Obligation)
        .join(Incident, Incident.id == Obligation.incident_id)
        .where(*ripe, Obligation.incident_id.in_(held))
        .order_by(Obligation.incident_id, Obligation.id)
        .execution_options(populate_existing=True)
    ).all()


def _strike(session: Session, row: Obligation, *, now: datetime) -> None:
    passed = row.due_at is not None and now >= row.due_at
    reached = _reached(row, now)
    record(
        session,
        row.incident.timeline,
        Kind.DEADLINE_PASSED if passed else Kind.DEADLINE_NEAR,
        by=SYSTEM,
        incident_id=row.incident_id,
        happened_at=max(reached, default=row.next_warning_at),
        facts={
            "rule": row.rule,
            "obligation": row.id,
            "due_at": _iso(row.due_at),
            "last": not passed and next_stage(row, now) == row.due_at,
            "is_target": row.is_target,
        }
        | ({"stages": len(reached), "since": _iso(min(reached))} if len(reached) > 1 else {}),
        now=now,
    )
    row.next_warning_at = None if passed else next_stage(row, now)
    session.flush()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _reached(row: Obligation, now: datetime) -> list[datetime]:
    """The stages that are told now: one, or all that fell due while nothing ran. They are told as one."""
    if row.due_at is None or row.started_at is None or row.next_warning_at is None:
        return []
    return [stage for stage in stages(row.started_at, row.due_at) if row.next_warning_at <= stage <= now]
