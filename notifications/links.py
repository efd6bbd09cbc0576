"""What a link in a message opens: a delivery, whom it was sent to, and what it would acknowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from incidents.timeline import SYSTEM, Kind, person_as_actor, record
from notifications import contact, tracking
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.messages import call_of, unsigned
from notifications.page import Acknowledgement, Page, Snooze, hold_page, holder, last_entry, unanswered
from notifications.policy import Waits
from notifications.ringing import Alarm, alarm
from notifications.taking import acknowledge, awake


@dataclass(frozen=True)
class Shown:
    """What the page behind a link shows. `through_entry_id` is the last entry it covers.

    `half` is this person's acknowledgement while the page wants somebody else's too; `awake_until` is when the ten
    minutes that they asked for end; `call` says why they of all people are called.
    """

    delivery: Delivery
    page: Page | None
    alarm: Alarm
    through_entry_id: int
    held: Acknowledgement | None
    half: Acknowledgement | None = None
    awake_until: datetime | None = None
    call: str | None = None


def open_link(session: Session, carried: str, *, keyring: Keyring, now: datetime) -> Shown | None:
    """What a signed link opens; None for a forged one, an unknown one, and one whose person has left."""
    token = unsigned(keyring, carried)
    found = session.scalars(select(Delivery).where(Delivery.token == token)).first() if token else None
    if found is None or found.person.left_at is not None or found.purpose not in (Purpose.RING, Purpose.TEST):
        return None
    page = session.get(Page, found.page_id) if found.page_id else None
    if page is None:
        return Shown(found, None, Alarm(None, 0), 0, None)
    held, mine = holder(page, now=now), found.person_id
    half = [given for given in page.acknowledgements if given.person_id == mine and given.until > now]
    resting = select(func.max(Snooze.until)).where(Snooze.page_id == page.id, Snooze.person_id == mine)
    awake_until = session.scalar(resting.where(Snooze.until > now))
    return Shown(
        delivery=found,
        page=page,
        alarm=alarm(session, page.id),
        through_entry_id=last_entry(session, page.id),
        held=held,
        half=half[-1] if half and held is None else None,
        awake_until=awake_until if held is None else None,
        call=call_of(page),
    )


def acknowledge_by_link(
    session: Session,
    delivery_id: int,
    *,
    through_entry_id: int,
    waits: Waits,
    take_over: bool = False,
    now: datetime,
) -> Acknowledgement:
    """Take a page through a link. It proves possession of a mailbox, no more: it quiets, it does not sign in."""
    found = session.get_one(Delivery, delivery_id)
    assert found.page_id is not None
    return acknowledge(
        session,
        found.page_id,
        person=found.person,
        through_entry_id=through_entry_id,
        by_link=found,
        waits=waits,
        take_over=take_over,
        now=now,
    )


def awake_by_link(session: Session, delivery_id: int, *, now: datetime) -> Snooze | None:
    """ "Awake, give me ten minutes", through a link."""
    found = session.get_one(Delivery, delivery_id)
    assert found.page_id is not None
    found.seen_at = found.seen_at or now
    return awake(session, found.page_id, person=found.person, now=now)


def seen_by_link(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """The page was on a screen: its own script says so, which no scanner runs. True the first time for this page.

    The reporter learns of it; it stops nothing.
    """
    page_id = session.get_one(Delivery, delivery_id).page_id
    page = hold_page(session, page_id) if page_id else None
    before = page is not None and session.scalar(
        select(Delivery.id).where(Delivery.page_id == page.id, Delivery.seen_at.is_not(None)).limit(1)
    )
    first = tracking.seen(session, delivery_id, now=now) and not before
    for incident in unanswered(session, page) if page is not None and first else ():
        facts = {"page": page.id} if page else {}
        record(session, incident.timeline, Kind.SEEN, by=SYSTEM, incident_id=incident.id, facts=facts, now=now)
    return first


def prove_contact(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """A test page was acknowledged: this way to reach the person counts from now on.

    False when the message was only ever shown on the outbox screen, which proves nothing.
    """
    found = session.get_one(Delivery, delivery_id)
    if found.state is DeliveryState.ON_SCREEN:
        return False
    if found.acknowledged_at is None:
        found.acknowledged_at = now
        contact.verify(session, found.contact, by=person_as_actor(found.person_id), now=now)
    return True


def masked(label: str) -> str:
    """A mailbox as a page may name it to whoever holds the link: d…@example.com."""
    name, at, domain = label.partition("@")
    return f"{name[:1]}…{at}{domain}" if at else f"{label[:12]}…"
