"""DORA's rule for weekends: what falls on one may be filed by noon of the next working day, by most."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, tzinfo

from incidents.law.counting.outcome import Count, Step
from incidents.law.localtime import instant_of
from incidents.law.workdays import Workdays
from incidents.words import N_

_RELIEF = N_(
    "%(due)s falls on a weekend or public holiday. The report may then come until noon of the next working day, "
    "%(ceiling)s, but not from credit institutions, central counterparties, trading venues, and essential or "
    "important entities under NIS2 (Delegated Regulation (EU) 2025/301, Article 5(4)). The hours stay the target."
)
_NONE = N_(
    "%(due)s falls on a weekend or public holiday. That moves nothing for this entity (Delegated Regulation (EU) "
    "2025/301, Article 5(4))."
)


def with_relief(counted: Count, *, zone: tzinfo, workdays: Workdays, excepted: bool) -> Count:
    """The same hours with the ceiling of RTS 2025/301, Art. 5(4), where they end on a weekend or holiday.

    `excepted` says that the entity is one of those which that rule leaves out.
    """
    local = counted.due_at.astimezone(zone)
    if workdays.working(local.date()):
        return counted
    if excepted:
        return replace(counted, steps=(*counted.steps, Step(_NONE, {"due": local})))
    noon = instant_of(datetime.combine(workdays.on_or_after(local.date()), time(12)), zone)
    step = Step(_RELIEF, {"due": local, "ceiling": noon.astimezone(zone)})
    return replace(counted, ceiling_at=noon, steps=(*counted.steps, step))
