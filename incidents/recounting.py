"""Counting open deadlines anew because a setting has changed, and writing down which of them moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from incidents.accounts import Identity
from incidents.incident import hold
from incidents.moved import moved_since, open_deadlines
from incidents.obligations import Targets, owing, recompute
from incidents.organisation import Organisation
from incidents.settings import change_organisation
from incidents.timeline import Actor, Entry, Kind, record

PLACING = frozenset({"country", "zone"})
"""What deadlines are counted by, among the details of an organisation."""


def recount(
    session: Session,
    incident_ids: Iterable[int],
    facts: Mapping[str, object],
    *,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> int:
    """Count these incidents anew. Each whose deadlines move is told of it by an entry; returns how many did.

    `facts` say what was set.
    """
    count = 0
    for key in incident_ids:
        incident, before = hold(session, key), open_deadlines(session, key)
        recompute(session, incident, targets=targets, now=now)
        moved = [row for row in moved_since(session, key, before) if row["before"] != row["after"]]
        if not moved:
            continue
        count += 1
        record(
            session,
            incident.timeline,
            Kind.RECOUNTED,
            by=by,
            incident_id=incident.id,
            facts={**facts, "deadlines": moved, "closed": incident.closed_at is not None},
            prose={"reason": reason.strip()},
            now=now,
        )
    return count


def move_organisation(
    session: Session,
    organisation: Organisation,
    identity: Identity,
    *,
    reason: str = "",
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Entry | None:
    """Change the organisation's details; with its country or its clocks, whatever is open is counted anew.

    None when nothing changed; refuses like set-up.
    """
    entry = change_organisation(session, organisation, identity, by=by, now=now)
    if entry is not None and PLACING.intersection(entry.facts["fields"]):
        session.flush()
        facts = {"setting": "organisation"}
        recount(session, owing(session, organisation.id), facts, reason=reason, by=by, targets=targets, now=now)
    return entry
