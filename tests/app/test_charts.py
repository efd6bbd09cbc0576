"""Chart geometry: what the eye compares must be what the figures say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts import Figure, Series, bars, line, round_ticks

amounts = st.floats(min_value=0, max_value=1e6, allow_nan=False)


def figures(*values: float | None) -> tuple[Figure | None, ...]:
    return tuple(None if value is None else Figure(value, f"{value:g}") for value in values)


def test_a_bar_twice_as_long_counts_twice_as_many() -> None:
    chart = bars([("Lost device", Figure(8, "8")), ("Phishing", Figure(4, "4")), ("Other", Figure(0, "none"))])

    widths = [bar.width for bar in chart.bars]

    assert widths[0] == 2 * widths[1]
    assert widths[2] == 0
    assert chart.rows == (("Lost device", ("8",)), ("Phishing", ("4",)), ("Other", ("none",)))


@given(st.lists(amounts, max_size=30))
def test_every_bar_and_its_value_lie_inside_the_drawing(values: list[float]) -> None:
    chart = bars([("x", Figure(value, "x")) for value in values])

    assert all(0 <= bar.width <= chart.width and bar.value.x < chart.width for bar in chart.bars)
    assert all(bar.y + bar.height <= chart.height for bar in chart.bars)


def test_a_missing_month_breaks_the_line_instead_of_drawing_nought() -> None:
    chart = line(["Jan", "Feb", "Mar", "Apr"], Series("Minutes", figures(12, None, 6, 9)))

    assert chart.path.count("M") == 2
    assert chart.path.count("L") == 1
    assert [dot.column for dot in chart.dots] == ["Jan", "Mar", "Apr"]


def test_the_target_is_inside_the_drawing_even_above_every_figure() -> None:
    chart = line(["Jan"], Series("Minutes", figures(3)), target=Figure(15, "Target 15 min"))

    assert chart.target is not None
    assert 0 < chart.target.y < chart.dots[0].y


@pytest.mark.parametrize("empty", [(), (None,), (0.0,)])
def test_nothing_to_show_is_an_empty_drawing_and_no_fault(empty: tuple[float | None, ...]) -> None:
    names = ["Jan"] * len(empty)

    assert len(line(names, Series("Minutes", figures(*empty))).dots) <= 1
    assert bars([]).bars == ()


@given(st.floats(min_value=0.001, max_value=1e9))
def test_the_grid_has_few_lines_and_reaches_over_the_top(top: float) -> None:
    ticks = round_ticks(top)

    assert 2 <= len(ticks) <= 6
    assert ticks[0] == 0
    assert ticks[-1] >= top * (1 - 1e-6)


def test_counts_get_whole_grid_lines() -> None:
    assert round_ticks(3) == (0, 1, 2, 3)
    assert round_ticks(17) == (0, 5, 10, 15, 20)


def test_many_columns_show_only_as_many_labels_as_fit() -> None:
    weeks = [f"W{week}" for week in range(1, 53)]

    chart = line(weeks, Series("Minutes", figures(*range(52))))

    assert len(chart.axes.labels) <= 12
    assert len(chart.dots) == 52


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_cannot_be_drawn_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="a chart cannot show"):
        bars([("x", Figure(value, "x"))])


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 figures for 1 columns"):
        line(["Jan"], Series("Breach", figures(1, 2)))
