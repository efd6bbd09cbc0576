"""The worked examples as dates people write them, and what must hold for every start in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.law.counting import Basis, Count, Counting, Terms, Unit, count, count_hours, count_target
from incidents.law.localtime import read_local
from incidents.refusals import Refused

LONDON = ZoneInfo("Europe/London")
KOLKATA = ZoneInfo("Asia/Kolkata")
SEVENTY_TWO = Terms(Unit.HOURS, 72, Counting.REG_1182_71)
HOUR = timedelta(hours=1)

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/London",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
    )
]
# Fifty years with every kind of clock change in them, half-hour ones too.
instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from([*ZONES, KOLKATA])
everywhere = settings(deadline=None, database=None)


def shown(counted: Count, zone: ZoneInfo) -> tuple[str, str]:
    assert counted.ceiling_at is not None
    due, ceiling = (at.astimezone(zone) for at in (counted.due_at, counted.ceiling_at))
    return f"{due:%a %d %b %H:%M %Z}", f"{ceiling:%a %d %b %H:%M %Z}"


@pytest.mark.parametrize(
    ("aware", "place", "due", "ceiling"),
    [
        ("20/11/2026 16:20", "Europe/London", "Mon 23 Nov 16:20 GMT", "Mon 23 Nov 17:00 GMT"),
        ("20/11/2026 16:00", "Europe/London", "Mon 23 Nov 16:00 GMT", "Mon 23 Nov 17:00 GMT"),
        ("02/04/2026 18:20", "Europe/Dublin", "Sun 05 Apr 18:20 IST", "Sun 05 Apr 19:00 IST"),
        ("24.12.2026 15:45", "Europe/Berlin", "Sun 27 Dec 15:45 CET", "Sun 27 Dec 16:00 CET"),
        ("27/03/2026 10:15", "Europe/London", "Mon 30 Mar 11:15 BST", "Mon 30 Mar 12:00 BST"),
        ("23/10/2026 10:15", "Europe/London", "Mon 26 Oct 09:15 GMT", "Mon 26 Oct 10:00 GMT"),
        ("24/10/2026 01:30", "Europe/London", "Tue 27 Oct 00:30 GMT", "Tue 27 Oct 01:00 GMT"),
        ("22.10.2026 9:10", "Europe/Berlin", "Sun 25 Oct 08:10 CET", "Sun 25 Oct 09:00 CET"),
        ("2026-11-20 09:10", "Asia/Kolkata", "Mon 23 Nov 09:10 IST", "Mon 23 Nov 10:00 IST"),
    ],
)
def test_the_worked_examples_come_out_as_written(aware: str, place: str, due: str, ceiling: str) -> None:
    zone = ZoneInfo(place)

    counted = count(SEVENTY_TWO, read_local(aware, zone), zone=zone)

    assert shown(counted, zone) == (due, ceiling)
    assert counted.basis is Basis.LAW


@pytest.mark.parametrize(("fold", "due"), [(0, "00:30"), (1, "01:30")])
def test_the_hour_that_came_twice_has_two_deadlines(fold: int, due: str) -> None:
    counted = count(SEVENTY_TWO, read_local("2026-10-25T01:30", LONDON, fold=fold), zone=LONDON)

    assert f"{counted.due_at:%d %b %H:%M}" == f"28 Oct {due}"


@pytest.mark.parametrize(("home", "authority"), [(KOLKATA, LONDON), (LONDON, KOLKATA)])
def test_where_clock_hours_differ_the_earlier_ceiling_stands(home: ZoneInfo, authority: ZoneInfo) -> None:
    start = read_local("20/11/2026 09:10", KOLKATA)

    counted = count(SEVENTY_TWO, start, zone=home, authority_zones=[authority])

    assert counted.due_at == datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
    assert counted.ceiling_at == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert counted.steps[-2].words() == (
        f"Clock hours do not end together in {home}, {authority}. The earlier end counts, that of Europe/London."
    )


def test_the_steps_tell_the_counting_over_the_clock_change_in_words() -> None:
    terms = Terms(Unit.HOURS, 72, Counting.UK_GDPR_4A)

    counted = count(terms, read_local("23/10/2026 10:15", LONDON), zone=LONDON)

    assert [step.words() for step in counted.steps] == [
        "The clock starts at 2026-10-23 10:15 BST.",
        "72 hours pass, nights, weekends and holidays included. The deadline is 2026-10-26 09:15 GMT.",
        "The clocks change in between, from UTC+01:00 to UTC+00:00. The hours that pass are counted, not the "
        "hands of the clock.",
        "The latest arguable moment is 2026-10-26 10:00 GMT: the clock hour of the start, up to "
        "2026-10-23 11:00 BST, does not count (UK GDPR, Article 4A). It is never a target.",
    ]


def test_steps_are_translated_and_their_instants_shown_by_whoever_shows_them() -> None:
    counted = count(SEVENTY_TWO, datetime(2026, 11, 20, 16, 20, 5, tzinfo=UTC), zone=LONDON)

    said = counted.steps[0].words(lambda message: message.upper().replace("(START)S", "(start)s"), repr)

    assert said.startswith("THE CLOCK STARTS AT datetime.datetime(2026, 11, 20, 16, 20, 5")
    assert counted.steps[0].words() == "The clock starts at 2026-11-20 16:20:05 GMT."


def test_a_duty_without_a_fixed_period_gets_a_target_that_says_it_is_not_law() -> None:
    terms = Terms(Unit.NO_FIXED_PERIOD)
    start = read_local("24/10/2026 12:00", LONDON)

    usual = count(terms, start, zone=LONDON)
    own = count(terms, start, zone=LONDON, target=timedelta(hours=1, minutes=30))

    assert usual.due_at == start + timedelta(hours=24)
    assert (usual.basis, usual.ceiling_at) == (Basis.TARGET, None)
    assert own.due_at == start + timedelta(minutes=90)
    assert [step.words() for step in own.steps] == [
        "The clock starts at 2026-10-24 12:00 BST.",
        "The law gives no number of hours: act without undue delay.",
        "The target set here is 1.5 h, until 2026-10-24 13:30 BST. It is a target, not law.",
    ]


def test_before_article_4a_was_law_there_is_a_deadline_but_no_ceiling() -> None:
    terms = Terms(Unit.HOURS, 72, Counting.UK_GDPR_4A, counting_from=date(2025, 8, 20))

    before = count(terms, read_local("19/08/2025 23:59", LONDON), zone=LONDON)
    after = count(terms, read_local("20/08/2025 00:00", LONDON), zone=LONDON)

    assert before.due_at == read_local("22/08/2025 23:59", LONDON)
    assert before.ceiling_at is None
    assert after.ceiling_at == read_local("23/08/2025 01:00", LONDON)


def test_hours_that_no_ceiling_law_covers_are_only_elapsed() -> None:
    start = datetime(2026, 11, 20, 3, 40, tzinfo=UTC)

    counted = count(Terms(Unit.HOURS, 6, Counting.CONSECUTIVE), start, zone=KOLKATA)

    assert (counted.due_at, counted.ceiling_at) == (start + timedelta(hours=6), None)


@pytest.mark.parametrize(
    "terms", [Terms(Unit.SEE_TEXT), *(Terms(unit) for unit in Unit if unit is not Unit.NO_FIXED_PERIOD)]
)
def test_a_period_that_is_no_number_is_refused_not_guessed(terms: Terms) -> None:
    with pytest.raises(Refused, match=r"^The law gives this period in words, .* Work this date out by hand.$"):
        count(terms, datetime(2026, 11, 20, tzinfo=UTC), zone=LONDON)


@pytest.mark.parametrize("terms", [SEVENTY_TWO, Terms(Unit.NO_FIXED_PERIOD)])
def test_a_start_without_a_zone_is_refused(terms: Terms) -> None:
    with pytest.raises(Refused, match="no time zone"):
        count(terms, datetime(2026, 11, 20, 16, 20), zone=LONDON)  # noqa: DTZ001


@pytest.mark.parametrize("start", ["0001-01-01T00:00+00:00", "0026-10-23T10:15+01:00", "9999-12-31T23:59-11:00"])
@pytest.mark.parametrize("terms", [SEVENTY_TWO, Terms(Unit.NO_FIXED_PERIOD)])
def test_a_year_that_is_a_slip_of_the_hand_is_refused(terms: Terms, start: str) -> None:
    with pytest.raises(Refused, match="four digits"):
        count(terms, datetime.fromisoformat(start), zone=ZoneInfo("Pacific/Kiritimati"))


@pytest.mark.parametrize("hours", [1, 10 * 366 * 24])
def test_an_hour_is_the_least_and_ten_years_are_the_most(hours: int) -> None:
    start, length = datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=hours)

    assert count_hours(start, hours, zone=LONDON).due_at == start + length
    assert count_target(start, length, zone=LONDON).due_at == start + length


@pytest.mark.parametrize("hours", [0, -72, 10 * 366 * 24 + 1, 10**12])
def test_a_period_that_is_none_is_refused(hours: int) -> None:
    with pytest.raises(Refused, match=r"^Give a period of at least one hour and at most ten years.$"):
        count_hours(datetime(2026, 11, 20, tzinfo=UTC), hours, zone=LONDON)


@pytest.mark.parametrize("target", [timedelta(), timedelta(seconds=-1), timedelta(days=4000)])
def test_a_target_that_is_none_is_refused(target: timedelta) -> None:
    with pytest.raises(Refused, match=r"^Give a target after the start and within ten years.$"):
        count_target(datetime(2026, 11, 20, tzinfo=UTC), target, zone=LONDON)


@everywhere
@given(start=instants, zone=zones, hours=st.integers(1, 1000))
def test_hours_are_elapsed_hours_over_every_clock_change(start: datetime, zone: ZoneInfo, hours: int) -> None:
    counted = count_hours(start.astimezone(zone), hours, zone=zone, counting=Counting.REG_1182_71)

    assert counted.due_at - start == timedelta(hours=hours)
    assert counted.due_at.tzinfo is UTC


@everywhere
@given(start=instants, zone=zones, authority=zones)
def test_the_ceiling_is_after_due_and_within_the_hour(start: datetime, zone: ZoneInfo, authority: ZoneInfo) -> None:
    both = count(SEVENTY_TWO, start, zone=zone, authority_zones=[authority])
    alone = count(SEVENTY_TWO, start, zone=zone)

    assert both.ceiling_at is not None
    assert alone.ceiling_at is not None
    assert both.due_at < both.ceiling_at <= alone.ceiling_at <= alone.due_at + HOUR


@everywhere
@given(start=instants, zone=zones)
def test_the_ceiling_ends_a_clock_hour_where_the_clock_was_not_moved_by_part_of_an_hour(
    start: datetime, zone: ZoneInfo
) -> None:
    ceiling = count(SEVENTY_TWO, start, zone=zone).ceiling_at

    assert ceiling is not None
    moved = (ceiling.astimezone(zone).utcoffset() or HOUR) - (start.astimezone(zone).utcoffset() or HOUR)
    assert moved % HOUR or not (ceiling.astimezone(zone).minute or ceiling.second or ceiling.microsecond)


@everywhere
@given(starts=st.tuples(instants, instants), zone=zones)
def test_an_earlier_start_is_never_due_later(starts: tuple[datetime, datetime], zone: ZoneInfo) -> None:
    first, second = (count(SEVENTY_TWO, start, zone=zone) for start in sorted(starts))

    assert first.due_at <= second.due_at


@everywhere
@given(start=instants, zone=zones, target=st.timedeltas(timedelta(seconds=1), timedelta(days=90)))
def test_a_target_lies_after_its_start(start: datetime, zone: ZoneInfo, target: timedelta) -> None:
    assert count_target(start, target, zone=zone).due_at == start + target > start
