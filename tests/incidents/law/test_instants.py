"""Times with and without an offset as people and machines write them, over both clock changes in six zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.law.counting import Counting, Terms, Unit, count
from incidents.law.localtime import (
    AmbiguousTime,
    NonexistentTime,
    country_of,
    instant_of,
    known_zone,
    read_instant,
    within_years,
)
from incidents.refusals import Refused

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    "typed",
    [
        "2026-10-23T10:15:00+01:00",
        "2026-10-23T10:15+01:00",
        "2026-10-23T10:15:00+0100",
        "2026-10-23T10:15:00+01",
        "2026-10-23T09:15:00Z",
        "2026-10-23 09:15z",
        "2026-10-23T09:15:00.123456789Z",
        "2026-10-23T09:15:00.5-00:00",
        "2026-10-23T04:15:00-05:00",
        "2026-10-23T14:45:00+05:30",
        "2026-10-23T23:00:00+13:45",
        "2026-10-23T10:14:00+00:59",
        "2026-10-22T18:15:00-15:00",
        "2026-10-24T00:15:00+15:00",
        "23/10/2026 10:15 +01:00",
        " 23.10.2026  10:15   +01:00 ",
        "23/10/2026 10:15",
        "2026-10-23T10:15:00",
    ],
)
def test_a_time_with_an_offset_is_that_instant_and_one_without_is_local(typed: str) -> None:
    read = read_instant(typed, LONDON)

    assert read == datetime(2026, 10, 23, 9, 15, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2026-10-23", "cannot be read"),
        ("2026-10-23Z", "cannot be read"),
        ("23-10-2026", "cannot be read"),
        ("2026-10-23T10:15:00 Europe/London", "cannot be read"),
        ("2026-10-23T10:15:00+01:00[Europe/London]", "cannot be read"),
        ("2026-W43-5T10:15:00Z", "cannot be read"),
        ("2026-10-23T10:15:00+1", "cannot be read"),
        (
            "2026-10-23T10:15:00+15:01",
            r"^2026-10-23T10:15:00\+15:01 has no offset that clocks anywhere have. Write one like \+01:00.$",
        ),
        ("2026-10-23T10:15:00-99:00", "no offset that clocks anywhere have"),
        ("2026-10-23T10:15:00+01:60", "no offset that clocks anywhere have"),
        ("2026-10-23T24:00:00Z", "hours from 00 to 23"),
        ("2026-10-23T23:59:60Z", "minutes from 00 to 59"),
        ("2026-02-29T10:15:00Z", "not a day of the calendar"),
        ("26-10-23T10:15:00Z", "four digits"),
        ("0026-10-23T10:15:00Z", "four digits"),
        ("", "Write the date and the time"),
        ("Z", "cannot be read"),
        ("x" * 5000 + ":00Z", "^x{39}… cannot be read"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused_in_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read_instant(typed, LONDON)


# For each zone: the minutes around both clock changes, and what lies 72 hours on, as on the wall there.
@pytest.mark.parametrize(
    ("place", "typed", "offset", "due"),
    [
        ("Europe/London", "29/03/2026 00:59", "+00:00", "Wed 01 Apr 01:59"),
        ("Europe/London", "29/03/2026 02:00", "+01:00", "Wed 01 Apr 02:00"),
        ("Europe/London", "26/03/2026 02:30", "+00:00", "Sun 29 Mar 03:30"),
        ("Europe/London", "25/10/2026 00:59", "+01:00", "Tue 27 Oct 23:59"),
        ("Europe/London", "25/10/2026 02:00", "+00:00", "Wed 28 Oct 02:00"),
        ("Europe/Berlin", "29.03.2026 1:59", "+01:00", "Wed 01 Apr 02:59"),
        ("Europe/Berlin", "29.03.2026 3:00", "+02:00", "Wed 01 Apr 03:00"),
        ("Europe/Berlin", "25.10.2026 1:59", "+02:00", "Wed 28 Oct 00:59"),
        ("Europe/Berlin", "25.10.2026 3:00", "+01:00", "Wed 28 Oct 03:00"),
        ("America/New_York", "2026-03-08 01:59", "-05:00", "Wed 11 Mar 02:59"),
        ("America/New_York", "2026-03-08 03:00", "-04:00", "Wed 11 Mar 03:00"),
        ("America/New_York", "2026-11-01 00:59", "-04:00", "Tue 03 Nov 23:59"),
        ("America/New_York", "2026-11-01 02:00", "-05:00", "Wed 04 Nov 02:00"),
        ("America/St_Johns", "2026-03-08 01:59", "-03:30", "Wed 11 Mar 02:59"),
        ("America/St_Johns", "2026-03-08 03:00", "-02:30", "Wed 11 Mar 03:00"),
        ("America/St_Johns", "2026-11-01 00:59", "-02:30", "Tue 03 Nov 23:59"),
        ("America/St_Johns", "2026-11-01 02:00", "-03:30", "Wed 04 Nov 02:00"),
        ("Australia/Lord_Howe", "04/10/2026 01:59", "+10:30", "Wed 07 Oct 02:29"),
        ("Australia/Lord_Howe", "04/10/2026 02:30", "+11:00", "Wed 07 Oct 02:30"),
        ("Australia/Lord_Howe", "05/04/2026 01:29", "+11:00", "Wed 08 Apr 00:59"),
        ("Australia/Lord_Howe", "05/04/2026 02:00", "+10:30", "Wed 08 Apr 02:00"),
        ("Pacific/Chatham", "27/09/2026 02:44", "+12:45", "Wed 30 Sep 03:44"),
        ("Pacific/Chatham", "27/09/2026 03:45", "+13:45", "Wed 30 Sep 03:45"),
        ("Pacific/Chatham", "05/04/2026 02:44", "+13:45", "Wed 08 Apr 01:44"),
        ("Pacific/Chatham", "05/04/2026 03:45", "+12:45", "Wed 08 Apr 03:45"),
        ("Asia/Kolkata", "25/10/2026 01:30", "+05:30", "Wed 28 Oct 01:30"),
    ],
)
def test_around_both_clock_changes_a_time_and_its_deadline_are_those_of_the_wall(
    place: str, typed: str, offset: str, due: str
) -> None:
    zone = known_zone(place)

    start = read_instant(typed, zone)
    counted = count(Terms(Unit.HOURS, 72, Counting.REG_1182_71), start, zone=zone)

    assert read_instant(f"{typed} {offset}", LONDON) == start
    assert f"{counted.due_at.astimezone(zone):%a %d %b %H:%M}" == due


@pytest.mark.parametrize(
    ("place", "twice", "offsets"),
    [
        ("Europe/London", "25/10/2026 01:30", ("+01:00", "+00:00")),
        ("Europe/Berlin", "25.10.2026 2:30", ("+02:00", "+01:00")),
        ("America/New_York", "2026-11-01 01:30", ("-04:00", "-05:00")),
        ("America/St_Johns", "2026-11-01 01:30", ("-02:30", "-03:30")),
        ("Australia/Lord_Howe", "05/04/2026 01:45", ("+11:00", "+10:30")),
        ("Pacific/Chatham", "05/04/2026 03:00", ("+13:45", "+12:45")),
    ],
)
def test_a_time_that_came_twice_is_settled_by_its_offset(place: str, twice: str, offsets: tuple[str, str]) -> None:
    zone = known_zone(place)

    with pytest.raises(AmbiguousTime) as asked:
        read_instant(twice, zone)

    meant = [read_instant(f"{twice}{offset}", zone) for offset in offsets]
    assert [asked.value.first.at, asked.value.second.at] == meant


@pytest.mark.parametrize(
    ("place", "never"),
    [
        ("Europe/London", "29/03/2026 01:30"),
        ("Australia/Lord_Howe", "04/10/2026 02:15"),
        ("Pacific/Chatham", "27/09/2026 03:00"),
    ],
)
def test_a_time_that_never_came_is_refused_unless_an_offset_says_what_was_meant(place: str, never: str) -> None:
    with pytest.raises(NonexistentTime):
        read_instant(never, known_zone(place))

    assert read_instant(f"{never} +01:00", known_zone(place)).tzinfo is UTC


@settings(deadline=None, database=None)
@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    place=st.sampled_from(["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham"]),
)
def test_every_instant_written_with_its_offset_is_read_back(at: datetime, place: str) -> None:
    whole = at.replace(microsecond=0)

    assert read_instant(whole.astimezone(ZoneInfo(place)).isoformat(), LONDON) == whole


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/London", "GB"),
        ("Europe/Berlin", "DE"),
        ("America/Sao_Paulo", "BR"),
        ("Asia/Kolkata", "IN"),
        ("UTC", None),
        ("Etc/GMT+5", None),
        ("Asia/Calcutta", None),
        ("nonsense", None),
    ],
)
def test_the_country_of_a_zone_is_that_of_its_city(zone: str, country: str | None) -> None:
    assert country_of(zone) == country


@pytest.mark.parametrize("year", ["1899", "3000", "0001"])
def test_only_years_that_people_mean_are_taken(year: str) -> None:
    with pytest.raises(Refused, match="four digits"):
        within_years(datetime.fromisoformat(f"{year}-06-01T12:00+01:00"))


@pytest.mark.parametrize("year", ["1900", "2999"])
def test_the_first_and_the_last_year_are_taken(year: str) -> None:
    typed = datetime.fromisoformat(f"{year}-06-01T12:00+01:00")

    assert within_years(typed) == typed
    assert within_years(typed).tzinfo is UTC


def test_a_wall_time_of_a_clock_change_is_the_first_instant_that_fits() -> None:
    never, twice = datetime(2026, 3, 29, 1, 30), datetime(2026, 10, 25, 1, 30)  # noqa: DTZ001

    assert instant_of(never, LONDON) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert instant_of(twice.replace(fold=1), LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant_of(twice + timedelta(hours=1), LONDON) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
