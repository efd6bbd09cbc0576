"""The facts of a personal data breach, as the assessment reads them. Whatever is left out is not known yet."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.refusals import Refused
from incidents.words import N_

Value = str | bool | int | float | frozenset[str] | Mapping[str, int]
PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""How a country of ISO 3166, or a part of one, is written."""
ALSO_WRITTEN = {"UK": "GB", "EL": "GR"}
"""Codes that people write for a country, and the one of ISO 3166."""
Facts = Mapping[str, Value]
"""What is known, by name, such as `recipients.kind`. Nothing unknown is in it."""


class Shape(enum.Enum):
    """What kind of value a fact takes."""

    ONE = "one"
    SEVERAL = "several"
    YES_NO = "yes-no"
    COUNT = "count"
    AMOUNT = "amount"
    TEXT = "text"
    PLACES = "places"
    NUMBERS = "numbers"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its shape, and what may be chosen, in the order of the EDPB's notification template."""

    shape: Shape
    choices: tuple[str, ...] = ()


Reading = Callable[[str, Fact, object], Value]


def _one(choices: str) -> Fact:
    return Fact(Shape.ONE, tuple(choices.split()))


def _several(choices: str) -> Fact:
    return Fact(Shape.SEVERAL, tuple(choices.split()))


FACTS: Mapping[str, Fact] = {
    "title": Fact(Shape.TEXT),
    "role": _one("controller joint_controller processor"),
    "nature": _several("confidentiality integrity availability"),
    "incident_kind": _one(
        "privilege_abuse ransomware hacking_malware phishing_social_engineering vulnerability_exploited "
        "unauthorised_access exfiltration wrong_person_shown device_lost_or_stolen e_waste paper_disposal "
        "mail_lost_or_opened misconfiguration wrong_permissions paper_lost_or_stolen data_deleted "
        "displayed_to_wrong_recipient sent_by_mistake open_distribution_list technical_malfunction "
        "unauthorised_modification unintended_publication verbal_disclosure other"
    ),
    "cause": _one("internal_non_malicious internal_malicious external_non_malicious external_malicious"),
    "exposure": _one("confirmed likely ruled_out_with_evidence not_assessable"),
    "protection": _one("unintelligible_key_safe not_identifiable protected_but_subvertible none"),
    "credentials_protection": _one("strong_salted_hash weak_hash plain"),
    "integrity_effect": _one("none altered_no_misuse misused_reversible misused_irreversible"),
    "availability_effect": _one("none temporary permanent"),
    "backup": _one("usable unusable none"),
    "restoration_effect": _one("none minor serious"),
    "outage_hours": Fact(Shape.AMOUNT),
    "people.number": Fact(Shape.COUNT),
    "people.precision": _one("exact approximate"),
    "people.categories": _several(
        "customers employees military_or_law_enforcement minors patients students subscribers users vulnerable other"
    ),
    "data": _several(
        "basic contact biometric criminal political racial_or_ethnic religious_or_philosophical "
        "sex_life_or_orientation trade_union genetic health economic_financial employment_health national_id location "
        "official_documents payment profile credentials communications work_record special_unspecified "
        "protected_address other"
    ),
    "insight": _one("trivial limited substantial"),
    "identification": _one("negligible limited significant maximum"),
    "recipients.kind": _one("none trusted known unknown public hostile"),
    "recipients.number": Fact(Shape.COUNT),
    "recipients.deletion_confirmed": Fact(Shape.YES_NO),
    "recipients.opened": Fact(Shape.YES_NO),
    "already_public": Fact(Shape.YES_NO),
    "systematic": Fact(Shape.YES_NO),
    "undetected_days": Fact(Shape.AMOUNT),
    "misuse_observed": Fact(Shape.YES_NO),
    "contained_at_once": Fact(Shape.YES_NO),
    "mitigations": _several(
        "remote_wipe password_reset access_revoked recalled deletion_asked deletion_confirmed taken_down restored"
    ),
    "people_already_know": Fact(Shape.YES_NO),
}
"""Every fact, with the names of the published form of the facts."""

MOST = 10**12
"""No count of people or hours is larger; a number beyond it is a slip of the hand."""


def read(written: object) -> Facts:
    """The facts from a JSON object, strictly: nothing is guessed, and a null is not known. Refuses by name."""
    return read_among(written, FACTS)


