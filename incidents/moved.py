"""The open deadlines of an incident, and how they have moved, for the entry of what moved them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.obligations import OPEN, Obligation


def open_deadlines(session: Session, *incident_ids: int) -> dict[int, datetime | None]:
    """The deadlines of the open duties of some incidents, by the duty's key."""
    rows = session.execute(
        select(Obligation.id, Obligation.due_at).where(
            Obligation.incident_id.in_(incident_ids), Obligation.standing.in_(OPEN)
        )
    )
    return {row.id: row.due_at for row in rows}


def moved_since(session: Session, incident_id: int, before: Mapping[int, datetime | None]) -> list[dict[str, Any]]:
    """For an entry's facts: each open duty with its deadline before and after, as instants of ISO 8601."""
    after = open_deadlines(session, incident_id)
    rows = session.execute(select(Obligation.id, Obligation.rule).where(Obligation.id.in_({*before, *after})))
    return [
        {
            "obligation": row.id,
            "rule": row.rule,
            "before": _iso(before.get(row.id)),
            "after": _iso(after.get(row.id)),
        }
        for row in sorted(rows, key=lambda row: row.id)
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
