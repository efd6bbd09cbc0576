"""Public holidays beside the rota. They change nothing: a duty is a duty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.core import get_global
from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import settings
from incidents.organisation import Organisation, Site
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor
from incidents.words import N_

LANGUAGE = "en_US"
REGIONS = "holiday_regions"
"""The setting: for each country by ISO 3166 the codes of its regions; without it a country is shown as a whole."""

_SHORT = 3


@dataclass(frozen=True)
class PublicDay:
    """A public holiday of a country, by ISO 3166: of the whole of it, or of the regions named."""

    on: date
    country: str
    name: str
    regions: tuple[str, ...] = ()


def country_of(person: Person, organisation: Organisation) -> str | None:
    """Where a person is: the country of their own time zone, else that of the organisation."""
    named = get_global("zone_territories").get(person.zone) if person.zone else None
    return named or organisation.country


def countries_of(session: Session, organisation: Organisation, people: Iterable[Person]) -> list[str]:
    """Every country whose holidays matter to a rota: the organisation's, its sites', and its people's."""
    sites = session.scalars(select(Site.country).where(Site.organisation_id == organisation.id))
    named = {organisation.country, *sites, *(country_of(person, organisation) for person in people)}
    return sorted(country for country in named if country)


def regions_in(country: str) -> dict[str, str]:
    """The regions of a country whose holidays are known, code → name as it is written there; none is empty."""
    calendar = _calendar(country, [])
    if calendar is None:
        return {}
    names: dict[str, str] = {}
    for name, code in getattr(calendar, "subdivisions_aliases", {}).items():
        # Of several names the first; some are only other codes.
        if len(name) > _SHORT:
            names.setdefault(code, name)
    found = {code: names.get(code, code) for code in calendar.subdivisions}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def regions_of(session: Session) -> dict[str, list[str]]:
    """The regions that the organisation chose, by country."""
    return dict(settings.value_of(session, REGIONS) or {})


def choose_regions(
    session: Session, organisation: Organisation, chosen: Mapping[str, Collection[str]], *, by: Actor, now: datetime
) -> None:
    """Show the holidays of these regions besides those of the whole country. Refuses a region that is not known."""
    for country, codes in chosen.items():
        if not set(codes) <= regions_in(country).keys():
            raise Refused(N_("One of these regions is not known. Load the page again and choose."))
    value = {country: sorted(codes) for country, codes in sorted(chosen.items()) if codes}
    settings.change(session, organisation, REGIONS, value or None, by=by, now=now)


def public_days(
    countries: Iterable[str], first: date, last: date, regions: Mapping[str, Sequence[str]] | None = None
) -> list[PublicDay]:
    """The public holidays of these countries from one day to another, in order; a country not known has none.

    Of the regions given those that their whole country does not have, each once with all regions that have it.
    """
    years = range(first.year, last.year + 1)
    found: list[PublicDay] = []
    for country in countries:
        calendar = _calendar(country, years)
        if calendar is None:
            continue
        everywhere = {(on, name) for on, name in calendar.items() if first <= on <= last}
        found += [PublicDay(on, country, name) for on, name in everywhere]
        theirs: dict[tuple[date, str], list[str]] = {}
        names = regions_in(country) if (regions or {}).get(country) else {}
        for code in (regions or {}).get(country, ()):
            calendar = _calendar(country, years, code) if code in names else None
            for on, name in calendar.items() if calendar is not None else ():
                if first <= on <= last and (on, name) not in everywhere:
                    theirs.setdefault((on, name), []).append(names[code])
        found += [PublicDay(on, country, name, tuple(where)) for (on, name), where in theirs.items()]
    return sorted(found, key=lambda day: (day.on, day.country, day.regions, day.name))


def _calendar(country: str, years: Iterable[int], region: str | None = None) -> Any:
    """The library's calendar; None for a country it does not know."""
    import holidays  # a quarter of a second, which only these pages have to wait for

    try:
        return holidays.country_holidays(country, subdiv=region, years=years, language=LANGUAGE)
    except NotImplementedError:
        return None
