"""What is known of an incident beside the facts of the breach: from triage, from its parts, from what people told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.assessments import Worksheet, known
from incidents.incident import Incident, OurRole, Part, What
from incidents.law.facts import Facts, Value
from incidents.law.places import affected_places, is_complete
from incidents.law.profile import Contract, Profile, contract_with
from incidents.law.situation import SITUATION

COUNTRIES, RESIDENTS, COMPLETE = "affected.countries", "affected.residents", "affected.complete"
SYSTEMS, SYSTEMS_COMPLETE = "systems.countries", "systems.complete"

_PERSONAL: Mapping[What, bool | None] = {
    What.UNDECIDED: None,
    What.PERSONAL_DATA_BREACH: True,
    What.SECURITY_INCIDENT: False,
    What.NEAR_MISS: False,
    What.NOTHING: False,
}


def worksheets(session: Session, incident: Incident) -> dict[int | None, Worksheet]:
    """What is written down so far, by the key of the part; None for what is our own."""
    rows = session.scalars(select(Worksheet).where(Worksheet.incident_id == incident.id))
    return {row.part_id: row for row in rows}


def situation_of(incident: Incident, profile: Profile, told: Mapping[str, Any] | None = None) -> Facts:
    """Triage and parts of an incident, and what was `told` on its worksheet, which stands before them."""
    found: dict[str, Value] = {}
    if incident.our_role is not OurRole.UNKNOWN:
        found["our_role"] = incident.our_role.value
    personal = _PERSONAL[incident.what]
    if personal is not None:
        found["personal_data"] = personal
    customers = {part.customer for part in incident.parts if part.customer and part.dropped_at is None}
    if customers:
        found["customers.names"] = _as_in_contracts(customers, profile.contracts)
    return {**found, **known(told or {})}


def without(situation: Facts, places: Iterable[str]) -> Facts:
    """The same without the people of these places, whom parts of their own stand for."""
    taken = frozenset(places)
    left = affected_places(situation) - taken
    found = {name: value for name, value in situation.items() if name not in (COUNTRIES, RESIDENTS)}
    numbers = situation.get(RESIDENTS)
    if isinstance(numbers, Mapping):
        found[RESIDENTS] = {place: number for place, number in numbers.items() if place not in taken}
    if left or COUNTRIES in situation:
        found[COUNTRIES] = frozenset(left)
    return found


def of_part(part: Part, situation: Facts, told: Mapping[str, Any] | None) -> Facts:
    """The situation of one of our own parts: its people live in its place, and the systems are those of the incident.

    `situation` is the incident's.
    """
    found = {name: value for name, value in situation.items() if name not in (COUNTRIES, RESIDENTS)}
    found |= {"our_role": OurRole.CONTROLLER.value, COUNTRIES: frozenset({part.place}), COMPLETE: True}
    return {**found, **known(told or {})}


def all_countries(situation: Facts) -> frozenset[str] | None:
    """Where the people affected live, once it is said that all of it is known; None until then."""
    return affected_places(situation) if is_complete(situation, COMPLETE, COUNTRIES) else None


def written(situation: Facts) -> dict[str, Any]:
    """A situation as it is stored: in the order of the vocabulary, lists sorted."""
    found: dict[str, Any] = {}
    for name in SITUATION:
        if name in situation:
            value = situation[name]
            found[name] = sorted(value) if isinstance(value, frozenset) else value
    return found


def _as_in_contracts(customers: Iterable[str], contracts: Sequence[Contract]) -> frozenset[str]:
    """The customers by the names that their contracts have, however large or small the letters were typed."""
    known_as = ((name, contract_with(name, contracts)) for name in customers)
    return frozenset(contract.customer if contract else name for name, contract in known_as)
