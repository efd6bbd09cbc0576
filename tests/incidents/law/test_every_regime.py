"""What the files of the regimes say: every duty of the survey has a home, and says what people know of it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from incidents.law import regimes
from incidents.law.counting import UNIT_WORDS, Counting, Unit
from incidents.law.regimes import EITHER, Capacity, Rule, laws_for, load
from incidents.law.regimes.rule import CLOCK_START_WORDS, ClockStart, Confidence, Recipient
from tools.regimes import listed, written

FOLDER = Path(regimes.__file__).parent
SURVEY = Path(__file__).parents[2] / "data" / "regimes" / "survey.txt"
TODAY = date(2026, 11, 22)

PENDING = {
    *("eu-omnibus-33", "uk-csrb-init", "uk-csrb-full", "us-circia-72", "us-circia-24", "eu-aiact-73"),
    *("in-dpdp-board-1", "in-dpdp-board-2", "in-dpdp-dp", "cl-21719", "ua", "lk-pdpa", "ae-fed"),
    *("tw-pdpa", "gh-eg", "bd-pk-np", "us-fcc-cpni"),
}
NOT_LAW = {"eu-psd2-96", "uk-actionfraud", "hk-pdpo", "ar-aaip"}
AS_AGREED = {"ctr-customer", "ctr-pci", "ctr-cert", "uk-insurer"}


def surveyed() -> dict[str, str]:
    """The ids of the survey, as the files write them, and how sure it was."""
    lines = SURVEY.read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    found = {name.lower(): sure for name, sure in pairs}
    assert len(found) == len(pairs) == 171
    return found


def test_every_duty_of_the_survey_has_one_home() -> None:
    homes = Counter(rule.id for rule in load().rules())

    assert {name: homes[name] for name in surveyed()} == dict.fromkeys(surveyed(), 1)


def test_no_rule_is_surer_or_less_sure_than_the_survey_was() -> None:
    """Whoever reads the source of a rule changes its mark in the survey's file as well."""
    marks = {Confidence.TEXT: "V", Confidence.SECONDARY: "V", Confidence.PARTLY: "P", Confidence.MEMORY: "M"}
    survey = surveyed()

    marked = {rule.id: marks[rule.confidence] for rule in load().rules() if rule.id in survey}
    confirmed = Counter(rule.confirmed for rule in load().rules() if rule.id in survey)

    assert marked == survey
    assert confirmed == {True: 61, False: 110}


def test_what_is_not_law_today_is_owed_by_nobody() -> None:
    unowed = {rule.id for rule in load().rules() if not rule.in_force(TODAY)}

    assert unowed == PENDING | NOT_LAW | AS_AGREED
    assert all(load().get(name).status for name in unowed)
    assert not [rule.id for rule in load().rules() if rule.in_force(TODAY) and rule.status]


@pytest.mark.parametrize(
    ("rule", "last", "first"),
    [
        ("in-dpdp-board-2", date(2027, 5, 12), date(2027, 5, 13)),
        ("cl-21719", date(2026, 11, 30), date(2026, 12, 1)),
        ("eu-cra-aev-ew", date(2026, 9, 10), date(2026, 9, 11)),
        ("uk-pecr-5a", date(2025, 8, 19), date(2025, 8, 20)),
        ("us-dfars-72", date(2016, 12, 30), date(2016, 12, 31)),
    ],
)
def test_a_law_begins_on_its_first_day(rule: str, last: date, first: date) -> None:
    assert not load().get(rule).in_force(last)
    assert load().get(rule).in_force(first)


def test_a_proposal_says_what_it_would_take_the_place_of() -> None:
    proposed = load().get("eu-omnibus-33")

    assert proposed.replaces == "eu-gdpr-33-1"
    assert (proposed.period, load().get("eu-gdpr-33-1").period) == (96, 72)


def test_every_duty_that_follows_another_leads_back_to_one_that_does_not() -> None:
    known = load()

    def first(rule: Rule, seen: tuple[str, ...] = ()) -> Rule:
        assert rule.id not in seen
        return first(known.get(rule.after), (*seen, rule.id)) if rule.after else rule

    followers = [rule for rule in known.rules() if rule.after]
    assert {(rule.id, first(rule).id) for rule in followers} == {
        ("eu-gdpr-33-4", "eu-gdpr-33-1"),
        ("eu-nis2-fr", "eu-nis2-in"),
        ("eu-dora-inter", "eu-dora-init"),
        ("eu-dora-final", "eu-dora-init"),
        ("eu-cra-si-fin", "eu-cra-si-not"),
        ("eu-epriv-auth2", "eu-epriv-auth"),
        ("my-pdpa-ds", "my-pdpa-comm"),
    }
    assert all(known.regime_of(rule.id) is known.regime_of(first(rule).id) for rule in followers)


