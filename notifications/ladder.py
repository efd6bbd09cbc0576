"""Everybody whom some page rings: the policies of both urgencies together, now and in the hours to come."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import Urgency
from incidents.people import Person, Role, holders_of
from notifications.escalation import Aim, Plan, TargetKind, people_of, plans_of, shipped
from notifications.policy import Waits
from notifications.rota import Rota
from notifications.rota.cover import members
from notifications.rota.duty import Duty, duties


@dataclass(frozen=True)
class Ladder:
    """Whom pages ring now, each once, first choice first.

    `empty` are the roles of steps that nobody holds, `vacant` the numbers of other steps that ring nobody now: a page
    passes over both at once.
    """

    people: Sequence[Person]
    empty: Sequence[Role]
    vacant: Sequence[int]


def ladder(session: Session, organisation_id: int, *, shipped_only: bool = False, now: datetime) -> Ladder:
    """As it is now. `shipped_only` says that no policy is stored, for whoever knows it already."""
    plans = [shipped(Waits())] if shipped_only else _plans(session, organisation_id)
    stages = [(number, stage) for plan in plans for number, stage in enumerate(plan.stages, 1)]
    roles = [aim.key for _number, stage in stages for aim in stage.aims if isinstance(aim.key, Role)]
    held = holders_of(session, organisation_id, roles)
    people: dict[int, Person] = {}
    empty: dict[Role, None] = {}
    vacant: set[int] = set()
    for number, stage in stages:
        there = [person for aim in stage.aims for person in people_of(session, aim, held, now=now)]
        people.update((person.id, person) for person in there if person.id not in people)
        wanted = [aim.key for aim in stage.aims if isinstance(aim.key, Role)]
        empty.update(dict.fromkeys([] if there else wanted[:1]))
        vacant.update([] if there or wanted else [number])
    return Ladder(list(people.values()), list(empty), sorted(vacant))


def _plans(session: Session, organisation_id: int) -> list[Plan]:
    """The different policies; the waits of the shipped one do not matter here."""
    plans = plans_of(session, organisation_id, waits=Waits())
    return [plans[Urgency.URGENT]] if plans[Urgency.URGENT] == plans[Urgency.SOON] else list(plans.values())


def aims_of(session: Session, organisation_id: int) -> list[Aim]:
    """Every target of every policy, each once."""
    aims = [aim for plan in _plans(session, organisation_id) for aim in plan.aims(plan.last)]
    return list(dict.fromkeys(aims))


def is_rung(session: Session, person: Person, *, now: datetime) -> bool:
    """Whether a page may ring this person some day: by role, by name, or in a rota."""
    for aim in aims_of(session, person.organisation_id):
        if isinstance(aim.key, Role):
            found = aim.key in person.roles
        elif aim.kind is TargetKind.PERSON:
            found = aim.key == person.id
        else:
            found = person.id in members(session, session.get_one(Rota, aim.key), now=now)
        if found:
            return True
    return False


def rung_when(
    session: Session, organisation_id: int, begins_at: datetime, ends_at: datetime
) -> Callable[[datetime], Sequence[Person]]:
    """Whom pages ring at each instant of a time: roles and people as they are now, rotas as they are planned."""
    aims = aims_of(session, organisation_id)
    held = holders_of(session, organisation_id, [aim.key for aim in aims if isinstance(aim.key, Role)])
    always = {person.id: person for people in held.values() for person in people}
    for aim in aims:
        person = session.get(Person, aim.key) if aim.kind is TargetKind.PERSON else None
        if person is not None and person.out_since is None:
            always[person.id] = person
    planned = [
        duties(session, aim.key, begins_at, ends_at)
        for aim in aims
        if aim.kind is TargetKind.ROTA and not isinstance(aim.key, Role)
    ]

    def who(at: datetime) -> Sequence[Person]:
        on = [found for each in planned if (found := _on(each, at)) is not None]
        return [*always.values(), *(person for person in on if person.id not in always)]

    return who


def _on(planned: Sequence[Duty], at: datetime) -> Person | None:
    number = bisect_right([duty.begins_at for duty in planned], at) - 1
    person = planned[number].person if number >= 0 else None
    return person if person is not None and person.out_since is None else None


def rung_within(session: Session, organisation_id: int, begins_at: datetime, ends_at: datetime) -> list[Person]:
    """Everybody whom a page may ring at some instant of a time, each once."""
    aims = aims_of(session, organisation_id)
    held = holders_of(session, organisation_id, [aim.key for aim in aims if isinstance(aim.key, Role)])
    found: dict[int, Person] = {}
    for aim in aims:
        if aim.kind is TargetKind.ROTA and not isinstance(aim.key, Role):
            planned = duties(session, aim.key, begins_at, ends_at)
            found.update((duty.person.id, duty.person) for duty in planned if duty.person is not None)
        else:
            found.update((person.id, person) for person in people_of(session, aim, held, now=begins_at))
    return list(found.values())
