"""Tests that grow too old: whose way no longer counts from which day on, said to its owner by day beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person
from incidents.store import is_postgresql
from incidents.timeline import SYSTEM, Entry, Kind, instant, organisation_timeline, record
from notifications.contact import LONG_UNTESTED, Contact, contacts_of_all
from notifications.ladder import rung_within

AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Lapse:
    """A way that counts now, was last tested at `tested_at`, and no longer counts from `lapses_at` on."""

    person: Person
    contact: Contact
    tested_at: datetime
    lapses_at: datetime


def lapses(session: Session, organisation: Organisation, *, now: datetime) -> list[Lapse]:
    """The ways of all whom a page may ring in the next 14 days whose test grows too old by then, the nearest first.

    A way that wakes is no longer heard to wake when that confirmation grows old, even if a later test was answered.
    """
    people = {person.id: person for person in rung_within(session, organisation.id, now, now + AHEAD)}
    found = []
    for key, ways in contacts_of_all(session, people).items():
        for way in ways:
            marks = [way.verified_at, way.woke_at] if way.wakes(now) else [way.verified_at]
            tested_at = min((mark for mark in marks if mark is not None), default=None)
            if way.proved(now) and tested_at is not None and tested_at + LONG_UNTESTED <= now + AHEAD:
                found.append(Lapse(people[key], way, tested_at, tested_at + LONG_UNTESTED))
    return sorted(found, key=lambda one: (one.lapses_at, one.contact.id))


def warn(session: Session, organisation: Organisation, *, now: datetime) -> int:
    """Record each lapse to come once, for its owner to be told by day; returns how many were new."""
    ahead = lapses(session, organisation, now=now)
    if not ahead:
        return 0
    if is_postgresql(session):
        # Two workers that look at once would both tell: the second waits and finds what the first one wrote.
        session.get_one(Organisation, organisation.id, with_for_update={"key_share": True})
    told = _told(session, organisation.id, now)
    new = [one for one in ahead if (one.contact.id, instant(one.tested_at)) not in told]
    for one in new:
        facts = {
            "contact": one.contact.id,
            "channel": one.contact.channel.value,
            "affected": [one.person.id],
            "tested": instant(one.tested_at),
            "lapses": instant(one.lapses_at),
        }
        timeline = organisation_timeline(session, organisation.id)
        record(session, timeline, Kind.CONTACT_LAPSING, by=SYSTEM, facts=facts, now=now)
    return len(new)


def untold(session: Session, organisation: Organisation, *, now: datetime) -> bool:
    """Whether `warn` would find anything new. Changes nothing."""
    told = _told(session, organisation.id, now)
    ahead = lapses(session, organisation, now=now)
    return any((one.contact.id, instant(one.tested_at)) not in told for one in ahead)


def _told(session: Session, organisation_id: int, now: datetime) -> set[tuple[int, str]]:
    rows = session.scalars(
        select(Entry.facts).where(
            Entry.organisation_id == organisation_id,
            Entry.kind == Kind.CONTACT_LAPSING,
            Entry.happened_at > now - 2 * AHEAD,
        )
    )
    return {(facts["contact"], facts["tested"]) for facts in rows}