def said(rule: Rule) -> str:
    """The period as a person would say it."""
    if rule.unit is Unit.NO_FIXED_PERIOD:
        return f"without a number, from {CLOCK_START_WORDS[rule.clock_start]}"
    if rule.unit is Unit.SEE_TEXT:
        return UNIT_WORDS[rule.unit]
    unit = UNIT_WORDS[rule.unit]
    return f"{rule.period} {unit if rule.period != 1 else unit[:-1]} from {CLOCK_START_WORDS[rule.clock_start]}"


@pytest.mark.parametrize(
    ("rule", "period"),
    [
        ("eu-gdpr-33-1", "72 hours from becoming aware"),
        ("eu-gdpr-33-2", "without a number, from becoming aware"),
        ("eu-gdpr-33-4", "without a number, from the filing of the earlier stage"),
        ("eu-gdpr-34-1", "without a number, from becoming aware"),
        ("uk-gdpr-33-1", "72 hours from becoming aware"),
        ("uk-pecr-5a", "72 hours from becoming aware"),
        ("eu-omnibus-33", "96 hours from becoming aware"),
        ("eu-nis2-ew", "24 hours from becoming aware"),
        ("eu-nis2-in", "72 hours from becoming aware"),
        ("eu-nis2-ir", "without a number, from a request"),
        ("eu-nis2-fr", "1 month from the filing of the earlier stage"),
        ("eu-dora-init", "4 hours from a decision"),
        ("eu-dora-inter", "72 hours from the filing of the earlier stage"),
        ("eu-dora-final", "1 month from the filing of the earlier stage"),
        ("eu-cra-aev-ew", "24 hours from becoming aware"),
        ("eu-cra-aev-fin", "14 calendar days from a fix being available"),
        ("eu-cra-si-fin", "1 month from the filing of the earlier stage"),
        ("eu-epriv-auth", "24 hours from becoming aware"),
        ("eu-epriv-auth2", "3 calendar days from the filing of the earlier stage"),
        ("ch-fadp-24-1", "without a number, from becoming aware"),
        ("in-certin", "6 hours from noticing it, or being told of it"),
        ("in-dpdp-board-1", "without a number, from becoming aware"),
        ("in-dpdp-board-2", "72 hours from becoming aware"),
        ("sg-pdpa-pdpc", "3 calendar days from a decision"),
        ("sg-pdpa-assess", "30 calendar days from suspecting it"),
        ("au-ndb-assess", "30 calendar days from suspecting it"),
        ("au-cyber-ransom", "72 hours from a payment"),
        ("au-soci", "12 hours from becoming aware"),
        ("jp-appi-final", "30 calendar days from becoming aware"),
        ("kr-pipa-pipc", "72 hours from becoming aware"),
        ("cn-cirm-1h", "1 hour from becoming aware"),
        ("cn-cirm-4h", "4 hours from becoming aware"),
        ("cn-cirm-30d", "30 calendar days from the end of handling"),
        ("my-pdpa-comm", "72 hours from the breach itself"),
        ("my-pdpa-ds", "7 calendar days from the filing of the earlier stage"),
        ("br-anpd", "3 working days from becoming aware"),
        ("co-sic", "15 working days from becoming aware"),
        ("ke-dpa-p", "48 hours from becoming aware"),
        ("us-hipaa-ind", "60 calendar days from becoming aware"),
        ("us-hipaa-hhslt", "60 calendar days from the end of the year"),
        ("us-sec-8k", "4 working days from a decision"),
        ("us-bank-36", "36 hours from a decision"),
        ("us-nydfs-ransom", "24 hours from a payment"),
        ("us-ca-ind", "30 calendar days from becoming aware"),
        ("us-ca-ag", "15 calendar days from telling the people affected"),
        ("us-tx-ind", "60 calendar days from a decision"),
        ("us-wa", "30 calendar days from becoming aware"),
        ("ctr-customer", "as the text says"),
    ],
)
def test_the_periods_are_what_people_say_they_are(rule: str, period: str) -> None:
    assert said(load().get(rule)) == period


def test_dora_sets_an_outer_limit_beside_the_four_hours() -> None:
    assert {rule.id: rule.outer_hours for rule in load().rules() if rule.outer_hours} == {"eu-dora-init": 24}


def test_a_number_says_by_which_rule_it_is_counted() -> None:
    assert [rule.id for rule in load().rules() if rule.period and rule.counting is Counting.NONE] == []


def test_how_long_a_record_is_kept_is_no_deadline() -> None:
    kept = {rule.id: f"{rule.period} {UNIT_WORDS[rule.unit]}" for rule in load().rules() if rule.keeping}

    assert kept == {"ca-pipeda-rec": "24 months", "ca-qc-reg": "5 years", "br-reg": "5 years"}


def test_periods_are_counted_by_the_rule_of_their_own_law() -> None:
    union = Counting.REG_1182_71
    outside = [
        rule.id
        for rule in load().rules()
        if rule.counting is union and not load().regime_of(rule.id).id.startswith(("eu-", "uk-dpa"))
    ]

    assert outside == []
    assert [rule.id for rule in load().rules() if rule.counting is Counting.UK_GDPR_4A] == [
        "uk-gdpr-33-1",
        "uk-pecr-5a",
    ]
    assert all(rule.counting is Counting.NATIONAL for rule in load().rules() if rule.unit is Unit.WORKING_DAYS)


