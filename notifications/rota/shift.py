"""Shifts: what comes round each week, and the people who take turns at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.law.localtime import instant_of
from incidents.orm import Base, Key
from incidents.refusals import Refused
from incidents.words import N_
from notifications.rota import Rota

WEEK = 7
MOST_WEEKS_EACH = 26
MOST_PEOPLE = 50
LONGEST_NAME = 80


_LATER = {0: N_("the same day"), 1: N_("the next day"), WEEK: N_("a week later")}


def later(days: int, translate: Callable[[str], str]) -> str:
    """On which day a shift ends, counted from the day on which it begins."""
    return translate(_LATER[days]) if days in _LATER else translate(N_("%(days)s days later")) % {"days": days}


@dataclass(frozen=True)
class Weekly:
    """When a shift is: it begins on these weekdays (Monday is 0) and ends `days` later, by the rota's wall clock."""

    weekdays: tuple[int, ...]
    begins: time
    days: int
    ends: time

    def refuse(self) -> None:
        """Refuse what cannot come round: no day at all, no length, or an end after the next beginning."""
        if not self.weekdays or not set(self.weekdays) <= set(range(WEEK)):
            raise Refused(N_("Choose at least one day on which the shift begins."), field="weekdays")
        if self.days not in range(WEEK + 1):
            raise Refused(N_("Choose on which day the shift ends."), field="days")
        if self.days == 0 and self.ends <= self.begins:
            raise Refused(N_("The shift ends before it begins. Choose a later time or a later day."), field="ends")
        if (self.days, self.ends) > (self._until_next(), self.begins):
            raise Refused(
                N_("The shift would still run when it begins again. Let it end earlier, or choose fewer days."),
                field="days",
            )

    def _until_next(self) -> int:
        days = sorted(self.weekdays)
        following = [*days[1:], days[0] + WEEK]
        return min(later - earlier for earlier, later in zip(days, following, strict=True))


class Shift(Base):
    """One thing that comes round each week. Of two that overlap the one further down the list counts.

    It holds from `from_at` until `until_at`; a change ends the row and makes another, so that the past stays.
    From the week of `first_week`, a Monday, its people take turns, `weeks_each` weeks at a time, in their order.
    """

    __tablename__ = "rota_shift"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    rota_id: Mapped[int] = mapped_column(Key, ForeignKey("rota.id"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    position: Mapped[int]
    weekdays: Mapped[list[Any]]
    begins: Mapped[time]
    days: Mapped[int]
    ends: Mapped[time]
    weeks_each: Mapped[int]
    first_week: Mapped[date]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    made_at: Mapped[datetime]

    turns: Mapped[list[Turn]] = relationship(order_by="Turn.position", lazy="selectin")

    @property
    def weekly(self) -> Weekly:
        return Weekly(tuple(self.weekdays), self.begins, self.days, self.ends)

    @property
    def people(self) -> list[int]:
        """The keys of those who take turns, in order."""
        return [turn.person_id for turn in self.turns]


class Turn(Base):
    """A place in the order of a shift."""

    __tablename__ = "rota_turn"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    shift_id: Mapped[int] = mapped_column(Key, ForeignKey("rota_shift.id"), index=True)
    position: Mapped[int]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))


@dataclass(frozen=True)
class Occurrence:
    """One time that a shift comes round: from, until, and whose turn it is."""

    begins_at: datetime
    ends_at: datetime
    person_id: int


def occurrences(
    weekly: Weekly,
    zone: ZoneInfo,
    people: Sequence[int],
    *,
    first_week: date,
    weeks_each: int,
    begins_at: datetime,
    ends_at: datetime,
) -> Iterator[Occurrence]:
    """Every time the shift comes round between two instants, whole even where only a part lies between them."""
    if not people or begins_at >= ends_at:
        return
    day = begins_at.astimezone(zone).date() - timedelta(days=weekly.days + 1)
    last = ends_at.astimezone(zone).date()
    while day <= last:
        if day.weekday() in weekly.weekdays:
            begins = instant_of(datetime.combine(day, weekly.begins), zone)
            ends = instant_of(datetime.combine(day + timedelta(days=weekly.days), weekly.ends), zone)
            # Both may fall on the one instant after a jump of the clocks: then there was no such shift.
            if begins < ends and begins < ends_at and ends > begins_at:
                weeks = (monday(day) - first_week).days // WEEK
                yield Occurrence(begins, ends, people[weeks // weeks_each % len(people)])
        day += timedelta(days=1)


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def in_force(session: Session, rota: Rota, begins_at: datetime, ends_at: datetime | None = None) -> list[Shift]:
    """The shifts that hold at some instant between the two, the lowest of the list first."""
    found = session.scalars(
        select(Shift).where(Shift.rota_id == rota.id).order_by(Shift.position, Shift.from_at, Shift.id)
    )
    return [
        shift
        for shift in found
        if (shift.until_at is None or (shift.until_at > begins_at and shift.until_at > shift.from_at))
        and (ends_at is None or shift.from_at < ends_at)
    ]
