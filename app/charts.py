"""Chart geometry: where each bar, segment and point lies, in the SVG's own units; templates only draw it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH = 400.0
PLOT_HEIGHT = 160.0
ROW = 46.0
BAR_THICKNESS = 18.0
ROOM_FOR_VALUE = 64.0
ROOM_FOR_TICKS = 44.0
TOP = 14.0
ROOM_FOR_LABELS = 24.0
MOST_TICKS = 5
MOST_LABELS = 12
FILL = 0.7


@dataclass(frozen=True, slots=True)
class Figure:
    """One value and its words, already in the reader's language."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of figures; None is a gap, not a nought."""

    name: str
    figures: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One horizontal bar with its label above and its value behind it."""

    label: Label
    value: Label
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars, one below the other; `rows` is the same as a table."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """One line of the grid, at a round value."""

    label: Label
    y: float


@dataclass(frozen=True, slots=True)
class Axes:
    """The frame that columns and lines are drawn in; `centres` are the columns' middles."""

    width: float
    height: float
    left: float
    right: float
    base: float
    centres: tuple[float, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One point of a line."""

    column: str
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Target:
    """A level to compare with, drawn across the plot."""

    label: Label
    y: float


@dataclass(frozen=True, slots=True)
class LineChart:
    """One line, broken at gaps; `names` and `rows` are the same as a table."""

    axes: Axes
    path: str
    dots: tuple[Dot, ...]
    last: Label | None
    target: Target | None
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def bars(figures: Sequence[tuple[str, Figure]], *, width: float = WIDTH) -> BarChart:
    """Lay out horizontal bars that start at nought; the longest leaves room for its value.

    Refuses negative and non-finite values with ValueError.
    """
    top = _top([figure.value for _, figure in figures])
    longest = width - ROOM_FOR_VALUE
    laid = []
    for row, (label, figure) in enumerate(figures):
        y = row * ROW
        long = _r(longest * figure.value / top)
        middle = _r(y + 20 + BAR_THICKNESS / 2)
        laid.append(
            Bar(
                label=Label(label, 0.0, _r(y + 14)),
                value=Label(figure.text, _r(long + 8), middle),
                x=0.0,
                y=_r(y + 20),
                width=long,
                height=BAR_THICKNESS,
            )
        )
    rows = tuple((label, (figure.text,)) for label, figure in figures)
    return BarChart(width, _r(max(len(laid), 1) * ROW), tuple(laid), rows)


def line(
    columns: Sequence[str],
    series: Series,
    *,
    target: Figure | None = None,
    words: Callable[[float], str] | None = None,
    width: float = WIDTH,
) -> LineChart:
    """Lay out one line over the columns, broken where a figure is missing, with an optional level to compare with.

    `words` puts a tick's value into words. Refuses negative and non-finite values, and a series of another length
    than `columns`, with ValueError.
    """
    _fit(columns, [series])
    known = [figure.value for figure in series.figures if figure]
    axes, scale = _axes(columns, [*known, target.value] if target else known, words, width)
    places = [
        Dot(column, figure.text, _r(x), scale(figure.value)) if figure else None
        for column, x, figure in zip(columns, axes.centres, series.figures, strict=True)
    ]
    dots = tuple(dot for dot in places if dot)
    level = scale(target.value) if target else 0.0
    return LineChart(
        axes=axes,
        path=_path(places),
        dots=dots,
        last=Label(dots[-1].text, min(_r(dots[-1].x + 14), axes.right), _r(dots[-1].y - 10)) if dots else None,
        target=Target(Label(target.text, axes.right, _r(level - 6)), level) if target else None,
        names=(series.name,),
        rows=_rows(columns, [series]),
    )


def round_ticks(top: float) -> tuple[float, ...]:
    """Give the round values from nought to at least `top`: at most six, whole where `top` is 2 or more.

    Steps are 1, 2 or 5 times a power of ten.
    """
    rough = max(top, 1e-9) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough * (1 - 1e-9))
    if top >= 2:
        step = max(step, 1.0)
    count = math.ceil(top / step - 1e-9)
    return tuple(round(step * n, 10) for n in range(max(count, 1) + 1))


def _path(places: Sequence[Dot | None]) -> str:
    parts = []
    pen = "M"
    for dot in places:
        if dot:
            parts.append(f"{pen}{dot.x} {dot.y}")
        pen = "L" if dot else "M"
    return " ".join(parts)


def _axes(
    columns: Sequence[str], values: Sequence[float], words: Callable[[float], str] | None, width: float
) -> tuple[Axes, Callable[[float], float]]:
    marks = round_ticks(_top(values))
    base = TOP + PLOT_HEIGHT

    def scale(value: float) -> float:
        return _r(base - PLOT_HEIGHT * value / marks[-1])

    ticks = tuple(
        Tick(Label((words or "{:g}".format)(mark), ROOM_FOR_TICKS - 8, scale(mark)), scale(mark)) for mark in marks
    )
    left, right = ROOM_FOR_TICKS, width - 4
    share = (right - left) / max(len(columns), 1)
    centres = tuple(left + share * (at + 0.5) for at in range(len(columns)))
    every = math.ceil(len(columns) / MOST_LABELS) or 1
    places = list(zip(columns, centres, strict=True))[::every]
    labels = tuple(Label(text, _r(x), _r(base + 17)) for text, x in places)
    return Axes(width, base + ROOM_FOR_LABELS, left, right, base, centres, ticks, labels), scale


def _rows(columns: Sequence[str], series: Sequence[Series]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    texts = [[figure.text if figure else "–" for figure in one.figures] for one in series]
    return tuple((column, tuple(text[at] for text in texts)) for at, column in enumerate(columns))


def _fit(columns: Sequence[str], series: Sequence[Series]) -> None:
    for one in series:
        if len(one.figures) != len(columns):
            raise ValueError(f"{one.name}: {len(one.figures)} figures for {len(columns)} columns")


def _top(values: Sequence[float]) -> float:
    for value in values:
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"a chart cannot show {value}")
    return max(values, default=0.0) or 1.0


def _r(value: float) -> float:
    return round(value, 2)