BOTH_GDPRS = {"eu-gdpr-33-1", "uk-gdpr-33-1"}


def by_themselves(country: str, on: date) -> list[str]:
    laws = laws_for(country, [country], on=on)
    owed = load().owed_by(Capacity.CONTROLLER, on, laws)
    return [rule.id for rule in owed if rule.by_itself and rule.recipient is Recipient.AUTHORITY]


@pytest.mark.parametrize(
    ("country", "first"),
    [
        *(("GB", "uk-gdpr-33-1"), ("DE", "eu-gdpr-33-1"), ("FR", "eu-gdpr-33-1"), ("IE", "eu-gdpr-33-1")),
        *(("NO", "eu-gdpr-33-1"), ("IS", "eu-gdpr-33-1"), ("LI", "eu-gdpr-33-1"), ("US", "eu-gdpr-33-1")),
        *(("CH", "eu-gdpr-33-1"), ("IN", "eu-gdpr-33-1"), ("AU", "eu-gdpr-33-1"), ("SG", "eu-gdpr-33-1")),
        *(("JP", "eu-gdpr-33-1"), ("CA", "eu-gdpr-33-1"), ("BR", "eu-gdpr-33-1"), ("TR", "eu-gdpr-33-1")),
    ],
)
def test_a_controller_owes_both_gdprs_and_nothing_else_by_itself(country: str, first: str) -> None:
    """Until the profile says more: the other laws bind only some, or only breaches that are bad enough."""
    arising = by_themselves(country, TODAY)

    assert arising[0] == first
    assert set(arising) == BOTH_GDPRS


def test_from_may_2027_a_controller_in_india_owes_its_board_a_notice_and_a_report() -> None:
    board = ["in-dpdp-board-1", "in-dpdp-board-2"]

    assert by_themselves("IN", date(2027, 5, 12)) == ["eu-gdpr-33-1", "uk-gdpr-33-1"]
    assert by_themselves("IN", date(2027, 5, 13)) == [*board, "eu-gdpr-33-1", "uk-gdpr-33-1"]
    assert by_themselves("GB", date(2027, 5, 13)) == ["uk-gdpr-33-1", "eu-gdpr-33-1"]


def test_only_the_gdprs_bind_a_processor_by_themselves() -> None:
    owed = {rule.id for rule in load().rules() if rule.by_itself and Capacity.PROCESSOR in rule.who_owes}

    assert owed == {"eu-gdpr-33-2", "uk-gdpr-33-2"}


def touching(*places: str) -> set[str]:
    return {rule.id for rule in load().touching(places, TODAY)}


def test_a_state_finds_its_own_law_and_a_country_that_of_all_its_states() -> None:
    california = touching("US-CA")

    assert {"us-ca-ind", "us-ca-ag", "us-hipaa-ind"} <= california
    assert not {"us-ny", "us-other"} & california
    assert {"us-ca-ind", "us-ny", "us-other", "us-nydfs-72"} <= touching("US")
    assert {"us-other"} <= touching("PR") & touching("US-NJ")
    assert touching("CA-QC") - touching("CA-AB") == {"ca-qc-cai", "ca-qc-reg"}
    assert touching("ZZ") == set()


def test_every_state_has_exactly_one_law_for_telling_its_residents() -> None:
    states = load().regime_of("us-wa").countries
    law = Counter(
        place
        for rule in load().rules()
        if rule.recipient is Recipient.PEOPLE and load().regime_of(rule.id).id == "us-states"
        for place in rule.countries
    )

    assert len([place for place in states if place.startswith("US-")]) == 54
    assert law == Counter(states)


def test_norway_has_a_rule_of_its_own_words_and_still_one_duty() -> None:
    norway = load().get("no-gdpr")

    assert (norway.part_of, norway.period, norway.countries) == ("eu-gdpr-33-1", 72, frozenset({"NO"}))
    assert "eu-gdpr-33-1" in touching("NO")
    assert "no-gdpr" not in touching("NO")
    assert "no-gdpr" not in {rule.id for rule in load().owed_by(EITHER, TODAY, ["eu-gdpr"])}


def test_a_contract_is_bound_to_no_place() -> None:
    placeless = {rule.id for rule in load().rules() if not rule.countries}

    assert placeless == {*AS_AGREED, "ctr-scc"}
    assert all(load().get(name).who_owes == (Capacity.CONTRACT_PARTY,) for name in placeless)


def test_a_duty_without_a_deadline_of_its_own_says_what_it_waits_for() -> None:
    moments = (ClockStart.NONE, ClockStart.EARLIER_FILING)
    silent = [rule.id for rule in load().rules() if rule.clock_start not in moments and not rule.clock_start_means]

    assert silent == []


def test_the_documentation_lists_the_regimes_as_they_are() -> None:
    """When this fails: `python -m tools.regimes` writes the list anew."""
    assert written() == listed()
