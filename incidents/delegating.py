"""What a decider may do besides deciding: ask whoever works on it, or let somebody else decide, in writing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import hold
from incidents.organisation import Organisation
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.signing import Delegation
from incidents.timeline import Entry, Kind, organisation_timeline, person_as_actor, record
from incidents.words import N_


def ask(session: Session, incident_id: int, question: str, *, by: Person, now: datetime) -> Entry:
    """Ask whoever handles the incident something before deciding."""
    if not question.strip():
        raise Refused(N_("Write your question."), field="question")
    incident = hold(session, incident_id)
    return record(
        session,
        incident.timeline,
        Kind.DECIDER_ASKED,
        by=person_as_actor(by.id),
        incident_id=incident.id,
        prose={"text": question.strip()},
        now=now,
    )


def delegate(
    session: Session,
    organisation: Organisation,
    to: Person,
    *,
    incident_id: int | None,
    until: datetime | None,
    reason: str,
    by: Person,
    now: datetime,
) -> Delegation:
    """Write down that somebody else may decide: for one incident, or for all until an instant."""
    if Right.SIGN not in by.rights:
        raise Refused(N_("Only management can delegate its decision."))
    if to.left_at is not None or to.id == by.id:
        raise Refused(N_("Choose somebody else who is still here."), field="to")
    if not to.rights & {Right.HANDLE, Right.SIGN}:
        raise Refused(N_("This person can neither handle incidents nor sign. Choose another."), field="to")
    if not reason.strip():
        raise Refused(N_("Write why, and for what. One sentence is enough."), field="reason")
    if incident_id is None and until is None:
        raise Refused(N_("Say until when it holds."), field="until")
    if until is not None and until <= now:
        raise Refused(N_("That time is over. Choose a later one."), field="until")
    incident = hold(session, incident_id) if incident_id is not None else None
    entry = record(
        session,
        incident.timeline if incident else organisation_timeline(session, organisation.id),
        Kind.DELEGATED,
        by=person_as_actor(by.id),
        incident_id=incident_id,
        facts={"to": to.id, "until": until.isoformat() if until else None, "affected": [to.id]},
        prose={"reason": reason.strip()},
        now=now,
    )
    row = Delegation(
        organisation_id=organisation.id,
        incident_id=incident_id,
        from_id=by.id,
        to_id=to.id,
        entry_id=entry.id,
        since=now,
        until=until,
        reason=reason.strip()[:500],
    )
    session.add(row)
    session.flush()
    return row


def end_delegation(session: Session, delegation_id: int, *, by: Person, now: datetime) -> None:
    """Take a delegation back. What was decided with it stands."""
    row = session.get(Delegation, delegation_id)
    if row is None or row.organisation_id != by.organisation_id:
        raise Refused(N_("This delegation does not exist."))
    if by.id not in (row.from_id, row.to_id):
        raise Refused(N_("Only who gave it, or who has it, can end it."))
    if row.ended_at is None:
        row.ended_at = now
        timeline = organisation_timeline(session, row.organisation_id)
        facts = {"ended": row.id, "affected": [row.from_id, row.to_id]}
        record(session, timeline, Kind.DELEGATED, by=person_as_actor(by.id), facts=facts, now=now)
    session.flush()
