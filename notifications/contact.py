"""The ways to reach a person, in order, and whether each was proved to work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import unquote

from sqlalchemy import JSON, ForeignKey, Select, String, Text, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from incidents.keyring import Keyring
from incidents.orm import Base, Key, by_value
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, Kind, organisation_timeline, record
from incidents.words import N_
from notifications.channels import ChannelKind, apprise_urls, webhook
from notifications.phones import Line, Number

LONG_UNTESTED = timedelta(days=90)
"""So long after its last test a way no longer counts as proved, nor as waking."""


class Contact(Base):
    """One way to reach a person. An Apprise address or a push subscription is a secret, so it is kept sealed; `label`
    is shown.

    `verified_at` is set when a test page sent here was acknowledged through the public address, `woke_at` when the
    person confirmed besides that the locked, silenced phone rang.
    """

    __tablename__ = "contact"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    channel: Mapped[ChannelKind] = mapped_column(by_value(ChannelKind))
    label: Mapped[str] = mapped_column(String(254))
    sealed: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    woke_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    def address(self, keyring: Keyring) -> str:
        """The address to send to."""
        return keyring.unseal(self.sealed) if self.sealed else self.label

    @property
    def ended(self) -> bool:
        """Whether the far end has said that this address is no more, so that nothing is sent there."""
        return bool(self.failure and self.failure.get("gone"))

    def proved(self, now: datetime) -> bool:
        """Whether a test page sent here was acknowledged not too long ago, and nothing has failed since."""
        return self.failed_at is None and self.verified_at is not None and now - self.verified_at <= LONG_UNTESTED

    def wakes(self, now: datetime) -> bool:
        """Whether the person confirmed, not too long ago, that the locked, silenced phone rang."""
        if not self.channel.wakes or self.woke_at is None or now - self.woke_at > LONG_UNTESTED:
            return False
        return self.proved(now)


def contacts_of(session: Session, person_id: int) -> list[Contact]:
    """A person's ways to be reached, first choice first."""
    return list(
        session.scalars(
            select(Contact)
            .where(Contact.person_id == person_id, Contact.removed_at.is_(None))
            .order_by(Contact.position, Contact.id)
        )
    )


def in_use(session: Session, person_id: int) -> list[Contact]:
    """A person's ways that a message is sent over, first choice first: those that have ended are left out."""
    return [contact for contact in contacts_of(session, person_id) if not contact.ended]


@cache
def _of_all() -> Select[Contact]:
    return (
        select(Contact)
        .where(Contact.person_id.in_(bindparam("people", expanding=True)), Contact.removed_at.is_(None))
        .options(lazyload(Contact.person))
        .order_by(Contact.position, Contact.id)
    )


def contacts_of_all(session: Session, person_ids: Iterable[int]) -> dict[int, list[Contact]]:
    """The ways to reach each of these people, in one query; none is the empty list."""
    found: dict[int, list[Contact]] = {person_id: [] for person_id in person_ids}
    for contact in session.scalars(_of_all(), {"people": list(found)}):
        found[contact.person_id].append(contact)
    return found


def way_to_tell(contacts: Sequence[Contact]) -> Contact | None:
    """Over which of a person's ways to tell what wakes nobody: one that cannot wake, and works, before all others."""
    return min(contacts, key=lambda way: (way.failed_at is not None, way.channel.wakes), default=None)


def add_contact(
    session: Session,
    person: Person,
    channel: ChannelKind,
    label: str,
    *,
    sealed: str | None = None,
    by: Actor,
    now: datetime,
) -> Contact:
    """Add a way to reach a person; it counts as verified only after a test page."""
    present = contacts_of(session, person.id)
    if sealed is None and any(other.channel is channel and other.label == label for other in present):
        raise Refused(N_("This way to reach the person is there already."), field="address")
    contact = Contact(
        organisation_id=person.organisation_id,
        person_id=person.id,
        channel=channel,
        label=label[:254],
        sealed=sealed,
        position=len(present),
        added_at=now,
    )
    session.add(contact)
    session.flush()
    _record(session, contact, Kind.CONTACT_ADDED, by=by, now=now)
    return contact


