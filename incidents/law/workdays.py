"""Working days: weekends and public holidays of a country or region, as the organisation has corrected them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from incidents.refusals import Refused
from incidents.words import N_

DAY = timedelta(days=1)
LONGEST_BREAK = 60
"""Days. A calendar without a working day for longer is no calendar."""


@dataclass(frozen=True, slots=True)
class Workdays:
    """Which days are working days.

    `country` (ISO 3166, two letters) and `subdivision` (the part after the hyphen of ISO 3166-2, such as BY)
    choose a calendar of public holidays. Without a country only Saturdays and Sundays are off; without a
    subdivision only the holidays of the whole country are: fewer days off make earlier deadlines.
    `added` are further public holidays, `struck` days that are none. A firm's own closing days belong in neither:
    no law waits for them. Refuses a country or subdivision without a calendar.
    """

    country: str | None = None
    subdivision: str | None = None
    added: frozenset[date] = frozenset()
    struck: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.country is None:
            if self.subdivision is not None:
                raise Refused(N_("Name the country of %(name)s too, such as DE."), name=self.subdivision)
            return
        regions = _calendars().get(self.country)
        if regions is None:
            raise Refused(
                N_("There is no holiday calendar for %(name)s. Write the country with two letters, such as DE."),
                name=self.country[:40],
            )
        if self.subdivision is not None and self.subdivision not in regions:
            raise Refused(
                N_("The holiday calendar of %(country)s has no part %(name)s. It has: %(regions)s."),
                country=self.country,
                name=self.subdivision[:40],
                regions=", ".join(regions) or "-",
            )

    @property
    def has_regions(self) -> bool:
        """Whether the country has regions with holidays of their own."""
        return self.country is not None and bool(_calendars()[self.country])

    def working(self, day: date) -> bool:
        """Whether it is a working day. A day both added and struck out is one."""
        if day in self.struck:
            return True
        if day in self.added:
            return False
        if self.country is None:
            return day.weekday() < 5
        return day not in _days_off(self.country, self.subdivision, day.year)

    def on_or_after(self, day: date) -> date:
        """That day, if it is a working day, else the next one that is."""
        return next(self._from(day))

    def after(self, day: date, number: int) -> date:
        """The working day with that number, where the first after `day` is 1."""
        days = self._from(day + DAY)
        for _ in range(number - 1):
            next(days)
        return next(days)

    def _from(self, day: date) -> Iterator[date]:
        idle = 0
        while idle <= LONGEST_BREAK:
            if self.working(day):
                idle = 0
                yield day
            else:
                idle += 1
            day += DAY
        raise Refused(N_("The holiday calendar has no working day for two months. Put it right."))


def has_calendar(country: str) -> bool:
    """Whether there is a calendar of public holidays for a country (ISO 3166, two letters)."""
    return country in _calendars()


def regions_of(country: str) -> list[str]:
    """The parts of a country that have holidays of their own, as `Workdays.subdivision` names them."""
    return list(_calendars().get(country, ()))


@lru_cache(maxsize=16)
def parts_of(country: str) -> dict[str, str]:
    """The names of a country's parts with their codes of ISO 3166-2, as people there write them."""
    import holidays

    return dict(holidays.country_holidays(country).subdivisions_aliases)


def holiday_names(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    """The public holidays of a year with their names, without the weekends."""
    import holidays

    return dict(sorted(holidays.country_holidays(country, subdiv=subdivision, years=year).items()))


@lru_cache(maxsize=1)
def _calendars() -> dict[str, list[str]]:
    import holidays  # a quarter of a second, which hours need not wait for

    return {code: sorted(parts) for code, parts in holidays.list_supported_countries(include_aliases=False).items()}


@lru_cache(maxsize=2048)
def _days_off(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    import holidays

    calendar = holidays.country_holidays(country, subdiv=subdivision, years=year)
    first = date(year, 1, 1)
    days = (first + DAY * number for number in range((date(year + 1, 1, 1) - first).days))
    return frozenset(day for day in days if not calendar.is_working_day(day))
