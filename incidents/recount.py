"""Deadlines counted anew from their anchors, to be shown with their steps or compared with what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.law.counting import Count
from incidents.law.regimes import load
from incidents.obligations import OPEN, Obligation, Targets, cautious_anchor, clocks_of, given_by_facts
from incidents.organisation import Organisation
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
    """Recompute every open deadline from its anchors and yield those that differ from what is stored.

    An open incident without any duty, though its facts give some, differs too.
    """
    open_ones = exists().where(Obligation.incident_id == Incident.id, Obligation.standing.in_(OPEN))
    query = select(Incident).where(open_ones).order_by(Incident.id).execution_options(yield_per=500)
    for incident in session.scalars(query):
        duties = session.scalars(select(Obligation).where(Obligation.incident_id == incident.id)).all()
        found = counts(session, incident, duties, targets=targets)
        for row in duties:
            counted = found[row.id]
            due = counted.due_at if counted else None
            if row.is_open and due != row.due_at:
                yield Difference(incident.reference, row.rule, row.due_at, due)
    yield from _without_duties(session, targets)


def _without_duties(session: Session, targets: Targets) -> Iterator[Difference]:
    """Incidents that were stored while their clock could not be started."""
    dutiful = exists().where(Obligation.incident_id == Incident.id)
    query = select(Incident).where(Incident.closed_at.is_(None), ~dutiful).order_by(Incident.id)
    for incident in session.scalars(query):
        organisation = session.get_one(Organisation, incident.organisation_id)
        cautious = cautious_anchor(session, incident)
        if cautious is None:
            continue
        clocks = clocks_of(session, incident, organisation, targets, cautious, ())
        for rule, due in given_by_facts(session, incident, clocks):
            yield Difference(incident.reference, rule, None, due)
