"""Days, working days, months and years as dates people write, and what must hold for every start in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.law.counting import Count, Counting, Terms, Unit, count, count_days
from incidents.law.localtime import read_local
from incidents.law.workdays import Workdays
from incidents.refusals import Refused

BERLIN, LONDON, DUBLIN = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London"), ZoneInfo("Europe/Dublin")
NEW_YORK, KOLKATA = ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
EU, UK, HARD = Counting.REG_1182_71, Counting.UK_GDPR_4A, Counting.LAST_DAY_HARD
NATIONAL, DORA = Counting.NATIONAL, Counting.DORA_RTS_5
DAYS, WORKING, MONTHS, YEARS = Unit.CALENDAR_DAYS, Unit.WORKING_DAYS, Unit.MONTHS, Unit.YEARS
GERMANY, BAVARIA, IRELAND = Workdays("DE"), Workdays("DE", "BY"), Workdays("IE")
ENGLAND, AMERICA, BRAZIL = Workdays("GB", "ENG"), Workdays("US"), Workdays("BR")


def words(counted: Count) -> list[str]:
    return [step.words() for step in counted.steps]


def ends(at: datetime | None, zone: ZoneInfo) -> str | None:
    """The last minute of a period, as people say it."""
    return f"{at.astimezone(zone) - timedelta(minutes=1):%a %d %b %Y %H:%M}" if at else None


@pytest.mark.parametrize(
    ("start", "place", "number", "unit", "counting", "days", "last"),
    [
        ("31/01/2027 09:00", "Europe/Berlin", 1, MONTHS, EU, GERMANY, "Mon 01 Mar 2027"),
        ("31/01/2027 23:59", "Europe/London", 1, MONTHS, UK, ENGLAND, "Mon 01 Mar 2027"),
        ("25.09.2026 9:10", "Europe/Berlin", 1, MONTHS, EU, GERMANY, "Mon 26 Oct 2026"),
        ("31.12.2026 12:00", "Europe/Berlin", 2, MONTHS, EU, GERMANY, "Mon 01 Mar 2027"),
        ("30/11/2026 12:00", "Europe/Berlin", 1, MONTHS, EU, GERMANY, "Wed 30 Dec 2026"),
        ("6. 12. 2026 12:00", "Europe/Berlin", 1, MONTHS, EU, GERMANY, "Wed 06 Jan 2027"),
        ("6. 12. 2026 12:00", "Europe/Berlin", 1, MONTHS, EU, BAVARIA, "Thu 07 Jan 2027"),
        ("29/02/2028 12:00", "Europe/Berlin", 1, YEARS, EU, GERMANY, "Wed 28 Feb 2029"),
        ("29/02/2028 12:00", "Europe/Berlin", 4, YEARS, EU, GERMANY, "Mon 01 Mar 2032"),
        ("02/04/2026 18:20", "Europe/Dublin", 3, DAYS, EU, IRELAND, "Tue 07 Apr 2026"),
        ("02/04/2026 18:20", "Europe/Berlin", 3, DAYS, EU, GERMANY, "Wed 08 Apr 2026"),
        ("02/04/2026 18:20", "Europe/London", 3, DAYS, UK, ENGLAND, "Wed 08 Apr 2026"),
        ("20/11/2026 16:20", "Europe/Berlin", 1, DAYS, EU, GERMANY, "Mon 23 Nov 2026"),
        ("20/11/2026 16:20", "Europe/Berlin", 2, DAYS, EU, GERMANY, "Tue 24 Nov 2026"),
        ("20/11/2026 16:20", "Europe/Berlin", 4, DAYS, EU, GERMANY, "Tue 24 Nov 2026"),
        ("20/11/2026 00:00", "Europe/Berlin", 14, DAYS, EU, GERMANY, "Fri 04 Dec 2026"),
        ("12/12/2026 12:00", "Europe/Berlin", 14, DAYS, EU, GERMANY, "Mon 28 Dec 2026"),
        ("02/04/2026 18:20", "Asia/Singapore", 3, DAYS, HARD, Workdays("SG"), "Sun 05 Apr 2026"),
        ("20/11/2026 12:00", "America/New_York", 30, DAYS, HARD, AMERICA, "Sun 20 Dec 2026"),
        ("20/11/2026 12:00", "America/New_York", 30, DAYS, Counting.CONSECUTIVE, AMERICA, "Sun 20 Dec 2026"),
        ("20/11/2026 12:00", "America/New_York", 30, DAYS, Counting.CONTRACT, AMERICA, "Sun 20 Dec 2026"),
        ("31/08/2026 12:00", "America/Toronto", 24, MONTHS, Counting.NONE, Workdays("CA"), "Thu 31 Aug 2028"),
        ("24/12/2026 12:00", "America/Sao_Paulo", 3, WORKING, NATIONAL, BRAZIL, "Wed 30 Dec 2026"),
        ("24/11/2026 12:00", "America/New_York", 4, WORKING, NATIONAL, AMERICA, "Tue 01 Dec 2026"),
        ("21/11/2026 12:00", "America/New_York", 4, WORKING, NATIONAL, AMERICA, "Fri 27 Nov 2026"),
        ("20/11/2026 12:00", "America/New_York", 1, WORKING, NATIONAL, AMERICA, "Mon 23 Nov 2026"),
        ("28/03/2026 12:00", "Europe/Berlin", 1, DAYS, HARD, GERMANY, "Sun 29 Mar 2026"),
        ("24/10/2026 12:00", "Europe/London", 1, DAYS, HARD, ENGLAND, "Sun 25 Oct 2026"),
        ("31/10/2026 12:00", "America/St_Johns", 1, DAYS, HARD, Workdays("CA"), "Sun 01 Nov 2026"),
        ("03/10/2026 12:00", "Australia/Lord_Howe", 1, DAYS, HARD, Workdays("AU"), "Sun 04 Oct 2026"),
        ("26/09/2026 12:00", "Pacific/Chatham", 1, DAYS, HARD, Workdays("NZ"), "Sun 27 Sep 2026"),
        ("23/04/2026 12:00", "Africa/Cairo", 1, DAYS, HARD, Workdays("EG"), "Fri 24 Apr 2026"),
    ],
)
def test_the_last_day_of_a_period_is_the_one_people_find_in_the_calendar(
    start: str, place: str, number: int, unit: Unit, counting: Counting, days: Workdays, last: str
) -> None:
    zone = ZoneInfo(place)

    counted = count(Terms(unit, number, counting), read_local(start, zone), zone=zone, workdays=days)

    assert ends(counted.due_at, zone) == f"{last} 23:59"
    assert f"{counted.last_day:%a %d %b %Y}" == last
    assert counted.ceiling_at is None


def test_a_month_is_told_in_words_with_its_source() -> None:
    terms = Terms(MONTHS, 1, EU)

    counted = count(terms, read_local("31/01/2027 09:00", BERLIN), zone=BERLIN, workdays=BAVARIA)

    assert words(counted) == [
        "The clock starts at 2027-01-31 09:00 CET.",
        "The day of the start, Sun 2027-01-31, does not count (Regulation 1182/71, Article 3(1)).",
        "Working days are those of DE-BY.",
        "The month in which the period ends does not have that date: its last day counts, Sun 2027-02-28.",
        "Sun 2027-02-28 is no working day, so the period ends with the next one, Mon 2027-03-01 "
        "(Regulation 1182/71, Article 3(4)).",
        "The period ends with the last hour of Mon 2027-03-01 (Regulation 1182/71, Article 3(2)). The deadline is "
        "2027-03-02 00:00 CET.",
    ]


def test_days_over_easter_are_told_in_words_with_article_4a() -> None:
    counted = count(Terms(DAYS, 3, UK), read_local("02/04/2026 18:20", LONDON), zone=LONDON, workdays=Workdays("GB"))

    assert words(counted) == [
        "The clock starts at 2026-04-02 18:20 BST.",
        "The day of the start, Thu 2026-04-02, does not count (UK GDPR, Article 4A).",
        "Working days are those of GB. Holidays of its regions are left out, which is the stricter reading.",
        "3 calendar days, weekends and holidays included, end with Sun 2026-04-05.",
        "Sun 2026-04-05 is no working day, so the period ends with the next one, Mon 2026-04-06 (UK GDPR, "
        "Article 4A, by Regulation 1182/71, Article 3(4)).",
        "A period of two days or more holds at least two working days, so it ends with the second, Tue 2026-04-07 "
        "(UK GDPR, Article 4A, by Regulation 1182/71, Article 3(5)).",
        "The period ends with the last hour of Tue 2026-04-07 (UK GDPR, Article 4A). The deadline is "
        "2026-04-08 00:00 BST.",
    ]


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (Terms(DAYS, 30, HARD), "Sun 2026-12-20 is no working day. That moves nothing: the last day is taken as hard."),
        (Terms(DAYS, 30, Counting.CONTRACT), "The contract may say what then"),
        (Terms(DAYS, 1, HARD), "One calendar day ends with Sat 2026-11-21."),
        (Terms(WORKING, 1, HARD), "The first working day after it is Mon 2026-11-23."),
        (Terms(WORKING, 2, HARD), "2 working days, without weekends and public holidays, end with Tue 2026-11-24."),
        (Terms(MONTHS, 1, HARD), "One month ends with the same date, Sun 2026-12-20."),
        (Terms(MONTHS, 2, HARD), "2 months end with the same date, Wed 2027-01-20."),
        (Terms(YEARS, 1, HARD), "One year ends with the same date, Sat 2027-11-20."),
        (Terms(YEARS, 5, HARD), "5 years end with the same date, Thu 2031-11-20."),
        (Terms(DAYS, 3, HARD), "The day of the start, Fri 2026-11-20, does not count."),
        (
            Terms(DAYS, 3, HARD),
            "The period ends with the last hour of Mon 2026-11-23. The deadline is 2026-11-24 00:00",
        ),
        (Terms(WORKING, 2, HARD), "No holiday calendar is named: only Saturdays and Sundays are taken as days off."),
        (Terms(DAYS, 3, EU), "No holiday calendar is named"),
        (Terms(DAYS, 2, EU), "(Regulation 1182/71, Article 3(5))"),
    ],
)
def test_each_way_of_counting_says_what_it_does(terms: Terms, sentence: str) -> None:
    told = words(count(terms, read_local("20/11/2026 12:00", NEW_YORK), zone=NEW_YORK))

    assert any(sentence in step for step in told), told


def test_a_calendar_is_only_spoken_of_where_it_is_asked() -> None:
    start = read_local("20/11/2026 12:00", BERLIN)

    hard = words(count(Terms(DAYS, 3, HARD), start, zone=BERLIN, workdays=GERMANY))
    own = words(
        count(Terms(DAYS, 3, EU), start, zone=BERLIN, workdays=Workdays("DE", added=frozenset([date(2026, 11, 23)])))
    )

    assert not any("Working days are" in step for step in hard)
    assert "Days that were added to that calendar or struck out of it are taken into account." in own


def test_a_rule_that_changes_nothing_is_not_told() -> None:
    counted = count(Terms(DAYS, 4, EU), read_local("20/11/2026 12:00", BERLIN), zone=BERLIN, workdays=GERMANY)

    assert not any("3(4)" in step or "3(5)" in step for step in words(counted))


def test_national_law_moves_only_the_latest_arguable_moment() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    start = read_local("20/11/2026 12:00", tokyo)

    counted = count(Terms(DAYS, 30, NATIONAL), start, zone=tokyo, workdays=Workdays("JP"))

    assert ends(counted.due_at, tokyo) == "Sun 20 Dec 2026 23:59"
    assert ends(counted.ceiling_at, tokyo) == "Mon 21 Dec 2026 23:59"
    assert "National law may let the period end with Mon 2026-12-21. That is unconfirmed" in " ".join(words(counted))


def test_doras_month_moves_to_noon_of_the_next_working_day() -> None:
    month = Terms(MONTHS, 1, DORA)

    moved = count(month, read_local("25/11/2026 10:00", BERLIN), zone=BERLIN, workdays=GERMANY)
    stays = count(month, read_local("23/11/2026 10:00", BERLIN), zone=BERLIN, workdays=GERMANY)

    assert moved.due_at == read_local("28/12/2026 12:00", BERLIN)
    assert (moved.ceiling_at, moved.last_day) == (None, None)
    assert words(moved)[-1] == (
        "Fri 2026-12-25 is no working day, so noon of the next one is the deadline, 2026-12-28 12:00 CET "
        "(Delegated Regulation (EU) 2025/301, Article 5(4))."
    )
    assert ends(stays.due_at, BERLIN) == "Wed 23 Dec 2026 23:59"
    assert words(moved)[1] == words(count(Terms(MONTHS, 1, EU), moved.due_at - timedelta(days=33), zone=BERLIN))[1]


@pytest.mark.parametrize(
    ("start", "due", "ceiling"),
    [
        ("18/11/2026 10:00", "21/11/2026 10:00", "23/11/2026 12:00"),
        ("19/11/2026 10:00", "22/11/2026 10:00", "23/11/2026 12:00"),
        ("20/11/2026 10:00", "23/11/2026 10:00", None),
        ("22/12/2026 10:00", "25/12/2026 10:00", "28/12/2026 12:00"),
        ("23/10/2026 10:15", "26/10/2026 09:15", None),
    ],
)
def test_doras_hours_stay_and_noon_of_the_next_working_day_is_the_ceiling(
    start: str, due: str, ceiling: str | None
) -> None:
    hours = Terms(Unit.HOURS, 72, DORA)

    counted = count(hours, read_local(start, BERLIN), zone=BERLIN, workdays=GERMANY)
    bank = count(hours, read_local(start, BERLIN), zone=BERLIN, workdays=GERMANY, excepted=True)

    assert counted.due_at == bank.due_at == read_local(due, BERLIN)
    assert counted.ceiling_at == (read_local(ceiling, BERLIN) if ceiling else None)
    assert bank.ceiling_at is None
    told = [one for one in (words(counted)[-1], words(bank)[-1]) if "Article 5(4)" in one]
    assert len(told) == (2 if ceiling else 0)
    assert all(one.startswith(f"{read_local(due, BERLIN).astimezone(BERLIN):%Y-%m-%d %H:%M} CET falls") for one in told)


@pytest.mark.parametrize(
    ("excepted", "told"),
    [
        (
            False,
            "2026-11-21 10:00 CET falls on a weekend or public holiday. The report may then come until noon of the "
            "next working day, 2026-11-23 12:00 CET, but not from credit institutions, central counterparties, "
            "trading venues, and essential or important entities under NIS2 (Delegated Regulation (EU) 2025/301, "
            "Article 5(4)). The hours stay the target.",
        ),
        (
            True,
            "2026-11-21 10:00 CET falls on a weekend or public holiday. That moves nothing for this entity (Delegated "
            "Regulation (EU) 2025/301, Article 5(4)).",
        ),
    ],
)
def test_doras_rule_for_hours_is_told_in_words(excepted: bool, told: str) -> None:
    start = read_local("18/11/2026 10:00", BERLIN)

    counted = count(Terms(Unit.HOURS, 72, DORA), start, zone=BERLIN, workdays=GERMANY, excepted=excepted)

    assert words(counted)[-1] == told


def test_doras_hours_without_a_calendar_still_know_weekends() -> None:
    counted = count(Terms(Unit.HOURS, 72, DORA), read_local("18/11/2026 10:00", BERLIN), zone=BERLIN)

    assert counted.ceiling_at == read_local("23/11/2026 12:00", BERLIN)


def test_only_doras_rule_lets_hours_have_that_ceiling() -> None:
    counted = count(Terms(Unit.HOURS, 72, NATIONAL), read_local("18/11/2026 10:00", BERLIN), zone=BERLIN)

    assert counted.ceiling_at is None


@pytest.mark.parametrize(("home", "authority"), [(NEW_YORK, KOLKATA), (KOLKATA, NEW_YORK)])
def test_where_days_differ_the_earlier_end_counts(home: ZoneInfo, authority: ZoneInfo) -> None:
    start = read_local("20/11/2026 22:00", NEW_YORK)

    counted = count(Terms(DAYS, 3, HARD), start, zone=home, authority_zones=[authority])

    assert counted.due_at == read_local("24/11/2026 00:00", KOLKATA) + timedelta(hours=10, minutes=30)
    assert words(counted)[-1] == (
        f"Days do not end together in {home}, {authority}. The earlier end counts, that of America/New_York."
    )


def test_where_noons_differ_the_earlier_one_counts() -> None:
    start = read_local("25/11/2026 10:00", BERLIN)

    counted = count(Terms(MONTHS, 1, DORA), start, zone=BERLIN, authority_zones=[DUBLIN], workdays=GERMANY)

    assert counted.due_at == read_local("28/12/2026 12:00", BERLIN)
    assert words(counted)[-1] == (
        "Days do not end together in Europe/Berlin, Europe/Dublin. The earlier end counts, that of Europe/Berlin."
    )


def test_places_whose_days_end_together_are_not_spoken_of() -> None:
    start = read_local("20/11/2026 22:00", BERLIN)

    counted = count(Terms(DAYS, 3, HARD), start, zone=BERLIN, authority_zones=[ZoneInfo("Europe/Paris"), BERLIN])

    assert not any("end together" in step for step in words(counted))


def test_before_article_4a_was_law_no_last_day_is_moved() -> None:
    terms = Terms(DAYS, 3, UK, counting_from=date(2025, 8, 20))

    before = count(terms, read_local("14/08/2025 23:59", LONDON), zone=LONDON)
    after = count(terms, read_local("21/08/2025 00:00", LONDON), zone=LONDON)

    assert ends(before.due_at, LONDON) == "Sun 17 Aug 2025 23:59"
    assert ends(after.due_at, LONDON) == "Mon 25 Aug 2025 23:59"


@pytest.mark.parametrize("unit", [DAYS, WORKING, MONTHS, YEARS])
@pytest.mark.parametrize("number", [0, -3, 10**6])
def test_a_period_that_is_none_is_refused(unit: Unit, number: int) -> None:
    with pytest.raises(Refused, match=r"^Give a period of at least one day and at most ten years.$"):
        count_days(datetime(2026, 11, 20, tzinfo=UTC), number, unit, counting=EU, zone=LONDON)


@pytest.mark.parametrize(("unit", "most"), [(DAYS, 3660), (WORKING, 2600), (MONTHS, 120), (YEARS, 10)])
def test_ten_years_are_the_most(unit: Unit, most: int) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)

    longest = count_days(start, most, unit, counting=HARD, zone=LONDON)

    assert timedelta(days=3640) < longest.due_at - start < timedelta(days=3662)
    with pytest.raises(Refused, match="ten years"):
        count_days(start, most + 1, unit, counting=HARD, zone=LONDON)


@pytest.mark.parametrize("start", ["0026-10-23T10:15+01:00", "9999-12-31T23:59-11:00"])
def test_a_year_that_is_a_slip_of_the_hand_is_refused(start: str) -> None:
    with pytest.raises(Refused, match="four digits"):
        count(Terms(MONTHS, 1, EU), datetime.fromisoformat(start), zone=LONDON)


# Zones with every kind of clock change: by half an hour, at midnight, over midnight, and over a whole day.
ZONES = [
    ZoneInfo(name)
    for name in (
        *("Europe/London", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe"),
        *("Pacific/Chatham", "Asia/Kolkata", "Africa/Cairo", "America/Havana", "America/Sao_Paulo", "Pacific/Apia"),
    )
]
CALENDARS = [Workdays(), GERMANY, BAVARIA, ENGLAND, AMERICA, BRAZIL, Workdays("CN"), Workdays("IL")]
instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
calendars = st.sampled_from(CALENDARS)
everywhere = settings(deadline=None, database=None)
terms_in_days = st.builds(
    Terms,
    st.sampled_from([DAYS, WORKING, MONTHS, YEARS]),
    st.integers(1, 10),
    st.sampled_from(list(Counting)),
    st.sampled_from([None, date(2025, 8, 20)]),
)
# On this night the clocks of St John's went back at a minute past midnight, into the day before.
BACK_OVER_MIDNIGHT = datetime(2006, 10, 29, 2, 30, 20, tzinfo=UTC)


@everywhere
@given(start=instants, zone=zones, terms=terms_in_days, days=calendars)
def test_no_deadline_comes_before_its_start_and_no_ceiling_before_its_deadline(
    start: datetime, zone: ZoneInfo, terms: Terms, days: Workdays
) -> None:
    counted = count(terms, start, zone=zone, workdays=days)

    assert counted.due_at > start
    assert counted.due_at.tzinfo is UTC
    assert counted.ceiling_at is None or (counted.ceiling_at > counted.due_at and counted.ceiling_at.tzinfo is UTC)
    assert all(words(counted))


@everywhere
@example(
    (BACK_OVER_MIDNIGHT, BACK_OVER_MIDNIGHT + timedelta(minutes=2)),
    ZoneInfo("America/St_Johns"),
    Terms(DAYS, 1),
    GERMANY,
)
@given(starts=st.tuples(instants, instants), zone=zones, terms=terms_in_days, days=calendars)
def test_an_earlier_start_is_never_due_later(
    starts: tuple[datetime, datetime], zone: ZoneInfo, terms: Terms, days: Workdays
) -> None:
    first, second = (count(terms, start, zone=zone, workdays=days) for start in sorted(starts))

    assert first.due_at <= second.due_at


@everywhere
@given(start=instants, gap=st.timedeltas(timedelta(), timedelta(days=3)), zone=zones, terms=terms_in_days)
def test_nor_is_one_that_is_earlier_by_hours(start: datetime, gap: timedelta, zone: ZoneInfo, terms: Terms) -> None:
    first, second = (count(terms, at, zone=zone, workdays=GERMANY) for at in (start, start + gap))

    assert first.due_at <= second.due_at


@everywhere
@given(start=instants, zone=zones, authority=zones, terms=terms_in_days, days=calendars)
def test_a_further_authority_never_gives_more_time(
    start: datetime, zone: ZoneInfo, authority: ZoneInfo, terms: Terms, days: Workdays
) -> None:
    alone = count(terms, start, zone=zone, workdays=days)
    both = count(terms, start, zone=zone, authority_zones=[authority], workdays=days)

    assert both.due_at <= alone.due_at


@everywhere
@given(start=instants, zone=zones, number=st.integers(1, 40), counting=st.sampled_from([EU, UK]), days=calendars)
def test_a_rolled_period_ends_on_a_working_day_and_holds_two_of_them(
    start: datetime, zone: ZoneInfo, number: int, counting: Counting, days: Workdays
) -> None:
    counted = count(Terms(DAYS, number, counting), start, zone=zone, workdays=days)

    first, last = start.astimezone(zone).date(), counted.last_day
    assert last is not None
    within = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert days.working(last)
    assert sum(map(days.working, within)) >= min(number, 2)
    # Not a day more than that: the day before would be too early, too short, or none for work.
    shorter = [day for day in within if day < last and days.working(day)]
    assert not shorter or len(shorter) < min(number, 2) or shorter[-1] < first + timedelta(days=number)


@everywhere
@given(start=instants, zone=zones, number=st.integers(1, 30), country=st.sampled_from(["US", "BR", "DE", "CO"]))
def test_working_days_are_those_that_one_ticks_off_in_the_calendar(
    start: datetime, zone: ZoneInfo, number: int, country: str
) -> None:
    counted = count(Terms(WORKING, number, NATIONAL), start, zone=zone, workdays=Workdays(country))

    public = holidays.country_holidays(country)
    day = start.astimezone(zone).date()
    for _ in range(number):
        day += timedelta(days=1)
        while day.weekday() > 4 or day in public:
            day += timedelta(days=1)
    assert counted.last_day == day


@everywhere
@given(start=instants, zone=zones, number=st.integers(1, 60), days=calendars)
def test_a_hard_last_day_is_so_many_days_later_whatever_day_it_is(
    start: datetime, zone: ZoneInfo, number: int, days: Workdays
) -> None:
    counted = count(Terms(DAYS, number, HARD), start, zone=zone, workdays=days)

    assert counted.last_day == start.astimezone(zone).date() + timedelta(days=number)


@everywhere
@given(start=instants, zone=zones, number=st.integers(1, 120))
def test_months_end_on_the_same_date_or_the_last_day_of_the_month(start: datetime, zone: ZoneInfo, number: int) -> None:
    last = count(Terms(MONTHS, number, HARD), start, zone=zone).last_day

    first = start.astimezone(zone).date()
    assert last is not None
    assert (last.year - first.year) * 12 + last.month - first.month == number
    assert last.day == first.day or (last.day < first.day and (last + timedelta(days=1)).day == 1)


@everywhere
@given(start=instants, zone=zones, terms=terms_in_days)
def test_a_day_ends_when_the_clocks_of_the_place_begin_the_next(start: datetime, zone: ZoneInfo, terms: Terms) -> None:
    counted = count(terms, start, zone=zone)

    if counted.last_day is None:  # DORA's noon
        assert counted.due_at.astimezone(zone).time() == time(12)
        return
    before, after = (counted.due_at.astimezone(zone), (counted.due_at - timedelta(seconds=1)).astimezone(zone))
    assert before.date() > counted.last_day >= after.date()


@everywhere
@given(
    start=instants, zone=zones, terms=terms_in_days, days=calendars, extra=st.dates(date(1990, 1, 1), date(2040, 1, 1))
)
def test_one_more_holiday_never_makes_a_deadline_earlier(
    start: datetime, zone: ZoneInfo, terms: Terms, days: Workdays, extra: date
) -> None:
    near = start.date() + timedelta(days=extra.toordinal() % 40)
    more = Workdays(days.country, days.subdivision, added=frozenset([near, extra]))

    usual, longer = (count(terms, start, zone=zone, workdays=one) for one in (days, more))

    assert usual.due_at <= longer.due_at
