"""Which days are working days, from the calendar that comes along and as the organisation corrects it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.law.workdays import LONGEST_BREAK, Workdays
from incidents.refusals import Refused


@pytest.mark.parametrize(
    ("country", "part", "off", "on"),
    [
        (None, None, "2026-11-21", "2026-12-25"),
        (None, None, "2026-11-22", "2026-11-20"),
        ("DE", None, "2026-10-03", "2026-01-06"),
        ("DE", "BY", "2026-01-06", "2026-01-07"),
        ("GB", "ENG", "2026-04-06", "2026-01-02"),
        ("GB", "SCT", "2026-01-02", "2026-04-06"),
        ("GB", "ENG", "2027-12-28", "2027-12-29"),
        ("US", None, "2026-11-26", "2026-11-27"),
        ("US", None, "2026-07-03", "2026-07-06"),
        ("BR", None, "2026-12-25", "2026-12-24"),
        ("IL", None, "2026-11-20", "2026-11-22"),
    ],
)
def test_days_off_are_those_of_the_place(country: str | None, part: str | None, off: str, on: str) -> None:
    days = Workdays(country, part)

    assert (days.working(date.fromisoformat(off)), days.working(date.fromisoformat(on))) == (False, True)


def test_a_day_can_be_added_and_struck_out_of_a_calendar() -> None:
    day, christmas, saturday = date(2026, 11, 24), date(2026, 12, 25), date(2026, 11, 21)

    own = Workdays("DE", added=frozenset([day]), struck=frozenset([christmas, saturday]))
    both = Workdays(added=frozenset([day]), struck=frozenset([day]))

    assert (own.working(day), own.working(christmas), own.working(saturday)) == (False, True, True)
    assert both.working(day)


def test_the_next_working_day_is_that_day_or_a_later_one() -> None:
    days = Workdays("DE")

    assert days.on_or_after(date(2026, 11, 20)) == date(2026, 11, 20)
    assert days.on_or_after(date(2026, 12, 25)) == date(2026, 12, 28)
    assert [days.after(date(2026, 12, 24), n) for n in (1, 2, 5)] == [
        date(2026, 12, 28),
        date(2026, 12, 29),
        date(2027, 1, 4),
    ]


@pytest.mark.parametrize(
    ("country", "part", "sentence"),
    [
        ("XX", None, "^There is no holiday calendar for XX. Write the country with two letters, such as DE.$"),
        ("DEU", None, "no holiday calendar for DEU"),
        ("de", None, "no holiday calendar for de"),
        ("UK", None, "no holiday calendar for UK"),
        ("x" * 5000, None, "no holiday calendar for x{40}. "),
        ("DE", "Bavaria", "calendar of DE has no part Bavaria. It has: .*BB, BE.*BY"),
        ("DE", "y" * 5000, "has no part y{40}. "),
        ("CO", "DC", "^The holiday calendar of CO has no part DC. It has: -.$"),
        (None, "BY", "^Name the country of BY too, such as DE.$"),
    ],
)
def test_a_place_without_a_calendar_is_refused(country: str | None, part: str | None, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        Workdays(country, part)


def test_only_countries_with_regions_have_some() -> None:
    assert Workdays("DE").has_regions
    assert not Workdays("CO").has_regions
    assert not Workdays().has_regions


def test_a_calendar_without_working_days_is_refused_rather_than_searched_for_ever() -> None:
    friday = date(2026, 11, 20)
    weekdays = frozenset(friday + timedelta(days=n) for n in range(1, LONGEST_BREAK + 1))
    never = frozenset(friday + timedelta(days=n) for n in range(1, LONGEST_BREAK + 2))

    assert Workdays(added=weekdays).after(friday, 1) == friday + timedelta(days=LONGEST_BREAK + 1)
    with pytest.raises(Refused, match=r"^The holiday calendar has no working day for two months. Put it right.$"):
        Workdays(added=never).after(friday, 1)
