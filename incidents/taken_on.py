"""Duties that a person takes on: the law was looked up, or the policy read, where no rule could tell it for sure."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident, hold
from incidents.law.counting import Counting, Unit
from incidents.law.regimes import Rule, load
from incidents.obligations import Obligation, Standing, Targets, copied, recompute
from incidents.owed import CONTRACT
from incidents.profile import MOST_HOURS
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_


def can_be_taken_on(rule: Rule) -> bool:
    """Whether a rule is a duty by itself, and one that somebody is told of. A customer's is in the profile."""
    return rule.part_of is None and not rule.keeping and rule.id != CONTRACT


def wants_hours(rule: Rule) -> bool:
    """Whether the law or policy has a number that the rule does not know."""
    return rule.unit in (Unit.SEE_TEXT, Unit.NO_FIXED_PERIOD)


def take_on(
    session: Session,
    incident_id: int,
    rule_id: str,
    *,
    hours: int | None = None,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Entry:
    """Record that a duty is owed although no confirmed rule says so. It warns and rings from now on like any other.

    `hours` are those that the text or policy gives, where the rule has no number. Refuses without a reason, without
    the hours where the rule only points to a text, and a duty that stands already.
    """
    rule = next((one for one in load().rules() if one.id == rule_id), None)
    if rule is None or not can_be_taken_on(rule):
        raise Refused(N_("There is no such duty to take on. Load the page again."))
    if not reason.strip():
        raise Refused(N_("Write why it is owed: what you read, or who says so."), field="reason")
    if hours is None and rule.unit is Unit.SEE_TEXT:
        raise Refused(N_("Write the hours that the text or the policy gives, such as 24."), field="hours")
    if hours is not None and not 1 <= hours <= MOST_HOURS:
        raise Refused(N_("Write a whole number of hours, such as 24."), field="hours")
    incident = hold(session, incident_id)
    row = _row(session, incident, rule)
    if row.is_open and row.id is not None:
        raise Refused(N_("This duty stands already. Load the page again to see it."))
    row.terms = copied(rule)
    if hours is not None and wants_hours(rule):
        row.terms |= {"period": hours, "unit": Unit.HOURS.value, "counting": Counting.CONTRACT.value}
    row.is_target = rule.period is None and rule.unit is not Unit.SEE_TEXT
    row.taken_on, row.standing, row.against, row.settled_at = True, Standing.OWED, None, None
    session.add(row)
    first_step(incident, by=by, now=now)
    recompute(session, incident, targets=targets, now=now)
    return record(
        session,
        incident.timeline,
        Kind.DUTY_TAKEN_ON,
        by=by,
        incident_id=incident.id,
        facts={"rule": rule.id, "obligation": row.id, "hours": hours},
        prose={"reason": reason.strip()},
        now=now,
    )


def _row(session: Session, incident: Incident, rule: Rule) -> Obligation:
    found = session.scalars(
        select(Obligation)
        .where(Obligation.incident_id == incident.id, Obligation.rule == rule.id, Obligation.part_id.is_(None))
        .order_by(Obligation.id)
    ).first()
    if found is not None:
        return found
    return Obligation(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        rule=rule.id,
        recipient=rule.short_title,
        towards="",
        standing=Standing.OWED,
    )
