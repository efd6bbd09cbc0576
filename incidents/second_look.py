"""What a second person looks at by day: dismissals of the triage, and decisions that leave somebody out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from incidents.assessments import Assessment
from incidents.decisions import reopen
from incidents.incident import Incident, OurRole, Part, What, hold, visible
from incidents.law.workdays import Workdays
from incidents.obligations import Targets, recompute
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.signing import Decision, SecondOpinion, in_force, may_decide
from incidents.steps import reopen_by_verb
from incidents.timeline import Entry, Kind, person_as_actor, record
from incidents.words import N_

WITHIN = 5
"""Working days within which a dismissal is looked at again: our own target, not law."""
MOST = 50
"""So many of each list are shown; the longest waiting come first, the others when these are done."""


@dataclass(frozen=True)
class Dismissal:
    """An incident that triage called nothing, and the last day of its second look."""

    incident: Incident
    dismissed_at: datetime
    by_id: int | None
    until: date


def dismissals(session: Session, reader: Person, workdays: Workdays) -> list[Dismissal]:
    """Dismissals that no second person has looked at, the longest waiting first; only those the reader may see."""
    looked = exists().where(
        Entry.incident_id == Incident.id, Entry.kind == Kind.LOOKED_AGAIN, Entry.written_at >= Incident.triaged_at
    )
    query = (
        visible(reader)
        .where(Incident.what == What.NOTHING, Incident.triaged_at.is_not(None), Incident.drill.is_(False), ~looked)
        .order_by(Incident.triaged_at, Incident.id)
        .limit(MOST)
    )
    found = session.scalars(query).all()
    authors = _who_triaged(session, [incident.id for incident in found])
    return [_dismissal(incident, authors.get(incident.id), workdays) for incident in found]


def _dismissal(incident: Incident, by_id: int | None, workdays: Workdays) -> Dismissal:
    dismissed_at = incident.triaged_at or incident.opened_at
    return Dismissal(incident, dismissed_at, by_id, workdays.after(dismissed_at.date(), WITHIN))


def _who_triaged(session: Session, incident_ids: Sequence[int]) -> dict[int | None, int | None]:
    """Who said last what each of these incidents is."""
    query = select(Entry.incident_id, Entry.person_id).where(
        Entry.incident_id.in_(incident_ids), Entry.kind == Kind.TRIAGED
    )
    return {row.incident_id: row.person_id for row in session.execute(query.order_by(Entry.seq))}


def look_again(
    session: Session, incident_id: int, agrees: bool, *, reason: str, by: Person, targets: Targets, now: datetime
) -> Entry:
    """Say, as a second person, whether it was nothing. A "no" opens the triage again; the clock runs since before.

    Refuses whoever dismissed it, and a "no" without a reason.
    """
    incident = hold(session, incident_id)
    if not incident.dismissed:
        raise Refused(N_("This incident is not dismissed. Load the page again."))
    if Right.HANDLE not in by.rights:
        raise Refused(N_("Only people who work on incidents look at a dismissal."))
    if _who_triaged(session, [incident.id]).get(incident.id) == by.id:
        raise Refused(N_("You dismissed it. Somebody else has to look at it."))
    if not agrees and not reason.strip():
        raise Refused(N_("Write why it may be something. One sentence is enough."), field="reason")
    entry = record(
        session,
        incident.timeline,
        Kind.LOOKED_AGAIN,
        by=person_as_actor(by.id),
        incident_id=incident.id,
        facts={"agrees": agrees, "disagrees": not agrees},
        prose={"reason": reason.strip()},
        now=now,
    )
    if not agrees:
        _open(session, incident, reason, by=by, targets=targets, now=now)
    return entry


def _open(session: Session, incident: Incident, reason: str, *, by: Person, targets: Targets, now: datetime) -> None:
    """Triage is open again, and with it the duties that may arise; the clock has its old start."""
    if incident.closed_at is not None:
        reopen(session, incident.id, reason=reason, by=person_as_actor(by.id), targets=targets, now=now)
        return
    incident.what = What.UNDECIDED
    reopen_by_verb(session, incident, "triage")
    recompute(session, incident, targets=targets, now=now)


def unseconded(session: Session, reader: Person) -> list[Decision]:
    """Decisions that leave somebody out and wait for a second person, the longest waiting first.

    Only on incidents that the reader may know of: by their own right, or, for whoever signs, unless restricted.
    """
    answered = exists().where(SecondOpinion.decision_id == Decision.id)
    may_know: ColumnElement[bool] = Incident.id.in_(visible(reader).with_only_columns(Incident.id))
    if Right.SIGN in reader.rights:
        may_know = or_(may_know, and_(Incident.restricted.is_(False), Incident.canary.is_(False)))
    query = (
        select(Decision)
        .join(Incident, Incident.id == Decision.incident_id)
        .where(~answered, may_know, Incident.organisation_id == reader.organisation_id)
        .order_by(Decision.id)
        .limit(MOST)
    )
    waiting = [row for row in session.scalars(query) if row.wants_second and row.person_id != reader.id]
    return [row for row in waiting if _is_in_force(session, row)]


def undecided(session: Session, reader: Person, *, now: datetime) -> list[Assessment]:
    """Advice on open incidents on which this reader may decide and nobody has, the longest waiting first."""
    newer = aliased(Assessment)
    same_part = or_(newer.part_id == Assessment.part_id, and_(newer.part_id.is_(None), Assessment.part_id.is_(None)))
    overtaken = exists().where(newer.incident_id == Assessment.incident_id, same_part, newer.number > Assessment.number)
    decided = exists().where(Decision.assessment_id == Assessment.id)
    query = (
        select(Assessment)
        .join(Incident, Incident.id == Assessment.incident_id)
        .outerjoin(Part, Part.id == Assessment.part_id)
        .where(~overtaken, ~decided, Incident.closed_at.is_(None), Incident.canary.is_(False))
        .where(Incident.restricted.is_(False), Incident.organisation_id == reader.organisation_id)
        .where(or_(Assessment.part_id.is_(None), and_(Part.role == OurRole.CONTROLLER, Part.dropped_at.is_(None))))
        .order_by(Assessment.id)
        .limit(MOST)
    )
    return [
        row
        for row in session.scalars(query)
        if row.person_id != reader.id and may_decide(session, reader, row.incident, now=now)
    ]


def _is_in_force(session: Session, decision: Decision) -> bool:
    current = in_force(session, decision.incident_id, decision.assessment.part_id).decision
    return current is not None and current.id == decision.id
