"""Planning: a rota is begun and ended, and its shifts are added, changed from a time on, moved and ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.law.localtime import known_zone
from incidents.organisation import Organisation
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor
from incidents.words import N_
from notifications.escalation import EscalationTarget
from notifications.rota import Rota
from notifications.rota.change import Change, Detail, changing
from notifications.rota.shift import (
    LONGEST_NAME,
    MOST_PEOPLE,
    MOST_WEEKS_EACH,
    WEEK,
    Shift,
    Turn,
    Weekly,
    in_force,
    monday,
    occurrences,
)

MOST_ROTAS = 50
MOST_SHIFTS = 30
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Plan:
    """What a shift shall be. `people` are keys in the order of their turns.

    `first` is whose turn it is at the beginning; None is whoever's it would be anyway, else the first of the list.
    """

    name: str
    weekly: Weekly
    people: Sequence[int]
    weeks_each: int = 1
    first: int | None = None


def rotas(session: Session, organisation_id: int) -> list[Rota]:
    """The rotas in use, by name."""
    found = select(Rota).where(Rota.organisation_id == organisation_id, Rota.ended_at.is_(None))
    return list(session.scalars(found.order_by(Rota.name, Rota.id)))


def begin_rota(session: Session, organisation: Organisation, *, name: str, zone: str, by: Actor, now: datetime) -> Rota:
    """A new rota without shifts. Refuses a name that is missing or taken, and what is no time zone."""
    if len(rotas(session, organisation.id)) >= MOST_ROTAS:
        raise Refused(N_("There are too many rotas. End one that is not used."), field="name")
    rota = Rota(organisation_id=organisation.id, zone=_zone(zone), created_at=now, changed_at=now)
    rota.name = _free_name(session, rota, name)
    rota.token = secrets.token_urlsafe(24)
    session.add(rota)
    session.flush()
    with changing(session, rota, Change.STARTED, by=by, now=now):
        pass
    return rota


def rename_rota(session: Session, rota: Rota, name: str, *, by: Actor, now: datetime) -> None:
    """Another name. The zone stays: with another one every hand-over would move."""
    called = _free_name(session, rota, name)
    if called != rota.name:
        with changing(session, rota, Change.RENAMED, by=by, now=now) as detail:
            detail.prose["rota_before"] = rota.name
            rota.name = called


def end_rota(session: Session, rota: Rota, *, by: Actor, now: datetime) -> None:
    """Take a rota out of use; who was on call until now stays known. Refused while an escalation policy names it."""
    named = select(EscalationTarget.id).where(EscalationTarget.rota_id == rota.id)
    if session.scalars(named.limit(1)).first() is not None:
        raise Refused(N_("The escalation policy rings this rota. Change the policy first."))
    with changing(session, rota, Change.ENDED, by=by, now=now):
        rota.ended_at = now


def new_address(session: Session, rota: Rota) -> None:
    """Another address for the calendar feed; the one before ends at once."""
    rota.token = secrets.token_urlsafe(24)
    session.flush()


def add_shift(
    session: Session, rota: Rota, plan: Plan, *, from_at: datetime | None = None, by: Actor, now: datetime
) -> Shift:
    """A shift from an instant on, at the earliest from now, at the end of the list."""
    present = in_force(session, rota, now)
    if len(present) >= MOST_SHIFTS:
        raise Refused(N_("There are too many shifts. End one, or begin another rota."))
    starts = _start(from_at, now)
    with changing(session, rota, Change.SHIFT_ADDED, by=by, now=now) as detail:
        place = max((shift.position for shift in present), default=-1) + 1
        made = _store(session, rota, plan, place, starts, None, None, now=now)
        _tell_shift(detail, None, made)
    return made


def change_shift(
    session: Session, rota: Rota, shift: Shift, plan: Plan, *, from_at: datetime | None = None, by: Actor, now: datetime
) -> Shift:
    """Another plan for a shift from an instant on, at the earliest from now. What it was before stays as it was.

    Whose turn it is carries over when the same person comes first and the turns are as long as before.
    """
    _refuse_over(shift, now)
    starts = max(_start(from_at, now), shift.from_at)
    if shift.until_at is not None and starts >= shift.until_at:
        raise Refused(N_("By then this shift has ended or changed already. Choose an earlier time."), field="from_at")
    with changing(session, rota, Change.SHIFT_CHANGED, by=by, now=now) as detail:
        made = _store(session, rota, plan, shift.position, starts, shift.until_at, shift, now=now)
        shift.until_at = starts
        _tell_shift(detail, shift, made)
    return made


def end_shift(
    session: Session, rota: Rota, shift: Shift, *, from_at: datetime | None = None, by: Actor, now: datetime
) -> None:
    """No such shift any more from an instant on, at the earliest from now."""
    _refuse_over(shift, now)
    ends = max(_start(from_at, now), shift.from_at)
    with changing(session, rota, Change.SHIFT_ENDED, by=by, now=now) as detail:
        shift.until_at = ends if shift.until_at is None else min(ends, shift.until_at)
        _tell_shift(detail, shift, None)


def raise_shift(session: Session, rota: Rota, shift: Shift, *, by: Actor, now: datetime) -> None:
    """Put a shift one place up the list, from now on: those further down the list go over it."""
    _refuse_over(shift, now)
    present = in_force(session, rota, now)
    above = [other for other in present if other.position < shift.position]
    if not above:
        raise Refused(N_("This shift is at the top of the list already."))
    other = max(above, key=lambda each: each.position).position
    own = shift.position
    with changing(session, rota, Change.SHIFT_CHANGED, by=by, now=now):
        for each in present:
            place = {own: other, other: own}.get(each.position)
            if place is not None:
                _moved(session, each, place, now=now)


def _tell_shift(detail: Detail, before: Shift | None, after: Shift | None) -> None:
    """What a shift was and is, for the entry."""
    detail.facts["shift"] = {"before": _as_facts(before), "after": _as_facts(after)}
    for name, shift in (("shift_before", before), ("shift_after", after)):
        if shift is not None:
            detail.prose[name] = shift.name


def _as_facts(shift: Shift | None) -> dict[str, Any] | None:
    if shift is None:
        return None
    return {
        "weekdays": list(shift.weekdays),
        "begins": f"{shift.begins:%H:%M}",
        "days": shift.days,
        "ends": f"{shift.ends:%H:%M}",
        "weeks_each": shift.weeks_each,
        "people": shift.people,
    }


def _moved(session: Session, shift: Shift, place: int, *, now: datetime) -> None:
    """The same shift at another place: a new row from now on, so that the past stays."""
    if shift.from_at >= now:
        shift.position = place
        return
    copied = (
        *("organisation_id", "rota_id", "name", "weekdays", "begins", "days", "ends"),
        *("weeks_each", "first_week", "until_at"),
    )
    made = Shift(position=place, from_at=now, made_at=now, **{name: getattr(shift, name) for name in copied})
    made.turns = _turns(shift.organisation_id, shift.people)
    shift.until_at = now
    session.add(made)


def turn_at(shift: Shift, zone: ZoneInfo, at: datetime) -> tuple[int | None, int]:
    """Whose turn it is at an instant, or next after it, and how many weeks of it have gone by."""
    week = _week_of(shift.weekly, zone, at)
    gone = (week - shift.first_week).days // WEEK
    people = shift.people
    return (people[gone // shift.weeks_each % len(people)] if people else None), gone % shift.weeks_each


def _store(
    session: Session,
    rota: Rota,
    plan: Plan,
    place: int,
    from_at: datetime,
    until_at: datetime | None,
    before: Shift | None,
    *,
    now: datetime,
) -> Shift:
    people = _checked(session, rota, plan)
    zone = ZoneInfo(rota.zone)
    whose, weeks = turn_at(before, zone, from_at) if before is not None else (None, 0)
    wanted = plan.first if plan.first in people else whose
    first = people.index(wanted) if wanted in people else 0
    same = before is not None and before.weeks_each == plan.weeks_each and whose == people[first]
    gone = weeks if same else 0
    shift = Shift(
        organisation_id=rota.organisation_id,
        rota_id=rota.id,
        name=_called(plan.name),
        position=place,
        weekdays=sorted(set(plan.weekly.weekdays)),
        begins=plan.weekly.begins,
        days=plan.weekly.days,
        ends=plan.weekly.ends,
        weeks_each=plan.weeks_each,
        first_week=_week_of(plan.weekly, zone, from_at) - timedelta(weeks=first * plan.weeks_each + gone),
        from_at=from_at,
        until_at=until_at,
        made_at=now,
        turns=_turns(rota.organisation_id, people),
    )
    session.add(shift)
    session.flush()
    return shift


def _turns(organisation_id: int, people: Sequence[int]) -> list[Turn]:
    return [
        Turn(organisation_id=organisation_id, position=place, person_id=person) for place, person in enumerate(people)
    ]


def _checked(session: Session, rota: Rota, plan: Plan) -> list[int]:
    """The people of a plan that makes sense."""
    plan.weekly.refuse()
    if plan.weeks_each not in range(1, MOST_WEEKS_EACH + 1):
        raise Refused(
            N_("Write for how many weeks a turn lasts, from 1 to %(most)s."), field="weeks_each", most=MOST_WEEKS_EACH
        )
    people = list(plan.people)
    if not people:
        raise Refused(N_("Add at least one person, who then has every turn."), field="people")
    if len(people) > MOST_PEOPLE:
        raise Refused(N_("Add at most %(most)s people."), field="people", most=MOST_PEOPLE)
    for key in people:
        present_person(session, rota, key, field="people")
    return people


def present_person(session: Session, rota: Rota, key: int, *, field: str) -> Person:
    """Somebody whom a page can ring. Refuses who has no account, or no role with which to answer one."""
    person = session.get(Person, key)
    if person is None or person.organisation_id != rota.organisation_id or person.left_at is not None:
        raise Refused(N_("One of these people has no account any more. Choose somebody else."), field=field)
    if person.out_since is not None:
        raise Refused(
            N_("One of these people holds no role that is paged. Give them one first, or choose somebody else."),
            field=field,
        )
    return person


def _week_of(weekly: Weekly, zone: ZoneInfo, at: datetime) -> date:
    """The week of the turn that runs at an instant, or of the next one after it."""
    ahead = at + timedelta(days=2 * WEEK)
    times = occurrences(weekly, zone, [0], first_week=date.min, weeks_each=1, begins_at=at, ends_at=ahead)
    soonest = next(iter(times), None)
    return monday((soonest.begins_at if soonest else at).astimezone(zone).date())


def _start(from_at: datetime | None, now: datetime) -> datetime:
    if from_at is not None and from_at > now + FURTHEST:
        raise Refused(N_("Choose a time within the next year."), field="from_at")
    return now if from_at is None else max(from_at, now)


def _refuse_over(shift: Shift, now: datetime) -> None:
    if shift.until_at is not None and shift.until_at <= max(now, shift.from_at):
        raise Refused(N_("This shift was changed or ended meanwhile. Load the page again and compare."))


def _called(name: str) -> str:
    called = " ".join(name.split())
    if not called:
        raise Refused(N_("Write a name, such as Weeks or Nights."), field="name")
    if len(called) > LONGEST_NAME:
        raise Refused(N_("Write a name of at most %(most)s characters."), field="name", most=LONGEST_NAME)
    return called


def _free_name(session: Session, rota: Rota, name: str) -> str:
    called = _called(name)
    others = (other for other in rotas(session, rota.organisation_id) if other.id != rota.id)
    if any(other.name.casefold() == called.casefold() for other in others):
        raise Refused(N_("There is a rota of that name already. Write another name."), field="name")
    return called


def _zone(name: str) -> str:
    try:
        return str(known_zone(name.strip()))
    except Refused as refused:
        refused.field = "zone"
        raise
