"""What was advised, decided and seconded on incidents, as the register tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from incidents.incident import Part
from incidents.timeline import Entry, Kind

KINDS = (Kind.ASSESSED, Kind.DECIDED, Kind.SECONDED)


@dataclass(frozen=True)
class Signature:
    """One signed advice, decision or second opinion: the facts of its entry, the part it is about, and the reason."""

    kind: Kind
    facts: Mapping[str, Any]
    part: Part | None
    reason: str | None


def signatures(session: Session, incident_ids: Sequence[int], readable: Collection[int]) -> dict[int, list[Signature]]:
    """By incident, in order. Reasons only of those that are `readable`."""
    if not incident_ids:
        return {}
    query = select(Entry).where(Entry.incident_id.in_(incident_ids), Entry.kind.in_(KINDS))
    entries = session.scalars(query.options(selectinload(Entry.prose)).order_by(Entry.incident_id, Entry.seq)).all()
    keys = {entry.facts.get("part") for entry in entries} - {None}
    parts = {part.id: part for part in session.scalars(select(Part).where(Part.id.in_(keys)))} if keys else {}
    found: defaultdict[int, list[Signature]] = defaultdict(list)
    for entry in entries:
        if entry.incident_id is not None:
            reason = entry.text("reason") or None if entry.incident_id in readable else None
            part = parts.get(entry.facts.get("part") or 0)
            found[entry.incident_id].append(Signature(entry.kind, entry.facts, part, reason))
    return found
