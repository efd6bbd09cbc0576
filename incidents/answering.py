"""Answers about a breach as they come in: each is written down, and the duties follow it in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import assessments
from incidents.assessments import Worksheet, nested, part_of, refuse_overwriting, sheet_for
from incidents.incident import Incident, hold
from incidents.law import situation
from incidents.obligations import OPEN, Obligation, Targets, owing, recompute
from incidents.situations import written
from incidents.timeline import Actor, Kind, person_as_actor, record

Duties = frozenset[tuple[str, int | None, str]]


def answer(
    session: Session,
    incident_id: int,
    answers: Mapping[str, object],
    *,
    part_id: int | None = None,
    seen: Mapping[str, object] | None = None,
    by: int,
    targets: Targets,
    now: datetime,
) -> Worksheet:
    """Write down answers about the breach (`assessments.answer`, and what it refuses), and let the duties follow."""
    incident = hold(session, incident_id)
    row = assessments.answer(session, incident_id, answers, part_id=part_id, seen=seen, by=by, now=now)
    follow(session, incident, by=person_as_actor(by), targets=targets, now=now)
    return row


def tell(
    session: Session,
    incident_id: int,
    answers: Mapping[str, object],
    *,
    part_id: int | None = None,
    seen: Mapping[str, object] | None = None,
    by: int,
    targets: Targets,
    now: datetime,
) -> Worksheet:
    """Write down where people and systems are, and what other laws ask (`law.situation`); the duties follow.

    None takes an answer back to "not known yet". `seen` is what stood there when the form was shown: an answer that
    somebody else gave meanwhile is not overwritten unawares. Refuses values that are none, naming the fact.
    """
    given = {name: value for name, value in answers.items() if value not in (None, [], {})}
    checked = written(situation.read(nested(given)))
    incident = hold(session, incident_id)
    part = part_of(session, incident, part_id)
    row = sheet_for(session, incident, part, by=by, now=now)
    if seen is not None:
        refuse_overwriting(row.situation, checked, answers, seen)
    row.situation = {name: value for name, value in row.situation.items() if name not in answers} | checked
    session.flush()
    follow(session, incident, by=person_as_actor(by), targets=targets, now=now)
    return row


def follow_everywhere(session: Session, organisation_id: int, *, by: Actor, targets: Targets, now: datetime) -> None:
    """The same for every incident that is open or still owes something, once what concerns all of them has changed."""
    for key in owing(session, organisation_id):
        follow(session, hold(session, key), by=by, targets=targets, now=now)


def _duties(session: Session, incident: Incident) -> Duties:
    rows = session.execute(
        select(Obligation.rule, Obligation.part_id, Obligation.towards).where(
            Obligation.incident_id == incident.id, Obligation.standing.in_(OPEN)
        )
    )
    return frozenset((row.rule, row.part_id, row.towards) for row in rows)


def follow(session: Session, incident: Incident, *, by: Actor, targets: Targets, now: datetime) -> None:
    """Count an incident anew, and write down which duties came and which went."""
    before = _duties(session, incident)
    recompute(session, incident, targets=targets, now=now)
    after = _duties(session, incident)
    if before == after:
        return
    facts: dict[str, Any] = {"arisen": _named(after - before), "gone": _named(before - after)}
    record(session, incident.timeline, Kind.DUTIES_CHANGED, by=by, incident_id=incident.id, facts=facts, now=now)


def _named(duties: Duties) -> list[str]:
    return sorted(f"{rule}:{towards}" if towards else rule for rule, _part, towards in duties)
