"""Over which of a person's ways a page rings: one more each time, and the next at once when one fails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Integer, bindparam, func, literal_column, null, select, union_all
from sqlalchemy.orm import Session

from incidents.orm import UTCDateTime
from notifications import delivery
from notifications.contact import Contact, contacts_of_all, in_use, way_to_tell
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.escalation import Plan, people_at
from notifications.page import LAST_ENTRY, Acknowledgement, Page, PageEntry, Snooze, hold_page

HANGS = timedelta(seconds=20)
"""A ring that no channel has taken for this long does not wait for its time-out: the next way is tried."""


@dataclass(frozen=True)
class Rung:
    """Whom a page rings now. `quiet_until` are the ends of the quiet of those who are awake already.

    `hopeful` when somebody is awake, or some way has not failed for good; `anybody` when there is anybody at all.
    """

    ways: Sequence[Contact]
    quiet_until: Sequence[datetime]
    hopeful: bool

    @property
    def anybody(self) -> bool:
        return bool(self.ways or self.quiet_until)


@dataclass(frozen=True)
class Past:
    """What a page has done so far: its last entry, who is quiet until when, and how the last ring over each way fared.

    `waiting` are the ways over which a ring has not gone out yet: no second one is stacked on it.
    """

    through: int
    quiet: Mapping[int, datetime]
    rung: Mapping[int, tuple[DeliveryState, datetime]]
    waiting: Collection[int]


def past_of(session: Session, page_id: int, *, now: datetime) -> Past:
    """What a page has done so far, in one query.

    Quiet are those who asked for ten minutes, and those who have acknowledged a page that wants somebody else
    besides; whoever has seen only a part of it is rung for the rest.
    """
    session.flush()
    through, quiet, rung, waiting = 0, dict[int, datetime](), dict[int, tuple[DeliveryState, datetime]](), set[int]()
    for row in session.connection().execute(_PAST, {"page_id": page_id, "now": now}):
        if row.what == _RINGS:
            rung[row.key] = row.state, row.at
            if row.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
                waiting.add(row.key)
        elif row.what == _QUIET:
            quiet[row.key] = max(row.at, quiet.get(row.key, row.at))
        else:
            through = row.key or 0
    return Past(through, quiet, rung, waiting)


_RINGS, _QUIET, _ENTRIES = range(3)
_PAGE: BindParameter[int] = bindparam("page_id")
_NOW: BindParameter[datetime] = bindparam("now", type_=UTCDateTime())
_PAST: CompoundSelect[*tuple[Any, ...]] = union_all(
    select(
        literal_column(str(_RINGS), Integer).label("what"),
        Delivery.contact_id.label("key"),
        Delivery.state.label("state"),
        Delivery.queued_at.label("at"),
        Delivery.id.label("place"),
    ).where(Delivery.page_id == _PAGE, Delivery.purpose == Purpose.RING),
    select(literal_column(str(_QUIET)), Snooze.person_id, null(), Snooze.until, Snooze.id).where(
        Snooze.page_id == _PAGE, Snooze.until > _NOW
    ),
    select(
        literal_column(str(_QUIET)), Acknowledgement.person_id, null(), Acknowledgement.until, Acknowledgement.id
    ).where(
        Acknowledgement.page_id == _PAGE,
        Acknowledgement.until > _NOW,
        Acknowledgement.through_entry_id >= func.coalesce(LAST_ENTRY.scalar_subquery(), 0),
    ),
    select(literal_column(str(_ENTRIES)), func.max(PageEntry.entry_id), null(), null(), null()).where(
        PageEntry.page_id == _PAGE
    ),
).order_by("place")


def rung_at(session: Session, page: Page, plan: Plan, step: int, past: Past, *, now: datetime) -> Rung:
    """Whom a page rings at a step, and over which ways. A person without any way is not there."""
    people = people_at(session, page.organisation_id, plan, step, now=now)
    quiet, rung = past.quiet, past.rung
    everything = contacts_of_all(session, [person.id for person in people])
    contacts = {key: [way for way in ways if not way.ended] for key, ways in everything.items()}
    dead = {key: at for key, (state, at) in rung.items() if state is DeliveryState.FAILED}
    ways = [way for each in people if each.id not in quiet for way in ways_now(contacts[each.id], set(rung), now)]
    awake = [quiet[person.id] for person in people if person.id in quiet]
    hopeful = bool(awake) or any(way.failed_at is None or way.id not in dead for way in ways)
    # What has just failed for good is rung again in its turn, not because the page climbs on account of it.
    ways = [way for way in ways if way.id not in dead or now - dead[way.id] >= plan.repeat * 0.9]
    return Rung(ways, awake, hopeful)


def ways_now(contacts: Sequence[Contact], used: set[int], now: datetime) -> list[Contact]:
    """The ways of one person that ring this time: all that cannot wake, those that rang before, and further ones in
    their order up to the first that was proved and works.
    """
    chosen, found = [], False
    for contact in contacts:
        if not contact.channel.wakes or contact.id in used:
            chosen.append(contact)
        elif not found:
            chosen.append(contact)
            found = contact.proved(now)
    return chosen


def tell_again(session: Session, row: Delivery, *, now: datetime) -> int:
    """What only tells did not get through and will not: it, and what went out within it, goes over another way.

    How many messages were queued anew; none when the person has no other way.
    """
    if row.purpose is not Purpose.TELL or row.state is not DeliveryState.FAILED or row.person.left_at is not None:
        return 0
    told = [row, *delivery.joined(session, row)]
    entries = [each.entry_id for each in told]
    tried = set(
        session.scalars(
            select(Delivery.contact_id).where(
                Delivery.person_id == row.person_id,
                Delivery.purpose == Purpose.TELL,
                Delivery.entry_id.in_(entries),
                Delivery.state == DeliveryState.FAILED,
            )
        )
    )
    other = way_to_tell([way for way in in_use(session, row.person_id) if way.id not in tried])
    if other is None:
        return 0
    for entry_id in entries:
        delivery.queue(session, other, Purpose.TELL, entry_id=entry_id, now=now)
    return len(entries)


def cover(session: Session, row: Delivery, *, now: datetime) -> bool:
    """Try the person's next way at once, because this ring has failed or hangs. False when there is no other.

    When all that rang this time has failed for good, the page climbs at once instead of waiting its turn.
    """
    if row.purpose is not Purpose.RING or row.page_id is None or row.covered_at is not None:
        return False
    page = hold_page(session, row.page_id)  # a page before its deliveries, as everywhere
    row.covered_at = now
    if (
        page.ended_at is not None
        or page.quiet_until is not None
        or row.person_id in past_of(session, page.id, now=now).quiet
    ):
        return False
    this_time = session.scalars(
        select(Delivery).where(
            Delivery.page_id == page.id, Delivery.purpose == Purpose.RING, Delivery.queued_at >= row.queued_at
        )
    ).all()
    tried = {ring.contact_id for ring in this_time}
    other = next((way for way in in_use(session, row.person_id) if way.id not in tried), None)
    if other is not None:
        delivery.queue(
            session,
            other,
            Purpose.RING,
            page_id=page.id,
            through_entry_id=row.through_entry_id,
            step=row.step,
            now=now,
        )
    elif all(ring.state is DeliveryState.FAILED for ring in this_time):
        page.ring_at = now
    session.flush()
    return other is not None


def hanging(session: Session, *, now: datetime, limit: int = 100) -> list[Delivery]:
    """Rings that no channel has taken for `HANGS`, and whose stead nothing has taken yet."""
    return list(
        session.scalars(
            select(Delivery)
            .where(
                Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
                Delivery.purpose == Purpose.RING,
                Delivery.covered_at.is_(None),
                Delivery.queued_at <= now - HANGS,
            )
            .order_by(Delivery.id)
            .limit(limit)
        )
    )
