"""When the clock alone will next give the engine something to do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.obligations import OPEN, Obligation
from notifications.delivery import Delivery, DeliveryState
from notifications.page import Page


def next_due_at(session: Session) -> datetime | None:
    """The nearest instant at which a page rings, a deadline warns, a wait ends or a delivery goes out; None if none.

    For whoever moves the clock: between now and then a tick would find nothing.
    """
    rings = session.scalar(select(func.min(Page.ring_at)).where(Page.ended_at.is_(None)))
    warns = session.scalar(
        select(func.min(Obligation.next_warning_at))
        .join(Incident, Incident.id == Obligation.incident_id)
        .where(Obligation.standing.in_(OPEN), Incident.closed_at.is_(None))
    )
    rests = session.scalar(select(func.min(Incident.parked_until)))
    asks = session.scalar(select(func.min(Incident.awareness_asked_at)))
    goes_out = session.scalar(select(func.min(Delivery.due_at)).where(Delivery.state == DeliveryState.QUEUED))
    return min((at for at in (rings, warns, rests, asks, goes_out) if at is not None), default=None)
