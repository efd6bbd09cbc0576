"""Through which places a law reaches us: our establishments, the people affected, the systems touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from incidents.law.counting import Step
from incidents.law.facts import Facts
from incidents.law.profile import Profile
from incidents.law.regimes import Regime, Rule
from incidents.law.regimes.rule import Reach
from incidents.words import N_

WHEREVER = (Reach.ESTABLISHMENT, Reach.PEOPLE, Reach.SYSTEMS)
"""The cautious ties of a rule whose file does not say which count: one of them may be enough."""

_EVERYWHERE = (Reach.ANYWHERE,)

TIED: Mapping[Reach, str] = {
    Reach.ESTABLISHMENT: N_("We are established there: %(where)s."),
    Reach.PEOPLE: N_("People affected live there: %(where)s."),
    Reach.SYSTEMS: N_("Systems touched are there: %(where)s."),
}
OPEN: Mapping[tuple[Reach, ...], str] = {
    (Reach.ESTABLISHMENT,): N_("It counts if we are established there: %(where)s."),
    (Reach.PEOPLE,): N_("It counts if people affected live there: %(where)s."),
    (Reach.SYSTEMS,): N_("It counts if systems touched are there: %(where)s."),
    (Reach.ESTABLISHMENT, Reach.PEOPLE): N_("It counts if we, or people affected, are there: %(where)s."),
    (Reach.ESTABLISHMENT, Reach.SYSTEMS): N_("It counts if we, or systems touched, are there: %(where)s."),
    (Reach.PEOPLE, Reach.SYSTEMS): N_("It counts if people affected, or systems touched, are there: %(where)s."),
    WHEREVER: N_("It counts if we, people affected, or systems touched are there: %(where)s."),
}
UNTIED = N_("Neither we nor what is affected is there: %(where)s.")
ASKED: Mapping[Reach, str] = {
    Reach.ESTABLISHMENT: "establishment",
    Reach.PEOPLE: "affected.countries",
    Reach.SYSTEMS: "systems.countries",
}


@dataclass(frozen=True, slots=True)
class Ties:
    """Whether a rule reaches us, the sentence for it, and what is missing where that is not known."""

    holds: bool | None
    because: Step | None
    missing: str | None


class _Tie(NamedTuple):
    reach: Reach
    holds: bool | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Where:
    """The places of one incident by the tie that they make, and whether a list of them is complete."""

    places: Mapping[str, tuple[str, ...]]
    complete: Mapping[str, bool]


def where_of(profile: Profile, known: Facts) -> Where:
    """What profile and incident say of places. Entities count as complete once there is one."""
    # Keyed by plain values: this is looked up for every rule, and the hash of an enum's member costs a call.
    return Where(
        {
            Reach.ESTABLISHMENT.value: tuple(sorted(profile.established)),
            Reach.PEOPLE.value: tuple(sorted(affected_places(known))),
            Reach.SYSTEMS.value: tuple(sorted(_places(known, "systems.countries"))),
        },
        {
            Reach.ESTABLISHMENT.value: bool(profile.entities),
            Reach.PEOPLE.value: is_complete(known, "affected.complete", "affected.countries"),
            Reach.SYSTEMS.value: is_complete(known, "systems.complete", "systems.countries"),
        },
    )


def ties_of(rule: Rule, regime: Regime, where: Where) -> Ties:
    """The ties of one rule. A list that nobody called complete never unties anything."""
    if not rule.countries or rule.reach == _EVERYWHERE:
        return Ties(True, None, None)
    found = [_tie(rule, reach, where) for reach in rule.reach or WHEREVER]
    there = regime.jurisdiction if rule.countries is regime.countries else _listed(rule.countries)
    for tie in found:
        if tie.holds:
            return Ties(True, Step(TIED[tie.reach], {"where": tie.place or there}), None)
    waiting = tuple(tie.reach for tie in found if tie.holds is None)
    if not waiting:
        return Ties(False, Step(UNTIED, {"where": there}), None)
    # What the incident tells is asked for first: the profile was written before it.
    missing = ASKED[next((reach for reach in waiting if reach is not Reach.ESTABLISHMENT), waiting[0])]
    return Ties(None, Step(OPEN[waiting], {"where": there}), missing)


def affected_places(known: Facts) -> frozenset[str]:
    """Where people affected are known to live, by list or by number."""
    return _places(known, "affected.countries") | _numbers(known).keys()


def is_complete(known: Facts, said: str, of: str) -> bool:
    """Whether somebody called a list complete that is there."""
    return known.get(said) is True and of in known


def residents_of(rule: Rule, known: Facts) -> tuple[int, int | None]:
    """How many of the people affected live where a rule is law: at least, and at most where that is known."""
    numbers = _numbers(known)
    there = {place for place in affected_places(known) if _within(place, rule.countries) is not False}
    counted = {
        place for place in numbers if _within(place, rule.countries) and place[:2] not in numbers.keys() - {place}
    }
    least = sum(numbers[place] for place in counted)
    complete = is_complete(known, "affected.complete", "affected.countries")
    if complete and all(place in counted or place[:2] in counted for place in there):
        return least, least
    number = known.get("people.number")
    if known.get("people.precision") == "exact" and isinstance(number, int):
        return least, max(least, number)
    return least, None


def _tie(rule: Rule, reach: Reach, where: Where) -> _Tie:
    partly = False
    for place in where.places[reach.value]:
        holds = _within(place, rule.countries)
        if holds:
            return _Tie(reach, True, place)
        # Somewhere in a country whose parts have laws of their own: which part is not known yet.
        partly = partly or holds is None
    return _Tie(reach, None if partly or not where.complete[reach.value] else False, None)


@lru_cache(maxsize=256)
def _listed(countries: frozenset[str]) -> str:
    return ", ".join(sorted(countries))


@lru_cache(maxsize=8192)
def _within(place: str, countries: frozenset[str]) -> bool | None:
    """Whether a place lies in one of these; None where only a part of it does."""
    if place in countries or place[:2] in countries:
        return True
    return None if any(country.startswith(f"{place}-") for country in countries) else False


def _places(known: Facts, name: str) -> frozenset[str]:
    places = known.get(name)
    return places if isinstance(places, frozenset) else frozenset()


def _numbers(known: Facts) -> Mapping[str, int]:
    numbers = known.get("affected.residents")
    return numbers if isinstance(numbers, Mapping) else {}