def read_among(written: object, known: Mapping[str, Fact]) -> Facts:
    """The same for any vocabulary; what stands before a dot in one of its names is an object of its own."""
    if not isinstance(written, Mapping):
        raise Refused(N_("Give the facts as a JSON object, such as {}."))
    groups = {name.partition(".")[0] for name in known if "." in name}
    found: dict[str, Value] = {}
    for key, value in written.items():
        if key in groups:
            if value is None:
                continue
            if not isinstance(value, Mapping):
                raise Refused(N_("%(fact)s: give an object, such as {}."), fact=key)
            inner = {f"{key}.{name}": one for name, one in value.items()}
        else:
            inner = {str(key): value}
        for name, one in inner.items():
            if name not in known or (name == key and "." in name):
                raise Refused(N_("There is no fact %(fact)s. Leave it out, or correct its name."), fact=name)
            if one is not None and one != []:  # no breach is of no data: an empty list says nothing yet
                found[name] = _READERS[known[name].shape](name, known[name], one)
    return found


def _one_of(name: str, fact: Fact, value: object) -> Value:
    if not isinstance(value, str) or value not in fact.choices:
        raise Refused(
            N_("%(fact)s: %(value)s is not one of %(choices)s."),
            fact=name,
            value=shown(value),
            choices=", ".join(fact.choices),
        )
    return value


def _yes_no(name: str, fact: Fact, value: object) -> Value:
    if not isinstance(value, bool):
        raise Refused(N_("%(fact)s: write true or false, not %(value)s."), fact=name, value=shown(value))
    return value


def _text(name: str, fact: Fact, value: object) -> Value:
    if not isinstance(value, str):
        raise Refused(N_("%(fact)s: write text in quotes."), fact=name)
    return value


def _list(name: str, fact: Fact, value: object) -> frozenset[str]:
    return _each(name, fact, value, _one_of)


def _each(name: str, fact: Fact, value: object, read_one: Reading) -> frozenset[str]:
    if not isinstance(value, list):
        raise Refused(N_("%(fact)s: give a list, such as []."), fact=name)
    found = [str(read_one(name, fact, one)) for one in value]
    if len(set(found)) != len(found):
        raise Refused(N_("%(fact)s: something stands there twice. Name each once."), fact=name)
    return frozenset(found)


def _names(name: str, fact: Fact, value: object) -> frozenset[str]:
    return _each(name, fact, value, _text)


def _places(name: str, fact: Fact, value: object) -> frozenset[str]:
    return _each(name, fact, value, _place)


def _place(name: str, fact: Fact, value: object) -> str:
    code = value if isinstance(value, str) else ""
    code = ALSO_WRITTEN.get(code, code)
    if not PLACE.fullmatch(code):
        raise Refused(
            N_("%(fact)s: write a place as a code such as FR, DE-BY or US-CA, not %(value)s."),
            fact=name,
            value=shown(value),
        )
    return code


def _by_place(name: str, fact: Fact, value: object) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        raise Refused(N_("%(fact)s: give an object, such as {}."), fact=name)
    return {_place(name, fact, place): int(_number(name, _COUNT, number)) for place, number in value.items()}


def _number(name: str, fact: Fact, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise Refused(N_("%(fact)s: write a number of at least 0, not %(value)s."), fact=name, value=shown(value))
    if fact.shape is Shape.COUNT:
        if value != int(value):
            raise Refused(N_("%(fact)s: write a whole number, not %(value)s."), fact=name, value=shown(value))
        return int(value)
    return value


_COUNT = Fact(Shape.COUNT)
_READERS: Mapping[Shape, Reading] = {
    Shape.ONE: _one_of,
    Shape.SEVERAL: _list,
    Shape.YES_NO: _yes_no,
    Shape.COUNT: _number,
    Shape.AMOUNT: _number,
    Shape.TEXT: _text,
    Shape.PLACES: _places,
    Shape.NUMBERS: _by_place,
    Shape.NAMES: _names,
}


def shown(value: Any) -> str:
    """A value as a refusal shows it: short, whatever was written."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


def as_read(facts: Facts) -> Facts:
    """The same facts with what follows from them: a breach that is none of availability took nothing away.

    Only where nothing was said; a statement always stands. `nature` is what somebody stated, so it counts as known.
    """
    known = dict(facts)
    # What was observed is known to whoever observes: nothing said is nothing seen. Unlike it, whether a recipient
    # looked is unknown, unless it was found out already who saw the data.
    known.setdefault("misuse_observed", False)
    if "exposure" in known:
        known.setdefault("recipients.opened", False)
    nature = known.get("nature")
    if not isinstance(nature, frozenset) or not nature:
        return known
    if "availability" not in nature:
        known.setdefault("availability_effect", "none")
    if "integrity" not in nature:
        known.setdefault("integrity_effect", "none")
    if "confidentiality" not in nature and known.get("recipients.kind") == "none":
        known.setdefault("exposure", "ruled_out_with_evidence")
        known.setdefault("recipients.opened", False)
    return known
