"""ENISA's score of 2013: the examples of its method, factor by factor, and where the levels begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from incidents.law.assessment import assess
from incidents.law.facts import FACTS, as_read, read
from incidents.law.severity import _CATEGORY, BAND_WORDS, Band, Circumstances, Severity, severity

SCORED: Mapping[str, Any] = {
    "data": ["contact"],
    "identification": "maximum",
    "nature": ["confidentiality"],
    "exposure": "confirmed",
    "recipients": {"kind": "known"},
    "cause": "internal_non_malicious",
}


def scored(**changed: object) -> Severity:
    return severity(as_read(read({**SCORED, **changed})))


@pytest.mark.parametrize(
    ("data", "insight", "dpc"),
    [
        (["basic", "contact"], "limited", 1),  # the customers of a supermarket
        (["basic", "contact"], "trivial", 1),
        (["basic", "contact"], None, 1),
        (["basic", "contact"], "substantial", 2),  # those of a seller of luxuries
        (["protected_address"], None, 4),  # a list of undercover officers
        (["basic", "protected_address"], "trivial", 4),
        (["credentials"], "limited", 1),  # those of a shop where little can be done
        (["national_id"], "limited", 1),
        (["other"], None, 1),
        (["communications"], "trivial", 1),  # who called a helpdesk
        (["communications"], "limited", 2),  # a week of calls
        (["profile"], None, 2),  # purchases on a loyalty card
        (["communications"], "substantial", 3),  # a year of calls
        (["location"], "substantial", 3),  # a transport card for a year
        (["communications", "health"], None, 4),  # calls to a centre for psychological help
        (["profile", "health"], "substantial", 4),  # purchases in a pharmacy
        (["economic_financial"], "trivial", 1),  # a letter from a bank
        (["economic_financial"], "limited", 2),  # a day's transactions without detail
        (["economic_financial"], None, 3),  # a month's balances
        (["economic_financial"], "substantial", 4),  # a year's statements
        (["payment"], "trivial", 1),  # a card long expired
        (["payment"], "limited", 2),  # a part of a card's number
        (["payment"], "substantial", 4),  # a whole card
        (["health"], "trivial", 1),  # "had general blood tests"
        (["health"], "limited", 3),  # a test for a disease that is named
        (["health"], "substantial", 4),  # its result
        (["political"], None, 4),  # opinions in a closed forum
        (["sex_life_or_orientation", "basic"], None, 4),  # a dating site
        (["credentials", "health"], "limited", 3),  # credentials take the class of what they open
        (["credentials", "economic_financial"], None, 3),
    ],
)
def test_the_context_is_that_of_the_gravest_class_in_whole_steps(
    data: list[str], insight: str | None, dpc: int
) -> None:
    assert scored(data=data, insight=insight).dpc == dpc


@pytest.mark.parametrize(
    ("data", "dpc"),
    [
        (["location"], 1),
        (["political"], 1),
        (["political", "location"], 1),
        (["contact"], 2),
        (["payment"], 4),
        (["political", "payment"], 4),
    ],
)
def test_what_was_public_before_lowers_behaviour_and_sensitive_data_alone(data: list[str], dpc: int) -> None:
    assert scored(data=data, insight="substantial", already_public=True).dpc == dpc


def test_data_that_were_not_public_before_are_not_lowered() -> None:
    assert scored(data=["political"], already_public=False).dpc == 4


def test_every_kind_of_data_has_its_class_except_what_takes_that_of_the_others() -> None:
    assert set(FACTS["data"].choices) - set(_CATEGORY) == {"credentials"}


@pytest.mark.parametrize(
    ("identification", "ei"),
    [("negligible", 0.25), ("limited", 0.5), ("significant", 0.75), ("maximum", 1), (None, None)],
)
def test_ease_of_identification_has_four_steps(identification: str | None, ei: float | None) -> None:
    assert scored(identification=identification).ei == ei


AVAILABLE = {"nature": ["confidentiality", "availability"], "exposure": "ruled_out_with_evidence"}
INTACT = {"nature": ["confidentiality", "integrity"], "exposure": "ruled_out_with_evidence"}


@pytest.mark.parametrize(
    ("changed", "cb"),
    [
        # Confidentiality: nobody, known recipients, an unknown number of them.
        ({"exposure": "ruled_out_with_evidence", "recipients": {"kind": "hostile"}}, 0),
        ({"recipients": {"kind": "none"}}, 0),
        ({"recipients": {"kind": "trusted"}}, 0.25),
        ({"recipients": {"kind": "known"}}, 0.25),
        ({"recipients": {"kind": "unknown"}}, 0.5),
        ({"recipients": {"kind": "public"}}, 0.5),
        ({"recipients": {"kind": "hostile"}}, 0.5),
        ({"recipients": None}, None),
        ({"exposure": None}, 0.25),
        # Lost on the way or thrown away: without evidence that anybody looked, nothing.
        ({"incident_kind": "device_lost_or_stolen", "exposure": "likely", "recipients": {"kind": "unknown"}}, 0),
        ({"incident_kind": "paper_lost_or_stolen", "exposure": "not_assessable", "recipients": None}, 0),
        ({"incident_kind": "mail_lost_or_opened", "exposure": None, "recipients": {"kind": "unknown"}}, 0),
        ({"incident_kind": "e_waste", "exposure": "likely", "recipients": {"kind": "unknown"}}, 0),
        ({"incident_kind": "device_lost_or_stolen", "exposure": "confirmed", "recipients": {"kind": "unknown"}}, 0.5),
        ({"incident_kind": "hacking_malware", "exposure": "likely", "recipients": {"kind": "hostile"}}, 0.5),
        ({"nature": ["integrity"], "integrity_effect": "none", "exposure": None, "recipients": None}, 0),
        ({"nature": ["integrity"], "integrity_effect": "none", "exposure": "likely", "recipients": None}, None),
        ({"nature": None, "integrity_effect": "none", "availability_effect": "none", "exposure": None}, 0.25),
        # Integrity: restored before use, used and recoverable, used and not.
        ({**INTACT, "integrity_effect": "none"}, 0),
        ({**INTACT, "integrity_effect": "altered_no_misuse"}, 0),
        ({**INTACT, "integrity_effect": "misused_reversible"}, 0.25),
        ({**INTACT, "integrity_effect": "misused_irreversible"}, 0.5),
        (INTACT, None),
        # Availability: a copy exists, recovery takes effort, gone.
        ({**AVAILABLE, "availability_effect": "none"}, 0),
        ({**AVAILABLE, "availability_effect": "temporary", "backup": "usable", "restoration_effect": "none"}, 0),
        ({**AVAILABLE, "availability_effect": "permanent", "backup": "usable", "restoration_effect": "none"}, 0),
        ({**AVAILABLE, "availability_effect": "temporary", "backup": "usable", "restoration_effect": "minor"}, 0.25),
        ({**AVAILABLE, "availability_effect": "temporary", "backup": "none", "restoration_effect": "none"}, 0.25),
        ({**AVAILABLE, "availability_effect": "permanent", "backup": "usable", "restoration_effect": "minor"}, 0.25),
        ({**AVAILABLE, "availability_effect": "permanent", "backup": "unusable"}, 0.5),
        ({**AVAILABLE, "availability_effect": "permanent", "backup": "none"}, 0.5),
        ({**AVAILABLE, "availability_effect": "permanent"}, 0.5),
        (AVAILABLE, None),
        # Intent.
        ({"cause": "internal_malicious"}, 0.75),
        ({"cause": "external_malicious"}, 0.75),
        ({"cause": "external_non_malicious"}, 0.25),
        ({"cause": None}, None),
    ],
)
def test_the_circumstances_are_added_up(changed: dict[str, Any], cb: float | None) -> None:
    assert scored(**changed).cb == cb


def test_the_worst_that_can_be_scores_six() -> None:
    worst = scored(
        data=["health"],
        insight="substantial",
        nature=["confidentiality", "integrity", "availability"],
        recipients={"kind": "hostile"},
        integrity_effect="misused_irreversible",
        availability_effect="permanent",
        backup="none",
        cause="external_malicious",
    )

    assert (worst.dpc, worst.ei, worst.cb) == (4, 1, 2)
    assert (worst.score, worst.band) == (6, Band.VERY_HIGH)


@pytest.mark.parametrize(
    ("dpc", "ei", "cb", "score", "band"),
    [
        (1, 0.25, 0.0, 0.25, Band.LOW),
        (1, 1.0, 0.75, 1.75, Band.LOW),
        (2, 1.0, 0.0, 2.0, Band.MEDIUM),
        (3, 0.75, 0.5, 2.75, Band.MEDIUM),
        (3, 1.0, 0.0, 3.0, Band.HIGH),
        (3, 1.0, 0.75, 3.75, Band.HIGH),
        (4, 1.0, 0.0, 4.0, Band.VERY_HIGH),
        (4, 0.5, 2.0, 4.0, Band.VERY_HIGH),
        (None, 1.0, 0.0, None, None),
        (1, None, 0.0, None, None),
        (1, 1.0, None, None, None),
    ],
)
def test_a_level_begins_at_its_limit_and_nothing_is_scored_from_half_the_factors(
    dpc: int | None, ei: float | None, cb: float | None, score: float | None, band: Band | None
) -> None:
    found = Severity(dpc, ei, Circumstances(cb, 0.0, 0.0, 0.0), None, None)

    assert (found.score, found.band) == (score, band)


def test_every_level_has_words() -> None:
    assert set(BAND_WORDS) == set(Band)


@pytest.mark.parametrize(("number", "many"), [(100, False), (101, True), (0, False), (None, None)])
def test_more_than_a_hundred_people_raise_a_flag_and_leave_the_score(number: int | None, many: bool | None) -> None:
    found = scored(people={"number": number})

    assert found.many is many
    assert found.score == scored().score == 1.25


@pytest.mark.parametrize(
    ("protection", "unintelligible"),
    [("unintelligible_key_safe", True), ("protected_but_subvertible", False), ("none", False), (None, None)],
)
def test_unintelligible_data_raise_a_flag_and_leave_the_score(
    protection: str | None, unintelligible: bool | None
) -> None:
    found = scored(protection=protection)

    assert found.unintelligible is unintelligible
    assert found.score == scored().score


def test_nothing_known_is_no_score() -> None:
    assert severity({}) == Severity(None, None, Circumstances(), None, None)
    assert assess({}).severity.score is None
