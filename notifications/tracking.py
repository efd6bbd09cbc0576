"""What becomes of a delivery after it was handed over: it arrives, comes back, or is seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from notifications import delivery, reach
from notifications.channels import Outcome
from notifications.delivery import Delivery, DeliveryState
from notifications.messages import GATEWAY, unsigned
from notifications.page import hold_page


def by_remote_id(session: Session, remote_id: str) -> Delivery | None:
    """The delivery that a channel knows by this id, such as a Message-ID or a call's number; None for a strange one."""
    return session.scalars(select(Delivery).where(Delivery.remote_id == remote_id).limit(1)).first()


def by_token(session: Session, token: str) -> Delivery | None:
    """The delivery with this token; None when there is none."""
    return session.scalars(select(Delivery).where(Delivery.token == token)).first()


def by_carried(session: Session, carried: str, *, keyring: Keyring) -> Delivery | None:
    """The delivery that a phone gateway calls back about; None for a forged one, and when its person has left."""
    token = unsigned(keyring, carried, GATEWAY)
    found = by_token(session, token) if token else None
    return found if found is not None and found.person.left_at is None else None


def arrived(session: Session, delivery_id: int, *, now: datetime) -> None:
    """The far end says that the message arrived. Not an acknowledgement: it stops nothing."""
    row = _hold(session, delivery_id)
    row.delivered_at = row.delivered_at or now
    delivery.got_through(session, row)
    if row.state is DeliveryState.ACCEPTED:
        row.state = DeliveryState.DELIVERED  # one still being sent becomes so when its send is settled
    session.flush()


def came_back(session: Session, delivery_id: int, outcome: Outcome, *, now: datetime) -> bool:
    """The far end says that the message will not arrive; the way to the person counts as failing from now on.

    If it was a ring, the person's next way rings at once.
    False when it had been seen or acknowledged, or had failed already: then it says nothing new.
    """
    row = _hold(session, delivery_id)
    if row.state is DeliveryState.FAILED or row.seen_at is not None or row.acknowledged_at is not None:
        return False
    delivery.failed(session, row, outcome, came_back=True, now=now)
    reach.cover(session, row, now=now)
    reach.tell_again(session, row, now=now)
    return True


def seen(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """The page behind the link was shown to somebody: its own script says so. True the first time."""
    row = _hold(session, delivery_id)
    if row.seen_at is not None:
        return False
    row.seen_at = now
    delivery.got_through(session, row)
    session.flush()
    return True


def _hold(session: Session, delivery_id: int) -> Delivery:
    page_id = session.scalar(select(Delivery.page_id).where(Delivery.id == delivery_id))
    if page_id is not None:
        hold_page(session, page_id)  # a page before its deliveries, as everywhere
    return session.get_one(Delivery, delivery_id, with_for_update={"of": Delivery}, populate_existing=True)
