"""How each kind of channel fares: when it last took a message, when it last failed and why, what still waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, DeliveryState, Purpose

LOOKS_BACK = 20_000
"""So many deliveries are looked at: enough for weeks, and as cheap after years."""


@dataclass(frozen=True)
class Health:
    """`failing` ways to people fail now, since `failed_at` at the latest, for the cause that was stored."""

    channel: ChannelKind
    accepted_at: datetime | None
    failing: int
    failed_at: datetime | None
    failure: Mapping[str, Any] | None


def channel_health(session: Session, organisation_id: int) -> list[Health]:
    """Every kind of channel that somebody is reached over."""
    present = select(Contact).where(
        Contact.organisation_id == organisation_id,
        Contact.removed_at.is_(None),
        Contact.channel.not_in((ChannelKind.CANARY, ChannelKind.OUTBOX)),
    )
    ways: dict[ChannelKind, list[Contact]] = {}
    for contact in session.scalars(present.order_by(Contact.id)):
        ways.setdefault(contact.channel, []).append(contact)
    accepted = _accepted(session, organisation_id)
    return [_health(kind, contacts, accepted.get(kind)) for kind, contacts in ways.items()]


def _health(kind: ChannelKind, contacts: list[Contact], accepted_at: datetime | None) -> Health:
    failing = [contact for contact in contacts if contact.failed_at is not None]
    last = max(failing, key=lambda contact: (contact.failed_at, contact.id), default=None)
    return Health(kind, accepted_at, len(failing), last.failed_at if last else None, last.failure if last else None)


def _accepted(session: Session, organisation_id: int) -> dict[ChannelKind, datetime]:
    newest = select(func.max(Delivery.id)).scalar_subquery()
    rows = session.execute(
        select(Contact.channel, func.max(Delivery.accepted_at))
        .join(Delivery, Delivery.contact_id == Contact.id)
        .where(
            Contact.organisation_id == organisation_id,
            Delivery.id > newest - LOOKS_BACK,
            Delivery.accepted_at.is_not(None),
        )
        .group_by(Contact.channel)
    )
    return {kind: at for kind, at in rows if at is not None}


def oldest_waiting(session: Session, organisation_id: int, *, now: datetime) -> datetime | None:
    """Since when the oldest message waits that should have gone out by now; None when none does."""
    waiting = Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING))
    tried = (Delivery.due_at <= now) | (Delivery.attempts > 0)
    return session.scalar(
        select(func.min(Delivery.queued_at)).where(Delivery.organisation_id == organisation_id, waiting, tried)
    )


def last_tests(session: Session, contact_ids: list[int]) -> dict[int, datetime]:
    """For each of these ways, when the last test page was handed over."""
    rows = session.execute(
        select(Delivery.contact_id, func.max(Delivery.accepted_at))
        .where(
            Delivery.contact_id.in_(contact_ids), Delivery.purpose == Purpose.TEST, Delivery.accepted_at.is_not(None)
        )
        .group_by(Delivery.contact_id)
    )
    return {contact_id: at for contact_id, at in rows if at is not None}
