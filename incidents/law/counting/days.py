"""Periods in days, working days, months and years: they end with the last hour of a day, on the clocks of a place.

The day of the start does not count. Whether weekends and holidays move the last day is what the ways of counting
differ in. Where the text is unsure, the deadline is the stricter reading and the ceiling the lenient one.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from incidents.law.counting import told
from incidents.law.counting.outcome import Count, Step
from incidents.law.counting.terms import Counting, Unit
from incidents.law.localtime import instant_of, within_years
from incidents.law.workdays import DAY, Workdays
from incidents.refusals import Refused
from incidents.words import N_

NOON = time(12)
MOST: Mapping[Unit, int] = {
    Unit.CALENDAR_DAYS: 3660,
    Unit.WORKING_DAYS: 2600,
    Unit.MONTHS: 120,
    Unit.YEARS: 10,
}

# Regulation 1182/71 itself, and Art. 4A UK GDPR, which takes its Article 3 over.
_ROLLING = (Counting.REG_1182_71, Counting.UK_GDPR_4A)
_ASKS_CALENDAR = (*_ROLLING, Counting.DORA_RTS_5, Counting.NATIONAL)


class _End(NamedTuple):
    """Where a period ends in one place; `latest_at` is the lenient reading."""

    place: tzinfo
    due_at: datetime
    latest_at: datetime
    last_day: date | None
    steps: list[Step]


def count_days(
    start: datetime,
    period: int,
    unit: Unit,
    *,
    counting: Counting,
    zone: tzinfo,
    authority_zones: Iterable[tzinfo] = (),
    workdays: Workdays | None = None,
) -> Count:
    """`period` days, working days, months or years after the day of `start`; due is the end of the last day.

    Regulation 1182/71, Art. 3, and Art. 4A UK GDPR: a last day that is no working day moves to the next (3(4)),
    and a period of two days or more holds two working days at least (3(5)). DORA's RTS 2025/301, Art. 5(4):
    it moves to noon of the next. National law, unconfirmed: it stays, and the ceiling is where it might move.
    Everything else: it stays. Each place has days of its own; the earliest end counts.
    """
    start = within_years(start)
    if not 1 <= period <= MOST[unit]:
        raise Refused(N_("Give a period of at least one day and at most ten years."))
    days = workdays or Workdays()
    ends = [_end(start, place, period, unit, counting, days) for place in dict.fromkeys((zone, *authority_zones))]
    first = min(ends, key=lambda end: end.due_at)
    latest_at = min(end.latest_at for end in ends)
    steps = first.steps
    if len({end.due_at for end in ends}) > 1:
        steps.append(_differing(ends, first))
    return Count(
        first.due_at,
        latest_at if latest_at > first.due_at else None,
        tuple(steps),
        last_day=first.last_day,
    )


def day_of(start: datetime, place: tzinfo) -> date:
    """The day of an event. Where the clocks went back over midnight just after it, the day they went back to."""
    soon = start + timedelta(minutes=30)
    return min(start.astimezone(place).date(), soon.astimezone(place).date())


def end_of(day: date, place: tzinfo) -> datetime:
    """The instant at which a day's last hour ends, in UTC."""
    return instant_of(datetime.combine(day + DAY, time()), place)


def months_after(day: date, months: int) -> date:
    """The same date so many months later; where that month lacks it, its last day (1182/71, Art. 3(2)(c))."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _end(start: datetime, place: tzinfo, period: int, unit: Unit, counting: Counting, days: Workdays) -> _End:
    from_day = day_of(start, place)
    nominal = _nominal(from_day, period, unit, days)
    steps = [
        Step(N_("The clock starts at %(start)s."), {"start": start.astimezone(place)}),
        Step(told.NOT_COUNTED.get(counting, told.NOT_COUNTED[Counting.NONE]), {"day": from_day}),
        *_calendar(unit, counting, days),
        _ends(from_day, nominal, period, unit),
    ]
    last, latest = nominal, nominal
    if not days.working(nominal):
        moved = days.on_or_after(nominal)
        if counting is Counting.DORA_RTS_5:
            return _at_noon(place, nominal, moved, steps)
        if counting in _ROLLING:
            last = latest = moved
        elif counting is Counting.NATIONAL:
            latest = moved
        steps.append(Step(told.MOVED.get(counting, told.HARD), {"day": nominal, "last": moved}))
    if (
        counting in _ROLLING
        and unit is Unit.CALENDAR_DAYS
        and period > 1
        and (second := days.after(from_day, 2)) > last
    ):
        last = latest = second
        steps.append(Step(told.TWO_DAYS[counting], {"last": second}))
    due_at = end_of(last, place)
    words = told.LAST_HOUR.get(counting, told.LAST_HOUR[Counting.NONE])
    steps.append(Step(words, {"last": last, "due": due_at.astimezone(place)}))
    return _End(place, due_at, end_of(latest, place), last, steps)


def _nominal(from_day: date, period: int, unit: Unit, days: Workdays) -> date:
    """The last day before any rule moves it."""
    if unit is Unit.WORKING_DAYS:
        return days.after(from_day, period)
    if unit is Unit.CALENDAR_DAYS:
        return from_day + DAY * period
    return months_after(from_day, period * 12 if unit is Unit.YEARS else period)


def _at_noon(place: tzinfo, nominal: date, moved: date, steps: list[Step]) -> _End:
    noon = instant_of(datetime.combine(moved, NOON), place)
    steps.append(Step(told.MOVED[Counting.DORA_RTS_5], {"day": nominal, "due": noon.astimezone(place)}))
    return _End(place, noon, noon, None, steps)


def _ends(from_day: date, nominal: date, period: int, unit: Unit) -> Step:
    if unit in (Unit.MONTHS, Unit.YEARS) and nominal.day != from_day.day:
        return Step(told.SHORT, {"last": nominal})
    one, several = told.ENDS[unit]
    return Step(one if period == 1 else several, {"number": period, "last": nominal})


def _calendar(unit: Unit, counting: Counting, days: Workdays) -> list[Step]:
    """Whose working days were asked, where the counting asks for any."""
    if unit is not Unit.WORKING_DAYS and counting not in _ASKS_CALENDAR:
        return []
    if days.country is None:
        steps = [Step(told.CALENDAR["none"], {})]
    elif days.subdivision is None and days.has_regions:
        steps = [Step(told.CALENDAR["country"], {"place": days.country})]
    else:
        steps = [Step(told.CALENDAR["place"], {"place": "-".join(filter(None, (days.country, days.subdivision)))})]
    if days.added or days.struck:
        steps.append(Step(told.CALENDAR["own"], {}))
    return steps


def _differing(ends: list[_End], first: _End) -> Step:
    return Step(
        N_("Days do not end together in %(zones)s. The earlier end counts, that of %(zone)s."),
        {"zones": ", ".join(str(end.place) for end in ends), "zone": str(first.place)},
    )
