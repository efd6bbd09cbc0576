"""What people type, over both clock changes, and what a page says is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.law.clock import as_utc, utcnow
from incidents.law.localtime import (
    AmbiguousTime,
    NonexistentTime,
    Remaining,
    countdown,
    known_zone,
    offset_words,
    read_local,
)
from incidents.refusals import Refused

LONDON = ZoneInfo("Europe/London")
SIX = (
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-10-23T10:15",
        "2026-10-23T10:15:00",
        "2026-10-23T10:15:00.999",
        "2026-10-23 10:15",
        "23/10/2026 10:15",
        "23.10.2026 10:15",
        "23. 10. 2026 10:15",
        "23-10-2026 10:15",
        "  23/10/2026,   10:15 ",
    ],
)
def test_a_date_and_time_is_read_as_people_write_it(typed: str) -> None:
    assert read_local(typed, LONDON) == datetime(2026, 10, 23, 9, 15, tzinfo=UTC)


def test_single_digits_are_read_with_the_day_before_the_month() -> None:
    read = read_local("5/6/2026 1:30", LONDON)

    assert read == datetime(2026, 6, 5, 0, 30, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", r"^Write the date and the time, like 2026-10-25 01:30 or 25/10/2026 01:30\.$"),
        ("yesterday noon", "cannot be read"),
        ("23/10/2026", "cannot be read"),
        ("23/10.2026 10:15", "cannot be read"),
        ("2026-10-23T10:15+01:00", "cannot be read"),
        ("٢٣/١٠/٢٠٢٦ ١٠:١٥", "cannot be read"),
        ("x" * 5000, "^x{39}… cannot be read"),
        ("23/10/26 10:15", r"^Write the year with four digits, such as 2026\.$"),
        ("0026-10-23T10:15", "four digits"),
        ("23/10/20266 10:15", "four digits"),
        ("23/10/1899 10:15", "four digits"),
        ("23/10/3000 10:15", "four digits"),
        ("10/23/2026 10:15", r"^Write the day first, then the month, such as 25/10/2026\.$"),
        ("12/13/2026 10:15", "day first"),
        ("13/13/2026 10:15", "not a day of the calendar"),
        ("31/02/2026 10:15", "not a day of the calendar"),
        ("29/02/2026 10:15", "not a day of the calendar"),
        ("00/01/2026 10:15", "not a day of the calendar"),
        ("23/10/2026 24:00", "hours from 00 to 23"),
        ("23/10/2026 10:60", "hours from 00 to 23"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read_local(typed, LONDON)


def test_a_time_that_came_twice_is_asked_about_with_both_answers() -> None:
    with pytest.raises(AmbiguousTime) as asked:
        read_local("2026-10-25T01:30", LONDON)

    first, second = asked.value.first, asked.value.second
    assert (first.fold, first.abbreviation, first.offset) == (0, "BST", "UTC+01:00")
    assert (second.fold, second.abbreviation, second.offset) == (1, "GMT", "UTC+00:00")
    assert first.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second.at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert str(asked.value) == (
        "The clocks went back that day, so 01:30 came twice: first in BST (UTC+01:00), then in GMT "
        "(UTC+00:00). Say which one you mean."
    )
    for reading in (first, second):
        assert read_local("25/10/2026 1:30", LONDON, fold=reading.fold) == reading.at


@pytest.mark.parametrize("fold", [None, 0, 1])
def test_a_time_that_never_came_is_refused_and_the_jump_is_named(fold: int | None) -> None:
    with pytest.raises(NonexistentTime, match="the clocks jumped from 01:00 to 02:00") as refused:
        read_local("29/03/2026 01:30", LONDON, fold=fold)

    assert f"{refused.value.before:%H:%M}–{refused.value.after:%H:%M}" == "01:00–02:00"


@pytest.mark.parametrize(
    ("typed", "place", "sentence"),
    [
        (
            "29/03/2026 01:30:05",
            "Europe/London",
            "There was no 01:30:05 in Europe/London: the clocks jumped from 01:00 to 02:00. Write a time before or "
            "after that.",
        ),
        (
            "04/10/2026 02:15",
            "Australia/Lord_Howe",
            "There was no 02:15 in Australia/Lord_Howe: the clocks jumped from 02:00 to 02:30. Write a time before or "
            "after that.",
        ),
        (
            "25/10/2026 01:30:05",
            "Europe/London",
            "The clocks went back that day, so 01:30:05 came twice: first in BST (UTC+01:00), then in GMT "
            "(UTC+00:00). Say which one you mean.",
        ),
        (
            "05/04/2026 03:00",
            "Pacific/Chatham",
            "The clocks went back that day, so 03:00 came twice: first in UTC+13:45, then in UTC+12:45. Say which one "
            "you mean.",
        ),
    ],
)
def test_both_kinds_of_wrong_times_are_told_in_whole_sentences(typed: str, place: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read_local(typed, known_zone(place))

    assert str(refused.value) == sentence
    if isinstance(refused.value, AmbiguousTime):
        assert refused.value.first.at.tzinfo is refused.value.second.at.tzinfo is UTC


@pytest.mark.parametrize(("length", "shown"), [(40, "x" * 40), (41, "x" * 39 + "…")])
def test_what_was_typed_is_shown_back_up_to_forty_letters(length: int, shown: str) -> None:
    with pytest.raises(Refused) as refused:
        read_local("x" * length, LONDON)

    assert str(refused.value) == (
        f"{shown} cannot be read as a date and time. Write it like 2026-10-25 01:30 or 25/10/2026 01:30."
    )


@pytest.mark.parametrize("never", ["01:00", "01:00:01", "01:17:43", "01:29:59", "01:59:58", "01:59:59"])
def test_the_jump_is_named_to_the_minute_wherever_in_it_one_asks(never: str) -> None:
    with pytest.raises(NonexistentTime) as refused:
        read_local(f"29/03/2026 {never}", LONDON)

    assert refused.value.before == datetime(2026, 3, 29, 1, 0)  # noqa: DTZ001
    assert refused.value.after == datetime(2026, 3, 29, 2, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("place", "never", "jump", "twice", "between"),
    [
        ("Europe/London", "2026-03-29 01:00", "01:00 to 02:00", "2026-10-25 01:59", 60),
        ("Europe/Berlin", "2026-03-29 02:59:59", "02:00 to 03:00", "2026-10-25 02:00", 60),
        ("America/New_York", "2026-03-08 02:30", "02:00 to 03:00", "2026-11-01 01:30", 60),
        ("America/St_Johns", "2026-03-08 02:30", "02:00 to 03:00", "2026-11-01 01:30", 60),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "02:00 to 02:30", "2026-04-05 01:45", 30),
        ("Pacific/Chatham", "2026-09-27 03:00", "02:45 to 03:45", "2026-04-05 03:00", 60),
    ],
)
def test_both_clock_changes_are_noticed_in_six_zones(
    place: str, never: str, jump: str, twice: str, between: int
) -> None:
    zone = known_zone(place)

    with pytest.raises(NonexistentTime, match=jump):
        read_local(never, zone)
    with pytest.raises(AmbiguousTime) as asked:
        read_local(twice, zone)

    assert asked.value.second.at - asked.value.first.at == timedelta(minutes=between)


def test_the_edges_of_a_clock_change_are_plain_times() -> None:
    assert read_local("2026-03-29 00:59:59", LONDON) == datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    assert read_local("2026-03-29 02:00", LONDON) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert read_local("2026-10-25 00:59:59", LONDON) == datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)
    assert read_local("2026-10-25 02:00", LONDON, fold=1) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


def test_a_whole_day_that_never_came_is_named_with_its_dates() -> None:
    with pytest.raises(NonexistentTime, match="from 2011-12-30 00:00 to 2011-12-31 00:00"):
        read_local("30/12/2011 12:00", known_zone("Pacific/Apia"))


def test_an_answer_that_is_neither_first_nor_second_is_refused() -> None:
    with pytest.raises(Refused, match=r"^Say whether you mean the first or the second time\.$"):
        read_local("2026-10-25 01:30", LONDON, fold=2)


@settings(deadline=None, database=None)
@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    place=st.sampled_from(SIX),
)
def test_every_instant_shown_in_local_time_is_read_back(at: datetime, place: str) -> None:
    zone = known_zone(place)
    local = at.replace(microsecond=0).astimezone(zone)

    assert read_local(f"{local:%d/%m/%Y %H:%M:%S}", zone, fold=local.fold) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "London",
        "Europe",
        "europe/london",
        "Europe/London ",
        "../Europe/London",
        "/etc/localtime",
        "posix/Europe/London",
        "Europe/London\0",
        "localtime",
        "Factory",
        "Europe/" + "x" * 5000,
    ],
)
def test_a_zone_that_is_not_a_place_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        known_zone(name)

    shown = name if len(name) <= 40 else f"{name[:39]}…"
    assert str(refused.value) == (f"{shown} is not a time zone. Choose one by region and city, such as Europe/London.")


def test_a_known_zone_is_given_by_its_name() -> None:
    assert [known_zone(name).key for name in (*SIX, "UTC")] == [*SIX, "UTC"]


@pytest.mark.parametrize(
    ("left", "remaining"),
    [
        (timedelta(hours=72), Remaining(False, 72, 0)),
        (timedelta(hours=11, minutes=59, seconds=59), Remaining(False, 11, 59)),
        (timedelta(seconds=59), Remaining(False, 0, 0)),
        (timedelta(), Remaining(False, 0, 0)),
        (timedelta(seconds=-1), Remaining(True, 0, 0)),
        (timedelta(hours=-100, minutes=-1, seconds=-59), Remaining(True, 100, 1)),
    ],
)
def test_the_countdown_never_shows_more_time_than_there_is(left: timedelta, remaining: Remaining) -> None:
    now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert countdown((now + left).astimezone(LONDON), now=now) == remaining


def test_the_countdown_refuses_instants_without_a_zone() -> None:
    with pytest.raises(Refused, match="no time zone"):
        countdown(datetime(2026, 10, 25, 0, 30), now=utcnow())  # noqa: DTZ001


def test_the_clock_is_aware_and_in_utc() -> None:
    before, now = datetime.now(UTC), utcnow()

    assert now.tzinfo is UTC
    assert timedelta() <= now - before < timedelta(minutes=1)


def test_an_instant_at_the_end_of_time_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="four digits"):
        as_utc(datetime.fromisoformat("9999-12-31T23:59-11:00"))


def test_offsets_are_told_from_utc() -> None:
    at = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)

    told = [offset_words(at.astimezone(ZoneInfo(name))) for name in ("UTC", "Asia/Kolkata", "America/St_Johns")]
    assert told == ["UTC+00:00", "UTC+05:30", "UTC-03:30"]
