"""What a link in a message opens: a delivery, whom it was sent to, and what it would acknowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from incidents.timeline import person_as_actor
from notifications import contact
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.messages import unsigned
from notifications.page import Acknowledgement, Page, holder, last_entry
from notifications.policy import Waits
from notifications.ringing import Alarm, alarm
from notifications.taking import acknowledge


@dataclass(frozen=True)
class Shown:
    """What the page behind a link shows. `through_entry_id` is the last entry it covers."""

    delivery: Delivery
    page: Page | None
    alarm: Alarm
    through_entry_id: int
    held: Acknowledgement | None


def open_link(session: Session, carried: str, *, keyring: Keyring, now: datetime) -> Shown | None:
    """What a signed link opens; None for a forged one, an unknown one, and one whose person has left."""
    token = unsigned(keyring, carried)
    found = session.scalars(select(Delivery).where(Delivery.token == token)).first() if token else None
    if found is None or found.person.left_at is not None or found.purpose not in (Purpose.RING, Purpose.TEST):
        return None
    page = session.get(Page, found.page_id) if found.page_id else None
    if page is None:
        return Shown(found, None, Alarm(None, 0), 0, None)
    return Shown(found, page, alarm(session, page.id), last_entry(session, page.id), holder(page, now=now))


def acknowledge_by_link(
    session: Session, delivery_id: int, *, through_entry_id: int, waits: Waits, now: datetime
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
        now=now,
    )


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


def confirm_waking(session: Session, delivery_id: int, *, yes: bool, now: datetime) -> bool:
    """Whether the locked, silenced phone rang at a test that was acknowledged. False where nobody may be asked."""
    found = session.get_one(Delivery, delivery_id)
    if found.acknowledged_at is None or not found.contact.channel.wakes:
        return False
    if yes:
        contact.woke(session, found.contact, by=person_as_actor(found.person_id), now=now)
    else:
        contact.slept(session, found.contact)
    return True


def masked(label: str) -> str:
    """A mailbox as a page may name it to whoever holds the link: d…@example.com. Phone numbers are kept masked."""
    if label.startswith("+"):
        return label
    name, at, domain = label.partition("@")
    return f"{name[:1]}…{at}{domain}" if at else f"{label[:12]}…"
