"""Over which of a person's ways a page rings: one more each time, and the next at once when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from notifications import delivery
from notifications.contact import Contact, contacts_of_all, in_use, way_to_tell
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.escalation import Plan, people_at
from notifications.page import Acknowledgement, Page, Snooze, hold_page, last_entry

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


def rung_at(session: Session, page: Page, plan: Plan, step: int, *, now: datetime) -> Rung:
    """Whom a page rings at a step, and over which ways. A person without any way is not there."""
    people = people_at(session, page.organisation_id, plan, step, now=now)
    quiet = quiet_people(session, page.id, now=now)
    everything = contacts_of_all(session, [person.id for person in people])
    contacts = {key: [way for way in ways if not way.ended] for key, ways in everything.items()}
    rung: dict[int, tuple[DeliveryState, datetime]] = {
        contact_id: (state, queued_at)
        for contact_id, state, queued_at in session.execute(
            select(Delivery.contact_id, Delivery.state, Delivery.queued_at)
            .where(Delivery.page_id == page.id, Delivery.purpose == Purpose.RING)
            .order_by(Delivery.id)
        )
    }
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


def quiet_people(session: Session, page_id: int, *, now: datetime) -> dict[int, datetime]:
    """Who is awake and not rung for now, and until when: those who asked for ten minutes, and those who have
    acknowledged a page that wants somebody else besides.
    """
    quiet: dict[int, datetime] = {}
    through = last_entry(session, page_id)
    awake = select(Snooze.person_id, Snooze.until).where(Snooze.page_id == page_id, Snooze.until > now)
    # Whoever has seen only a part of it is rung for the rest.
    taken = select(Acknowledgement.person_id, Acknowledgement.until).where(
        Acknowledgement.page_id == page_id,
        Acknowledgement.until > now,
        Acknowledgement.through_entry_id >= through,
    )
    for rows in (awake, taken):
        for person_id, until in session.execute(rows):
            quiet[person_id] = max(until, quiet.get(person_id, until))
    return quiet


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
        or row.person_id in quiet_people(session, page.id, now=now)
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
