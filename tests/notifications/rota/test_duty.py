"""Who is on call when: over both changes of the clocks, with overrides, swaps, and people who left."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incidents.law.localtime import instant_of
from incidents.refusals import Refused
from notifications.rota.duty import Layer, Why, tiled
from notifications.rota.shift import Weekly, monday, occurrences

ZONES = ("Europe/London", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York")
WEEKS = Weekly((0,), time(9), 7, time(9))


@st.composite
def weeklies(draw: st.DrawFn) -> Weekly:
    """Shifts that the editor would take; hand-over at half past two is where the clocks jump."""
    hours = st.sampled_from(
        [time(0), time(1), time(1, 30), time(2), time(2, 30), time(3), time(9), time(18), time(23, 59)]
    )
    weekdays = tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))
    weekly = Weekly(weekdays, draw(hours), draw(st.integers(0, 7)), draw(hours))
    try:
        weekly.refuse()
    except Refused:
        return Weekly(weekdays[:1], weekly.begins, 7, weekly.begins)
    return weekly


def wall(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[arg-type, misc]


@given(zone=st.sampled_from(ZONES), weekly=weeklies(), day=st.dates(date(2024, 1, 1), date(2030, 1, 1)))
@example(zone="Europe/London", weekly=Weekly((6,), time(1, 30), 7, time(1, 30)), day=date(2027, 3, 20))
@example(zone="Australia/Lord_Howe", weekly=Weekly((6,), time(2), 7, time(2)), day=date(2026, 9, 27))
@example(zone="America/New_York", weekly=Weekly((6,), time(1, 30), 7, time(1, 30)), day=date(2026, 10, 25))
def test_duties_tile_the_time_and_begin_at_the_wall_time_of_their_place(zone: str, weekly: Weekly, day: date) -> None:
    place, begins_at = ZoneInfo(zone), datetime.combine(day, time(), tzinfo=UTC)
    ends_at = begins_at + timedelta(days=21)
    times = list(
        occurrences(
            weekly, place, [1, 2, 3], first_week=monday(day), weeks_each=1, begins_at=begins_at, ends_at=ends_at
        )
    )
    layers = [Layer(one.begins_at, one.ends_at, one.person_id, Why.SHIFT) for one in times]

    tiles = tiled(layers, begins_at, ends_at)

    assert tiles[0].begins_at == begins_at
    assert tiles[-1].ends_at == ends_at
    assert all(left.ends_at == right.begins_at for left, right in pairwise(tiles))
    assert all(one.begins_at < one.ends_at for one in tiles)
    assert all(left.ends_at <= right.begins_at for left, right in pairwise(times)), "no hour is had twice"
    for one in times:
        shown = one.begins_at.astimezone(place)
        if shown.time() != weekly.begins:
            assert instant_of(datetime.combine(shown.date(), weekly.begins), place) == one.begins_at
            assert (one.begins_at - timedelta(seconds=1)).astimezone(place).time() < weekly.begins, (
                "a jump, and only that"
            )


@given(zone=st.sampled_from(ZONES), year=st.integers(2024, 2032))
def test_a_week_after_the_other_leaves_no_second_to_nobody(zone: str, year: int) -> None:
    begins_at = datetime(year, 1, 15, tzinfo=UTC)
    ends_at = begins_at + timedelta(days=366)
    sundays = Weekly((6,), time(2, 30), 7, time(2, 30))

    times = occurrences(
        sundays, ZoneInfo(zone), [1, 2], first_week=date(2024, 1, 1), weeks_each=1, begins_at=begins_at, ends_at=ends_at
    )

    layers = [Layer(one.begins_at, one.ends_at, one.person_id, Why.SHIFT) for one in times]
    assert all(left.ends_at == right.begins_at for left, right in pairwise(layers))
    assert all(left.person_id != right.person_id for left, right in pairwise(layers))
    assert all(tile.layer is not None for tile in tiled(layers, begins_at, ends_at))


@pytest.mark.parametrize(
    ("zone", "typed", "expected"),
    [
        ("Europe/London", (2027, 3, 28, 1, 30), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Europe/London", (2026, 10, 25, 1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/Berlin", (2027, 3, 28, 2, 30), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Asia/Kolkata", (2027, 3, 28, 2, 30), datetime(2027, 3, 27, 21, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", (2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", (2027, 4, 4, 1, 45), datetime(2027, 4, 3, 14, 45, tzinfo=UTC)),
        ("America/New_York", (2027, 3, 14, 2, 30), datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
    ],
)
def test_a_time_that_never_came_is_the_first_after_the_jump_and_one_that_came_twice_the_first(
    zone: str, typed: tuple[int, ...], expected: datetime
) -> None:
    assert instant_of(datetime(*typed, tzinfo=UTC).replace(tzinfo=None), ZoneInfo(zone)) == expected  # type: ignore[arg-type, misc]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 40), st.integers(1, 4)), max_size=12))
def test_of_layers_over_each_other_the_last_counts_at_every_instant(spans: list[tuple[int, int, int]]) -> None:
    start, hour = datetime(2026, 11, 23, tzinfo=UTC), timedelta(hours=1)
    layers = [Layer(start + at * hour, start + (at + long) * hour, who, Why.SHIFT) for at, long, who in spans]

    tiles = tiled(layers, start, start + 120 * hour)

    for number in range(120):
        at = start + number * hour
        over = [layer for layer in layers if layer.begins_at <= at < layer.ends_at]
        counts = [tile.layer for tile in tiles if tile.begins_at <= at < tile.ends_at]
        assert counts == [over[-1] if over else None]


@pytest.mark.parametrize(
    ("weekly", "field"),
    [
        (Weekly((), time(9), 7, time(9)), "weekdays"),
        (Weekly((0,), time(18), 0, time(9)), "ends"),
        (Weekly((0,), time(9), 0, time(9)), "ends"),
        (Weekly((0,), time(9), 7, time(10)), "days"),
        (Weekly((0, 1), time(18), 2, time(9)), "days"),
        (Weekly((0, 6), time(9), 2, time(9)), "days"),
        (Weekly((0,), time(9), 8, time(8)), "days"),
    ],
)
def test_a_shift_that_cannot_come_round_is_refused(weekly: Weekly, field: str) -> None:
    with pytest.raises(Refused) as refused:
        weekly.refuse()

    assert refused.value.field == field


@pytest.mark.parametrize(
    "weekly",
    [
        WEEKS,
        Weekly((0, 1, 2, 3, 4), time(18), 1, time(9)),
        Weekly((5,), time(9), 2, time(9)),
        Weekly((6,), time(22), 1, time(6)),
    ],
)
def test_weeks_nights_and_week_ends_are_shifts(weekly: Weekly) -> None:
    weekly.refuse()

    once = occurrences(
        weekly,
        ZoneInfo("Europe/London"),
        [7],
        first_week=date(2026, 11, 23),
        weeks_each=1,
        begins_at=wall("Europe/London", 2026, 11, 23),
        ends_at=wall("Europe/London", 2026, 11, 30),
    )
    begun = [one for one in once if one.begins_at >= wall("Europe/London", 2026, 11, 23)]
    assert len(begun) == len(weekly.weekdays)
