"""How a period of the law is counted, told in steps that a person can follow.

Hours are elapsed hours in UTC: nothing moves them, neither the clock change nor weekends nor holidays.
Days and months are not counted yet, and refused rather than guessed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from incidents.law.clock import as_utc
from incidents.law.localtime import YEARS, offset_words
from incidents.refusals import Refused
from incidents.words import N_

HOUR = timedelta(hours=1)
MOST_HOURS = 10 * 366 * 24
TARGET = timedelta(hours=24)
"""The internal target for a duty without a fixed period, unless the organisation sets another."""


class Unit(enum.StrEnum):
    """What a period is measured in."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    NO_FIXED_PERIOD = "no_fixed_period"
    SEE_TEXT = "see_text"


class Counting(enum.StrEnum):
    """The rule by which a period is counted."""

    NONE = "none"
    CONSECUTIVE = "consecutive"
    REG_1182_71 = "reg_1182_71"
    UK_GDPR_4A = "uk_gdpr_4a"
    DORA_RTS_5 = "dora_rts_5"
    LAST_DAY_HARD = "last_day_hard"
    NATIONAL = "national"
    CONTRACT = "contract"


class Basis(enum.StrEnum):
    """What stands behind a `due_at`."""

    LAW = "law"
    TARGET = "target"


UNIT_WORDS: Mapping[Unit, str] = {
    Unit.HOURS: N_("hours"),
    Unit.CALENDAR_DAYS: N_("calendar days"),
    Unit.WORKING_DAYS: N_("working days"),
    Unit.MONTHS: N_("months"),
    Unit.YEARS: N_("years"),
    Unit.NO_FIXED_PERIOD: N_("no fixed period"),
    Unit.SEE_TEXT: N_("as the text says"),
}
BASIS_WORDS: Mapping[Basis, str] = {Basis.LAW: N_("law"), Basis.TARGET: N_("target, not law")}

# Only these two give a legal ceiling for hours; each has its own words because each has its own source.
CEILINGS: Mapping[Counting, str] = {
    Counting.REG_1182_71: N_(
        "The latest arguable moment is %(ceiling)s: the clock hour of the start, up to %(hour_end)s, does "
        "not count (Regulation 1182/71, Article 3(1)). It is never a target."
    ),
    Counting.UK_GDPR_4A: N_(
        "The latest arguable moment is %(ceiling)s: the clock hour of the start, up to %(hour_end)s, does "
        "not count (UK GDPR, Article 4A). It is never a target."
    ),
}


def in_plain(value: object) -> str:
    """A step's value without a language: `2026-11-23 16:20 GMT`, seconds only where there are some."""
    if not isinstance(value, datetime):
        return str(value)
    shape = "%Y-%m-%d %H:%M:%S %Z" if value.second or value.microsecond else "%Y-%m-%d %H:%M %Z"
    return value.strftime(shape)


class Step(NamedTuple):
    """One step of the counting: a message id and its values. Instants among them are aware, in local time."""

    message: str
    params: Mapping[str, object]

    def words(self, translate: Callable[[str], str] = str, show: Callable[[object], str] = in_plain) -> str:
        """The step as a sentence; pages and mails hand in their own `translate` and `show`."""
        return translate(self.message) % {name: show(value) for name, value in self.params.items()}


@dataclass(frozen=True, slots=True)
class Count:
    """The outcome: instants in UTC, `ceiling_at` only where a law gives one, and the way there."""

    due_at: datetime
    ceiling_at: datetime | None
    steps: tuple[Step, ...]
    basis: Basis = Basis.LAW


@dataclass(frozen=True, slots=True)
class Terms:
    """What counting needs of a rule, so that an obligation can keep a copy.

    `counting_from` is the local day from which the counting rule itself is law; a clock that started earlier
    has no ceiling.
    """

    unit: Unit
    period: int | None = None
    counting: Counting = Counting.NONE
    counting_from: date | None = None


