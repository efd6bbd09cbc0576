"""Figures and how they are shown: spreads of samples, Markdown tables, aims met or missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spread:
    """How samples lie, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float

    def cells(self) -> list[str]:
        """The percentiles and the slowest as a table shows them."""
        return [milliseconds(each) for each in (self.p50, self.p95, self.p99, self.most)]


def spread(samples: Sequence[float]) -> Spread:
    """The spread of samples in milliseconds; NaN throughout where there are none."""
    ordered = sorted(samples)
    return Spread(
        count=len(ordered),
        p50=percentile(ordered, 50),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        most=ordered[-1] if ordered else math.nan,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of samples in rising order."""
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def ratio(ours: float, floor: float) -> float:
    """How many times the floor; NaN where there is none."""
    return ours / floor if floor else math.nan


def milliseconds(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


@dataclass(frozen=True)
class Aim:
    """One aim, what was measured, and whether that meets it."""

    words: str
    measured: str
    met: bool


@dataclass
class Part:
    """One part of the run: a table for people, figures for programs, aims, and what to know when reading it."""

    name: str
    title: str
    header: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)

    def markdown(self) -> str:
        """The part as a Markdown section."""
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"## {self.title}\n\n{table(self.header, self.rows)}\n{notes}"

    def plain(self) -> dict[str, Any]:
        """The part as JSON can hold it: what could not be measured is null."""
        found: dict[str, Any] = _without_nan(
            {"figures": self.figures, "notes": self.notes, "aims": [asdict(aim) for aim in self.aims]}
        )
        return found


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    rule = [":--", *("--:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))
