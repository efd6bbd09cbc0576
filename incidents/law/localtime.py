"""Local time: what a person types becomes an instant, and an instant becomes time left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from incidents.law.clock import as_utc
from incidents.refusals import Refused
from incidents.words import N_

YEARS = range(1900, 3000)
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?"
_WAYS = tuple(
    re.compile(rf"{day}{_TIME}", re.ASCII)
    for day in (
        r"(?P<year>\d+)-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:T|,? )",
        r"(?P<day>\d{1,2})(?P<mark>[/-]|\. ?)(?P<month>\d{1,2})(?P=mark)(?P<year>\d+),? ",
    )
)
_WITH_OFFSET = re.compile(
    r"(?P<wall>.*:\d{2}(?:\.\d{1,9})?) ?(?:[Zz]|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)", re.ASCII
)
_FURTHEST = timedelta(hours=15)
"""From UTC: no clocks of a place are further off, a century ago included."""
# Names that stand for "whatever this machine is set to", or for nothing.
_NO_PLACE = frozenset({"localtime", "Factory"})


class Reading(NamedTuple):
    """One way to read an ambiguous local time; handing `fold` back chooses it."""

    fold: int
    at: datetime
    abbreviation: str
    offset: str


class AmbiguousTime(Refused):
    """The clocks went back and showed this time twice: a question, with its answers in `first`, `second`."""

    def __init__(self, local: datetime) -> None:
        self.first, self.second = _reading(local, 0), _reading(local, 1)
        super().__init__(
            N_(
                "The clocks went back that day, so %(time)s came twice: first in %(first)s, then in "
                "%(second)s. Say which one you mean."
            ),
            time=_clock_words(local),
            first=_zone_words(self.first),
            second=_zone_words(self.second),
        )


class NonexistentTime(Refused):
    """The clocks went forward over this time. `before` and `after` are what they showed around the jump."""

    def __init__(self, local: datetime) -> None:
        self.before, self.after = _jump(local)
        same_day = self.before.date() == self.after.date()
        super().__init__(
            N_(
                "There was no %(time)s in %(zone)s: the clocks jumped from %(before)s to %(after)s. "
                "Write a time before or after that."
            ),
            time=_clock_words(local),
            zone=str(local.tzinfo),
            before=_clock_words(self.before) if same_day else f"{self.before:%Y-%m-%d %H:%M}",
            after=_clock_words(self.after) if same_day else f"{self.after:%Y-%m-%d %H:%M}",
        )


def known_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, such as Europe/London. Refuses every other word, paths among them."""
    if name not in _packaged() and name not in _zone_names():
        raise Refused(
            N_("%(name)s is not a time zone. Choose one by region and city, such as Europe/London."),
            name=_shortened(name),
        )
    return ZoneInfo(name)


def within_years(instant: datetime) -> datetime:
    """`instant` in UTC. A year such as 0026 is a slip of the hand; the calendar's ends leave no room to count."""
    instant = as_utc(instant)
    if instant.year not in YEARS:
        raise Refused(N_("Write the year with four digits, such as 2026."))
    return instant


def read_local(typed: str, zone: ZoneInfo, *, fold: int | None = None) -> datetime:
    """The instant in UTC of a date and time typed in the local time of `zone`.

    Takes what a browser's date-and-time field sends (`2026-10-25T01:30`) and what people write, day before
    month: `25/10/2026 01:30`, `25.10.2026 1:30`, `2026-10-25 01:30`. A time that came twice is asked about
    (`AmbiguousTime`) unless `fold` answers: 0 the first, 1 the second. A time that never came is refused
    (`NonexistentTime`) whatever `fold` says. Parts of a second are dropped: earlier is the cautious side.
    """
    if fold not in (None, 0, 1):
        raise Refused(N_("Say whether you mean the first or the second time."))
    local = _read(typed).replace(tzinfo=zone)
    earlier, later = _offset(local, 0), _offset(local, 1)
    if earlier < later:
        raise NonexistentTime(local)
    if earlier > later and fold is None:
        raise AmbiguousTime(local)
    return as_utc(local.replace(fold=fold or 0))


def read_instant(typed: str, zone: ZoneInfo) -> datetime:
    """The instant in UTC of a date and time as `read_local` takes them, with or without an offset.

    With one, such as `2026-10-23T10:15:00+01:00` or `…Z`, the offset counts and `zone` does not; without one it is
    local time of `zone`, and may be asked about (`AmbiguousTime`) or refused (`NonexistentTime`).
    """
    text = " ".join(typed.split())
    found = _WITH_OFFSET.fullmatch(text)
    if found is None:
        return read_local(text, zone)
    ahead = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    if ahead > _FURTHEST or int(found["minutes"] or 0) > 59:
        raise Refused(
            N_("%(typed)s has no offset that clocks anywhere have. Write one like +01:00."), typed=_shortened(text)
        )
    wall = _read(found["wall"])
    return wall.replace(tzinfo=UTC) + (ahead if found["sign"] == "-" else -ahead)


