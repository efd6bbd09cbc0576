"""What arises for one organisation and one incident, for want of what, owed to whom; and what takes nothing away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.law import authorities, situation
from incidents.law.arising import Arising, Standing, arising
from incidents.law.authorities import ANY_LAND, EVERY_COUNTRY
from incidents.law.counting import count
from incidents.law.facts import FACTS, Shape
from incidents.law.facts import read as read_facts
from incidents.law.profile import Contract, ContractStart, Entity, Product, Profile
from incidents.law.regimes import Capacity, load
from incidents.law.regimes.rule import CAPACITY_WORDS
from incidents.law.situation import SITUATION, VOCABULARY, WORDS
from incidents.refusals import Refused

TODAY = date(2026, 11, 25)
START = datetime(2026, 11, 25, 9, 15, tzinfo=UTC)
LONDON = Profile((Entity("Northwind Ltd", "GB"),))
CONTROLLER = {"our_role": "controller", "personal_data": True}
HOSTILE = {"exposure": "confirmed", "protection": "none", "data": ["health"], "recipients": {"kind": "hostile"}}
ARISES, MAY, NOT = Standing.ARISES, Standing.MAY_ARISE, Standing.DOES_NOT_ARISE


def listed(
    profile: Profile = LONDON,
    known: Mapping[str, Any] = CONTROLLER,
    facts: Mapping[str, Any] | None = None,
    on: date = TODAY,
) -> list[Arising]:
    return arising(profile, situation.read(known), read_facts(facts or {}), on=on, start=START)


def one(rule: str, *given: Any, **more: Any) -> Arising:
    return next(found for found in listed(*given, **more) if found.rule.id == rule)


def held(*capacities: Capacity) -> Profile:
    return Profile((Entity("Northwind GmbH", "DE-BY"),), frozenset(capacities), capacities_complete=True)


NIS2 = held(Capacity.ESSENTIAL_ENTITY)
BANK = held(Capacity.FINANCIAL_ENTITY)
OPERATOR = held(Capacity.INFRASTRUCTURE_OPERATOR)
AT_HOME = {**CONTROLLER, "affected": {"countries": ["GB"], "complete": True}}
LAND = "Data protection authority of"
IRISH = "Data Protection Commission"
MAKER = Profile((Entity("Northwind Ltd", "GB"),), products=frozenset({Product.DIGITAL_ELEMENTS}))
CALIFORNIA = {
    **CONTROLLER,
    "state_defined_data": True,
    "affected": {"countries": ["US-CA"], "residents": {"US-CA": 501}, "complete": True},
}


@pytest.mark.parametrize(
    ("rule", "profile", "known", "facts", "standing", "missing"),
    [
        ("uk-gdpr-33-1", LONDON, {}, {}, MAY, "our_role"),
        ("uk-gdpr-33-1", LONDON, {"our_role": "controller"}, {}, MAY, "personal_data"),
        ("uk-gdpr-33-1", LONDON, CONTROLLER, {}, MAY, "risk"),
        ("uk-gdpr-33-1", LONDON, CONTROLLER, HOSTILE, ARISES, None),
        ("uk-gdpr-33-1", LONDON, {**CONTROLLER, "risk": False}, HOSTILE, NOT, None),
        ("uk-gdpr-33-1", LONDON, {"our_role": "processor", "personal_data": True}, HOSTILE, NOT, None),
        ("uk-gdpr-33-1", LONDON, {"our_role": "both", "personal_data": True}, HOSTILE, ARISES, None),
        ("uk-gdpr-33-1", LONDON, {"our_role": "controller", "personal_data": False}, HOSTILE, NOT, None),
        ("uk-gdpr-33-2", LONDON, {"our_role": "processor", "personal_data": True}, {}, ARISES, None),
        ("uk-gdpr-34", LONDON, CONTROLLER, HOSTILE, ARISES, None),
        ("eu-gdpr-33-1", LONDON, CONTROLLER, HOSTILE, MAY, "affected.countries"),
        ("eu-gdpr-33-1", LONDON, {**CONTROLLER, "affected": {"countries": ["GB"]}}, HOSTILE, MAY, "affected.countries"),
        ("eu-gdpr-33-1", LONDON, AT_HOME, HOSTILE, NOT, None),
        ("eu-gdpr-33-1", Profile(), AT_HOME, HOSTILE, MAY, "establishment"),
        ("eu-nis2-ew", NIS2, {}, {}, MAY, "significant_incident"),
        ("eu-nis2-ew", NIS2, {"significant_incident": True}, {}, ARISES, None),
        ("eu-nis2-ew", NIS2, {"significant_incident": False}, {}, NOT, None),
        ("eu-nis2-ew", BANK, {"significant_incident": True}, {}, NOT, None),
        ("eu-nis2-ew", LONDON, {"affected": {"countries": ["FR"]}}, {}, MAY, "as.essential_entity"),
        ("eu-dora-init", BANK, {"major_ict_incident": True}, {}, ARISES, None),
        ("eu-dora-init", BANK, {}, {}, MAY, "major_ict_incident"),
        ("eu-cra-aev-ew", MAKER, {"vulnerability_exploited": True}, {}, ARISES, None),
        ("eu-cra-si-ew", MAKER, {"vulnerability_exploited": True}, {}, MAY, "severe_product_incident"),
        ("in-certin", LONDON, {}, {}, MAY, "systems.countries"),
        ("in-certin", LONDON, {"systems": {"countries": ["IN"]}}, {}, MAY, "cyber_incident"),
        ("in-certin", LONDON, {"systems": {"countries": ["IN"]}}, {"incident_kind": "ransomware"}, MAY, None),
        ("in-certin", LONDON, {"systems": {"countries": ["GB"], "complete": True}}, {}, NOT, None),
        ("cn-cirm-4h", LONDON, {"systems": {"countries": ["CN"]}, "relatively_major": True}, {}, ARISES, None),
        ("us-ca-ag", LONDON, CALIFORNIA, HOSTILE, ARISES, None),
        ("us-ca-ag", LONDON, {**CALIFORNIA, "affected": {"residents": {"US-CA": 900}}}, HOSTILE, ARISES, None),
        ("us-ca-ag", LONDON, {**CALIFORNIA, "affected": {"residents": {"US-CA": 500}}}, HOSTILE, MAY, "residents"),
        ("us-ca-ag", LONDON, {**CALIFORNIA, "affected": {"countries": ["US"]}}, HOSTILE, MAY, "affected.countries"),
        ("us-ca-ag", LONDON, CALIFORNIA, {**HOSTILE, "protection": "unintelligible_key_safe"}, NOT, None),
        ("us-tx-ind", LONDON, {**CALIFORNIA, "affected": {"countries": ["US-TX"]}}, HOSTILE, MAY, None),
        ("ch-fadp-24-1", LONDON, {**CONTROLLER, "affected": {"countries": ["CH"]}}, HOSTILE, ARISES, None),
        ("br-anpd", LONDON, {**CONTROLLER, "affected": {"countries": ["BR"]}}, HOSTILE, MAY, "interests_affected"),
        ("au-soci", OPERATOR, {"affected": {"countries": ["AU"]}}, {}, MAY, "significant_incident"),
        ("us-bank-36", held(Capacity.FINANCIAL_ENTITY), {"affected": {"countries": ["US"]}}, {}, MAY, None),
        ("eu-gdpr-33-4", held(), CONTROLLER, HOSTILE, MAY, "filing_incomplete"),
        ("no-gdpr", held(), {**CONTROLLER, "affected": {"countries": ["NO"]}}, HOSTILE, NOT, None),
    ],
)  # fmt: skip
def test_a_duty_arises_or_may_for_want_of_one_fact_or_does_not(
    rule: str,
    profile: Profile,
    known: Mapping[str, Any],
    facts: Mapping[str, Any],
    standing: Standing,
    missing: str | None,
) -> None:
    found = one(rule, profile, known, facts)

    assert (found.standing, found.missing) == (standing, missing)
    assert found.reasons
    assert all(reason.words() for reason in found.reasons)


def test_a_number_below_the_threshold_takes_a_duty_away_only_where_the_list_is_complete_or_the_total_is_exact() -> None:
    few: dict[str, Any] = {"countries": ["US-CA"], "residents": {"US-CA": 500}}

    assert one("us-ca-ag", LONDON, {**CALIFORNIA, "affected": {**few, "complete": True}}, HOSTILE).standing is NOT
    exact = {**HOSTILE, "people": {"number": 500, "precision": "exact"}}
    assert one("us-ca-ag", LONDON, {**CALIFORNIA, "affected": few}, exact).standing is NOT
    about = {**HOSTILE, "people": {"number": 500, "precision": "approximate"}}
    assert one("us-ca-ag", LONDON, {**CALIFORNIA, "affected": few}, about).standing is MAY


def test_a_number_for_a_country_is_not_added_to_those_of_its_parts() -> None:
    korea = {**CONTROLLER, "affected": {"residents": {"KR": 999, "KR-11": 999}}}

    found = one("kr-pipa-pipc", LONDON, korea, {})

    assert (found.standing, found.missing) == (MAY, "residents")


def test_an_unconfirmed_rule_never_arises_and_its_threshold_takes_nothing_away() -> None:
    texas = {**CALIFORNIA, "affected": {"countries": ["US-TX"], "residents": {"US-TX": 3}, "complete": True}}

    found = one("us-tx-ag", LONDON, texas, HOSTILE)

    assert found.standing is MAY
    assert "unconfirmed" in found.reasons[-1].words()
    assert all(one.standing is not ARISES for one in listed(BANK, texas, HOSTILE) if not one.rule.confirmed)


def test_a_text_to_come_is_told_beside_the_rule_of_today_and_never_arises() -> None:
    found = {one.rule.id: one for one in listed(held(), {**CONTROLLER, "high_risk": True}, HOSTILE)}

    alternative = found["eu-gdpr-33-1"].alternative
    assert alternative is not None
    assert alternative.words() == (
        "72 hours today; 96 hours if this text were in force: "
        "Digital Omnibus, proposal of 19 November 2025 (2025/0360(COD))."
    )
    assert found["eu-omnibus-33"].standing is NOT
    assert "not in force" in found["eu-omnibus-33"].reasons[0].words()
    assert found["in-dpdp-board-2"].standing is NOT
    assert found["us-ca-ind"].standing is not NOT, "it was law by 22 November 2026"


def test_a_day_before_the_first_known_one_of_a_law_leaves_it_open() -> None:
    found = one("us-ca-ind", LONDON, CALIFORNIA, HOSTILE, on=date(2026, 10, 23))

    assert (found.standing, found.missing) == (MAY, "in_force")


@pytest.mark.parametrize(
    ("entities", "countries", "told"),
    [
        ([("GB", False, None)], ["FR", "DE-BE", "PL"], [f"{LAND} Berlin", "Commission nationale", "Urząd"]),
        ([("GB", False, None)], ["DE", "GB"], [ANY_LAND]),
        ([("GB", False, None)], ["DE-BY"], [f"{LAND} Bavaria, private", f"{LAND} Bavaria, public"]),
        ([("GB", False, None)], [], [EVERY_COUNTRY]),
        ([("IE", True, None), ("FR", False, None)], ["FR", "DE-BE"], [IRISH]),
        ([("IE", True, "The lead authority")], ["FR"], ["The lead authority"]),
        ([("IE", False, None), ("DE-HE", False, None)], ["FR"], ["Commission nat", IRISH, f"{LAND} Hesse"]),
    ],
)  # fmt: skip
def test_without_an_establishment_in_the_eea_every_authority_is_told_where_people_live(
    entities: list[tuple[str, bool, str | None]], countries: list[str], told: list[str]
) -> None:
    profile = Profile(tuple(Entity("Northwind", place, main, lead) for place, main, lead in entities))

    found = one("eu-gdpr-33-1", profile, {**CONTROLLER, "affected": {"countries": countries}}, HOSTILE)

    assert len(found.recipients) == len(told), found.recipients
    assert all(name.startswith(start) for name, start in zip(found.recipients, told, strict=True)), found.recipients


def test_a_private_company_in_bavaria_has_one_authority_there() -> None:
    profile = Profile((Entity("Northwind GmbH", "DE-BY"),), public_body=False)

    assert one("eu-gdpr-33-1", profile).recipients == ("Data protection authority of Bavaria, private sector",)
    assert one("uk-gdpr-33-1", LONDON).recipients == ("Information Commissioner's Office",)


def test_a_contract_is_a_duty_to_the_customer_with_its_own_hours() -> None:
    soon, late = Contract("Contoso", 8), Contract("Fabrikam", 48, ContractStart.CONFIRMATION)
    profile = Profile((Entity("Northwind Ltd", "GB"),), contracts=(soon, late, Contract("Tailspin", None)))

    found = {
        one.contract.customer: one for one in listed(profile, {"customers": {"names": ["Contoso"]}}) if one.contract
    }

    assert (found["Contoso"].standing, found["Contoso"].due_at) == (ARISES, START + timedelta(hours=8))
    assert (found["Fabrikam"].standing, found["Fabrikam"].missing, found["Fabrikam"].due_at) == (
        MAY,
        "customers.names",
        None,
    )
    assert (found["Tailspin"].is_target, found["Tailspin"].recipients) == (True, ("Tailspin",))
    known = {"customers": {"names": ["Contoso"], "complete": True}}
    assert [one.standing for one in listed(profile, known) if one.contract == late] == [NOT]


def test_the_shortest_period_comes_first_and_what_does_not_arise_last() -> None:
    profile = Profile((Entity("Northwind Ltd", "GB"),), targets={"uk-gdpr-34": timedelta(hours=5)})

    found = listed(profile, {**CONTROLLER, "systems": {"countries": ["IN"]}}, HOSTILE)

    order = [one.rule.id for one in found if one.standing is not NOT]
    assert (
        order.index("cn-cirm-1h") < order.index("uk-gdpr-34") < order.index("in-certin") < order.index("uk-gdpr-33-1")
    )
    assert (
        order.index("uk-gdpr-33-1") < order.index("br-anpd") < order.index("uk-gdpr-33-2")
        if "uk-gdpr-33-2" in order
        else True
    )
    assert order.index("br-anpd") < order.index("eu-gdpr-34-1"), "without a number and without a target"
    assert [one.standing is NOT for one in found] == sorted(one.standing is NOT for one in found)
    target = next(one for one in found if one.rule.id == "uk-gdpr-34")
    assert (target.due_at, target.is_target) == (START + timedelta(hours=5), True)
    assert next(one for one in found if one.rule.id == "uk-gdpr-33-1").due_at == START + timedelta(hours=72)


def test_a_clock_that_another_event_starts_has_no_end_yet() -> None:
    found = {one.rule.id: one for one in listed(BANK, {**CONTROLLER, "major_ict_incident": True}, HOSTILE)}

    assert (found["eu-dora-init"].standing, found["eu-dora-init"].due_at) == (ARISES, None)
    assert found["br-reg"].due_at is None, "years of keeping a record are no deadline"


@settings(max_examples=30)
@given(st.integers(0, 5_000_000), st.sampled_from(["Europe/London", "Asia/Kolkata"]))
def test_every_end_is_the_one_that_counting_gives(minutes: int, name: str) -> None:
    zone, start = ZoneInfo(name), START - timedelta(minutes=minutes)

    found = arising(Profile(), {}, {}, on=TODAY, start=start, zone=zone)

    for one in found:
        if one.due_at is not None:
            counted = count(one.terms, start, zone=zone)
            assert one.due_at == counted.due_at, one.rule.id


PLACES = ["FR", "DE", "DE-BY", "GB", "IN", "CN", "US", "US-CA", "US-TX", "KR", "BR", "CH", "NO"]
RANK = {NOT: 0, MAY: 1, ARISES: 2}
PROFILES = st.builds(
    Profile,
    st.lists(st.builds(Entity, st.just("Northwind"), st.sampled_from(PLACES), st.booleans()), max_size=2).map(tuple),
    st.frozensets(st.sampled_from([*CAPACITY_WORDS])),
    st.booleans(),
    st.frozensets(st.sampled_from([*Product])),
    contracts=st.just((Contract("Contoso", 24),)),
)
SITUATIONS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.booleans() for name, fact in SITUATION.items() if fact.shape is Shape.YES_NO},
        "our_role": st.sampled_from(["controller", "processor", "both"]),
        "affected.countries": st.frozensets(st.sampled_from(PLACES), min_size=1),
        "systems.countries": st.frozensets(st.sampled_from(PLACES), min_size=1),
        "affected.residents": st.dictionaries(st.sampled_from(PLACES), st.integers(0, 2000), min_size=1),
        "customers.names": st.frozensets(st.sampled_from(["Contoso", "Fabrikam"]), min_size=1),
    },
)


def consistent(known: dict[str, Any]) -> dict[str, Any]:
    """Only a list that is there is complete, and one of countries holds those that residents are counted for."""
    for name in ("affected", "systems"):
        if f"{name}.countries" not in known:
            known.pop(f"{name}.complete", None)
    if known.get("affected.complete") and "affected.countries" in known:
        known["affected.countries"] |= known.get("affected.residents", {}).keys()
    return known


KNOWN = SITUATIONS.map(consistent)
BREACHES = st.fixed_dictionaries(
    {},
    optional={
        "exposure": st.sampled_from(FACTS["exposure"].choices),
        "protection": st.sampled_from(FACTS["protection"].choices),
        "data": st.frozensets(st.sampled_from(FACTS["data"].choices), min_size=1),
        "cause": st.sampled_from(FACTS["cause"].choices),
        "people.number": st.integers(1, 2000),
        "people.precision": st.sampled_from(["exact", "approximate"]),
    },
)


@given(
    PROFILES,
    KNOWN,
    BREACHES,
    st.sampled_from(["affected.countries", "systems.countries"]),
    st.sampled_from(PLACES),
)
def test_one_more_country_never_takes_a_duty_away(
    profile: Profile, known: dict[str, Any], facts: dict[str, Any], name: str, place: str
) -> None:
    before = arising(profile, known, facts, on=TODAY)

    after = arising(profile, {**known, name: known.get(name, frozenset()) | {place}}, facts, on=TODAY)

    stood = {(one.rule.id, one.contract): one for one in before}
    for one in after:
        earlier = stood[one.rule.id, one.contract]
        assert RANK[one.standing] >= RANK[earlier.standing], one.rule.id


@settings(max_examples=60)
@given(PROFILES, KNOWN, BREACHES, st.data())
def test_forgetting_a_fact_never_makes_a_duty_not_arise(
    profile: Profile, known: dict[str, Any], facts: dict[str, Any], data: st.DataObject
) -> None:
    if not known:
        return
    name = data.draw(st.sampled_from(sorted(known)))

    less = arising(profile, {key: value for key, value in known.items() if key != name}, facts, on=TODAY)

    stood = {(one.rule.id, one.contract): one.standing for one in arising(profile, known, facts, on=TODAY)}
    for one in less:
        if one.standing is NOT:
            assert stood[one.rule.id, one.contract] is NOT, (name, one.rule.id)


@settings(max_examples=60)
@given(PROFILES, KNOWN, BREACHES)
def test_every_rule_is_listed_once_with_its_reason_and_one_missing_fact_that_has_words(
    profile: Profile, known: dict[str, Any], facts: dict[str, Any]
) -> None:
    found = arising(profile, known, facts, on=TODAY, start=START)

    assert sorted(one.rule.id for one in found if not one.contract) == sorted(rule.id for rule in load().rules())
    for one in found:
        assert one.reasons or one.standing is ARISES, one.rule.id
        assert all(reason.words() for reason in one.reasons)
        if one.standing is ARISES:
            assert one.contract or (one.rule.confirmed and one.rule.in_force(TODAY) and one.missing is None)
        if one.due_at:
            assert one.due_at > START


def test_nothing_known_at_all_leaves_every_law_in_force_open() -> None:
    found = arising(Profile(), {}, {}, on=TODAY)

    closed = {one.rule.id for one in found if one.standing is NOT}
    assert all(load().get(rule).part_of or not load().get(rule).in_force(TODAY) for rule in closed)


def test_what_a_rule_may_lack_has_words_and_what_it_asks_is_in_the_vocabulary() -> None:
    asked = {name for rule in load().rules() if rule.wants for name in rule.wants.asked}

    assert asked <= VOCABULARY.keys()
    assert asked <= WORDS.keys()
    assert not SITUATION.keys() & FACTS.keys()


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"our_role": "owner"}, "our_role"),
        ({"affected": {"countries": ["France"]}}, "affected.countries"),
        ({"affected": {"countries": ["FR", "FR"]}}, "affected.countries"),
        ({"affected": {"residents": {"US-CA": -1}}}, "affected.residents"),
        ({"affected": {"residents": ["US-CA"]}}, "affected.residents"),
        ({"customers": {"names": [1]}}, "customers.names"),
        ({"risk": "high"}, "risk"),
        ({"residents": 3}, "residents"),
        ({"affected.countries": ["FR"]}, "affected.countries"),
        ({"systems": ["IN"]}, "systems"),
    ],
)
def test_a_wrong_situation_is_refused_by_name(written: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as refused:
        situation.read(written)

    assert named in str(refused.value)


def test_a_situation_is_read_with_codes_as_people_write_them() -> None:
    found = situation.read({"affected": {"countries": ["UK", "EL"], "residents": {"UK": 3}}, "risk": None})

    assert found == {"affected.countries": frozenset({"GB", "GR"}), "affected.residents": {"GB": 3}}


def test_every_country_of_the_gdpr_has_an_authority_and_every_land_too() -> None:
    codes = {one.code for one in authorities.load()}

    parts = {"AX", "GF", "GP", "MF", "MQ", "RE", "SJ", "YT"}
    assert load().regime_of("eu-gdpr-33-1").countries - parts <= codes
    assert len({code for code in codes if code.startswith("DE-")}) == 16
