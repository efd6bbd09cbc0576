"""Periods in hours: elapsed hours in UTC. Nothing moves them, neither the clock change nor weekends nor holidays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from incidents.law.counting.outcome import Basis, Count, Step
from incidents.law.counting.terms import Counting
from incidents.law.localtime import offset_words, within_years
from incidents.refusals import Refused
from incidents.words import N_

HOUR = timedelta(hours=1)
MOST_HOURS = 10 * 366 * 24
TARGET = timedelta(hours=24)
"""The internal target for a duty without a fixed period, unless the organisation sets another."""

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
    start = within_years(start)
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
    start = within_years(start)
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