def add_apprise(
    session: Session,
    person: Person,
    url: str,
    *,
    keyring: Keyring,
    emergency_phone: str | None,
    by: Actor,
    now: datetime,
) -> Contact:
    """Add an Apprise address that `apprise_urls.validate` has accepted; kept sealed, shown masked.

    Refuses one that is there already, and the organisation's emergency number: that must not be paged.
    """
    for other in contacts_of(session, person.id):
        if other.channel is ChannelKind.APPRISE and other.address(keyring) == url:
            raise Refused(N_("This way to reach the person is there already."), field="address")
    if emergency_phone and _holds_number(url, emergency_phone):
        raise Refused(
            N_("This is the emergency number. A page must not ring there: it has to be free for callers."),
            field="address",
        )
    label, sealed = apprise_urls.display(url), keyring.seal(url)
    return add_contact(session, person, ChannelKind.APPRISE, label, sealed=sealed, by=by, now=now)


def add_phone(
    session: Session,
    person: Person,
    number: Number,
    channel: ChannelKind,
    *,
    keyring: Keyring,
    emergency_phone: str | None,
    by: Actor,
    now: datetime,
) -> Contact:
    """Add a phone number as SMS or as call; kept sealed, shown masked.

    Refuses one that is there already, an SMS to a landline, and the organisation's emergency number.
    """
    if channel is ChannelKind.SMS and number.line is Line.LANDLINE:
        raise Refused(N_("This is a landline: it takes no SMS. Choose the call alone."), field="number")
    if any(
        other.channel is channel and other.address(keyring) == number.e164 for other in contacts_of(session, person.id)
    ):
        raise Refused(N_("This way to reach the person is there already."), field="number")
    if emergency_phone and _holds_number(number.e164, emergency_phone):
        raise Refused(
            N_("This is the emergency number. A page must not ring there: it has to be free for callers."),
            field="number",
        )
    sealed = keyring.seal(number.e164)
    return add_contact(session, person, channel, number.masked, sealed=sealed, by=by, now=now)


def add_webhook(
    session: Session, person: Person, url: str, secret: str, *, keyring: Keyring, by: Actor, now: datetime
) -> Contact:
    """Add an address that is sent signed JSON; both are kept sealed. Refuses an unsafe address and a weak secret."""
    address = webhook.validate(url, secret)
    for other in contacts_of(session, person.id):
        if other.channel is ChannelKind.WEBHOOK and other.address(keyring).partition(" ")[2] == url.strip():
            raise Refused(N_("This way to reach the person is there already."), field="url")
    label, sealed = webhook.display(url), keyring.seal(address)
    return add_contact(session, person, ChannelKind.WEBHOOK, label, sealed=sealed, by=by, now=now)


def with_number(session: Session, organisation_id: int, e164: str, *, keyring: Keyring) -> list[Contact]:
    """The phone contacts with this number, of people who are still here. Each is unsealed: there is no index."""
    found = session.scalars(
        select(Contact)
        .join(Person, Person.id == Contact.person_id)
        .where(
            Contact.organisation_id == organisation_id,
            Contact.channel.in_([kind for kind in ChannelKind if kind.by_phone]),
            Contact.removed_at.is_(None),
            Person.left_at.is_(None),
        )
        .order_by(Contact.id)
    )
    return [contact for contact in found if contact.address(keyring) == e164]


def with_mailbox(session: Session, organisation_id: int, email: str) -> list[Contact]:
    """The first way to each person of this e-mail address: what a chat knows them by."""
    person_id = session.scalar(
        select(Person.id).where(
            Person.organisation_id == organisation_id,
            Person.email == email.strip().lower(),
            Person.left_at.is_(None),
        )
    )
    return contacts_of(session, person_id)[:1] if person_id is not None else []


