"""The backward plan of an incident: advice rows for the nearest legal deadline, and who is there then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app import shown
from app.language import lazy_gettext as _l
from incidents.incident import Incident
from incidents.law.backward import Stage, plan_back
from incidents.law.regimes import load
from incidents.law.workdays import Workdays
from incidents.obligations import Obligation
from incidents.people import Person, Role, holders_of
from incidents.reckoning import Reckoning
from incidents.signing import deciders
from notifications.hours import by_day

STAGES: Mapping[Stage, LazyString] = MappingProxyType(
    {Stage.DRAFT: _l("Draft ready"), Stage.SIGN: _l("Signed off"), Stage.SEND: _l("Sent")}
)
WHOSE: Mapping[Stage, LazyString] = MappingProxyType(
    {
        Stage.DRAFT: _l("by whoever works on it"),
        Stage.SIGN: _l("by management, or to whom it was delegated"),
        Stage.SEND: _l("by the data protection officer or the deputy"),
    }
)
NOBODY: Mapping[Stage, LazyString] = MappingProxyType(
    {
        Stage.DRAFT: _l("Nobody works on it yet."),
        Stage.SIGN: _l("Nobody is named who could sign it."),
        Stage.SEND: _l("There is no data protection officer and no deputy."),
    }
)


@dataclass(frozen=True)
class Row:
    """One stage: when it should be done, whose work it is, and what stands in the way of it."""

    stage: str
    whose: str
    at: shown.Moment | None
    warning: str | None
    authority_open: bool


def backward_of(
    session: Session, incident: Incident, duties: Sequence[Obligation], reckoning: Reckoning, now: datetime
) -> Sequence[Row]:
    """The rows for the nearest legal deadline ahead; none once the incident is closed."""
    ahead = [row for row in duties if row.is_open and not row.is_target and row.due_at and row.due_at > now]
    first = min(ahead, key=lambda row: row.due_at or now, default=None)
    if first is None or first.due_at is None or incident.closed_at is not None:
        return ()
    rule, people = load().get(first.rule), _people(session, incident, now)
    plan = plan_back(
        now,
        first.due_at,
        present={stage: _present(people[stage], reckoning) for stage in Stage},
        authority_zone=reckoning.authority_zone(rule) or reckoning.zone,
        workdays=reckoning.workdays(rule) or Workdays(),
    )
    return [
        Row(
            str(STAGES[one.stage]),
            str(WHOSE[one.stage]),
            shown.moment(one.at),
            _warning(one.stage, people[one.stage], somebody=one.somebody, late=one.late),
            one.authority_open,
        )
        for one in plan
    ]


def _people(session: Session, incident: Incident, now: datetime) -> Mapping[Stage, Sequence[Person]]:
    """Whose work each stage is: the handler drafts, management or its delegate signs, the DPO or the deputy sends."""
    handler = incident.handler
    held = holders_of(session, incident.organisation_id, (Role.DPO, Role.DEPUTY, Role.MANAGEMENT))
    return {
        Stage.DRAFT: [handler] if handler is not None and handler.left_at is None else [],
        Stage.SIGN: deciders(session, incident, management=held[Role.MANAGEMENT], now=now),
        Stage.SEND: [*held[Role.DPO], *held[Role.DEPUTY]],
    }


def _present(people: Sequence[Person], reckoning: Reckoning) -> Callable[[datetime], bool]:
    """Whether one of them is there: within their own hours, on a working day where the organisation is."""
    clocks = [(person, ZoneInfo(person.zone) if person.zone else reckoning.zone) for person in people]
    return lambda at: any(
        by_day(person, zone, at) and reckoning.home.working(at.astimezone(zone).date()) for person, zone in clocks
    )


def _warning(stage: Stage, people: Sequence[Person], *, somebody: bool, late: bool) -> str | None:
    if not people:
        return str(NOBODY[stage])
    if not somebody:
        return str(_l("Nobody's hours cover it before the deadline: call somebody in."))
    return str(_l("Nobody's hours cover it earlier.")) if late else None
