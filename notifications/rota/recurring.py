"""Rules by which an event of a calendar comes round (RFC 5545, 3.3.10), walked day by day so that none can hang us."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PARTS = {"FREQ", "INTERVAL", "UNTIL", "COUNT", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}
"""What is understood. The rest, such as the hours of a day, is for no duty."""

_WEEKDAY = re.compile(r"(?P<nth>[+-]?\d{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")


class NotUnderstood(Exception):
    """The rule says something that duties do not need."""


@dataclass(frozen=True)
class Rule:
    """On which days something comes round, from a first day on. `weekdays` are (which of the month or 0, day)."""

    first: date
    freq: str
    interval: int
    weekdays: frozenset[tuple[int, int]]
    month_days: frozenset[int]
    months: frozenset[int]
    week_start: int

    @classmethod
    def of(cls, parts: Mapping[str, list[Any]], first: date) -> Rule:
        """The rule with these parts, each a list of values. Raises `NotUnderstood`."""
        if not set(parts) <= PARTS:
            raise NotUnderstood
        freq, interval = _one(parts, "FREQ", ""), int(_one(parts, "INTERVAL", "1"))
        weekdays = frozenset(_weekday(str(value)) for value in parts.get("BYDAY", ()))
        months = frozenset(int(value) for value in parts.get("BYMONTH", ()))
        counted = any(nth for nth, _day in weekdays)
        if freq not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY") or interval < 1:
            raise NotUnderstood
        if counted and (freq in ("DAILY", "WEEKLY") or (freq == "YEARLY" and not months)):
            raise NotUnderstood
        month_days = frozenset(int(value) for value in parts.get("BYMONTHDAY", ()))
        if month_days and freq == "WEEKLY":
            raise NotUnderstood
        start = _weekday(_one(parts, "WKST", "MO"))[1]
        return cls(first, freq, interval, weekdays, month_days, months, start)

    def days(self, last: date) -> Iterator[date]:
        """The days up to the last one, in order."""
        day = self.first
        while day <= last:
            if self._in_turn(day) and self._named(day):
                yield day
            day += timedelta(days=1)

    def _in_turn(self, day: date) -> bool:
        """Whether the day, week, month or year is one in which it comes round."""
        if self.freq == "DAILY":
            gone = (day - self.first).days
        elif self.freq == "WEEKLY":
            gone = (self._week(day) - self._week(self.first)).days // 7
        elif self.freq == "MONTHLY":
            gone = (day.year - self.first.year) * 12 + day.month - self.first.month
        else:
            gone = day.year - self.first.year
        return gone % self.interval == 0

    def _named(self, day: date) -> bool:
        """Whether the rule names this day; where it names none, the first day does."""
        if self.months and day.month not in self.months:
            return False
        if self.month_days or self.weekdays:
            return self._of_month(day) and self._of_week(day)
        if self.freq == "WEEKLY":
            return day.weekday() == self.first.weekday()
        if self.freq == "YEARLY" and not self.months and day.month != self.first.month:
            return False
        return self.freq == "DAILY" or day.day == self.first.day

    def _of_month(self, day: date) -> bool:
        left = day.day - monthrange(day.year, day.month)[1] - 1
        return not self.month_days or not self.month_days.isdisjoint((day.day, left))

    def _of_week(self, day: date) -> bool:
        left = monthrange(day.year, day.month)[1] - day.day
        nths = (0, (day.day - 1) // 7 + 1, -(left // 7 + 1))
        return not self.weekdays or any((nth, day.weekday()) in self.weekdays for nth in nths)

    def _week(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)


def _one(parts: Mapping[str, list[Any]], name: str, otherwise: str) -> str:
    values = parts.get(name) or [otherwise]
    return str(values[0]).upper()


def _weekday(typed: str) -> tuple[int, int]:
    found = _WEEKDAY.fullmatch(typed.upper())
    if found is None:
        raise NotUnderstood
    return int(found["nth"] or 0), DAYS.index(found["day"])
