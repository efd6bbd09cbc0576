"""What a reporter may see happen to a report: the bell, a person, the outcome; by role, without names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.people import Person, Role
from incidents.report import Direction, Message, Report
from incidents.timeline import Entry, Kind

_LOOKED = (Kind.LOOKED_AT, Kind.TRIAGED, Kind.ASKED, Kind.CONTAINED, Kind.STEP_DONE, Kind.AWARE)
_SHOWN = (
    *(Kind.RANG, Kind.SEEN, Kind.AWAKE, Kind.TAKEN, Kind.TAKEN_OVER, Kind.RINGS_AGAIN),
    *(Kind.SUMMONED, Kind.PARKED, Kind.PARKING_ENDED, Kind.CONTAINMENT_OWNED, Kind.CONTAINED),
)
ROLES = (Role.DPO, Role.DEPUTY, Role.RESPONDER, Role.MANAGEMENT, Role.ADMINISTRATOR, Role.AUDITOR)
"""Of several roles that somebody holds, the first is named to a reporter."""


@dataclass(frozen=True)
class Happened:
    """One fact that the reporter may see: what, when, and by somebody of which role, never who.

    `until` is the end of a wait or of ten minutes; `called` marks an answer to a call for help.
    """

    kind: Kind
    at: datetime
    role: Role | None = None
    until: datetime | None = None
    called: bool = False


@dataclass(frozen=True)
class Progress:
    """What happened since the report, in order, and the instants that the reporter waits for, None while not yet.

    `next_due_at` is when the next act is due, whatever it is.
    """

    received_at: datetime
    rang_at: datetime | None = None
    taken_at: datetime | None = None
    looked_at: datetime | None = None
    closed_at: datetime | None = None
    next_due_at: datetime | None = None
    happened: Sequence[Happened] = ()

    @property
    def has_person(self) -> bool:
        """Whether a person has taken it or looked at it."""
        return self.taken_at is not None or self.looked_at is not None


@dataclass(frozen=True)
class Turn:
    """One message of the thread; `mine` is the reporter's. `text` is None when retention blanked it."""

    mine: bool
    at: datetime
    text: str | None


def progress(session: Session, report: Report) -> Progress:
    """What has happened to the incident that a report belongs to, since the report."""
    first: dict[Kind, datetime] = {}
    happened: list[Happened] = []
    rows = session.execute(
        select(Entry.kind, Entry.written_at, Entry.person_id, Entry.facts)
        .where(Entry.incident_id == report.incident_id, Entry.kind.in_({*_SHOWN, *_LOOKED}))
        .order_by(Entry.seq)
    ).all()
    for kind, at, person_id, facts in rows:
        if kind in _SHOWN and not (kind in (Kind.RANG, Kind.SEEN) and kind in first):
            happened.append(_happened(session, kind, at, person_id, facts))
        first.setdefault(kind, at)
    looked = [first[kind] for kind in _LOOKED if kind in first]
    incident = session.get_one(Incident, report.incident_id)
    return Progress(
        received_at=report.received_at,
        rang_at=first.get(Kind.RANG),
        taken_at=first.get(Kind.TAKEN),
        looked_at=min(looked, default=None),
        closed_at=incident.closed_at,
        next_due_at=None if incident.closed_at else incident.next_due_at,
        happened=happened,
    )


def _happened(session: Session, kind: Kind, at: datetime, person_id: int | None, facts: Mapping[str, Any]) -> Happened:
    person = session.get(Person, person_id) if person_id else None
    roles = person.roles if person else frozenset()
    until = datetime.fromisoformat(facts["until"]) if "until" in facts else None
    role = next((role for role in ROLES if role in roles), None)
    return Happened(kind, at, role, until, bool(facts.get("summons")))


def thread(session: Session, report: Report) -> list[Turn]:
    """The messages between reporter and handlers, oldest first."""
    messages = session.scalars(select(Message).where(Message.report_id == report.id).order_by(Message.id))
    return [
        Turn(message.direction is Direction.FROM_REPORTER, message.written_at, message.entry.text("text"))
        for message in messages
    ]
