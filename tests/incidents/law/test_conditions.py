"""Conditions over facts in three values, and what is said of a file of advice that is not right."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.law.assessment import Reason, Says, read_rules
from incidents.law.conditions import BadCondition, Reader
from incidents.law.facts import Facts

YES = {"fact": "systematic", "is": True}
FELT = {"fact": "restoration_effect", "in": ["minor", "serious"]}
RULE: dict[str, Any] = {"id": "one", "advises": "notify", "because": "So.", "source": "Here.", "condition": YES}


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        (YES, {"systematic": True}, True),
        (YES, {"systematic": False}, False),
        (YES, {}, None),
        ({"fact": "systematic", "is": False}, {"systematic": False}, True),
        (FELT, {"restoration_effect": "minor"}, True),
        (FELT, {"restoration_effect": "none"}, False),
        ({"fact": "data", "has": ["basic", "health"]}, {"data": frozenset({"health", "other"})}, True),
        ({"fact": "data", "has": ["basic", "health"]}, {"data": frozenset({"other"})}, False),
        ({"fact": "data", "only": ["basic", "health"]}, {"data": frozenset({"health"})}, True),
        ({"fact": "data", "only": ["basic", "health"]}, {"data": frozenset({"health", "other"})}, False),
        ({"fact": "outage_hours", "at_least": 4}, {"outage_hours": 4}, True),
        ({"fact": "outage_hours", "at_least": 4}, {"outage_hours": 3.9}, False),
        ({"fact": "outage_hours", "at_most": 4}, {"outage_hours": 4}, True),
        ({"fact": "outage_hours", "at_most": 4}, {"outage_hours": 4.1}, False),
        ({"all": [YES, FELT]}, {"systematic": True, "restoration_effect": "minor"}, True),
        ({"all": [YES, FELT]}, {"systematic": True}, None),
        ({"all": [YES, FELT]}, {"restoration_effect": "minor"}, None),
        ({"all": [YES, FELT]}, {"restoration_effect": "none"}, False),
        ({"all": [FELT, YES]}, {"restoration_effect": "none"}, False),
        ({"any": [YES, FELT]}, {"restoration_effect": "minor"}, True),
        ({"any": [YES, FELT]}, {"systematic": False}, None),
        ({"any": [FELT, YES]}, {"systematic": False}, None),
        ({"any": [YES, FELT]}, {"systematic": False, "restoration_effect": "none"}, False),
        ({"none": [YES, FELT]}, {"systematic": False, "restoration_effect": "none"}, True),
        ({"none": [YES, FELT]}, {"restoration_effect": "minor"}, False),
        ({"none": [YES, FELT]}, {"systematic": False}, None),
    ],
)
def test_a_condition_holds_or_not_or_depends_on_what_is_not_known(
    condition: object, facts: Facts, holds: bool | None
) -> None:
    assert Reader().read(condition, "here")(facts) is holds


def test_a_name_stands_for_its_condition_and_the_facts_asked_are_kept() -> None:
    reader = Reader()

    reader.name("missed", {"any": [YES, FELT]})
    named = reader.read({"holds": "missed"}, "here")

    assert named({"systematic": True}) is True
    assert list(reader.asked) == ["systematic", "restoration_effect"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("systematic", "one: a condition must be a table"),
        ({"all": ["systematic"]}, "one: all: a condition must be a table"),
        ({"holds": "nowhere"}, "one: there is no condition 'nowhere' before this one"),
        ({"all": []}, "one: must be a list with something in it"),
        ({"any": "systematic"}, "one: must be a list with something in it"),
        ({"fact": "backup", "in": []}, "one: must be a list with something in it"),
        ({"some": [YES]}, "one: ['some'] is no condition"),
        ({"fact": "backup"}, "one: ['fact'] is no condition"),
        ({"fact": "backup", "in": ["usable"], "is": True}, "one: ['fact', 'in', 'is'] is no condition"),
        ({"fact": "colour", "in": ["red"]}, "one: there is no fact 'colour'"),
        ({"fact": "backup", "is": True}, "one: backup cannot be asked for 'is'"),
        ({"fact": "backup", "contains": "usable"}, "one: backup cannot be asked for 'contains'"),
        ({"fact": "backup", "in": ["usable", "red", "blue"]}, "one: backup is never ['blue', 'red']"),
        ({"fact": "systematic", "is": "yes"}, "one: systematic is true or false"),
        ({"fact": "outage_hours", "at_most": True}, "one: outage_hours is compared with a number"),
        ({"fact": "outage_hours", "at_least": "4"}, "one: outage_hours is compared with a number"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(condition: object, said: str) -> None:
    with pytest.raises(BadCondition) as wrong:
        read_rules({"when": {"something_happened": YES}, "rule": [RULE | {"condition": condition}]})

    assert str(wrong.value) == said


def test_a_wrong_condition_under_a_name_is_said_with_that_name() -> None:
    with pytest.raises(BadCondition, match=r"^missed: there is no fact 'colour'$"):
        Reader().name("missed", {"fact": "colour", "is": True})


@pytest.mark.parametrize("row", [RULE | {"note": "More."}, {name: RULE[name] for name in RULE if name != "source"}])
def test_a_rule_has_all_its_keys_and_no_other(row: dict[str, Any]) -> None:
    with pytest.raises(BadCondition) as wrong:
        read_rules({"when": {"something_happened": YES}, "rule": [row]})

    assert str(wrong.value) == "one: must have id, advises, because, source and condition, and nothing else"


def test_two_rules_of_one_id_are_refused() -> None:
    with pytest.raises(BadCondition, match=r"^two rules have the same id$"):
        read_rules({"when": {"something_happened": YES}, "rule": [RULE, RULE]})


def test_a_file_must_say_when_something_happened() -> None:
    with pytest.raises(BadCondition, match=r"^when: there is no condition 'something_happened' before this one$"):
        read_rules({"when": {}, "rule": [RULE]})


def test_a_rule_is_kept_as_it_is_written() -> None:
    rules = read_rules({"when": {"something_happened": FELT}, "rule": [RULE]})

    assert rules.rules[0].reason == Reason("one", "So.", "Here.")
    assert rules.rules[0].advises is Says.NOTIFY
    assert rules.rules[0].condition({"systematic": True}) is True
    assert rules.happened({"restoration_effect": "serious"}) is True
    assert rules.asked == {"systematic", "restoration_effect"}
    assert rules.of(Says.COMMUNICATE) == ()
