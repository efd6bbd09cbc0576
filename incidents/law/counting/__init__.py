"""How a period of the law is counted, told in steps that a person can follow.

Hours are elapsed hours in UTC: nothing moves them, neither the clock change nor weekends nor holidays. Days,
months and years end with a day. What cannot be counted is refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from incidents.law.counting.days import count_days
from incidents.law.counting.dora import with_relief
from incidents.law.counting.hours import TARGET, count_hours, count_target
from incidents.law.counting.outcome import BASIS_WORDS, Basis, Count, Step, in_plain
from incidents.law.counting.terms import UNIT_WORDS, Counting, Terms, Unit
from incidents.law.localtime import within_years
from incidents.law.workdays import Workdays
from incidents.refusals import Refused
from incidents.words import N_

__all__ = [
    "BASIS_WORDS",
    "TARGET",
    "UNIT_WORDS",
    "Basis",
    "Count",
    "Counting",
    "Step",
    "Terms",
    "Unit",
    "count",
    "count_days",
    "count_hours",
    "count_target",
    "in_plain",
]


def count(
    terms: Terms,
    start: datetime,
    *,
    zone: tzinfo,
    authority_zones: Iterable[tzinfo] = (),
    workdays: Workdays | None = None,
    excepted: bool = False,
    target: timedelta = TARGET,
) -> Count:
    """When an act under `terms` is due, if the clock started at `start`.

    `zone` is the organisation's, `workdays` the holiday calendar of where the act is to be done; without one only
    Saturdays and Sundays are days off. `excepted` matters to DORA alone (`with_relief`); `target` counts only
    where the law has no fixed period. Refuses naive instants, and a period that the law gives in words.
    """
    if terms.unit is Unit.NO_FIXED_PERIOD:
        return count_target(start, target, zone=zone)
    if terms.unit is Unit.SEE_TEXT or terms.period is None:
        raise Refused(N_("The law gives this period in words, not as one number. Work this date out by hand."))
    counting = terms.counting
    if terms.counting_from and within_years(start).astimezone(zone).date() < terms.counting_from:
        counting = Counting.CONSECUTIVE
    if terms.unit is not Unit.HOURS:
        return count_days(
            start,
            terms.period,
            terms.unit,
            counting=counting,
            zone=zone,
            authority_zones=authority_zones,
            workdays=workdays,
        )
    counted = count_hours(start, terms.period, zone=zone, authority_zones=authority_zones, counting=counting)
    if counting is Counting.DORA_RTS_5:
        return with_relief(counted, zone=zone, workdays=workdays or Workdays(), excepted=excepted)
    return counted
