"""Working back from a deadline over weekends, holidays and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.law.backward import Stage, plan_back
from incidents.law.workdays import Workdays

LONDON = ZoneInfo("Europe/London")
BRITISH = Workdays("GB", "ENG")
START = datetime(2026, 1, 1, tzinfo=UTC)


def at_work(at: datetime) -> bool:
    """Nine to six on working days in London."""
    local = at.astimezone(LONDON)
    return BRITISH.working(local.date()) and 9 <= local.hour < 18


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # A week's middle: all three fall into working hours.
        ("2026-11-23 10:00", [("24 17:45", True, True), ("25 12:24", True, True), ("25 17:45", True, True)]),
        # Friday evening: nobody is there until the deadline on Monday, so nothing moves and each says so.
        ("2026-11-20 18:30", [("22 06:30", False, False), ("22 20:54", False, False), ("23 06:30", False, True)]),
        # Friday at four before the clocks go back: what can be done is done before the weekend.
        ("2026-10-23 16:00", [("23 17:45", True, True), ("23 17:54", True, True), ("23 17:54", True, True)]),
        # Christmas Eve: the 25th and the 28th are holidays, the 26th and 27th a weekend.
        ("2026-12-24 15:45", [("24 17:45", True, True), ("24 17:54", True, True), ("24 17:54", True, True)]),
        # The Thursday before Easter, at night: a long weekend, and the deadline is on Sunday.
        ("2026-04-02 19:00", [("04 07:00", False, False), ("04 21:24", False, False), ("05 07:00", False, False)]),
    ],
)
def test_each_stage_falls_where_somebody_is_there_or_says_that_nobody_is(
    now: str, expected: list[tuple[str, bool, bool]]
) -> None:
    start = local(now).astimezone(UTC)

    plan = plan_back(start, start + timedelta(hours=72), present=at_work, authority_zone=LONDON, workdays=BRITISH)

    shown = [(f"{one.at.astimezone(LONDON):%d %H:%M}", one.somebody, one.authority_open) for one in plan]
    assert [one.stage for one in plan] == [Stage.DRAFT, Stage.SIGN, Stage.SEND]
    assert shown == expected


@given(
    st.integers(0, 365 * 24 * 60),
    st.integers(1, 40 * 24 * 60),
    st.sampled_from([at_work, lambda _at: True, lambda _at: False]),
)
def test_nothing_is_before_now_nor_after_the_deadline_and_the_order_holds(
    begun: int, long: int, present: object
) -> None:
    now = START + timedelta(minutes=begun)
    due_at = now + timedelta(minutes=long)

    plan = plan_back(now, due_at, present=present, authority_zone=LONDON, workdays=BRITISH)  # type: ignore[arg-type]

    times = [one.at for one in plan]
    assert times == sorted(times)
    assert now <= times[0]
    assert times[-1] < due_at


def test_after_the_deadline_there_is_no_plan() -> None:
    assert not plan_back(START, START, present=at_work, authority_zone=LONDON, workdays=BRITISH)
