"""The messages that make a person reachable: the invitation, and the test page that proves a way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import accounts
from incidents.keyring import Keyring
from incidents.organisation import Organisation
from incidents.people import Person, Role
from incidents.refusals import Refused
from incidents.timeline import Actor
from incidents.words import N_
from notifications.channels import ChannelKind
from notifications.channels.push_subscription import ENDED
from notifications.contact import Contact, add_contact, contacts_of, in_use
from notifications.delivery import Delivery, DeliveryState, Purpose, queue
from notifications.ladder import is_rung


def welcome(
    session: Session,
    organisation: Organisation,
    *,
    name: str,
    email: str,
    roles: Iterable[Role],
    keyring: Keyring,
    by: Actor,
    now: datetime,
) -> Person:
    """Make an account, note its e-mail address as a way to be reached, and send the invitation there."""
    person = accounts.add_person(session, organisation, name=name, email=email, roles=roles, by=by, now=now)
    add_contact(session, person, ChannelKind.EMAIL, person.email, by=by, now=now)
    _send(session, person, accounts.invite(session, person, now=now), keyring, now=now)
    return person


def invite_again(session: Session, person: Person, *, keyring: Keyring, by: Actor, now: datetime) -> Delivery:
    """Send a new invitation; earlier ones end. Refuses a person without any way to be reached."""
    return _send(session, person, accounts.invite_again(session, person, by=by, now=now), keyring, now=now)


def _send(session: Session, person: Person, token: str, keyring: Keyring, *, now: datetime) -> Delivery:
    # An invitation is read, not heard.
    readable = [contact for contact in contacts_of(session, person.id) if contact.channel.tells]
    if not readable:
        raise Refused(N_("There is no way to reach this person. Add one first."))
    first = next((contact for contact in readable if contact.channel is ChannelKind.EMAIL), readable[0])
    return queue(session, first, Purpose.INVITATION, sealed=keyring.seal(token), now=now)


def send_test(session: Session, contact: Contact, *, now: datetime) -> Delivery:
    """Send a test page; one that has not gone out yet is not followed by another. Refuses a way that has ended."""
    if contact.ended:
        raise Refused(ENDED)
    under_way = session.scalars(
        select(Delivery).where(
            Delivery.contact_id == contact.id,
            Delivery.purpose == Purpose.TEST,
            Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
        )
    ).first()
    return under_way or queue(session, contact, Purpose.TEST, now=now)


def send_tests(session: Session, person: Person, *, now: datetime) -> int:
    """Test every unproved way of a person whom a page can ring; how many test pages were sent."""
    unproved = [contact for contact in in_use(session, person.id) if contact.verified_at is None]
    rung = is_rung(session, person, now=now)
    for contact in unproved if rung else ():
        send_test(session, contact, now=now)
    return len(unproved) if rung else 0


def kinds_of(session: Session, person: Person) -> set[ChannelKind]:
    """The kinds of channel over which a person is to be reached."""
    return {contact.channel for contact in contacts_of(session, person.id)}
