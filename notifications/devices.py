"""The browsers and phones of a person that take Web Push."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, person_as_actor
from incidents.words import N_
from notifications.channels import ChannelKind
from notifications.channels.push_crypto import b64, public_bytes, sender_key
from notifications.channels.push_subscription import Reach, Subscription
from notifications.contact import Contact, add_contact, contacts_of, remove_contact, renewed
from notifications.welcome import send_test

MOST = 10
LONGEST_LABEL = 60


@dataclass(frozen=True)
class Device:
    """A browser that takes push. `digest` is of its address, so that it can know itself in the list."""

    contact: Contact
    digest: str


def devices_of(session: Session, person_id: int, *, keyring: Keyring) -> list[Device]:
    """A person's devices, the oldest first. One that the keyring cannot read any more has no digest."""
    return [
        Device(contact, _digest(contact, keyring))
        for contact in contacts_of(session, person_id)
        if contact.channel is ChannelKind.PUSH
    ]


def _digest(contact: Contact, keyring: Keyring) -> str:
    try:
        return Subscription.read(contact.address(keyring)).digest
    except Refused:
        return ""


def application_key(keyring: Keyring) -> str:
    """The public key that a browser subscribes with; it belongs to the keyring's current key."""
    return b64(public_bytes(sender_key(keyring)))


def subscription(
    endpoint: str, p256dh: str, auth: str, application_key: str, *, keyring: Keyring, reach: Reach
) -> Subscription:
    """What a browser sent, made with one of our keys; refuses another key and what could not be sent to."""
    for name in keyring.names:
        if b64(public_bytes(sender_key(keyring, name))) == application_key:
            return Subscription.given(endpoint, p256dh, auth, name, reach=reach)
    raise Refused(N_("This page was open while the server's key changed. Load it again and turn push on once more."))


def turn_on(
    session: Session,
    person: Person,
    wanted: Subscription,
    label: str,
    *,
    known_as: str = "",
    keyring: Keyring,
    by: Actor,
    now: datetime,
) -> Contact:
    """Push to this browser from now on, and send it a test page. Refuses more than `MOST` devices.

    `known_as` is what this browser was told when push was turned on before: then it stays the same device.
    """
    label = " ".join(label.split())[:LONGEST_LABEL]
    if not label:
        raise Refused(N_("Give this device a name, so that you can tell it from the others."), field="label")
    devices = devices_of(session, person.id, keyring=keyring)
    known = _key_in(known_as, keyring)
    same = next((each for each in devices if each.digest == wanted.digest or each.contact.id == known), None)
    sealed = keyring.seal(wanted.written())
    if same is not None:
        contact = same.contact
        contact.label = label
        renewed(session, contact, sealed, by=by, now=now)
    elif len(devices) >= MOST:
        raise Refused(N_("You have push on many devices already. Remove one that you no longer use."))
    else:
        contact = add_contact(session, person, ChannelKind.PUSH, label, sealed=sealed, by=by, now=now)
    session.flush()
    send_test(session, contact, now=now)
    return contact


def turn_off(session: Session, person_id: int, contact_id: int, *, by: Actor, now: datetime) -> bool:
    """Push to this device no more. False when the person has no such device."""
    for contact in contacts_of(session, person_id):
        if contact.id == contact_id and contact.channel is ChannelKind.PUSH:
            remove_contact(session, contact, by=by, now=now)
            return True
    return False


def renew(session: Session, known_as: str, wanted: Subscription, *, keyring: Keyring, now: datetime) -> Contact | None:
    """A browser got another address from its push service and says so by itself, perhaps while nobody is signed in.

    It stays the same device, unproved until the test page sent to it is acknowledged. None for a device that is not
    known, or whose person has left.
    """
    key = _key_in(known_as, keyring)
    contact = session.get(Contact, key) if key is not None else None
    if contact is None or contact.removed_at or contact.person.left_at or contact.channel is not ChannelKind.PUSH:
        return None
    if _digest(contact, keyring) != wanted.digest or contact.ended:
        renewed(session, contact, keyring.seal(wanted.written()), by=person_as_actor(contact.person_id), now=now)
        session.flush()
        send_test(session, contact, now=now)
    return contact


def name_for(contact: Contact, *, keyring: Keyring) -> str:
    """What a browser keeps to be known by when its address changes. It lets it say where to push, and no more."""
    return str(_signer(keyring, keyring.current).dumps(contact.id))


def _key_in(known_as: str, keyring: Keyring) -> int | None:
    for name in keyring.names:
        try:
            return int(_signer(keyring, name).loads(known_as))
        except BadSignature:
            continue
    return None


def _signer(keyring: Keyring, name: str) -> URLSafeSerializer:
    return URLSafeSerializer(keyring.derive("push device", name), salt="device")