def count(
    terms: Terms,
    start: datetime,
    *,
    zone: tzinfo,
    authority_zones: Iterable[tzinfo] = (),
    target: timedelta = TARGET,
) -> Count:
    """When an act under `terms` is due, if the clock started at `start`.

    `zone` is the organisation's; `target` counts only where the law has no fixed period. Refuses naive
    instants and every unit that cannot be counted exactly yet.
    """
    if terms.unit is Unit.NO_FIXED_PERIOD:
        return count_target(start, target, zone=zone)
    if terms.unit is not Unit.HOURS or terms.period is None:
        raise Refused(N_("Only periods in hours can be counted yet. Work this date out by hand."))
    counting = terms.counting
    if terms.counting_from and _within_reason(start).astimezone(zone).date() < terms.counting_from:
        counting = Counting.CONSECUTIVE
    return count_hours(start, terms.period, zone=zone, authority_zones=authority_zones, counting=counting)


def count_hours(
    start: datetime,
    hours: int,
    *,
    zone: tzinfo,
    authority_zones: Iterable[tzinfo] = (),
    counting: Counting = Counting.CONSECUTIVE,
) -> Count:
    """`hours` elapsed hours after `start`; weekends, holidays and clock changes move nothing.

    The ceiling is the end of the last counted clock hour, after due and at most an hour after it, by
    Art. 3(1) and 3(2)(a) of Regulation (EEC, Euratom) 1182/71 or Art. 4A UK GDPR. Where zones differ by part
    of an hour, the earlier end stands.
    """
    start = _within_reason(start)
    if not 1 <= hours <= MOST_HOURS:
        raise Refused(N_("Give a period of at least one hour and at most ten years."))
    period = timedelta(hours=hours)
    due_at = start + period
    steps = _elapsing(start.astimezone(zone), due_at.astimezone(zone), hours)
    if counting not in CEILINGS:
        return Count(due_at, None, tuple(steps))
    ends = {place: _end_of_clock_hour(start, place) for place in (zone, *authority_zones)}
    place, hour_end = min(ends.items(), key=lambda item: item[1])
    if len(set(ends.values())) > 1:
        steps.append(_differing(ends, place))
    ceiling_at = hour_end + period
    shown = {"hour_end": hour_end.astimezone(zone), "ceiling": ceiling_at.astimezone(zone)}
    return Count(due_at, ceiling_at, (*steps, Step(CEILINGS[counting], shown)))


def count_target(start: datetime, target: timedelta = TARGET, *, zone: tzinfo) -> Count:
    """The organisation's own target for a duty that the law puts no number on; never a ceiling."""
    start = _within_reason(start)
    if not timedelta() < target <= MOST_HOURS * HOUR:
        raise Refused(N_("Give a target after the start and within ten years."))
    due_at = start + target
    steps = (
        Step(N_("The clock starts at %(start)s."), {"start": start.astimezone(zone)}),
        Step(N_("The law gives no number of hours: act without undue delay."), {}),
        Step(
            N_("The target set here is %(hours)s h, until %(due)s. It is a target, not law."),
            {"hours": f"{target / HOUR:g}", "due": due_at.astimezone(zone)},
        ),
    )
    return Count(due_at, None, steps, Basis.TARGET)


def _elapsing(local: datetime, due: datetime, hours: int) -> list[Step]:
    steps = [
        Step(N_("The clock starts at %(start)s."), {"start": local}),
        Step(
            N_("%(hours)s hours pass, nights, weekends and holidays included. The deadline is %(due)s."),
            {"hours": hours, "due": due},
        ),
    ]
    if local.utcoffset() != due.utcoffset():
        words = N_(
            "The clocks change in between, from %(before)s to %(after)s. The hours that pass are counted, not "
            "the hands of the clock."
        )
        steps.append(Step(words, {"before": offset_words(local), "after": offset_words(due)}))
    return steps


def _differing(ends: Mapping[tzinfo, datetime], earliest: tzinfo) -> Step:
    return Step(
        N_("Clock hours do not end together in %(zones)s. The earlier end counts, that of %(zone)s."),
        {"zones": ", ".join(str(zone) for zone in ends), "zone": str(earliest)},
    )


def _end_of_clock_hour(instant: datetime, zone: tzinfo) -> datetime:
    """The next full hour on the clocks of `zone`, in UTC; an instant on the hour still uses up that hour."""
    local = instant.astimezone(zone)
    gone = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return instant.astimezone(UTC) + (HOUR - gone)


def _within_reason(start: datetime) -> datetime:
    """`start` in UTC. A year such as 0026 is a slip of the hand; the calendar's ends leave no room to count."""
    start = as_utc(start)
    if start.year not in YEARS:
        raise Refused(N_("Write the year with four digits, such as 2026."))
    return start
