"""The severity score of ENISA's working document of December 2013: SE = DPC × EI + CB.

It explains, and decides nothing: the document is older than the GDPR and ties no level to Art. 33 or 34.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from incidents.law.facts import Facts
from incidents.words import N_

METHOD = "enisa-2013"
MANY = 100
"""ENISA's flag: of more people than this the score says less than it should."""


class Band(enum.StrEnum):
    """The level a score falls in."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"


class Category(enum.StrEnum):
    """ENISA's four classes of data."""

    SIMPLE = "simple"
    BEHAVIOURAL = "behavioural"
    FINANCIAL = "financial"
    SENSITIVE = "sensitive"


BAND_WORDS: Mapping[Band, str] = MappingProxyType(
    {
        Band.LOW: N_("low: a few inconveniences that people overcome without a problem"),
        Band.MEDIUM: N_("medium: significant inconveniences that people overcome with some difficulty"),
        Band.HIGH: N_("high: significant consequences that people overcome with serious difficulty"),
        Band.VERY_HIGH: N_("very high: consequences that people may not overcome"),
    }
)

_CATEGORY: Mapping[str, Category] = MappingProxyType(
    dict.fromkeys(
        ("basic", "contact", "work_record", "official_documents", "national_id", "protected_address", "other"),
        Category.SIMPLE,
    )
    | dict.fromkeys(("location", "profile", "communications"), Category.BEHAVIOURAL)
    | dict.fromkeys(("economic_financial", "payment"), Category.FINANCIAL)
    | dict.fromkeys(
        (
            "biometric",
            "criminal",
            "political",
            "racial_or_ethnic",
            "religious_or_philosophical",
            "sex_life_or_orientation",
            "trade_union",
            "genetic",
            "health",
            "employment_health",
            "special_unspecified",
        ),
        Category.SENSITIVE,
    )
)

# By category: with trivial, limited or unknown, and substantial insight. Whole steps from the base score, as in
# ENISA's step 2: nature of the data lowers, volume and what can be concluded raise.
_CONTEXT: Mapping[Category, Mapping[str | None, int]] = MappingProxyType(
    {
        Category.SIMPLE: {"trivial": 1, "limited": 1, None: 1, "substantial": 2},
        Category.BEHAVIOURAL: {"trivial": 1, "limited": 2, None: 2, "substantial": 3},
        Category.FINANCIAL: {"trivial": 1, "limited": 2, None: 3, "substantial": 4},
        Category.SENSITIVE: {"trivial": 1, "limited": 3, None: 4, "substantial": 4},
    }
)
# What anybody could gather from public sources before: ENISA's step 2 names these two classes.
_LOWERED_BY_BEING_PUBLIC = frozenset({Category.BEHAVIOURAL, Category.SENSITIVE})
_EASE: Mapping[str, float] = MappingProxyType({"negligible": 0.25, "limited": 0.5, "significant": 0.75, "maximum": 1.0})
_LOST_THINGS = frozenset({"device_lost_or_stolen", "paper_lost_or_stolen", "mail_lost_or_opened", "e_waste"})
_SEEN_BY: Mapping[str, float] = MappingProxyType(
    {"none": 0.0, "trusted": 0.25, "known": 0.25, "unknown": 0.5, "public": 0.5, "hostile": 0.5}
)
_ALTERED: Mapping[str, float] = MappingProxyType(
    {"none": 0.0, "altered_no_misuse": 0.0, "misused_reversible": 0.25, "misused_irreversible": 0.5}
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """ENISA's four circumstances of a breach (annex 3), each in points; None while it is not known."""

    confidentiality: float | None = None
    integrity: float | None = None
    availability: float | None = None
    intent: float | None = None

    @property
    def points(self) -> float | None:
        """The four added up; None while one of them is not known."""
        parts = (self.confidentiality, self.integrity, self.availability, self.intent)
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


@dataclass(frozen=True, slots=True)
class Severity:
    """The factors and the score; a factor that depends on something unknown is None, and so is the score then.

    `many` and `unintelligible` are ENISA's two flags, which stand beside the score and do not change it.
    """

    dpc: int | None
    ei: float | None
    circumstances: Circumstances
    many: bool | None
    unintelligible: bool | None

    @property
    def cb(self) -> float | None:
        return self.circumstances.points

    @property
    def score(self) -> float | None:
        if self.dpc is None or self.ei is None or self.cb is None:
            return None
        return self.dpc * self.ei + self.cb

    @property
    def band(self) -> Band | None:
        score = self.score
        if score is None:
            return None
        limits = ((2, Band.LOW), (3, Band.MEDIUM), (4, Band.HIGH))
        return next((band for limit, band in limits if score < limit), Band.VERY_HIGH)


def severity(facts: Facts) -> Severity:
    """The score of these facts, factor by factor."""
    number, protection = facts.get("people.number"), facts.get("protection")
    return Severity(
        dpc=_context(facts),
        ei=_EASE.get(str(facts.get("identification"))),
        circumstances=Circumstances(_seen(facts), _altered(facts), _gone(facts), _intended(facts)),
        many=number > MANY if isinstance(number, int) else None,
        unintelligible=protection == "unintelligible_key_safe" if protection else None,
    )


def _context(facts: Facts) -> int | None:
    """The highest class involved, adjusted; credentials take the class of what they open, the others involved."""
    data = facts.get("data")
    if not isinstance(data, frozenset):
        return None
    if "protected_address" in data:
        return 4  # critical for somebody's safety
    insight = facts.get("insight")
    public = facts.get("already_public") is True
    found = {_CATEGORY[name] for name in data if name in _CATEGORY} or {Category.SIMPLE}
    return max(
        1 if public and category in _LOWERED_BY_BEING_PUBLIC else _CONTEXT[category][_text(insight)]
        for category in found
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _seen(facts: Facts) -> float | None:
    nature, exposure = facts.get("nature"), facts.get("exposure")
    if exposure == "ruled_out_with_evidence":
        return 0.0
    if isinstance(nature, frozenset) and "confidentiality" not in nature and exposure is None:
        return 0.0
    if exposure != "confirmed" and facts.get("incident_kind") in _LOST_THINGS:
        return 0.0  # exposed to a risk without evidence that anybody looked
    return _SEEN_BY.get(str(facts.get("recipients.kind")))


def _altered(facts: Facts) -> float | None:
    return _ALTERED.get(str(facts.get("integrity_effect")))


def _gone(facts: Facts) -> float | None:
    effect, backup = facts.get("availability_effect"), facts.get("backup")
    if effect is None:
        return None
    if effect == "none" or (backup == "usable" and facts.get("restoration_effect") == "none"):
        return 0.0
    return 0.25 if effect == "temporary" or backup == "usable" else 0.5


def _intended(facts: Facts) -> float | None:
    cause = facts.get("cause")
    if cause is None:
        return None
    return 0.5 if cause in ("internal_malicious", "external_malicious") else 0.0
