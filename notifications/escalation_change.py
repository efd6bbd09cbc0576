"""Changing the escalation policy of an urgency: what makes no sense is refused, those it rings are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Urgency
from incidents.organisation import Organisation
from incidents.people import Person, Role, holders_of
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, organisation_timeline, record
from incidents.words import N_
from notifications.escalation import (
    Aim,
    EscalationPolicy,
    EscalationStep,
    EscalationTarget,
    Plan,
    Stage,
    TargetKind,
    people_at,
    plan_of,
)
from notifications.policy import Waits
from notifications.rota import Rota
from notifications.rota.duty import duties

MOST_STEPS = 8
LATEST = 10
MOST_WANTED = 5
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LONGEST_REPEAT = HOUR
LONGEST_ROUND = 24 * HOUR


@dataclass(frozen=True)
class Empty:
    """A step, from 1, that rings nobody from one instant until another."""

    step: int
    begins_at: datetime
    ends_at: datetime


def stored(session: Session, organisation_id: int, urgency: Urgency) -> EscalationPolicy | None:
    """The policy that an organisation set itself; None, or one without steps, is the shipped one."""
    return session.scalars(
        select(EscalationPolicy).where(
            EscalationPolicy.organisation_id == organisation_id, EscalationPolicy.urgency == urgency
        )
    ).first()


def change_policy(
    session: Session,
    organisation: Organisation,
    urgency: Urgency,
    steps: Sequence[Stage],
    repeat: timedelta,
    round: timedelta,
    *,
    waits: Waits,
    by: Actor,
    now: datetime,
) -> EscalationPolicy:
    """Another policy from now on, for pages that ring already too. Refuses what could leave a page with nobody."""
    _refuse_steps(session, organisation, steps)
    _refuse_waits(steps, repeat, round)
    rows = [
        EscalationStep(
            organisation_id=organisation.id,
            position=position,
            after_seconds=int(step.after.total_seconds()),
            wants=step.wants,
            targets=[_target(organisation.id, aim) for aim in step.aims],
        )
        for position, step in enumerate(steps)
    ]
    return _set(session, organisation, urgency, rows, repeat, round, waits=waits, by=by, now=now)


def back_to_shipped(
    session: Session, organisation: Organisation, urgency: Urgency, *, waits: Waits, by: Actor, now: datetime
) -> None:
    """The policy that Tocsin comes with. Refused when it holds already."""
    policy = stored(session, organisation.id, urgency)
    if policy is None or not policy.steps:
        raise Refused(N_("This is the shipped policy already."))
    _set(session, organisation, urgency, [], waits.repeat, waits.round, waits=waits, by=by, now=now)


def empty_times(session: Session, plan: Plan, organisation_id: int, *, ahead: timedelta, now: datetime) -> list[Empty]:
    """When a step of a plan would ring nobody in the time ahead: a page passes over it at once."""
    found = []
    for number, stage in enumerate(plan.stages, 1):
        gaps = [(now, now + ahead)]
        for aim in stage.aims:
            gaps = _without(gaps, _covered(session, aim, organisation_id, now, now + ahead))
        found += [Empty(number, begins_at, ends_at) for begins_at, ends_at in gaps]
    return found


Spans = list[tuple[datetime, datetime]]


def _covered(session: Session, aim: Aim, organisation_id: int, begins_at: datetime, ends_at: datetime) -> Spans:
    """When a target is somebody."""
    if isinstance(aim.key, Role):
        return [(begins_at, ends_at)] if holders_of(session, organisation_id, [aim.key])[aim.key] else []
    if aim.kind is TargetKind.PERSON:
        person = session.get(Person, aim.key)
        return [(begins_at, ends_at)] if person is not None and person.out_since is None else []
    return [(duty.begins_at, duty.ends_at) for duty in duties(session, aim.key, begins_at, ends_at) if duty.person]


def _without(gaps: Spans, covered: Spans) -> Spans:
    """What of some stretches of time others leave."""
    for begins_at, ends_at in covered:
        cut = [(start, min(end, begins_at)) for start, end in gaps] + [
            (max(start, ends_at), end) for start, end in gaps
        ]
        gaps = sorted((start, end) for start, end in cut if start < end)
    return gaps


def _set(
    session: Session,
    organisation: Organisation,
    urgency: Urgency,
    steps: list[EscalationStep],
    repeat: timedelta,
    round: timedelta,
    *,
    waits: Waits,
    by: Actor,
    now: datetime,
) -> EscalationPolicy:
    was = plan_of(session, organisation.id, urgency, waits=waits)
    before = _rung(session, organisation.id, was, now)
    policy = stored(session, organisation.id, urgency)
    if policy is None:
        policy = EscalationPolicy(organisation_id=organisation.id, urgency=urgency, steps=[])
        session.add(policy)
    policy.repeat_seconds, policy.round_seconds = int(repeat.total_seconds()), int(round.total_seconds())
    policy.steps, policy.changed_at = steps, now
    session.flush()
    becomes = plan_of(session, organisation.id, urgency, waits=waits)
    after = _rung(session, organisation.id, becomes, now)
    affected = sorted(person for person in before.keys() | after.keys() if before.get(person) != after.get(person))
    facts = {
        "urgency": urgency.value,
        "shipped": not steps,
        "affected": affected,
        "before": _as_facts(was),
        "after": _as_facts(becomes),
    }
    timeline = organisation_timeline(session, organisation.id)
    record(session, timeline, Kind.POLICY_CHANGED, by=by, facts=facts, now=now)
    return policy


def latest_changes(session: Session, organisation_id: int) -> list[Entry]:
    """What was done to the policies lately, newest first."""
    return list(
        session.scalars(
            select(Entry)
            .where(Entry.organisation_id == organisation_id, Entry.kind == Kind.POLICY_CHANGED)
            .order_by(Entry.id.desc())
            .limit(LATEST)
        )
    )


def _as_facts(plan: Plan) -> dict[str, Any]:
    """A policy in keys and numbers, for the entry."""
    return {
        "repeat": int(plan.repeat.total_seconds()),
        "round": int(plan.round.total_seconds()),
        "steps": [
            {
                "after": int(stage.after.total_seconds()),
                "wants": stage.wants,
                "aims": [aim.written for aim in stage.aims],
            }
            for stage in plan.stages
        ],
    }


def _rung(session: Session, organisation_id: int, plan: Plan, now: datetime) -> dict[int, timedelta]:
    """After how long each person is rung, as things stand now."""
    found: dict[int, timedelta] = {}
    for number, stage in enumerate(plan.stages):
        for person in people_at(session, organisation_id, plan, number, now=now):
            found.setdefault(person.id, stage.after)
    return found


def _refuse_steps(session: Session, organisation: Organisation, steps: Sequence[Stage]) -> None:
    if not steps:
        raise Refused(N_("Add at least one step."))
    if len(steps) > MOST_STEPS:
        raise Refused(N_("Use at most %(most)s steps."), most=MOST_STEPS)
    if steps[0].after != timedelta():
        raise Refused(N_("The first step is rung at once. Write 0 minutes there."))
    for number, step in enumerate(steps, 1):
        if not step.aims:
            raise Refused(N_("Step %(step)s rings nobody. Choose somebody, or take the step out."), step=number)
        if number > 1 and step.after <= steps[number - 2].after:
            raise Refused(N_("Step %(step)s has to come later than the one before it."), step=number)
        for aim in step.aims:
            if not _usable(session, organisation, aim):
                raise Refused(
                    N_("Step %(step)s rings a rota that is gone, or a person without account or role. Choose another."),
                    step=number,
                )
        if step.wants not in range(1, MOST_WANTED + 1):
            raise Refused(
                N_("Step %(step)s: from 1 to %(most)s people can acknowledge."), step=number, most=MOST_WANTED
            )
        if step.wants > _reached(session, organisation, [aim for each in steps[:number] for aim in each.aims]):
            raise Refused(
                N_("Step %(step)s wants more people to acknowledge than are rung by then. Add people, or want fewer."),
                step=number,
            )


def _refuse_waits(steps: Sequence[Stage], repeat: timedelta, round: timedelta) -> None:
    if not MINUTE <= repeat <= LONGEST_REPEAT:
        raise Refused(N_("Let it ring again after 1 to 60 minutes."), field="repeat")
    if not steps[-1].after + repeat <= round <= LONGEST_ROUND:
        raise Refused(
            N_("The round has to be long enough to ring the last step, and at most 24 hours (1440 minutes)."),
            field="round",
        )


def _usable(session: Session, organisation: Organisation, aim: Aim) -> bool:
    if isinstance(aim.key, Role):
        return True
    if aim.kind is TargetKind.PERSON:
        person = session.get(Person, aim.key)
        return person is not None and person.organisation_id == organisation.id and person.out_since is None
    rota = session.get(Rota, aim.key)
    return rota is not None and rota.organisation_id == organisation.id and rota.ended_at is None


def _reached(session: Session, organisation: Organisation, aims: Sequence[Aim]) -> int:
    """How many different people these could ring at most; of a rota one at a time."""
    people: set[int] = set()
    for aim in aims:
        if isinstance(aim.key, Role):
            people |= {person.id for person in holders_of(session, organisation.id, [aim.key])[aim.key]}
        elif aim.kind is TargetKind.PERSON:
            people.add(aim.key)
    return len(people) + len({aim.key for aim in aims if aim.kind is TargetKind.ROTA})


def _target(organisation_id: int, aim: Aim) -> EscalationTarget:
    target = EscalationTarget(organisation_id=organisation_id, kind=aim.kind)
    if isinstance(aim.key, Role):
        target.role = aim.key
    elif aim.kind is TargetKind.PERSON:
        target.person_id = aim.key
    else:
        target.rota_id = aim.key
    return target
