"""A mute: during a flood, further reports that are no louder wait quietly. It ends by itself and can only be short."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.orm import Base, Key, UTCDateTime, table
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Kind, organisation_timeline, person_as_actor, record
from incidents.words import N_
from notifications.page import LOUDEST, Page, is_summons

LASTS = timedelta(minutes=30)
"""How long one mute lasts; nobody can make a longer one."""


class Mute(Base):
    """Reports no louder than `loudness` ring only at `until`; whoever muted them is awake."""

    __tablename__ = "mute"
    __table_args__ = table(Index("ix_mute_living", "organisation_id", "until"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    loudness: Mapped[int]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    at: Mapped[datetime]
    until: Mapped[datetime]


def mute_like(session: Session, page: Page, *, person: Person, now: datetime) -> Mute:
    """Let further reports like those of a page wait for half an hour. They are stored, shown, and ring then.

    Refuses what is still happening, and what rings one person alone: both always ring.
    """
    if page.loudness >= LOUDEST:
        raise Refused(N_("A report that is still happening always rings. It cannot be muted."))
    if page.alone or is_summons(page):
        raise Refused(N_("This page is not part of a flood. Acknowledge it instead."))
    standing = muted_until(session, page.organisation_id, page.loudness, now=now)
    made = Mute(
        organisation_id=page.organisation_id,
        loudness=page.loudness,
        person_id=person.id,
        at=now,
        until=standing or now + LASTS,
    )
    if standing is not None:
        return made
    session.add(made)
    record(
        session,
        organisation_timeline(session, page.organisation_id),
        Kind.MUTED,
        by=person_as_actor(person.id),
        facts={"loudness": page.loudness, "until": made.until.isoformat()},
        now=now,
    )
    session.flush()
    return made


def muted_until(session: Session, organisation_id: int, loudness: int, *, now: datetime) -> datetime | None:
    """Until when a report of this loudness waits; None when it rings at once."""
    wanted = {"organisation_id": organisation_id, "loudness": loudness, "now": now}
    return session.connection().execute(_MUTED, wanted).scalar()


_MUTED = (
    select(Mute.until)
    .where(
        Mute.organisation_id == bindparam("organisation_id"),
        Mute.until > bindparam("now", type_=UTCDateTime()),
        Mute.loudness >= bindparam("loudness"),
    )
    .order_by(Mute.until.desc())
    .limit(1)
)
