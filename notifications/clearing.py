"""Where a page is pushed its notification stays on the screen: once the page is taken, or over, a quiet one takes its
place.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from incidents.people import Person
from incidents.timeline import Entry
from notifications import delivery
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.page import Acknowledgement, Page, PageEntry


def taken(session: Session, entry: Entry, told: Collection[int], *, now: datetime) -> int:
    """A page was taken: say so where it still shows. How many messages were queued.

    The ways in `told` carry the news themselves. Nothing while the page wants somebody else besides: it rings on.
    """
    page_id = entry.facts.get("page")
    if page_id is None or entry.facts.get("missing"):
        return 0
    pressed = session.scalars(
        select(Delivery.contact_id)
        .join(Acknowledgement, Acknowledgement.delivery_id == Delivery.id)
        .where(Acknowledgement.page_id == page_id, Acknowledgement.person_id == entry.person_id)
        .order_by(Acknowledgement.id.desc())
        .limit(1)
    ).all()
    return _clear(session, entry, page_id, {*told, *pressed}, now=now)


def over(session: Session, entry: Entry, *, now: datetime) -> int:
    """A first step has ended pages: say so where they still show. How many messages were queued."""
    ended = (
        select(PageEntry.page_id)
        .join(Page, Page.id == PageEntry.page_id)
        .where(PageEntry.incident_id == entry.incident_id, Page.ended_at.in_((entry.written_at, now)))
        .distinct()
    )
    return sum(_clear(session, entry, page_id, (), now=now) for page_id in sorted(session.scalars(ended)))


def _clear(session: Session, entry: Entry, page_id: int, besides: Collection[int], *, now: datetime) -> int:
    """To each device that showed a ring of the page, or is about to, and has shown nothing quiet since."""
    reached = or_(Delivery.accepted_at.is_not(None), Delivery.state == DeliveryState.SENDING)
    last = dict[Purpose, dict[int, int]]()
    for purpose, contact_id, latest in session.execute(
        select(Delivery.purpose, Delivery.contact_id, func.max(Delivery.id))
        .join(Contact, Contact.id == Delivery.contact_id)
        .join(Person, Person.id == Delivery.person_id)
        .where(
            Delivery.page_id == page_id,
            Delivery.purpose.in_((Purpose.RING, Purpose.CLEAR)),
            or_(Delivery.purpose == Purpose.CLEAR, reached),
            Contact.channel == ChannelKind.PUSH,
            Contact.removed_at.is_(None),
            Person.left_at.is_(None),
        )
        .group_by(Delivery.purpose, Delivery.contact_id)
    ):
        last.setdefault(purpose, {})[contact_id] = latest
    cleared = last.get(Purpose.CLEAR, {})
    shows = [key for key, ring in last.get(Purpose.RING, {}).items() if ring > cleared.get(key, 0)]
    wanted = [session.get_one(Contact, key) for key in sorted(shows) if key not in besides]
    for way in wanted:
        delivery.queue(session, way, Purpose.CLEAR, page_id=page_id, entry_id=entry.id, now=now)
    return len(wanted)
