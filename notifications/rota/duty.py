"""Duties: who is on call when, worked out from shifts and overrides; what nobody covers is there too."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.people import Person
from notifications.rota import Rota
from notifications.rota.override import Reason, overrides
from notifications.rota.shift import in_force, occurrences

INSTANT = timedelta(microseconds=1)
LONGEST_TURN = timedelta(days=60)


class Why(enum.Enum):
    """What puts a person on call, or leaves nobody."""

    SHIFT = "shift"
    PLANNED = "planned"
    TAKEN = "taken"
    SWAPPED = "swapped"
    CALENDAR = "calendar"
    GAP = "gap"
    LEFT = "left"
    NO_ROLE = "no-role"


OVERRIDDEN = {
    Reason.PLANNED: Why.PLANNED,
    Reason.TAKEN: Why.TAKEN,
    Reason.SWAPPED: Why.SWAPPED,
    Reason.CALENDAR: Why.CALENDAR,
}


@dataclass(frozen=True)
class Duty:
    """From one instant until another one person is on call; None is nobody. `shift` names the shift it comes from."""

    begins_at: datetime
    ends_at: datetime
    person: Person | None
    why: Why
    shift: str = ""


@dataclass(frozen=True, eq=False)
class Layer:
    """One claim on a stretch of time; of several the last of the list counts."""

    begins_at: datetime
    ends_at: datetime
    person_id: int | None
    why: Why
    shift: str = ""


@dataclass(frozen=True)
class Tile:
    """A stretch of time in which one layer counts; None is a gap."""

    begins_at: datetime
    ends_at: datetime
    layer: Layer | None


def tiled(layers: Sequence[Layer], begins_at: datetime, ends_at: datetime) -> list[Tile]:
    """What counts from one instant until another, without a gap and without an overlap.

    Each tile is as long as it can be: it ends where another layer, or none, begins to count.
    """
    if begins_at >= ends_at:
        return []
    edges = {begins_at, ends_at}
    for layer in layers:
        edges |= {edge for edge in (layer.begins_at, layer.ends_at) if begins_at < edge < ends_at}
    waiting = sorted(range(len(layers)), key=lambda rank: layers[rank].begins_at, reverse=True)
    running: list[int] = []
    found: list[Tile] = []
    for left, right in pairwise(sorted(edges)):
        while waiting and layers[waiting[-1]].begins_at <= left:
            heappush(running, -waiting.pop())
        while running and layers[-running[0]].ends_at <= left:
            heappop(running)
        top = layers[-running[0]] if running else None
        if found and found[-1].layer is top:
            found[-1] = Tile(found[-1].begins_at, right, top)
        else:
            found.append(Tile(left, right, top))
    return found


def duties(session: Session, rota_id: int, begins_at: datetime, ends_at: datetime) -> list[Duty]:
    """Who is on call from one instant until another, one duty after the other; a gap is a duty of nobody."""
    rota = session.get_one(Rota, rota_id)
    layers = _layers(session, rota, begins_at, ends_at)
    wanted = {layer.person_id for layer in layers if layer.person_id is not None}
    people = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(wanted)))}
    present = [part for layer in layers for part in _while_present(layer, people)]
    return [_duty(tile, people) for tile in tiled(present, begins_at, ends_at)]


def duty_from(session: Session, rota_id: int, begins_at: datetime) -> Duty | None:
    """The duty that begins at that very instant, at most 60 days of it; None when none does."""
    found = duties(session, rota_id, begins_at - INSTANT, begins_at + LONGEST_TURN)
    return next((duty for duty in found if duty.begins_at == begins_at), None)


def on_duty(session: Session, rota_id: int, at: datetime) -> list[Person]:
    """Who is on call at an instant; nobody is the empty list. Who has left, or has no role any more, is not there."""
    return [
        duty.person
        for duty in duties(session, rota_id, at, at + INSTANT)
        if duty.person is not None and duty.person.out_since is None
    ]


def _duty(tile: Tile, people: dict[int, Person]) -> Duty:
    if tile.layer is None:
        return Duty(tile.begins_at, tile.ends_at, None, Why.GAP)
    person = None if tile.layer.person_id is None else people[tile.layer.person_id]
    return Duty(tile.begins_at, tile.ends_at, person, tile.layer.why, tile.layer.shift)


def _layers(session: Session, rota: Rota, begins_at: datetime, ends_at: datetime) -> list[Layer]:
    """The shifts from the lowest of the list up, over them the overrides as they were made."""
    if rota.ended_at is not None:
        ends_at = min(ends_at, rota.ended_at)
    zone, found = ZoneInfo(rota.zone), []
    for shift in in_force(session, rota, begins_at, ends_at):
        lower = max(begins_at, shift.from_at)
        upper = ends_at if shift.until_at is None else min(ends_at, shift.until_at)
        times = occurrences(
            shift.weekly,
            zone,
            shift.people,
            first_week=shift.first_week,
            weeks_each=shift.weeks_each,
            begins_at=lower,
            ends_at=upper,
        )
        found += [
            Layer(max(one.begins_at, lower), min(one.ends_at, upper), one.person_id, Why.SHIFT, shift.name)
            for one in times
        ]
    for row in overrides(session, rota, begins_at, ends_at):
        lower, upper = max(begins_at, row.counts_from), min(ends_at, row.counts_until)
        if lower < upper:
            found.append(Layer(lower, upper, row.person_id, OVERRIDDEN[row.reason]))
    return found


def _while_present(layer: Layer, people: dict[int, Person]) -> Iterable[Layer]:
    """The layer, cut where its person left or lost the last role: from then on nobody is there."""
    person = people[layer.person_id] if layer.person_id is not None else None
    since = person.out_since if person is not None else None
    if person is None or since is None or since >= layer.ends_at:
        return (layer,)
    why = Why.NO_ROLE if person.left_at is None else Why.LEFT
    gone = Layer(max(layer.begins_at, since), layer.ends_at, None, why, layer.shift)
    if since <= layer.begins_at:
        return (gone,)
    return (Layer(layer.begins_at, since, layer.person_id, layer.why, layer.shift), gone)
