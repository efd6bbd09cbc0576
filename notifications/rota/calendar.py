"""Calendars: the events of an iCalendar file as stretches of time, those that come round written out one by one.

Clock times are taken as people mean them: an event from nine to nine stays so over a change of the clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.cal.component import Component
from icalendar.prop import vDDDLists, vRecur

from incidents.law.localtime import instant_of
from incidents.refusals import Refused
from incidents.words import N_
from notifications.rota.override import LONGEST_UID
from notifications.rota.recurring import NotUnderstood, Rule

MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
MOST_TIMES = 1_000
AHEAD = timedelta(days=366)
LONGEST = timedelta(days=366)
OLDEST = 2000
"""An event that comes round has to have begun after this year: nobody is on call since 1601."""


@dataclass(frozen=True)
class Problem:
    """Why an event, or some of it, is left out: a message id with its values."""

    message: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Event:
    """One stretch of time of a calendar. `uid` and `recurrence` name it; `cancelled` takes it away.

    `addresses` are the e-mail addresses of those who take part, in small letters; `names` theirs.
    """

    uid: str
    recurrence: str
    begins_at: datetime
    ends_at: datetime
    title: str
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    cancelled: bool = False


@dataclass
class Reading:
    """What a calendar holds for the time ahead, and what could not be read."""

    events: list[Event] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(content: bytes | str, zone: ZoneInfo, *, now: datetime) -> Reading:
    """The events that end after now and begin within a year. Times without a zone are read in `zone`.

    Refuses what is no calendar, and what is larger than anybody's rota.
    """
    components = _components(content)
    moved = {(_uid(each), key) for each in components if (key := _recurrence(each, zone))}
    found = Reading()
    for component in components:
        try:
            found.events += _events(component, zone, moved, found, now)
        except _Unreadable as unreadable:
            found.problems.append(unreadable.problem)
        if len(found.events) > MOST_TIMES:
            raise Refused(
                N_("This calendar holds more than %(most)s duties of the next year. Export a shorter time."),
                field="calendar",
                most=MOST_TIMES,
            )
    found.events = _latest(found.events)
    return found


class _Unreadable(Exception):
    def __init__(self, message: str, **params: str) -> None:
        super().__init__(message)
        self.problem = Problem(message, tuple(sorted(params.items())))


def _components(content: bytes | str) -> list[Component]:
    if len(content) > MOST_BYTES:
        raise Refused(N_("This file is larger than a calendar of a rota. Export the rota alone."), field="calendar")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.lstrip("\ufeff")
        calendars = Calendar.from_ical(text.strip(), multiple=True)
        found = [event for calendar in calendars if calendar.name == "VCALENDAR" for event in _with_method(calendar)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(_NO_CALENDAR, field="calendar") from error
    if not any(calendar.name == "VCALENDAR" for calendar in calendars):
        raise Refused(_NO_CALENDAR, field="calendar")
    if not found:
        raise Refused(N_("This calendar holds no event. Choose another file."), field="calendar")
    if len(found) > MOST_EVENTS:
        raise Refused(
            N_("This calendar holds more than %(most)s events. Export the rota alone."),
            field="calendar",
            most=MOST_EVENTS,
        )
    return found


_NO_CALENDAR = N_("This cannot be read as a calendar. Choose a file that ends in .ics and begins with BEGIN:VCALENDAR.")


def _with_method(calendar: Component) -> list[Component]:
    """The events of a calendar; those of one that takes back are cancelled."""
    events = list(calendar.walk("VEVENT"))
    if str(calendar.get("METHOD", "")).upper() == "CANCEL":
        for event in events:
            event["STATUS"] = "CANCELLED"
    return events


def _events(
    component: Component, zone: ZoneInfo, moved: set[tuple[str, str]], found: Reading, now: datetime
) -> Iterator[Event]:
    start, length = _when(component, zone)
    first = Event(
        uid=_uid(component),
        recurrence=_recurrence(component, zone),
        begins_at=_instant(start, zone),
        ends_at=_instant(start, zone),
        title=_title(component),
        addresses=tuple(_addresses(component)),
        names=tuple(_names(component)),
        cancelled=str(component.get("STATUS", "")).upper() == "CANCELLED",
    )
    if first.recurrence:
        times = iter([(first.recurrence, start)])
    elif "RRULE" in component or "RDATE" in component:
        times = _rounds(component, start, zone, first, moved, now)
    else:
        times = iter([("", start)])
    for recurrence, begins in times:
        begins_at, ends_at = _instant(begins, zone), _instant(begins + length, zone)
        if now < ends_at and begins_at < now + AHEAD and begins_at < ends_at:
            yield replace(first, recurrence=recurrence, begins_at=begins_at, ends_at=ends_at)


def _rounds(
    component: Component, start: datetime, zone: ZoneInfo, first: Event, moved: set[tuple[str, str]], now: datetime
) -> Iterator[tuple[str, datetime]]:
    """The beginnings of an event that comes round, each with what names it, without those taken out or moved."""
    place = start.tzinfo or zone
    # What was over long ago is not even looked at: a daily event of ten years is mostly that.
    soonest = (now - LONGEST - timedelta(days=2)).astimezone(place).replace(tzinfo=None)
    latest = (now + AHEAD).astimezone(place).replace(tzinfo=None)
    taken_out = {_key(moment, zone) for moment in _listed(component, "EXDATE", start)}
    walls = {start.replace(tzinfo=None)}
    walls |= {moment.replace(tzinfo=None) for moment in _listed(component, "RDATE", start)}
    walls |= set(_by_rule(component, start, latest))
    for wall in sorted(wall for wall in walls if soonest <= wall <= latest):
        begins = wall.replace(tzinfo=start.tzinfo)
        key = _key(begins, zone)
        if key not in taken_out and (first.uid, key) not in moved:
            yield key, begins


def _by_rule(component: Component, start: datetime, latest: datetime) -> Iterator[datetime]:
    """The wall clock times of a rule, up to the latest that matters, or to the end that the rule itself says."""
    rule = component.get("RRULE")
    if rule is None:
        return
    if not isinstance(rule, vRecur):
        raise _unreadable(component)
    parts = {str(name).upper(): list(value) if isinstance(value, list) else [value] for name, value in rule.items()}
    ends, count = (parts.get("UNTIL") or [None])[0], (parts.get("COUNT") or [None])[0]
    if isinstance(ends, datetime) and ends.tzinfo is not None:
        ends = ends.astimezone(start.tzinfo or UTC).replace(tzinfo=None)
    elif isinstance(ends, date) and not isinstance(ends, datetime):
        ends = datetime.combine(ends, time.max)
    limit = latest if ends is None else min(latest, ends)
    try:
        days = Rule.of(parts, start.date()).days(limit.date())
        if start.year < OLDEST:
            raise NotUnderstood
        walls = (datetime.combine(day, start.time()) for day in days)
        yield from islice((wall for wall in walls if wall <= limit), count)
    except (NotUnderstood, ValueError, TypeError) as error:
        raise _Unreadable(
            N_("“%(title)s” comes round by a rule that no duty needs, or since long ago: it is left out."),
            title=_title(component),
        ) from error


def _when(component: Component, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    """The beginning, with its own zone if it names one, and the length by the clock on the wall."""
    start = _moment(component, "DTSTART")
    whole_days = isinstance(start, date) and not isinstance(start, datetime)
    end = _moment(component, "DTEND", wanted=False)
    begins = _as_datetime(start)
    if end is not None:
        ends = _as_datetime(end)
        if begins.tzinfo is not None and ends.tzinfo is not None:
            ends = ends.astimezone(begins.tzinfo)
        length = ends.replace(tzinfo=None) - begins.replace(tzinfo=None)
    else:
        length = _duration(component) or (timedelta(days=1) if whole_days else timedelta())
    if length <= timedelta() or length > LONGEST:
        raise _Unreadable(
            N_("“%(title)s” has no end, ends before it begins, or is longer than a year: it is left out."),
            title=_title(component),
        )
    return begins, length


def _moment(component: Component, name: str, *, wanted: bool = True) -> Any:
    value = component.get(name)
    if value is None and not wanted:
        return None
    moment = _dt(value)
    if not isinstance(moment, date):
        raise _unreadable(component)
    zone = str(getattr(value, "params", {}).get("TZID", ""))
    if zone and isinstance(moment, datetime) and moment.tzinfo is None:
        raise _Unreadable(
            N_("“%(title)s” is in the time zone %(zone)s, which is not known: it is left out."),
            title=_title(component),
            zone=zone[:64],
        )
    return moment


def _dt(value: Any) -> Any:
    """What a property holds; None for one that could not be read."""
    try:
        return value.dt
    except (AttributeError, ValueError):
        return None


def _unreadable(component: Component) -> _Unreadable:
    return _Unreadable(N_("“%(title)s” has a time that cannot be read: it is left out."), title=_title(component))


def _duration(component: Component) -> timedelta | None:
    length = _dt(component.get("DURATION"))
    return length if isinstance(length, timedelta) else None


def _listed(component: Component, name: str, start: datetime) -> Iterator[datetime]:
    """The instants of a list of times, in the zone of the event."""
    value = component.get(name)
    for listed in value if isinstance(value, list) else [value]:
        for one in listed.dts if isinstance(listed, vDDDLists) else ():
            moment = _dt(one)
            if isinstance(moment, tuple):
                moment = moment[0]
            if isinstance(moment, datetime):
                yield moment.astimezone(start.tzinfo) if moment.tzinfo and start.tzinfo else moment
            elif isinstance(moment, date):
                # A day alone takes out, or adds, the time of the event on that day.
                yield datetime.combine(moment, start.time(), tzinfo=start.tzinfo)


def _as_datetime(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def _instant(moment: datetime, zone: ZoneInfo) -> datetime:
    place = moment.tzinfo
    if place is None:
        return instant_of(moment, zone)
    if isinstance(place, ZoneInfo):
        return instant_of(moment.replace(tzinfo=None), place)
    return moment.astimezone(UTC)


def _key(moment: datetime, zone: ZoneInfo) -> str:
    return f"{_instant(moment, zone):%Y%m%dT%H%M%SZ}"


def _recurrence(component: Component, zone: ZoneInfo) -> str:
    """What names one time of an event that comes round; empty for the event itself."""
    moment = _dt(component.get("RECURRENCE-ID"))
    return _key(_as_datetime(moment), zone) if isinstance(moment, date) else ""


def _uid(component: Component) -> str:
    """What names an event; where a calendar gives none, its title and its beginning do."""
    uid = str(component.get("UID", "")).strip() or f"{_title(component)} {_dt(component.get('DTSTART'))}"
    return uid[:LONGEST_UID].replace("\x00", "")


def _title(component: Component) -> str:
    return " ".join(str(component.get("SUMMARY", "")).replace("\x00", "").split())[:120] or "–"


def _attendees(component: Component) -> list[Any]:
    value = component.get("ATTENDEE", [])
    return value if isinstance(value, list) else [value]


def _addresses(component: Component) -> Iterator[str]:
    for attendee in _attendees(component):
        yield re.sub(r"^mailto:", "", str(attendee).strip(), flags=re.IGNORECASE).lower()


def _names(component: Component) -> Iterator[str]:
    for attendee in _attendees(component):
        name = str(getattr(attendee, "params", {}).get("CN", "")).strip()
        if name:
            yield name


def _latest(events: list[Event]) -> list[Event]:
    """Each event once: of two with the same name the later of the file."""
    return list({(event.uid, event.recurrence): event for event in events}.values())