def country_of(zone: str) -> str | None:
    """The country (ISO 3166, two letters) in which the city of a zone lies; None for other names, such as UTC."""
    return _countries().get(zone)


@lru_cache(maxsize=1)
def zones_by_country() -> dict[str, tuple[str, ...]]:
    """The zones of each country (ISO 3166, two letters)."""
    found: dict[str, tuple[str, ...]] = {}
    for zone, country in _countries().items():
        found[country] = (*found.get(country, ()), zone)
    return found


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clocks of `zone` show `wall`, for what has to come about whatever the clocks do.

    A time that never came is the first instant after the jump; of a time that came twice it is the first.
    """
    local = wall.replace(tzinfo=zone, fold=0)
    if _offset(local, 0) < _offset(local, 1):
        local = NonexistentTime(local).after.replace(tzinfo=zone)
    return as_utc(local)


@dataclass(frozen=True, slots=True)
class Remaining:
    """Time left before a deadline, or gone since, in whole hours and minutes.

    Both are rounded towards the deadline: never more left than there is, never later than it is.
    """

    overdue: bool
    hours: int
    minutes: int


def countdown(due_at: datetime, *, now: datetime) -> Remaining:
    """What a page shows beside a deadline. On the very instant it is not overdue yet."""
    left = as_utc(due_at) - as_utc(now)
    minutes = abs(left) // timedelta(minutes=1)
    return Remaining(overdue=left < timedelta(), hours=minutes // 60, minutes=minutes % 60)


def offset_words(local: datetime) -> str:
    """How far an aware time is from UTC, such as `UTC+05:30`."""
    return f"UTC{local.replace(microsecond=0).isoformat()[19:]}"


def _read(typed: str) -> datetime:
    text = " ".join(typed.split())
    if not text:
        raise Refused(N_("Write the date and the time, like 2026-10-25 01:30 or 25/10/2026 01:30."))
    found = next((match for way in _WAYS if (match := way.fullmatch(text))), None)
    if found is None:
        raise Refused(
            N_("%(typed)s cannot be read as a date and time. Write it like 2026-10-25 01:30 or 25/10/2026 01:30."),
            typed=_shortened(text),
        )
    if len(found["year"]) != 4 or int(found["year"]) not in YEARS:
        raise Refused(N_("Write the year with four digits, such as 2026."))
    if int(found["month"]) > 12 and int(found["day"]) <= 12:
        raise Refused(N_("Write the day first, then the month, such as 25/10/2026."))
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError as error:
        raise Refused(N_("%(typed)s is not a day of the calendar."), typed=_shortened(text)) from error
    try:
        hands = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    except ValueError as error:
        raise Refused(N_("Write the hours from 00 to 23 and the minutes from 00 to 59, such as 01:30.")) from error
    return datetime.combine(day, hands)


def _tzdata(name: str) -> str:
    spec = find_spec("tzdata")
    folders = spec.submodule_search_locations if spec else None
    return (Path(folders[0]) / name).read_text(encoding="utf-8") if folders else ""


@lru_cache(maxsize=1)
def _packaged() -> frozenset[str]:
    """The names that come with the program, in one file: looking into every file of the machine takes longer."""
    return frozenset(_tzdata("zones").split()) - _NO_PLACE


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACE


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    lines = _tzdata("zoneinfo/zone.tab").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {zone: country for country, _position, zone, *_remarks in rows}


def _offset(local: datetime, fold: int) -> timedelta:
    return local.replace(fold=fold).utcoffset() or timedelta()


def _reading(local: datetime, fold: int) -> Reading:
    chosen = local.replace(fold=fold)
    return Reading(fold, chosen.astimezone(UTC), chosen.tzname() or "", offset_words(chosen))


def _zone_words(reading: Reading) -> str:
    """`BST (UTC+01:00)`; many zones have no letters of their own, and then the offset is enough."""
    if reading.abbreviation.isalpha():
        return f"{reading.abbreviation} ({reading.offset})"
    return reading.offset


def _clock_words(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _jump(local: datetime) -> tuple[datetime, datetime]:
    """What the clocks showed before and after the jump over `local`, without a zone."""
    before, after = _offset(local, 0), _offset(local, 1)
    wall = local.replace(tzinfo=UTC)
    # With the offset after the jump `local` lies before it, and the other way round.
    early, late = wall - after, wall - before
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(local.tzinfo).utcoffset() == before:
            early = middle
        else:
            late = middle
    jump = late.replace(microsecond=0, tzinfo=None)
    return jump + before, jump + after


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
