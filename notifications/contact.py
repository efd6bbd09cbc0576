"""The ways to reach a person, in order, and whether each was proved to work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.keyring import Keyring
from incidents.orm import Base, Key, by_value
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, Kind, organisation_timeline, record
from incidents.words import N_
from notifications.channels import ChannelKind


class Contact(Base):
    """One way to reach a person. An Apprise address may hold a secret, so it is kept sealed; `label` is shown.

    `verified_at` is set when a test page sent here was acknowledged through the public address.
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
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(400))
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    def address(self, keyring: Keyring) -> str:
        """The address to send to."""
        return keyring.unseal(self.sealed) if self.sealed else self.label


def contacts_of(session: Session, person_id: int) -> list[Contact]:
    """A person's ways to be reached, first choice first."""
    return list(
        session.scalars(
            select(Contact)
            .where(Contact.person_id == person_id, Contact.removed_at.is_(None))
            .order_by(Contact.position, Contact.id)
        )
    )


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
    if any(other.channel is channel and other.label == label for other in present):
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


def remove_contact(session: Session, contact: Contact, *, by: Actor, now: datetime) -> None:
    """Stop using a way to reach a person."""
    contact.removed_at = now
    _record(session, contact, Kind.CONTACT_REMOVED, by=by, now=now)


def verify(session: Session, contact: Contact, *, by: Actor, now: datetime) -> None:
    """Note that a test page sent here was acknowledged."""
    contact.verified_at, contact.failed_at, contact.failure = now, None, None
    _record(session, contact, Kind.CONTACT_VERIFIED, by=by, now=now)


def _record(session: Session, contact: Contact, kind: Kind, *, by: Actor, now: datetime) -> None:
    record(
        session,
        organisation_timeline(session, contact.organisation_id),
        kind,
        by=by,
        facts={"contact": contact.id, "subject": contact.person_id, "channel": contact.channel.value},
        now=now,
    )
