"""The organisation's corrections of a holiday calendar. Each moves the open deadlines that it touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import settings
from incidents.law.calendars import CALENDARS, workdays_in
from incidents.law.regimes import Rule, load
from incidents.law.workdays import has_calendar, holiday_names, regions_of
from incidents.obligations import OPEN, Obligation, Targets
from incidents.organisation import Organisation, checked_country
from incidents.reckoning import Reckoning, asks_workdays, terms_of
from incidents.recounting import recount
from incidents.refusals import Refused
from incidents.timeline import Actor
from incidents.words import N_

YEARS = range(2000, 2101)


@dataclass(frozen=True)
class Day:
    """One day of a calendar. `name` is the holiday's; `reason` is the organisation's own word, where it changed it."""

    day: date
    name: str
    added: bool = False
    struck: bool = False
    reason: str = ""


def corrections(session: Session) -> Mapping[str, Any]:
    """What the organisation has corrected, by country."""
    return settings.value_of(session, CALENDARS) or {}


def days_of(session: Session, country: str, year: int) -> list[Day]:
    """The holidays of a year: those of the calendar, struck out or not, and those that were added."""
    own = corrections(session).get(country) or {}
    added, struck = own.get("added") or {}, own.get("struck") or {}
    usual = holiday_names(country, own.get("region"), year) if has_calendar(country) else {}
    days = {day: Day(day, name) for day, name in usual.items()}
    for key, reason in added.items():
        day = date.fromisoformat(key)
        if day.year == year:
            days[day] = Day(day, usual.get(day, ""), added=True, reason=reason)
    for key, reason in struck.items():
        day = date.fromisoformat(key)
        if day.year == year:
            days[day] = Day(day, usual.get(day, ""), struck=True, reason=reason)
    return [days[day] for day in sorted(days)]


def correct_day(
    session: Session,
    organisation: Organisation,
    country: str,
    day: date,
    *,
    off: bool | None,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> int:
    """Make a day a public holiday (`off`), or a working day; None takes a correction back.

    Returns of how many incidents a deadline moved. Refuses a missing reason, a day that is so already, and a country
    that is none.
    """
    country = checked_country(country)
    if not reason.strip() and off is not None:
        raise Refused(N_("Write why, such as the decree or the notice that says so."), field="reason")
    if day.year not in YEARS:
        raise Refused(N_("Write the year with four digits, such as 2026."), field="day")
    own = _own(session, country)
    key = day.isoformat()
    if off is None and key not in own["added"] and key not in own["struck"]:
        raise Refused(N_("The calendar says nothing else of that day: there is nothing to take back."), field="day")
    own["added"].pop(key, None)
    own["struck"].pop(key, None)
    if off is not None:
        if workdays_in(country, {country: own}).working(day) is not off:
            words = N_("That day is off already.") if off else N_("That day is a working day already.")
            raise Refused(words, field="day")
        own["added" if off else "struck"][key] = reason.strip()[:200]
    return _keep(session, organisation, country, own, reason=reason, by=by, targets=targets, now=now)


def choose_region(
    session: Session,
    organisation: Organisation,
    country: str,
    region: str,
    *,
    reason: str = "",
    by: Actor,
    targets: Targets,
    now: datetime,
) -> int:
    """Count a region's own holidays too; an empty name counts only those of the whole country.

    Returns of how many incidents a deadline moved.
    """
    country, region = checked_country(country), region.strip().upper()
    if region and region not in regions_of(country):
        raise Refused(
            N_("This calendar has no part %(name)s. It has: %(regions)s."),
            field="region",
            name=region[:40],
            regions=", ".join(regions_of(country)) or "-",
        )
    own = _own(session, country)
    own["region"] = region or None
    return _keep(session, organisation, country, own, reason=reason, by=by, targets=targets, now=now)


def _own(session: Session, country: str) -> dict[str, Any]:
    own = corrections(session).get(country) or {}
    return {
        "region": own.get("region"),
        "added": dict(own.get("added") or {}),
        "struck": dict(own.get("struck") or {}),
    }


def touched(session: Session, organisation: Organisation, country: str) -> list[int]:
    """The incidents with an open duty that is counted by the calendar of a country, by key."""
    reckoning = Reckoning(session, organisation)
    rows = session.execute(
        select(Obligation.incident_id, Obligation.rule, Obligation.terms)
        .where(Obligation.organisation_id == organisation.id, Obligation.standing.in_(OPEN))
        .order_by(Obligation.incident_id)
    )
    found = {row.incident_id: None for row in rows if _counts_by(reckoning, load().get(row.rule), row.terms, country)}
    return list(found)


def _counts_by(reckoning: Reckoning, rule: Rule, kept: Mapping[str, Any], country: str) -> bool:
    return asks_workdays(terms_of(kept, rule)) and reckoning.place_of(rule) == country


def _keep(
    session: Session,
    organisation: Organisation,
    country: str,
    own: dict[str, Any],
    *,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> int:
    kept = {**corrections(session), country: own}
    if settings.change(session, organisation, CALENDARS, kept, by=by, now=now) is None:
        return 0
    session.flush()
    keys, facts = touched(session, organisation, country), {"setting": CALENDARS, "calendar": country}
    return recount(session, keys, facts, reason=reason, by=by, targets=targets, now=now)
