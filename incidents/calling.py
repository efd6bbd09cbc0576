"""Calling others to an incident: a summons now, a hand-over, and taking it over oneself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import Incident, hold, may_see
from incidents.people import Person, Right, Role, holders
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_


def summon(session: Session, incident_id: int, whom: Person | Role, *, by: Actor, now: datetime) -> Entry:
    """Page a person, or everybody in a role, to come and help now. A first step of whoever calls.

    Refuses to call nobody, oneself, or to a closed incident.
    """
    incident = _open(session, incident_id)
    if isinstance(whom, Role):
        others = [person for person in holders(session, incident.organisation_id, whom) if person.id != by.person_id]
        if not others or incident.restricted:
            raise Refused(
                N_("Nobody else holds this role, or they may not all see this. Choose a person."), field="whom"
            )
        facts: dict[str, object] = {"role": whom.value}
    else:
        _callable(session, incident, whom, by)
        facts = {"person": whom.id}
    first_step(incident, by=by, now=now)
    return record(session, incident.timeline, Kind.SUMMONED, by=by, incident_id=incident.id, facts=facts, now=now)


def hand_over(session: Session, incident_id: int, to: Person, *, by: Actor, now: datetime) -> Entry:
    """Page somebody to take an incident over. Until they acknowledge it stays with whoever has it.

    Refuses somebody who may not work on incidents, oneself, and a closed incident.
    """
    incident = _open(session, incident_id)
    _callable(session, incident, to, by)
    if Right.HANDLE not in to.rights:
        raise Refused(N_("This person may not work on incidents. Choose somebody else."), field="whom")
    first_step(incident, by=by, now=now)
    return record(
        session, incident.timeline, Kind.HANDED_OVER, by=by, incident_id=incident.id, facts={"person": to.id}, now=now
    )


def take_over(session: Session, incident_id: int, *, by: Actor, now: datetime) -> Entry | None:
    """Become the one who has an incident; whoever had it is told. None for whoever has it already."""
    incident = _open(session, incident_id)
    before = incident.handler_id
    if before == by.person_id:
        return None
    incident.handler_id = by.person_id
    first_step(incident, by=by, now=now)
    facts = {} if before is None else {"before": before}
    return record(session, incident.timeline, Kind.TAKEN_OVER, by=by, incident_id=incident.id, facts=facts, now=now)


def _open(session: Session, incident_id: int) -> Incident:
    incident = hold(session, incident_id)
    if incident.closed_at is not None:
        raise Refused(N_("This incident is closed. Open it again first."))
    return incident


def _callable(session: Session, incident: Incident, whom: Person, by: Actor) -> None:
    there = whom.left_at is None and whom.organisation_id == incident.organisation_id
    if not there or not may_see(session, whom, incident):
        raise Refused(N_("This person cannot be called to this incident. Choose somebody else."), field="whom")
    if whom.id == by.person_id:
        raise Refused(N_("That is you. Choose somebody else."), field="whom")
