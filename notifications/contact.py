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
from notifications.channels import ChannelKind, apprise_urls

LONG_UNTESTED = timedelta(days=90)
"""A way that was not tested for so long has lost the mark that it works."""


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

    def works(self, now: datetime) -> bool:
        """Whether it was proved, not too long ago, and has not failed since."""
        return self.verified_at is not None and self.failed_at is None and now - self.verified_at < LONG_UNTESTED

    def address(self, keyring: Keyring) -> str:
        """The address to send to."""
        return keyring.unseal(self.sealed) if self.sealed else self.label

    @property
    def ended(self) -> bool:
        """Whether the far end has said that this address is no more, so that nothing is sent there."""
        return bool(self.failure and self.failure.get("gone"))


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


def refuse_paged_number(session: Session, organisation_id: int, number: str, *, keyring: Keyring) -> None:
    """Refuse an emergency number that some page rings: whoever calls it would find it engaged."""
    for contact in session.scalars(
        select(Contact).where(
            Contact.organisation_id == organisation_id,
            Contact.removed_at.is_(None),
            Contact.channel == ChannelKind.APPRISE,
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


def renewed(session: Session, contact: Contact, sealed: str, *, by: Actor, now: datetime) -> None:
    """The same device has another address now; it has to be proved again."""
    contact.sealed, contact.verified_at, contact.failed_at, contact.failure = sealed, None, None, None
    _record(session, contact, Kind.CONTACT_RENEWED, by=by, now=now)


def _record(session: Session, contact: Contact, kind: Kind, *, by: Actor, now: datetime) -> None:
    record(
        session,
        organisation_timeline(session, contact.organisation_id),
        kind,
        by=by,
        facts={"contact": contact.id, "subject": contact.person_id, "channel": contact.channel.value},
        now=now,
    )
