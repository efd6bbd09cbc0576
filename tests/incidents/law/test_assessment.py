"""Advice from facts: known cases, and what must hold whatever the facts are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.law.assessment import FIRST_ASKED, IN_DOUBT, NO_HIGH_RISK, UNKNOWN, Advice, Reason, Says, assess, load
from incidents.law.facts import FACTS, Shape, Value, as_read, read, shown
from incidents.refusals import Refused

EXAMPLES = Path(__file__).parents[2] / "data" / "advice" / "examples.jsonl"
KNOWN = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
RANK = {Says.NOT_REQUIRED: 0, Says.UNDETERMINED: 1, Says.NOTIFY: 2, Says.COMMUNICATE: 2}

# The worse comes later; what is no worse than another shares its place.
WORSE: Mapping[str, tuple[Any, ...]] = {
    "exposure": ("ruled_out_with_evidence", "not_assessable", "likely", "confirmed"),
    "protection": ("not_identifiable", "unintelligible_key_safe", "protected_but_subvertible", "none"),
    "credentials_protection": ("strong_salted_hash", "weak_hash", "plain"),
    "integrity_effect": ("none", "altered_no_misuse", "misused_reversible", "misused_irreversible"),
    "availability_effect": ("none", "temporary", "permanent"),
    "backup": ("usable", "unusable", "none"),
    "restoration_effect": ("none", "minor", "serious"),
    "insight": ("trivial", "limited", "substantial"),
    "identification": ("negligible", "limited", "significant", "maximum"),
    "recipients.kind": ("trusted", "known", "unknown", "public", "hostile"),
    "cause": ("internal_non_malicious", "external_malicious"),
    "outage_hours": (0, 2, 6, 30, 200),
    "people.number": (1, 90, 5_000, 10_000, 3_000_000),
    "recipients.number": (1, 25, 26, 1_000),
    "contained_at_once": (True, False),
    "already_public": (True, False),
    "systematic": (False, True),
    "misuse_observed": (False, True),
    "recipients.opened": (False, True),
}


def _values(name: str) -> st.SearchStrategy[Value]:
    fact = FACTS[name]
    if name in WORSE:
        return st.sampled_from(WORSE[name])
    if fact.shape is Shape.SEVERAL:
        return st.frozensets(st.sampled_from(fact.choices), min_size=1, max_size=4)
    return st.sampled_from(fact.choices) if fact.choices else st.booleans()


EVERY_NATURE = {"nature": frozenset({"confidentiality", "integrity", "availability"})}
ASKED = sorted(load().asked - {"nature"})
# Every nature is named, so that nothing follows from what is not named.
some_facts = st.fixed_dictionaries({}, optional={name: _values(name) for name in ASKED}).map(
    lambda found: {**found, **EVERY_NATURE}
)
often = settings(deadline=None, database=None, max_examples=200)


@pytest.mark.parametrize("case", KNOWN, ids=[case["id"] for case in KNOWN])
def test_a_known_case_is_advised_as_it_was_decided(case: Mapping[str, Any]) -> None:
    found = assess(read(case["facts"]))

    for said, wanted in ((found.authority.says, "authority"), (found.people.says, "people")):
        assert case["expect"][wanted] in ("any", said.value)


def test_no_facts_ask_for_more_and_rule_nothing_out() -> None:
    found = assess({})

    assert (found.authority.says, found.people.says) == (Says.UNDETERMINED, Says.UNDETERMINED)
    assert found.missing[:2] == ("nature", "exposure")


@given(some_facts, st.data())
@often
def test_worse_facts_never_weaken_the_advice(facts: dict[str, Value], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in ASKED if name in WORSE or FACTS[name].shape is Shape.SEVERAL]))
    if name in WORSE:
        places = sorted(data.draw(st.lists(st.integers(0, len(WORSE[name]) - 1), min_size=2, max_size=2)))
        milder, worse = ({**facts, name: WORSE[name][place]} for place in places)
    else:
        some = data.draw(_values(name))
        more = data.draw(_values(name))
        assert isinstance(some, frozenset)
        assert isinstance(more, frozenset)
        milder, worse = {**facts, name: some}, {**facts, name: some | more}

    before, after = assess(milder), assess(worse)

    assert RANK[after.authority.says] >= RANK[before.authority.says], (name, milder[name], worse[name])
    assert RANK[after.people.says] >= RANK[before.people.says], (name, milder[name], worse[name])


@given(some_facts, st.data())
@often
def test_what_is_not_known_never_makes_telling_unnecessary(facts: dict[str, Value], data: st.DataObject) -> None:
    # Whether misuse was seen is known to whoever looks; whether a recipient looked follows from who saw the data.
    names = [name for name in ASKED if name not in ("misuse_observed", "recipients.opened")]
    name = data.draw(st.sampled_from(names))
    unknown = {key: value for key, value in facts.items() if key != name}
    known = {**unknown, name: data.draw(_values(name))}

    without, with_it = assess(unknown), assess(known)

    for open_one, settled in ((without.authority, with_it.authority), (without.people, with_it.people)):
        if open_one.says is Says.NOT_REQUIRED:
            assert settled.says is Says.NOT_REQUIRED, f"{name} was not known and would have mattered"


@given(some_facts)
@often
def test_every_advice_has_reasons_and_what_is_open_names_what_settles_it(facts: dict[str, Value]) -> None:
    found = assess(facts)

    assert found.authority.reasons
    assert found.people.reasons
    if found.people.says is Says.COMMUNICATE:
        assert found.authority.says is Says.NOTIFY
    if Says.UNDETERMINED in (found.authority.says, found.people.says):
        assert found.missing
        assert not set(found.missing) & set(facts)
    else:
        assert found.missing == ()


def test_the_first_fact_named_settles_more_than_the_last() -> None:
    facts = read({"nature": ["confidentiality"], "exposure": "confirmed", "recipients": {"kind": "hostile"}})

    found = assess(facts)

    assert found.authority.says is Says.NOTIFY
    assert found.people.says is Says.UNDETERMINED
    settled = [_settles(facts, name) for name in found.missing]
    assert settled == sorted(settled, reverse=True)
    assert settled[0] > 0


def _settles(facts: Mapping[str, Value], name: str) -> float:
    fact = FACTS[name]
    several: list[Value] = [frozenset({choice}) for choice in fact.choices]
    among: Mapping[Shape, list[Value]] = {
        Shape.ONE: list(fact.choices),
        Shape.SEVERAL: several,
        Shape.YES_NO: [True, False],
    }
    values = among.get(fact.shape, [1, 48, 20_000])
    return sum(assess({**facts, name: value}).people.says is not Says.UNDETERMINED for value in values) / len(values)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], "Give the facts as a JSON object, such as {}."),
        ({"colour": "red"}, "There is no fact colour. Leave it out, or correct its name."),
        ({"recipients.kind": "known"}, "There is no fact recipients.kind. Leave it out, or correct its name."),
        ({"recipients": "known"}, "recipients: give an object, such as {}."),
        ({"recipients": {"colour": 1}}, "There is no fact recipients.colour. Leave it out, or correct its name."),
        ({"backup": "yes"}, "backup: 'yes' is not one of usable, unusable, none."),
        ({"backup": ["usable"]}, "backup: ['usable'] is not one of usable, unusable, none."),
        ({"data": "basic"}, "data: give a list, such as []."),
        ({"data": ["basic", "basic"]}, "data: something stands there twice. Name each once."),
        ({"systematic": 1}, "systematic: write true or false, not 1."),
        ({"people": {"number": True}}, "people.number: write a number of at least 0, not True."),
        ({"people": {"number": -1}}, "people.number: write a number of at least 0, not -1."),
        ({"people": {"number": 1.5}}, "people.number: write a whole number, not 1.5."),
        ({"outage_hours": float("nan")}, "outage_hours: write a number of at least 0, not nan."),
        ({"outage_hours": 1e300}, "outage_hours: write a number of at least 0, not 1e+300."),
        ({"title": 3}, "title: write text in quotes."),
    ],
)
def test_a_wrong_fact_is_refused_by_name(written: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(written)

    assert str(refused.value) == said


def test_a_null_and_an_empty_list_say_nothing() -> None:
    assert read({"backup": None, "people": None, "data": [], "recipients": {"kind": None}}) == {}


def test_a_choice_that_is_none_is_refused_with_all_that_are() -> None:
    for several in ([3], ["red"], ["basic", "red"]):
        with pytest.raises(Refused) as refused:
            read({"data": several})

        said = f"data: {several[-1]!r} is not one of {', '.join(FACTS['data'].choices)}."
        assert str(refused.value) == said


def test_the_largest_number_is_read_and_one_more_is_a_slip() -> None:
    assert read({"people": {"number": 10**12}}) == {"people.number": 10**12}
    with pytest.raises(Refused):
        read({"people": {"number": 10**12 + 1}})


@pytest.mark.parametrize(("letters", "shown_as"), [(38, "'" + "a" * 38 + "'"), (39, "'" + "a" * 36 + "…")])
def test_a_value_is_shown_in_forty_letters_at_most(letters: int, shown_as: str) -> None:
    assert shown("a" * letters) == shown_as


READ = {"nature": ["confidentiality"], "exposure": "confirmed", "protection": "none"}


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, ("nature", "exposure", "integrity_effect", "availability_effect", "recipients.opened")),
        # No single fact settles this: what a first look asks for.
        ({"nature": ["availability"]}, FIRST_ASKED),
        ({"nature": ["availability"], "exposure": "ruled_out_with_evidence"}, ("availability_effect",)),
        ({"nature": ["confidentiality"], "exposure": "confirmed"}, ("protection",)),
        (READ | {"cause": "external_malicious", "data": ["contact"]}, ("insight", "people.categories")),
        (READ | {"cause": "internal_non_malicious", "data": ["contact"]}, ("recipients.kind",)),
        # No single fact settles this: what a first look asks for.
        (READ | {"cause": "internal_non_malicious"}, ("data", "recipients.kind", "insight", "backup")),
        (READ | {"recipients": {"kind": "hostile"}, "data": ["official_documents"]}, ()),
    ],
)
def test_what_is_open_names_what_settles_it_the_most_telling_first(
    facts: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert assess(read(facts)).missing == missing


ORDINARY = {"data": ["basic"], "insight": "limited", "people": {"number": 3, "categories": ["customers"]}}
READ_BY_A_THIEF = {"exposure": "confirmed", "protection": "none", "recipients": {"kind": "hostile"}}
NOTHING_MISSED = {"nature": ["confidentiality"]}
ALONE: Mapping[str, dict[str, Any]] = {
    "read-by-strangers": READ_BY_A_THIEF | {"data": ["contact"]},
    "felt-loss-without-backup": {"availability_effect": "permanent", "backup": "none"},
    "serious-outage": {"availability_effect": "temporary", "restoration_effect": "serious", "backup": "usable"},
    "special-categories-readable": READ_BY_A_THIEF | {"data": ["health"], "recipients": {"kind": "trusted"}},
    "fault-may-have-hit-more": READ_BY_A_THIEF | {"systematic": True, "data": ["other"]},
    "altered-and-used": {"integrity_effect": "misused_reversible"},
    "misuse-seen": {"misuse_observed": True},
    "unintelligible": NOTHING_MISSED
    | {"protection": "unintelligible_key_safe", "exposure": "likely", "recipients": {"kind": "hostile"}},
    "few-ordinary-data-to-few-known": NOTHING_MISSED
    | ORDINARY
    | {
        "exposure": "confirmed",
        "protection": "none",
        "cause": "internal_non_malicious",
        "systematic": False,
        "contained_at_once": True,
        "recipients": {"kind": "known", "number": 1},
    },
    "nobody-saw-and-nothing-missed": NOTHING_MISSED | {"exposure": "ruled_out_with_evidence"},
    "public-before": NOTHING_MISSED
    | ORDINARY
    | {
        "already_public": True,
        "exposure": "confirmed",
        "protection": "none",
        "cause": "internal_non_malicious",
        "systematic": False,
        "recipients": {"kind": "known"},
    },
    "number-or-papers-in-strangers-hands": READ_BY_A_THIEF | {"data": ["official_documents"]},
    "money-and-identity-in-strangers-hands": READ_BY_A_THIEF | {"data": ["basic", "payment"]},
    "credentials-in-strangers-hands": READ_BY_A_THIEF
    | {"data": ["credentials"], "credentials_protection": "weak_hash"},
    "national-number-with-a-stranger": READ_BY_A_THIEF | {"data": ["national_id"], "recipients": {"kind": "known"}},
    "special-categories-with-the-unbound": READ_BY_A_THIEF | {"data": ["genetic"], "recipients": {"kind": "known"}},
    "picture-of-a-life": READ_BY_A_THIEF
    | {"data": ["economic_financial"], "insight": "substantial", "recipients": {"kind": "trusted"}},
    "very-many-people": READ_BY_A_THIEF | {"data": ["basic"], "people": {"number": 10_000}},
    "somebody-must-be-protected": READ_BY_A_THIEF | {"data": ["protected_address"], "recipients": {"kind": "known"}},
    "health-or-safety": {"availability_effect": "temporary", "data": ["health"], "outage_hours": 24},
    "gone-for-good-and-missed": {
        "availability_effect": "permanent",
        "restoration_effect": "serious",
        "backup": "none",
    },
    "misuse-of-more-than-trivia": {"misuse_observed": True, "insight": "limited"},
}


def test_what_speaks_for_telling_the_people_speaks_for_telling_the_authority() -> None:
    out_of_reach = {"nature": ["availability"], "availability_effect": "temporary", "outage_hours": 24}
    hardly_felt = {"restoration_effect": "minor", "backup": "usable", "exposure": "ruled_out_with_evidence"}

    found = assess(read(out_of_reach | hardly_felt | {"data": ["health"]}))

    assert found.authority == Advice(Says.NOTIFY, found.people.reasons)
    assert [reason.rule for reason in found.people.reasons] == ["health-or-safety"]


@pytest.mark.parametrize(
    ("facts", "authority", "people"),
    [
        ({}, (UNKNOWN,), (UNKNOWN,)),
        (ALONE["few-ordinary-data-to-few-known"] | {"contained_at_once": False}, (IN_DOUBT,), (NO_HIGH_RISK,)),
        ({"nature": ["confidentiality"], "exposure": "confirmed"}, (IN_DOUBT,), (UNKNOWN,)),
    ],
)
def test_an_advice_that_no_rule_gives_says_why(
    facts: dict[str, Any], authority: tuple[Reason, ...], people: tuple[Reason, ...]
) -> None:
    found = assess(read(facts))

    assert (found.authority.reasons, found.people.reasons) == (authority, people)


def test_every_rule_has_facts_under_which_it_decides() -> None:
    assert set(ALONE) == {rule.reason.rule for rule in load().rules}


@pytest.mark.parametrize("rule", ALONE)
def test_a_rule_is_among_the_reasons_when_its_facts_hold(rule: str) -> None:
    found = assess(read(ALONE[rule]))

    assert rule in {reason.rule for advice in (found.authority, found.people) for reason in advice.reasons}


@pytest.mark.parametrize(
    ("number", "people"), [(9_999, Says.NOT_REQUIRED), (10_000, Says.COMMUNICATE)], ids=["fewer", "very-many"]
)
def test_the_number_alone_decides_only_when_it_is_very_large(number: int, people: Says) -> None:
    facts = NOTHING_MISSED | READ_BY_A_THIEF | ORDINARY | {"people": {"number": number, "categories": ["customers"]}}

    found = assess(read(facts))

    assert (found.authority.says, found.people.says) == (Says.NOTIFY, people)


@pytest.mark.parametrize(
    ("changed", "authority"),
    [
        ({}, Says.NOT_REQUIRED),
        ({"recipients": {"kind": "known", "number": 26}}, Says.NOTIFY),
        ({"people": {"number": 101, "categories": ["customers"]}}, Says.NOTIFY),
        ({"people": {"number": 3, "categories": ["minors"]}}, Says.NOTIFY),
        ({"contained_at_once": False}, Says.NOTIFY),
        ({"contained_at_once": False, "incident_kind": "sent_by_mistake"}, Says.NOT_REQUIRED),
        ({"systematic": None}, Says.NOTIFY),
        ({"insight": "substantial"}, Says.NOTIFY),
        ({"data": ["basic", "economic_financial"]}, Says.NOTIFY),
        ({"cause": "internal_malicious"}, Says.NOTIFY),
        ({"availability_effect": "permanent", "backup": "none"}, Says.NOTIFY),
    ],
)
def test_a_little_mishap_is_one_only_while_every_part_of_it_is_little(changed: dict[str, Any], authority: Says) -> None:
    facts = ALONE["few-ordinary-data-to-few-known"] | changed

    assert assess(read(facts)).authority.says is authority


@pytest.mark.parametrize(
    ("nature", "who", "exposure"),
    [
        ("availability", "none", "ruled_out_with_evidence"),
        ("availability", "known", None),
        ("confidentiality", "none", None),
    ],
)
def test_nobody_saw_the_data_only_where_nothing_was_to_be_seen(nature: str, who: str, exposure: str | None) -> None:
    known = as_read(read({"nature": [nature], "recipients": {"kind": who}}))

    assert known.get("exposure") == exposure


@pytest.mark.parametrize("nature", ["confidentiality", "integrity", "availability"])
def test_a_breach_that_was_named_is_notified_in_doubt(nature: str) -> None:
    found = assess(read({"nature": [nature]}))

    assert found.authority.says is Says.NOTIFY
    assert [reason.rule for reason in found.authority.reasons] == ["in-doubt-notify"]
