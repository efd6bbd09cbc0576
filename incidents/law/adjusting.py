"""Factors of ENISA's score set by hand, each with a comment. The advice on Arts 33 and 34 does not read the score.

ENISA gives base scores and leaves it to the assessor to raise or lower them for the case at hand (step 2, annexes 2
and 3). What was counted stays beside what was set.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from incidents.law.severity import Severity
from incidents.refusals import Refused
from incidents.words import N_


class Factor(enum.StrEnum):
    """What the score is made of: context, ease, and the four circumstances that are added up."""

    CONTEXT = "dpc"
    EASE = "ei"
    CONFIDENTIALITY = "confidentiality"
    INTEGRITY = "integrity"
    AVAILABILITY = "availability"
    INTENT = "intent"


FACTOR_WORDS: Mapping[Factor, str] = MappingProxyType(
    {
        Factor.CONTEXT: N_("Data and their context (1 to 4)"),
        Factor.EASE: N_("Ease of identification (0.25 to 1)"),
        Factor.CONFIDENTIALITY: N_("Loss of confidentiality (0 to 0.5)"),
        Factor.INTEGRITY: N_("Loss of integrity (0 to 0.5)"),
        Factor.AVAILABILITY: N_("Loss of availability (0 to 0.5)"),
        Factor.INTENT: N_("Ill intent (0 or 0.5)"),
    }
)

VALUES: Mapping[Factor, Mapping[float, str]] = MappingProxyType(
    {
        Factor.CONTEXT: {
            1: N_("little can be concluded from the data"),
            2: N_("some habits, some of the means, or general guesses"),
            3: N_("a picture of a life or its means, or guesses at what is sensitive"),
            4: N_("sensitive or full financial data, or somebody's safety hangs on them"),
        },
        Factor.EASE: {
            0.25: N_("negligible: extremely difficult, and only under certain conditions"),
            0.5: N_("limited: with notable effort or other sources"),
            0.75: N_("significant: reasonably easy"),
            1: N_("maximum: at once, from the data alone"),
        },
        Factor.CONFIDENTIALITY: {
            0: N_("at risk, but nothing shows that anybody looked"),
            0.25: N_("known recipients"),
            0.5: N_("an unknown number of recipients"),
        },
        Factor.INTEGRITY: {
            0: N_("not altered, or put right before it was used"),
            0.25: N_("altered and perhaps used, and it can be put right"),
            0.5: N_("altered and perhaps used, and it cannot be put right"),
        },
        Factor.AVAILABILITY: {
            0: N_("not lost, or back without difficulty"),
            0.25: N_("gone for a time, and back with effort"),
            0.5: N_("gone for good"),
        },
        Factor.INTENT: {0: N_("an error, of a person or a machine"), 0.5: N_("somebody meant it")},
    }
)
"""The values that ENISA gives each factor, and no others."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A value set by hand, and why."""

    value: float
    comment: str


@dataclass(frozen=True, slots=True)
class Counted:
    """One factor as it was counted and, if somebody set it by hand, as it was set; the second is what scores."""

    factor: Factor
    counted: float | None
    adjustment: Adjustment | None

    @property
    def scores(self) -> float | None:
        return self.counted if self.adjustment is None else self.adjustment.value


def adjustment(factor: Factor, value: float, comment: str) -> Adjustment:
    """A factor set by hand. Refuses a value that ENISA does not give it, and a missing comment."""
    if value not in VALUES[factor]:
        raise Refused(N_("Choose one of the values that ENISA's method gives this factor."), field="value")
    if not comment.strip():
        raise Refused(N_("Write why the factor is set by hand. One sentence is enough."), field="comment")
    return Adjustment(value, comment.strip())


def adjusted(found: Severity, adjustments: Mapping[Factor, Adjustment]) -> Severity:
    """The score with what was set by hand in place of what was counted. Refuses what `adjustment` refuses."""
    checked = {factor: adjustment(factor, one.value, one.comment) for factor, one in adjustments.items()}
    values = {one.factor: one.scores for one in factors(found, checked)}
    context = values[Factor.CONTEXT]
    return replace(
        found,
        dpc=None if context is None else int(context),
        ei=values[Factor.EASE],
        circumstances=replace(
            found.circumstances,
            confidentiality=values[Factor.CONFIDENTIALITY],
            integrity=values[Factor.INTEGRITY],
            availability=values[Factor.AVAILABILITY],
            intent=values[Factor.INTENT],
        ),
    )


def factors(found: Severity, adjustments: Mapping[Factor, Adjustment]) -> Iterator[Counted]:
    """Every factor in the order of the method, as counted and as set by hand."""
    around = found.circumstances
    counted: Mapping[Factor, float | None] = {
        Factor.CONTEXT: found.dpc,
        Factor.EASE: found.ei,
        Factor.CONFIDENTIALITY: around.confidentiality,
        Factor.INTEGRITY: around.integrity,
        Factor.AVAILABILITY: around.availability,
        Factor.INTENT: around.intent,
    }
    return (Counted(factor, value, adjustments.get(factor)) for factor, value in counted.items())
