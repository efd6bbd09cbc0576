"""Factors of ENISA's score set by hand: only to its values, never without a comment, and never the advice."""

from __future__ import annotations

import dataclasses
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.law.adjusting import FACTOR_WORDS, VALUES, Adjustment, Factor, adjusted, adjustment, factors
from incidents.law.severity import Band, Circumstances, Severity
from incidents.refusals import Refused

COUNTED = Severity(3, 0.5, Circumstances(0.25, 0.0, 0.0, 0.5), many=False, unintelligible=True)
UNKNOWN = Severity(None, None, Circumstances(), None, None)


def given_by(factor: Factor) -> st.SearchStrategy[Adjustment]:
    return st.builds(Adjustment, st.sampled_from(sorted(VALUES[factor])), st.just("Because"))


@pytest.mark.parametrize(
    ("factor", "values"),
    [
        (Factor.CONTEXT, [1, 2, 3, 4]),
        (Factor.EASE, [0.25, 0.5, 0.75, 1]),
        (Factor.CONFIDENTIALITY, [0, 0.25, 0.5]),
        (Factor.INTEGRITY, [0, 0.25, 0.5]),
        (Factor.AVAILABILITY, [0, 0.25, 0.5]),
        (Factor.INTENT, [0, 0.5]),
    ],
)
def test_each_factor_takes_the_values_of_the_method_and_no_others(factor: Factor, values: list[float]) -> None:
    taken = [adjustment(factor, value, "Why").value for value in values]

    assert taken == values == sorted(VALUES[factor])
    for wrong in {0, 0.1, 0.25, 0.5, 0.6, 0.75, 1, 1.5, 2, 3, 4, 5, -1, nan, float("inf")} - set(values):
        with pytest.raises(Refused, match="values that ENISA's method gives") as refused:
            adjustment(factor, wrong, "Why")
        assert refused.value.field == "value"


@pytest.mark.parametrize("comment", ["", "  \n "])
def test_nothing_is_set_by_hand_without_a_comment(comment: str) -> None:
    with pytest.raises(Refused, match="Write why") as refused:
        adjustment(Factor.EASE, 0.25, comment)
    with pytest.raises(Refused, match="Write why"):
        adjusted(COUNTED, {Factor.EASE: Adjustment(0.25, comment)})

    assert refused.value.field == "comment"
    assert adjustment(Factor.EASE, 0.25, " Old names ").comment == "Old names"


def test_what_was_counted_stays_beside_what_was_set_and_the_second_scores() -> None:
    by_hand = {Factor.CONTEXT: Adjustment(4, "Undercover"), Factor.INTENT: Adjustment(0, "A slip")}

    found = adjusted(COUNTED, by_hand)

    assert (COUNTED.score, COUNTED.band) == (2.25, Band.MEDIUM)
    assert (found.dpc, found.ei, found.cb) == (4, 0.5, 0.25)
    assert (found.score, found.band) == (2.25, Band.MEDIUM)
    assert (found.many, found.unintelligible) == (False, True)
    told = {one.factor: (one.counted, one.scores) for one in factors(COUNTED, by_hand)}
    assert told == {
        Factor.CONTEXT: (3, 4),
        Factor.EASE: (0.5, 0.5),
        Factor.CONFIDENTIALITY: (0.25, 0.25),
        Factor.INTEGRITY: (0.0, 0.0),
        Factor.AVAILABILITY: (0.0, 0.0),
        Factor.INTENT: (0.5, 0),
    }
    assert list(told) == list(Factor) == list(FACTOR_WORDS) == list(VALUES)


@pytest.mark.parametrize("factor", list(Factor))
def test_setting_one_factor_sets_that_alone(factor: Factor) -> None:
    found = adjusted(UNKNOWN, {factor: Adjustment(0.5 if factor is not Factor.CONTEXT else 2, "Why")})

    known = {one.factor: one.counted for one in factors(found, {}) if one.counted is not None}
    assert known == {factor: 2 if factor is Factor.CONTEXT else 0.5}
    assert found.score is None


def test_what_was_not_known_scores_once_all_of_it_is_set() -> None:
    by_hand = {factor: Adjustment(max(values), "Worst case") for factor, values in VALUES.items()}

    found = adjusted(UNKNOWN, by_hand)

    assert (found.score, found.band) == (6, Band.VERY_HIGH)


@given(st.fixed_dictionaries({}, optional={factor: given_by(factor) for factor in Factor}))
def test_the_score_follows_the_formula_whatever_is_set(by_hand: dict[Factor, Adjustment]) -> None:
    found = adjusted(COUNTED, by_hand)

    told = {one.factor: one.scores or 0 for one in factors(COUNTED, by_hand)}
    around = sum(value for factor, value in told.items() if factor not in (Factor.CONTEXT, Factor.EASE))
    assert found.score == told[Factor.CONTEXT] * told[Factor.EASE] + around
    assert 0.25 <= found.score <= 6
    assert adjusted(COUNTED, {}) == COUNTED
    assert dataclasses.replace(found, dpc=3, ei=0.5, circumstances=COUNTED.circumstances) == COUNTED
