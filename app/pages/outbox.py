"""The outbox: messages that reached nobody, in full, and the log of all deliveries, without their text."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from app import shown
from app.access import requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.ways import KINDS
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.refusals import Refused
from notifications import outbox as messages
from notifications.channels import ChannelKind, said
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.links import masked
from notifications.messages import build

pages = Blueprint("outbox", __name__)

PURPOSES = {
    Purpose.RING: _l("Page"),
    Purpose.TELL: _l("News"),
    Purpose.TEST: _l("Test page"),
    Purpose.INVITATION: _l("Invitation"),
    Purpose.CLEAR: _l("Quiet push: the page is taken"),
}
STATES = {
    DeliveryState.QUEUED: (_l("Waits to be sent"), "warning"),
    DeliveryState.SENDING: (_l("Being sent"), "info"),
    DeliveryState.ACCEPTED: (_l("Handed over"), "good"),
    DeliveryState.DELIVERED: (_l("Delivered"), "good"),
    DeliveryState.FAILED: (_l("Failed for good"), "danger"),
    DeliveryState.JOINED: (_l("In another message"), "neutral"),
    DeliveryState.CANCELLED: (_l("Not needed any more"), "neutral"),
    DeliveryState.ON_SCREEN: (_l("Reached nobody"), "danger"),
}


@dataclass(frozen=True)
class OnScreen:
    """A message as it would have been sent."""

    at: shown.Moment | None
    person: str
    what: str
    subject: str
    text: str


@pages.get("/outbox")
@requires(Right.CONFIGURE)
def outbox() -> str:
    """What is on screen only, newest first, then the log."""
    session, house = read_session(), installation()
    return render_template(
        "outbox/outbox.html",
        on_screen=[_in_full(session, each) for each in messages.on_screen(session, organisation().id)],
        log=[_row(each) for each in messages.recent(session, organisation().id)],
        can_send=house.reachable(session, ChannelKind.EMAIL),
    )


@pages.post("/outbox/send")
@requires(Right.CONFIGURE)
def send() -> Answer:
    """Send the invitations and test pages that waited for a mail server."""
    house = installation()
    number = 0
    with house.store.writing() as session:
        if house.reachable(session, ChannelKind.EMAIL):
            number = messages.send_waiting(session, organisation().id, ChannelKind.EMAIL, now=utcnow())
    house.store.wake()
    flash(_("Messages that are sent now: %(number)s.", number=number), "good" if number else "info")
    return redirect(url_for("outbox.outbox"), code=303)


def _in_full(session: Session, delivery: Delivery) -> OnScreen:
    house = installation()
    try:
        wording = house.wording(session, delivery.person)
        message = build(session, delivery, keyring=house.keyring, wording=wording, now=utcnow())
        subject, text = message.subject, message.text
    except Refused as refused:
        subject, text = _("This message cannot be shown."), _(refused.message, **refused.params)
    return OnScreen(
        shown.moment(delivery.queued_at), delivery.person.name, str(PURPOSES[delivery.purpose]), subject, text
    )


def _row(delivery: Delivery) -> tuple[object, ...]:
    word, tone = STATES[delivery.state]
    if delivery.state is DeliveryState.QUEUED and delivery.outcome:
        word, tone = _l("Failed, is tried again"), "danger"
    kind, label = delivery.contact.channel, delivery.contact.label
    if delivery.acknowledged_at is not None:
        word, tone = _("Acknowledged"), "good"
    elif delivery.seen_at is not None:
        word, tone = _("Seen"), "good"
    return (
        shown.moment(delivery.queued_at),
        str(PURPOSES[delivery.purpose]),
        delivery.person.name,
        f"{KINDS[kind]} {masked(label) if kind is ChannelKind.EMAIL else label}",
        (str(word), tone),
        delivery.attempts,
        said(delivery.outcome, _),
    )
