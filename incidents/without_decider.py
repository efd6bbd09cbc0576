"""Nobody to decide: noticed by day, and recorded when advice is signed on which nobody else can decide.

Until somebody decides the advice stands, so nobody is left untold by it; but nobody is let off either.
"""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy.orm import Session

from incidents.assessments import Assessment
from incidents.incident import Incident
from incidents.organisation import Organisation
from incidents.people import Person, Role, holders_of
from incidents.signing import deciders, delegations
from incidents.timeline import SYSTEM, Kind, organisation_timeline, record


class Lack(enum.Enum):
    """Why nobody in the organisation could decide."""

    NOBODY = "nobody"
    ALONE = "alone"


def lack(session: Session, organisation: Organisation, *, now: datetime) -> Lack | None:
    """Whether somebody could decide on the next incident: not whether they would be reached.

    `ALONE` is one person who alone both advises and decides: nobody decides on their own advice.
    """
    held = holders_of(session, organisation.id, (Role.DPO, Role.DEPUTY, Role.MANAGEMENT))
    able = {person.id for person in held[Role.MANAGEMENT]}
    for row in delegations(session, organisation.id, now=now):
        if row.incident_id is None and row.since <= now and row.taker.left_at is None:
            able.add(row.to_id)
    if not able:
        return Lack.NOBODY
    advise = {person.id for role in (Role.DPO, Role.DEPUTY) for person in held[role]}
    return Lack.ALONE if len(able) == 1 and advise == able else None


def others_who_decide(session: Session, incident: Incident, adviser_id: int | None, *, now: datetime) -> list[Person]:
    """Who may decide on what this person advised: never that person."""
    return [person for person in deciders(session, incident, now=now) if person.id != adviser_id]


def record_if_nobody_decides(session: Session, version: Assessment, *, now: datetime) -> None:
    """Record that advice was signed on which nobody can decide, so that whoever can name somebody is told.

    A restricted incident is not named: then the organisation's own timeline has it.
    """
    incident = version.incident
    if version.part_id is not None or others_who_decide(session, incident, version.person_id, now=now):
        return
    hidden = incident.restricted
    record(
        session,
        organisation_timeline(session, incident.organisation_id) if hidden else incident.timeline,
        Kind.NOBODY_DECIDES,
        by=SYSTEM,
        incident_id=None if hidden else incident.id,
        facts={} if hidden else {"number": version.number},
        now=now,
    )
