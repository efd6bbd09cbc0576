"""Deadlines counted anew from their anchors, to be shown with their steps or compared with what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.law.counting import Count
from incidents.law.regimes import load
from incidents.obligations import OPEN, Obligation, Targets, cautious_anchor, clocks_of, copied, matched
from incidents.organisation import Organisation
from incidents.owed import wanted_by
from incidents.reckoning import Clocks


def counts(
    session: Session, incident: Incident, duties: Sequence[Obligation], *, targets: Targets
) -> dict[int, Count | None]:
    """How each duty of an incident counts now, by its key: with the steps that a page shows. Stores nothing."""
    organisation = session.get_one(Organisation, incident.organisation_id)
    cautious = cautious_anchor(session, incident)
    return counted(duties, clocks_of(session, incident, organisation, targets, cautious, duties))


def counted(duties: Sequence[Obligation], clocks: Clocks) -> dict[int, Count | None]:
    """The same, where the starts of the incident's clocks are known already."""
    return {row.id: clocks.count(load().get(row.rule), row.terms, row.part_id).in_force for row in duties}


@dataclass(frozen=True)
class Difference:
    """A stored deadline that is not what its anchors give."""

    incident: str
    rule: str
    stored: datetime | None
    computed: datetime | None


def differences(session: Session, *, targets: Targets) -> Iterator[Difference]:
    """Recompute the duties of every open incident and yield what differs from what is stored.

    Those that the facts give and that are not there differ too, and those that are there and nothing gives any more.
    """
    open_ones = exists().where(Obligation.incident_id == Incident.id, Obligation.standing.in_(OPEN))
    query = select(Incident).where(or_(Incident.closed_at.is_(None), open_ones)).order_by(Incident.id)
    for incident in session.scalars(query.execution_options(yield_per=500)):
        yield from _of_incident(session, incident, targets)


def _of_incident(session: Session, incident: Incident, targets: Targets) -> Iterator[Difference]:
    organisation = session.get_one(Organisation, incident.organisation_id)
    duties = session.scalars(select(Obligation).where(Obligation.incident_id == incident.id)).all()
    cautious = cautious_anchor(session, incident)
    clocks = clocks_of(session, incident, organisation, targets, cautious, duties)
    found = counted(duties, clocks)
    for row, duty in matched(duties, wanted_by(session, incident, organisation) if cautious else []):
        if row is None and duty is not None:
            terms = copied(duty.rule, duty.contract, duty.target)
            due = clocks.count(duty.rule, terms, duty.part.id if duty.part else None).in_force
            yield Difference(incident.reference, duty.rule.id, None, due.due_at if due else None)
        elif row is not None and row.is_open:
            count = found[row.id]
            stands = duty is not None or row.taken_on
            due_at = count.due_at if count and stands else None
            if due_at != row.due_at or not stands:
                yield Difference(incident.reference, row.rule, row.due_at, due_at)
