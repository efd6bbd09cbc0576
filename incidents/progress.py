"""What a reporter may see happen to a report: the bell, a person, the outcome; by role, without names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.report import Direction, Message, Report
from incidents.timeline import Entry, Kind

_LOOKED = (Kind.LOOKED_AT, Kind.TRIAGED, Kind.ASKED, Kind.CONTAINED, Kind.STEP_DONE, Kind.AWARE)


@dataclass(frozen=True)
class Progress:
    """The instants at which things happened, None while they have not."""

    received_at: datetime
    rang_at: datetime | None = None
    taken_at: datetime | None = None
    looked_at: datetime | None = None
    closed_at: datetime | None = None

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
    wanted = (Kind.RANG, Kind.TAKEN, *_LOOKED)
    first: dict[Kind, datetime] = {}
    for kind, at in session.execute(
        select(Entry.kind, Entry.written_at)
        .where(Entry.incident_id == report.incident_id, Entry.kind.in_(wanted))
        .order_by(Entry.seq)
    ):
        first.setdefault(kind, at)
    looked = [first[kind] for kind in _LOOKED if kind in first]
    incident = session.get_one(Incident, report.incident_id)
    return Progress(
        received_at=report.received_at,
        rang_at=first.get(Kind.RANG),
        taken_at=first.get(Kind.TAKEN),
        looked_at=min(looked, default=None),
        closed_at=incident.closed_at,
    )


def thread(session: Session, report: Report) -> list[Turn]:
    """The messages between reporter and handlers, oldest first."""
    messages = session.scalars(select(Message).where(Message.report_id == report.id).order_by(Message.id))
    return [
        Turn(message.direction is Direction.FROM_REPORTER, message.written_at, message.entry.text("text"))
        for message in messages
    ]
