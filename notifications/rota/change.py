"""Changes: each one is an entry on the organisation's timeline, and is told to those whose duties it changes."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, organisation_timeline, record
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.duty import duties

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

Held = dict[int, list[tuple[datetime, datetime]]]


@contextmanager
def changing(session: Session, rota: Rota, what: Change, *, by: Actor, now: datetime) -> Iterator[None]:
    """Record what is done inside, with the keys of all who gain or lose duty by it. Refused once the rota has ended."""
    if rota.ended_at is not None:
        raise Refused(N_("This rota has ended. Begin another one."))
    before = _held(session, rota, now)
    yield
    # Every change moves the row's version, so that of two at the same time one is told to look again.
    rota.changed_at = now
    session.flush()
    after = _held(session, rota, now)
    affected = sorted(person for person in before.keys() | after.keys() if before.get(person) != after.get(person))
    soon = _until(before, now + SOON) != _until(after, now + SOON)
    record(
        session,
        organisation_timeline(session, rota.organisation_id),
        Kind.ROTA_CHANGED,
        by=by,
        facts={"rota": rota.id, "what": what.value, "affected": affected} | ({"soon": True} if soon else {}),
        prose={"rota": rota.name},
        now=now,
    )


def latest_changes(session: Session, rota: Rota) -> list[tuple[datetime, Change, Person | None]]:
    """What was done to a rota lately and by whom, newest first."""
    entries = session.scalars(
        select(Entry)
        .where(Entry.organisation_id == rota.organisation_id, Entry.kind == Kind.ROTA_CHANGED)
        .order_by(Entry.id.desc())
        .limit(_LOOKED_THROUGH)
    )
    mine = [entry for entry in entries if entry.facts.get("rota") == rota.id][:LATEST]
    return [
        (
            entry.happened_at,
            Change(entry.facts["what"]),
            session.get(Person, entry.person_id) if entry.person_id else None,
        )
        for entry in mine
    ]


def _held(session: Session, rota: Rota, now: datetime) -> Held:
    """When each person is on call in the time ahead; duties that follow each other are one."""
    found: Held = {}
    for duty in duties(session, rota.id, now, now + AHEAD):
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
