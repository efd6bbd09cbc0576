"""Public holidays beside the rota. They change nothing: a duty is a duty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from babel.core import get_global
from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.organisation import Organisation, Site
from incidents.people import Person

LANGUAGE = "en_US"


@dataclass(frozen=True)
class PublicDay:
    """A public holiday of a whole country, by ISO 3166; of its regions none is known."""

    on: date
    country: str
    name: str


def country_of(person: Person, organisation: Organisation) -> str | None:
    """Where a person is: the country of their own time zone, else that of the organisation."""
    named = get_global("zone_territories").get(person.zone) if person.zone else None
    return named or organisation.country


def countries_of(session: Session, organisation: Organisation, people: Iterable[Person]) -> list[str]:
    """Every country whose holidays matter to a rota: the organisation's, its sites', and its people's."""
    sites = session.scalars(select(Site.country).where(Site.organisation_id == organisation.id))
    named = {organisation.country, *sites, *(country_of(person, organisation) for person in people)}
    return sorted(country for country in named if country)


def public_days(countries: Iterable[str], first: date, last: date) -> list[PublicDay]:
    """The public holidays of these countries from one day to another, in order; a country not known has none."""
    import holidays  # a quarter of a second, which only this page has to wait for

    found = []
    for country in countries:
        try:
            days = holidays.country_holidays(country, years=range(first.year, last.year + 1), language=LANGUAGE)
        except NotImplementedError:
            continue
        found += [PublicDay(on, country, name) for on, name in days.items() if first <= on <= last]
    return sorted(found, key=lambda day: (day.on, day.country))