def refuse_paged_number(session: Session, organisation_id: int, number: str, *, keyring: Keyring) -> None:
    """Refuse an emergency number that some page rings: whoever calls it would find it engaged."""
    for contact in session.scalars(
        select(Contact).where(
            Contact.organisation_id == organisation_id,
            Contact.removed_at.is_(None),
            Contact.channel.in_((ChannelKind.APPRISE, ChannelKind.SMS, ChannelKind.CALL)),
        )
    ):
        if _holds_number(contact.address(keyring), number):
            raise Refused(
                N_("Pages are sent to this number, so it may be engaged. Give another one."), field="emergency_phone"
            )


def _holds_number(address: str, number: str) -> bool:
    """Whether an address names a phone number; the country's code may be written or not."""
    tail = "".join(sign for sign in number if sign.isdigit()).lstrip("0")[-8:]
    pieces = "".join(sign if sign.isdigit() else " " if sign in "/?&=@,:" else "" for sign in unquote(address)).split()
    return len(tail) >= 5 and any(piece.endswith(tail) for piece in pieces)


def forget_proofs(session: Session, organisation_id: int) -> None:
    """No way counts as proved any more: the links of pages now lead to another address."""
    session.execute(
        update(Contact)
        .where(Contact.organisation_id == organisation_id, Contact.verified_at.is_not(None))
        .values(verified_at=None, version=Contact.version + 1)
        .execution_options(synchronize_session=False)
    )


def remove_contact(session: Session, contact: Contact, *, by: Actor, now: datetime) -> None:
    """Stop using a way to reach a person."""
    contact.removed_at = now
    _record(session, contact, Kind.CONTACT_REMOVED, by=by, now=now)


def verify(session: Session, contact: Contact, *, by: Actor, now: datetime) -> None:
    """Note that a test page sent here was acknowledged."""
    contact.verified_at, contact.failed_at, contact.failure = now, None, None
    _record(session, contact, Kind.CONTACT_VERIFIED, by=by, now=now)


def proved_again(session: Session, contact: Contact, *, now: datetime) -> None:
    """A page was answered through a way that had been proved: that is as good as another test."""
    # Past the version column: two workers may note something on it at once.
    session.execute(
        update(Contact)
        .where(Contact.id == contact.id, Contact.verified_at.is_not(None))
        .values(verified_at=now)
        .execution_options(synchronize_session=False)
    )
    session.expire(contact, ["verified_at"])


def renewed(session: Session, contact: Contact, sealed: str, *, by: Actor, now: datetime) -> None:
    """The same device has another address now; it has to be proved again."""
    contact.sealed, contact.verified_at, contact.failed_at, contact.failure = sealed, None, None, None
    _record(session, contact, Kind.CONTACT_RENEWED, by=by, now=now)


def woke(session: Session, contact: Contact, *, by: Actor, now: datetime) -> None:
    """Note that the locked, silenced phone rang. Refuses a kind that only tells: mail never wakes."""
    if not contact.channel.wakes:
        raise Refused(N_("This way only tells. It never counts as waking."))
    contact.woke_at = now
    _record(session, contact, Kind.CONTACT_WOKE, by=by, now=now)


def slept(session: Session, contact: Contact) -> None:
    """The test came, but the locked, silenced phone did not ring: this way does not wake."""
    contact.woke_at = None
    session.flush()


def move(session: Session, contact: Contact, *, up: bool, by: Actor, now: datetime) -> bool:
    """Put a way before, or behind, its neighbour. False when it is at that end already."""
    order = contacts_of(session, contact.person_id)
    here = order.index(contact)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(order):
        return False
    order[here], order[there] = order[there], order[here]
    for position, each in enumerate(order):
        each.position = position
    _record(session, contact, Kind.CONTACT_MOVED, by=by, now=now)
    return True


def _record(session: Session, contact: Contact, kind: Kind, *, by: Actor, now: datetime) -> None:
    record(
        session,
        organisation_timeline(session, contact.organisation_id),
        kind,
        by=by,
        facts={"contact": contact.id, "subject": contact.person_id, "channel": contact.channel.value},
        now=now,
    )
