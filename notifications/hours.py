"""When what only tells may reach a person: by day, theirs, unless waiting would pass a limit."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from incidents.people import Person

FROM, UNTIL = 7 * 60, 22 * 60
"""The hours of whoever has set none, in minutes of the local day."""


def by_day(person: Person, zone: ZoneInfo, now: datetime) -> bool:
    """Whether it is now within the hours in which this person may be told something."""
    return _within(_minute(now.astimezone(zone)), *hours_of(person))


def hours_of(person: Person) -> tuple[int, int]:
    """From when until when a person may be told something, in minutes of their day; past midnight it wraps."""
    return (
        FROM if person.tell_from is None else person.tell_from,
        UNTIL if person.tell_until is None else person.tell_until,
    )


def tell_at(person: Person, zone: ZoneInfo, *, limit: datetime | None, now: datetime) -> datetime:
    """When to tell a person something: now by day, at the start of their next day by night.

    Now, too, when a limit would have passed by then.
    """
    begins, ends = hours_of(person)
    local = now.astimezone(zone)
    minute = _minute(local)
    if _within(minute, begins, ends):
        return now
    day = local.date() if minute < begins else local.date() + timedelta(days=1)
    later = datetime.combine(day, time(begins // 60, begins % 60), tzinfo=zone).astimezone(now.tzinfo)
    return now if limit is not None and limit <= later else later


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _within(minute: int, begins: int, ends: int) -> bool:
    if begins == ends:
        return True
    return begins <= minute < ends if begins < ends else minute >= begins or minute < ends
