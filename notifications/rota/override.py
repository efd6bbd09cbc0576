"""Overrides: somebody else is on call for a while, whatever the shifts say."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.orm import Base, Key, by_value, table
from notifications.rota import Rota

LONGEST_UID = 255


class Reason(enum.Enum):
    """Where an override came from."""

    PLANNED = "planned"
    TAKEN = "taken"
    SWAPPED = "swapped"
    CALENDAR = "calendar"


class Override(Base):
    """One person instead of whoever the shifts have, from one instant until another. Of several the latest counts.

    Never deleted and never changed: `ended_at` takes it out of use. It counts from the instant it was made, so that
    who was on call before stays as it was. `uid` and `recurrence` say which event of a calendar it came from;
    `pair` is the same for the two halves of a swap.
    """

    __tablename__ = "rota_override"
    __table_args__ = table(Index("ix_rota_override_when", "rota_id", "ends_at"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    rota_id: Mapped[int] = mapped_column(Key, ForeignKey("rota.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[Reason] = mapped_column(by_value(Reason))
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    uid: Mapped[str | None] = mapped_column(String(LONGEST_UID))
    recurrence: Mapped[str | None] = mapped_column(String(40))
    pair: Mapped[str | None] = mapped_column(String(32))

    @property
    def counts_from(self) -> datetime:
        return max(self.begins_at, self.made_at)

    @property
    def counts_until(self) -> datetime:
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)


def overrides(session: Session, rota: Rota, begins_at: datetime, ends_at: datetime) -> list[Override]:
    """The overrides that count at some instant between the two, the first made first."""
    return list(
        session.scalars(
            select(Override)
            .where(
                Override.rota_id == rota.id,
                Override.ends_at > begins_at,
                Override.begins_at < ends_at,
                or_(Override.ended_at.is_(None), Override.ended_at > begins_at),
            )
            .order_by(Override.id)
        )
    )


def standing(session: Session, rota: Rota, *, now: datetime) -> list[Override]:
    """The overrides that run or are to come, by their beginning."""
    found = select(Override).where(Override.rota_id == rota.id, Override.ended_at.is_(None), Override.ends_at > now)
    return list(session.scalars(found.order_by(Override.begins_at, Override.id)))
