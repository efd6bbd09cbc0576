"""What counting gives: instants, and the way there in steps that a person can follow."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from incidents.words import N_


class Basis(enum.StrEnum):
    """What stands behind a `due_at`."""

    LAW = "law"
    TARGET = "target"


BASIS_WORDS: Mapping[Basis, str] = {Basis.LAW: N_("law"), Basis.TARGET: N_("target, not law")}


def in_plain(value: object) -> str:
    """A step's value without a language: `2026-11-23 16:20 GMT`, seconds only where there are some.

    A day has its weekday, `Mon 2026-11-23`, since weekends decide.
    """
    if isinstance(value, datetime):
        shown = 19 if value.second or value.microsecond else 16
        return f"{value.isoformat(' ')[:shown]} {value.tzname()}"
    return f"{value:%a %Y-%m-%d}" if isinstance(value, date) else str(value)


class Step(NamedTuple):
    """One step of the counting: a message id and its values. Instants among them are aware, in local time."""

    message: str
    params: Mapping[str, object]

    def words(self, translate: Callable[[str], str] = str, show: Callable[[object], str] = in_plain) -> str:
        """The step as a sentence; pages and mails hand in their own `translate` and `show`."""
        return translate(self.message) % {name: show(value) for name, value in self.params.items()}


@dataclass(frozen=True, slots=True)
class Count:
    """The outcome: instants in UTC, `ceiling_at` only where a law gives one, and the way there.

    `last_day` is the local day with whose last hour the period ends. Then `due_at` is the midnight after it,
    which reads as the day after: show the day instead.
    """

    due_at: datetime
    ceiling_at: datetime | None
    steps: tuple[Step, ...]
    basis: Basis = Basis.LAW
    last_day: date | None = None
