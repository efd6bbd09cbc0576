"""Calendars from elsewhere: what of them is read, and what is refused in a sentence."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from incidents.refusals import Refused
from notifications.rota import calendar
from notifications.rota.calendar import read
from notifications.rota.recurring import NotUnderstood, Rule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "data" / "calendars"
LONDON = ZoneInfo("Europe/London")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def written(*lines: str, method: str = "PUBLISH") -> str:
    """A calendar of one event."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", f"METHOD:{method}", "BEGIN:VEVENT", "UID:one")
    return "\r\n".join([*head, *lines, "END:VEVENT", "END:VCALENDAR", ""])


def test_what_comes_round_keeps_its_time_on_the_wall_over_both_changes_of_the_clocks() -> None:
    found = read((DATA / "weekly.ics").read_bytes(), LONDON, now=NOW)

    weeks = [(event.begins_at, event.ends_at) for event in found.events if event.uid == "weeks@example"]
    assert (utc(2026, 11, 23, 8), utc(2026, 11, 30, 8)) in weeks, "the one that runs now"
    assert (utc(2027, 3, 15, 8), utc(2027, 3, 22, 8)) in weeks
    assert (utc(2027, 3, 29, 7), utc(2027, 4, 5, 7)) in weeks, "09:00 in summer"
    assert weeks[-1][0] <= utc(2027, 4, 12, 7), "the rule ends with April"


def test_a_time_that_was_taken_out_is_not_there_and_one_that_was_moved_is_elsewhere() -> None:
    found = read((DATA / "weekly.ics").read_bytes(), LONDON, now=NOW)

    begins = {event.begins_at: event for event in found.events if event.uid == "weeks@example"}
    assert utc(2026, 12, 21, 8) not in begins
    assert utc(2027, 1, 4, 8) not in begins
    assert begins[utc(2027, 1, 5, 8)].title == "Bereitschaft Tariq"
    assert begins[utc(2027, 1, 5, 8)].recurrence == "20270104T080000Z"


def test_whole_days_and_times_without_a_zone_are_those_of_the_rota() -> None:
    found = read((DATA / "weekly.ics").read_bytes(), ZoneInfo("Asia/Kolkata"), now=NOW)

    times = {event.uid: (event.begins_at, event.ends_at) for event in found.events}
    assert times["whole-days@example"] == (utc(2026, 12, 23, 18, 30), utc(2026, 12, 26, 18, 30))
    assert times["floating@example"] == (utc(2026, 12, 28, 12, 30), utc(2026, 12, 29, 2, 30))


def test_what_cannot_be_read_is_said_and_the_rest_is_read() -> None:
    found = read((DATA / "weekly.ics").read_bytes(), LONDON, now=NOW)

    said = [problem.message % dict(problem.params) for problem in found.problems]
    assert said == [
        "“Dana” has no end, ends before it begins, or is longer than a year: it is left out.",
        "“Dana every minute” comes round by a rule that no duty needs, or since long ago: it is left out.",
        "“Dana elsewhere” is in the time zone Nowhere/Land, which is not known: it is left out.",
        "“Dana sometime” has a time that cannot be read: it is left out.",
    ]
    assert {event.uid for event in found.events if event.cancelled} == {"gone@example"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read as a calendar"),
        (b"hello", "cannot be read as a calendar"),
        (b"<html><body>Sign in</body></html>", "cannot be read as a calendar"),
        (b"\xff\xfe\x00\x01", "cannot be read as a calendar"),
        (b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Dana\r\nEND:VCARD\r\n", "cannot be read as a calendar"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", "holds no event"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * 1_100_000, "larger than a calendar of a rota"),
    ],
)
def test_what_is_no_calendar_is_refused_with_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content, LONDON, now=NOW)

    assert says in str(refused.value)
    assert refused.value.field == "calendar"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,1,2,3,4,5,6,7,8,9",
        "FREQ=SECONDLY",
        "FREQ=WOBBLY",
        "FREQ=YEARLY;BYEASTER=0",
    ],
)
def test_a_rule_made_to_hang_the_reader_does_not(rule: str) -> None:
    began = time.monotonic()

    read(written("DTSTART:20010101T090000", "DTEND:20010101T100000", f"RRULE:{rule}", "SUMMARY:Dana"), LONDON, now=NOW)

    assert time.monotonic() - began < 3


@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 5),
    weekdays=st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=3),
    nth=st.sampled_from(["", "1", "2", "-1", "5"]),
    month_days=st.sets(st.sampled_from([1, 15, 29, 31, -1, -30]), max_size=2),
    months=st.sets(st.integers(1, 12), max_size=3),
    week_start=st.sampled_from(["MO", "SU"]),
    first=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
)
def test_rules_come_round_on_the_days_on_which_another_reading_of_the_standard_has_them(
    freq: str,
    interval: int,
    weekdays: set[str],
    nth: str,
    month_days: set[int],
    months: set[int],
    week_start: str,
    first: date,
) -> None:
    named: dict[str, list[str]] = {
        "FREQ": [freq],
        "INTERVAL": [str(interval)],
        "BYDAY": [f"{nth}{day}" for day in sorted(weekdays)],
        "BYMONTHDAY": [str(day) for day in sorted(month_days)],
        "BYMONTH": [str(month) for month in sorted(months)],
        "WKST": [week_start],
    }
    parts = {name: values for name, values in named.items() if values}
    try:
        found = list(Rule.of(parts, first).days(first + timedelta(days=1500)))
    except NotUnderstood:
        assume(False)

    text = ";".join(f"{name}={','.join(values)}" for name, values in parts.items())
    other = rrulestr(text, dtstart=datetime(first.year, first.month, first.day, tzinfo=UTC), cache=False)
    expected = [
        at.date() for at in islice(takewhile(lambda at: at.date() <= first + timedelta(days=1500), other), 2000)
    ]
    assert found == expected


def test_a_count_is_counted_from_the_first_time() -> None:
    lines = ("DTSTART:20261120T090000Z", "DTEND:20261120T170000Z", "RRULE:FREQ=DAILY;COUNT=6", "SUMMARY:Dana")

    found = read(written(*lines), LONDON, now=NOW)

    assert [event.begins_at.day for event in found.events] == [23, 24, 25]


def test_a_calendar_that_takes_back_cancels_what_it_holds() -> None:
    lines = ("DTSTART:20261201T090000Z", "DTEND:20261201T170000Z", "SUMMARY:Dana")

    found = read(written(*lines, method="CANCEL"), LONDON, now=NOW)

    assert [event.cancelled for event in found.events] == [True]


def test_more_duties_than_a_rota_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "MOST_TIMES", 100)
    lines = ("DTSTART:20261123T180000Z", "DTEND:20261124T060000Z", "RRULE:FREQ=DAILY", "SUMMARY:Dana")

    with pytest.raises(Refused, match="more than 100 duties"):
        read(written(*lines), LONDON, now=NOW)


def test_an_event_of_ten_years_a_day_is_read_in_no_time() -> None:
    lines = ("DTSTART:20160101T180000Z", "DTEND:20160102T060000Z", "RRULE:FREQ=DAILY", "SUMMARY:Dana")

    found = read(written(*lines), LONDON, now=NOW)

    assert len(found.events) == 366
    assert all(event.ends_at - event.begins_at == timedelta(hours=12) for event in found.events)
