"""Supervisory authorities by place, as dated data, and which of them a controller owes a notification to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from incidents.law.facts import PLACE
from incidents.law.profile import Entity, Profile
from incidents.law.regimes import Capacity, Rule
from incidents.law.regimes.rule import Confidence, Recipient
from incidents.law.regimes.table import Table
from incidents.words import N_

FEDERAL, PRIVATE, PUBLIC = "federal", "private", "public"
ANY_LAND = N_("Germany: the authority of every Land where people affected live")
EVERY_COUNTRY = N_("The authority of every EEA country where people affected live; the countries are not known yet")
_GERMANY = "DE"
_SHARED = "eu-gdpr-33-1"
_OF_PLACE = frozenset({"uk-gdpr-33-1", "uk-pecr-5a", "ch-fadp-24-1", "in-certin"})
"""Rules whose one recipient is the authority of the rule's own country in the file."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What an authority is known to want or to have decided: a message id, its source, and how sure we are of it."""

    text: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Authority:
    """One authority: `name` and `note` are message ids; `note` and `confidence` are about the way to it."""

    code: str
    sector: str | None
    name: str
    short_name: str
    website: str
    note: str | None
    source: str
    confidence: Confidence
    checked: date
    practices: tuple[Practice, ...]


@lru_cache(maxsize=1)
def load() -> tuple[Authority, ...]:
    """The authorities that come with the program. Raises `BadRegime` at the first thing that is wrong."""
    path = Path(__file__).parent / "authorities.toml"
    table = Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    found = tuple(_authority(one) for one in table.tables("authority"))
    table.finish()
    return found


def _authority(table: Table) -> Authority:
    authority = Authority(
        code=table.sentence("code"),
        sector=table.maybe_sentence("sector"),
        name=table.sentence("name"),
        short_name=table.sentence("short_name"),
        website=table.sentence("website"),
        note=table.maybe_sentence("note"),
        source=table.sentence("source"),
        confidence=table.choice("confidence", Confidence),
        checked=table.day("checked"),
        practices=tuple(_practice(one) for one in table.maybe_tables("practice")),
    )
    table.finish()
    if not re.fullmatch(PLACE, authority.code):
        raise table.wrong("code", "must be a code of ISO 3166")
    if authority.sector not in (None, FEDERAL, PRIVATE, PUBLIC):
        raise table.wrong("sector", "must be federal, private or public")
    return authority


def _practice(table: Table) -> Practice:
    practice = Practice(table.sentence("text"), table.sentence("source"), table.choice("confidence", Confidence))
    table.finish()
    return practice


def messages() -> Iterator[str]:
    """Every sentence of the file that a person may read, for the translators' catalogue."""
    for authority in load():
        yield from (text for text in (authority.name, authority.note, authority.source) if text)
        for practice in authority.practices:
            yield from (practice.text, practice.source)


def of_place(place: str, profile: Profile) -> tuple[Authority, ...]:
    """The authorities of a country or Land for an organisation like this; none where the file has none."""
    return tuple(one for one in load() if one.code == place and _counts(one, profile))


def _counts(authority: Authority, profile: Profile) -> bool:
    if authority.sector is None:
        return True
    if authority.sector == FEDERAL:
        return Capacity.COMMUNICATIONS_PROVIDER in profile.held
    return profile.public_body is None or profile.public_body == (authority.sector == PUBLIC)


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient of a duty that several may be owed. `place` tells them apart; empty where it is not known yet.

    `names` has more than one where the place has an authority for each sector, and the profile names none.
    """

    place: str
    names: tuple[str, ...]


def recipients(rule: Rule, profile: Profile, people: Iterable[str], *, complete: bool = False) -> tuple[str, ...]:
    """The names of the authorities that a duty is owed to; none where only the rule's own words say.

    Of the EU GDPR's Art. 33(1) the lead authority alone if the main establishment is in the EEA; without one there is
    no one-stop shop, and every authority is owed where people affected live.
    """
    if rule.id == _SHARED:
        found = addressees(rule, profile, people, complete=complete)
        return tuple(dict.fromkeys(name for one in found for name in one.names))
    if rule.id in _OF_PLACE and rule.recipient is Recipient.AUTHORITY:
        return tuple(one.name for country in sorted(rule.countries) for one in of_place(country, profile))
    return ()


def notes_for(rule: Rule, towards: str, profile: Profile) -> tuple[Authority, ...]:
    """The authorities whose notes bear on a duty: of the place that it is owed `towards`, such as `FR` or `DE-BY`.

    Where that is empty, those of the rule's own country, or of our establishments where the law is shared. None for
    duties towards others, and for authorities that are none for data protection.
    """
    if rule.recipient is not Recipient.AUTHORITY or rule.id not in _OF_PLACE | {_SHARED}:
        return ()
    if towards:
        return _near(towards, profile)
    if rule.id in _OF_PLACE:
        return tuple(one for country in sorted(rule.countries) for one in of_place(country, profile))
    found = (one for entity in _counting(rule, profile) for one in _of_seat(entity, profile))
    return tuple(dict.fromkeys(found))


def _near(place: str, profile: Profile) -> tuple[Authority, ...]:
    """Of a place, or of the country that it is a part of. A Land has one of its own or, by name, none."""
    return of_place(place, profile) or (of_place(place[:2], profile) if place[:2] != _GERMANY else ())


def _counting(rule: Rule, profile: Profile) -> list[Entity]:
    """Our establishments where a rule is law: the main one alone, if there is one."""
    inside = [entity for entity in profile.entities if rule.touches([entity.place])]
    return [entity for entity in inside if entity.main_establishment] or inside


def _of_seat(entity: Entity, profile: Profile) -> tuple[Authority, ...]:
    if not entity.lead_authority:
        return _near(entity.place, profile)
    near, lead = _near(entity.place, profile), entity.lead_authority.casefold()
    named = tuple(one for one in load() if lead in (one.name.casefold(), one.short_name.casefold()))
    # Two countries call theirs by one name; and a name that no authority has is most likely the one of the place.
    return tuple(one for one in named if one in near) or named or near


def addressees(rule: Rule, profile: Profile, people: Iterable[str], *, complete: bool = False) -> tuple[Addressee, ...]:
    """Whom the EU GDPR's Art. 33(1) is owed to, one by one; none of any other rule: it is owed to one alone.

    Without a main establishment those where people live. Until their places are `complete`, or where none is in the
    EEA, those of our establishments there too.
    """
    if rule.id != _SHARED:
        return ()
    inside = _counting(rule, profile)
    found = [] if any(entity.main_establishment for entity in inside) else _of_people(rule, profile, people)
    if not found or not complete:
        found += [Addressee(entity.place, _of_entity(entity, profile)) for entity in inside]
    if not found:
        return (Addressee("", (EVERY_COUNTRY,)),)
    return tuple({one.place: one for one in reversed(found)}.values())[::-1]


def _of_people(rule: Rule, profile: Profile, people: Iterable[str]) -> list[Addressee]:
    return [Addressee(place, tuple(_names(place, profile))) for place in sorted(people) if rule.touches([place])]


def _of_entity(entity: Entity, profile: Profile) -> tuple[str, ...]:
    return (entity.lead_authority,) if entity.lead_authority else tuple(_names(entity.place, profile))


def _names(place: str, profile: Profile) -> Iterator[str]:
    if place == _GERMANY:
        yield ANY_LAND
    found = _near(place, profile)
    yield from (one.name for one in found)
    if not found and place != _GERMANY:
        yield place
