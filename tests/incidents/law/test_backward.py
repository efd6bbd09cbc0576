"""Working back from a deadline over weekends, holidays and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.law.backward import Present, Stage, plan_back
from incidents.law.workdays import Workdays

LONDON = ZoneInfo("Europe/London")
BRITISH = Workdays("GB", "ENG")
START = datetime(2026, 1, 1, tzinfo=UTC)


def at_work(at: datetime) -> bool:
    """Nine to six on working days in London."""
    local = at.astimezone(LONDON)
    return BRITISH.working(local.date()) and 9 <= local.hour < 18


def at_night(at: datetime) -> bool:
    """The other hours, whatever day it is."""
    return not 9 <= at.astimezone(LONDON).hour < 18


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # A week's middle: all three fall into working hours.
        ("2026-11-23 10:00", [("24 17:45", True, True), ("25 12:24", True, True), ("25 17:45", True, True)]),
        # Friday evening: nobody is there before Monday, the day of the deadline.
        ("2026-11-20 18:30", [("23 09:00", True, True), ("23 09:15", True, True), ("23 09:30", True, True)]),
        # Friday at four before the clocks go back: what can be done is done before the weekend.
        ("2026-10-23 16:00", [("23 17:15", True, True), ("23 17:30", True, True), ("23 17:45", True, True)]),
        # Christmas Eve: the 25th and the 28th are holidays, the 26th and 27th a weekend.
        ("2026-12-24 15:45", [("24 17:15", True, True), ("24 17:30", True, True), ("24 17:45", True, True)]),
        # The Thursday before Easter, at night: a long weekend, and the deadline is on Sunday.
        ("2026-04-02 19:00", [("04 07:00", False, False), ("04 21:24", False, False), ("05 07:00", False, False)]),
    ],
)
def test_each_stage_falls_where_somebody_is_there_or_says_that_nobody_is(
    now: str, expected: list[tuple[str, bool, bool]]
) -> None:
    start = local(now).astimezone(UTC)

    plan = plan_back(
        start,
        start + timedelta(hours=72),
        present=dict.fromkeys(Stage, at_work),
        authority_zone=LONDON,
        workdays=BRITISH,
    )

    shown = [(f"{one.at.astimezone(LONDON):%d %H:%M}", one.somebody, one.authority_open) for one in plan]
    assert [one.stage for one in plan] == [Stage.DRAFT, Stage.SIGN, Stage.SEND]
    assert shown == expected


hours = st.sampled_from([at_work, at_night, lambda _at: True, lambda _at: False])


@given(
    st.integers(0, 365 * 24 * 60),
    st.integers(1, 40 * 24 * 60),
    st.fixed_dictionaries(dict.fromkeys(Stage, hours)),
)
def test_nothing_is_before_now_nor_after_the_deadline_and_the_order_holds(
    begun: int, long: int, present: dict[Stage, Present]
) -> None:
    now = START + timedelta(minutes=begun)
    due_at = now + timedelta(minutes=long)

    plan = plan_back(now, due_at, present=present, authority_zone=LONDON, workdays=BRITISH)

    times = [one.at for one in plan]
    assert times == sorted(times)
    assert now <= times[0]
    assert times[-1] < due_at
    assert all(present[one.stage](one.at) is one.somebody for one in plan)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        # The manager is there until one on Tuesday: the draft is ready before, though there is time until the evening.
        ("24 09:00 24 13:00", ["24 12:39", "24 12:54", "25 17:45"]),
        # Nobody signs before the last morning: what comes after it is late too.
        ("26 08:00 26 18:00", ["24 17:45", "26 08:00 late", "26 09:00 late"]),
        # Nobody signs before the deadline at all; the others know their time.
        ("27 08:00 27 18:00", ["24 17:45", "25 12:24 nobody", "25 17:45"]),
    ],
)
def test_each_stage_goes_by_the_hours_of_those_whose_work_it_is(signs: str, expected: list[str]) -> None:
    now = local("2026-11-23 10:00").astimezone(UTC)
    begins, ends = (local(f"2026-11-{signs[at : at + 8]}") for at in (0, 9))
    present: dict[Stage, Present] = dict.fromkeys(Stage, at_work) | {Stage.SIGN: lambda at: begins <= at < ends}

    plan = plan_back(now, now + timedelta(hours=72), present=present, authority_zone=LONDON, workdays=BRITISH)

    said = [(one, " late" if one.late else "" if one.somebody else " nobody") for one in plan]
    assert [f"{one.at.astimezone(LONDON):%d %H:%M}{words}" for one, words in said] == expected


def test_after_the_deadline_there_is_no_plan() -> None:
    assert not plan_back(START, START, present=dict.fromkeys(Stage, at_work), authority_zone=LONDON, workdays=BRITISH)
