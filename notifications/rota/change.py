"""Changes: each one is an entry on the organisation's timeline, and is told to those whose duties it changes."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, instant, organisation_timeline, record
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.duty import Duty, duties
from notifications.rota.request import end_overtaken

AHEAD = timedelta(days=60)
"""Whose duties change within this time is told of it."""

SOON = timedelta(hours=16)
"""A duty that changes within this time is told at once: the next morning might be too late."""

LATEST = 10
_LOOKED_THROUGH = 400


class Change(enum.Enum):
    """What was done to a rota."""

    STARTED = "started"
    RENAMED = "renamed"
    ENDED = "ended"
    SHIFT_ADDED = "shift-added"
    SHIFT_CHANGED = "shift-changed"
    SHIFT_ENDED = "shift-ended"
    OVERRIDDEN = "overridden"
    OVERRIDE_ENDED = "override-ended"
    TAKEN = "taken"
    SWAPPED = "swapped"
    IMPORTED = "imported"


CHANGES: Mapping[Change, str] = MappingProxyType(
    {
        Change.STARTED: N_("The rota was begun."),
        Change.RENAMED: N_("The rota has another name."),
        Change.ENDED: N_("The rota was ended."),
        Change.SHIFT_ADDED: N_("A shift was added."),
        Change.SHIFT_CHANGED: N_("A shift was changed."),
        Change.SHIFT_ENDED: N_("A shift was ended."),
        Change.OVERRIDDEN: N_("Somebody stands in."),
        Change.OVERRIDE_ENDED: N_("Somebody no longer stands in."),
        Change.TAKEN: N_("Somebody took a duty."),
        Change.SWAPPED: N_("Two people swapped duties."),
        Change.IMPORTED: N_("A calendar was read in."),
    }
)

MOST_TURNS = 12
"""So many turns that changed are kept in the entry; of further ones it says how many."""

Held = dict[int, list[tuple[datetime, datetime]]]


@dataclass
class Detail:
    """What an entry says of a change besides who has which turn: keys and numbers as facts, names as prose."""

    facts: dict[str, Any] = field(default_factory=dict)
    prose: dict[str, str] = field(default_factory=dict)


@contextmanager
def changing(
    session: Session, rota: Rota, what: Change, *, tell: Collection[int] = (), by: Actor, now: datetime
) -> Iterator[Detail]:
    """Record what is done inside: who has which turn before and after, and the keys of all who gain or lose duty by it.

    `tell` are the keys of further people who hear of it. Requests for turns that are no longer so end. Refused once
    the rota has ended.
    """
    if rota.ended_at is not None:
        raise Refused(N_("This rota has ended. Begin another one."))
    planned, detail = duties(session, rota.id, now, now + AHEAD), Detail()
    yield detail
    # Every change moves the row's version, so that of two at the same time one is told to look again.
    rota.changed_at = now
    session.flush()
    end_overtaken(session, rota, now=now)
    planned_now = duties(session, rota.id, now, now + AHEAD)
    before, after = _held(planned), _held(planned_now)
    affected = {person for person in before.keys() | after.keys() if before.get(person) != after.get(person)}
    turns = turned(planned, planned_now)
    soon = _until(before, now + SOON) != _until(after, now + SOON)
    record(
        session,
        organisation_timeline(session, rota.organisation_id),
        Kind.ROTA_CHANGED,
        by=by,
        facts={
            "rota": rota.id,
            "what": what.value,
            "affected": sorted(affected | set(tell)),
            "turns": turns[:MOST_TURNS],
            "more": len(turns[MOST_TURNS:]),
        }
        | detail.facts
        | ({"soon": True} if soon else {}),
        prose={"rota": rota.name} | detail.prose,
        now=now,
    )


def latest_changes(session: Session, rota: Rota) -> list[Entry]:
    """What was done to a rota lately, newest first."""
    return [entry for entry in _entries(session, rota) if entry.facts.get("rota") == rota.id][:LATEST]


def planner_of(session: Session, rota: Rota) -> Person | None:
    """Who planned the rota last and still may; None when that is nobody."""
    for entry in _entries(session, rota):
        if entry.facts.get("rota") != rota.id or entry.person_id is None or entry.facts.get("asked"):
            continue
        person = session.get_one(Person, entry.person_id)
        if Change(entry.facts["what"]) is not Change.TAKEN and Right.PLAN_ROTA in person.rights:
            return person
    return None


def _entries(session: Session, rota: Rota) -> Iterable[Entry]:
    return session.scalars(
        select(Entry)
        .where(Entry.organisation_id == rota.organisation_id, Entry.kind == Kind.ROTA_CHANGED)
        .order_by(Entry.id.desc())
        .limit(_LOOKED_THROUGH)
    )


def turned(before: Sequence[Duty], after: Sequence[Duty]) -> list[dict[str, Any]]:
    """From when until when somebody else has the duty than before, as facts: keys of people, None for nobody."""
    edges = sorted({edge for duty in (*before, *after) for edge in (duty.begins_at, duty.ends_at)})
    found: list[dict[str, Any]] = []
    old, new = _keys(before, edges), _keys(after, edges)
    for (begins_at, ends_at), was, becomes in zip(pairwise(edges), old, new, strict=True):
        if was == becomes:
            continue
        pair = {"before": was, "after": becomes}
        last = found[-1] if found else None
        if last is not None and last["until"] == instant(begins_at) and pair.items() <= last.items():
            last["until"] = instant(ends_at)
        else:
            found.append({"from": instant(begins_at), "until": instant(ends_at)} | pair)
    return found


def _keys(planned: Sequence[Duty], edges: Sequence[datetime]) -> list[int | None]:
    """Whose duty each stretch between two edges is."""
    found: list[int | None] = []
    number = 0
    for begins_at, _ends_at in pairwise(edges):
        while number < len(planned) and planned[number].ends_at <= begins_at:
            number += 1
        person = planned[number].person if number < len(planned) else None
        found.append(person.id if person is not None else None)
    return found


def _held(planned: Sequence[Duty]) -> Held:
    """When each person is on call in the time ahead; duties that follow each other are one."""
    found: Held = {}
    for duty in planned:
        if duty.person is None:
            continue
        times = found.setdefault(duty.person.id, [])
        if times and times[-1][1] == duty.begins_at:
            times[-1] = (times[-1][0], duty.ends_at)
        else:
            times.append((duty.begins_at, duty.ends_at))
    return found


def _until(held: Held, edge: datetime) -> Held:
    """What of it lies before an instant."""
    cut = {key: [(begins, min(ends, edge)) for begins, ends in times if begins < edge] for key, times in held.items()}
    return {key: times for key, times in cut.items() if times}
