"""What was and was not delivered: the messages that only a screen shows, and the log of all of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.accounts import INVITATION_LASTS
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, DeliveryState, Purpose


def on_screen(session: Session, organisation_id: int, *, limit: int = 50) -> list[Delivery]:
    """Messages that reached nobody because their channel is not set up, newest first."""
    return list(
        session.scalars(
            select(Delivery)
            .where(Delivery.organisation_id == organisation_id, Delivery.state == DeliveryState.ON_SCREEN)
            .order_by(Delivery.id.desc())
            .limit(limit)
        )
    )


def recent(session: Session, organisation_id: int, *, limit: int = 100) -> list[Delivery]:
    """The latest deliveries of every kind, newest first."""
    return list(
        session.scalars(
            select(Delivery)
            .join(Contact, Contact.id == Delivery.contact_id)
            .where(Delivery.organisation_id == organisation_id, Contact.channel != ChannelKind.CANARY)
            .order_by(Delivery.id.desc())
            .limit(limit)
        )
    )


def send_waiting(session: Session, organisation_id: int, channel: ChannelKind, *, now: datetime) -> int:
    """Send the invitations and test pages that a screen shows because the channel was missing; how many.

    Rings are left alone: a page that still needs somebody rings again by itself.
    """
    waiting = session.scalars(
        select(Delivery)
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(
            Delivery.organisation_id == organisation_id,
            Delivery.state == DeliveryState.ON_SCREEN,
            Delivery.purpose.in_((Purpose.INVITATION, Purpose.TEST)),
            Delivery.queued_at > now - INVITATION_LASTS,
            Contact.channel == channel,
            Contact.removed_at.is_(None),
        )
    ).all()
    for delivery in waiting:
        delivery.state, delivery.due_at = DeliveryState.QUEUED, now
    session.flush()
    return len(waiting)
