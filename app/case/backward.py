"""The backward plan of an incident: advice rows for the nearest legal deadline, and who is there then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from flask_babel.speaklater import LazyString

from app import shown
from app.language import lazy_gettext as _l
from incidents.incident import Incident
from incidents.law.backward import Stage, plan_back
from incidents.law.regimes import load
from incidents.law.workdays import Workdays
from incidents.obligations import Obligation
from incidents.reckoning import Reckoning
from notifications.hours import by_day

STAGES: Mapping[Stage, LazyString] = MappingProxyType(
    {Stage.DRAFT: _l("Draft ready"), Stage.SIGN: _l("Signed off"), Stage.SEND: _l("Sent")}
)


@dataclass(frozen=True)
class Row:
    """One stage: when it should be done, and whether the handler and the authority are there then."""

    stage: str
    at: shown.Moment | None
    somebody: bool
    authority_open: bool


def backward_of(incident: Incident, duties: Sequence[Obligation], reckoning: Reckoning, now: datetime) -> Sequence[Row]:
    """The rows for the nearest legal deadline ahead; none once the incident is closed.

    Without a handler nobody is there: that is what the rows then say.
    """
    ahead = [row for row in duties if row.is_open and not row.is_target and row.due_at and row.due_at > now]
    first = min(ahead, key=lambda row: row.due_at or now, default=None)
    if first is None or first.due_at is None or incident.closed_at is not None:
        return ()
    rule, who = load().get(first.rule), incident.handler
    plan = plan_back(
        now,
        first.due_at,
        present=lambda at: who is not None and who.left_at is None and by_day(who, reckoning.zone, at),
        authority_zone=reckoning.authority_zone(rule) or reckoning.zone,
        workdays=reckoning.workdays(rule) or Workdays(),
    )
    return [Row(str(STAGES[one.stage]), shown.moment(one.at), one.somebody, one.authority_open) for one in plan]
