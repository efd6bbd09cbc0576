"""Holiday calendars as the organisation has corrected them: days added, days struck out, each with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from incidents.law.workdays import Workdays, has_calendar

CALENDARS = "calendars"
"""The setting: by country `{"region": …, "added": {day: reason}, "struck": {day: reason}}`, days as in ISO 8601."""


def workdays_in(country: str, corrected: Mapping[str, Any]) -> Workdays:
    """The working days of a country as corrected. One that has no calendar has Saturdays and Sundays off."""
    own = corrected.get(country) or {}
    region = own.get("region") or None
    return _workdays(country, region, frozenset(own.get("added") or ()), frozenset(own.get("struck") or ()))


@lru_cache(maxsize=256)
def _workdays(country: str, region: str | None, added: frozenset[str], struck: frozenset[str]) -> Workdays:
    known = has_calendar(country)
    return Workdays(
        country if known else None,
        region if known else None,
        frozenset(map(date.fromisoformat, added)),
        frozenset(map(date.fromisoformat, struck)),
    )
