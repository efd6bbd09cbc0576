"""One table says what every kind of fact does."""

from __future__ import annotations

import pytest

from incidents.timeline import Entry, Kind
from incidents.words.kinds import SENTENCES
from notifications.rules import RULES, Loudness, rule_for


def test_every_kind_has_a_rule_and_a_sentence() -> None:
    assert set(RULES) == set(SENTENCES) == set(Kind)


def test_whoever_is_told_is_named() -> None:
    assert all((rule.whom is None) is (rule.loudness is not Loudness.TELL) for rule in RULES.values())


@pytest.mark.parametrize(
    ("kind", "facts", "loudness"),
    [
        (Kind.REPORTED, {}, Loudness.PAGE),
        (Kind.ADDED, {"closed": False}, Loudness.TELL),
        (Kind.ADDED, {"closed": True}, Loudness.PAGE),
        (Kind.FILE_ADDED, {"closed": True}, Loudness.PAGE),
        (Kind.STILL_HAPPENING, {"after": "yes"}, Loudness.PAGE),
        (Kind.STILL_HAPPENING, {"after": "no"}, Loudness.TELL),
        (Kind.DEADLINE_NEAR, {"last": False}, Loudness.TELL),
        (Kind.DEADLINE_NEAR, {"last": True}, Loudness.PAGE),
        (Kind.DEADLINE_NEAR, {"last": True, "is_target": True}, Loudness.TELL),
        (Kind.DEADLINE_PASSED, {}, Loudness.PAGE),
        (Kind.DEADLINE_PASSED, {"is_target": True}, Loudness.TELL),
        (Kind.ROLE_GRANTED, {"own": True}, Loudness.TELL),
        (Kind.ROLE_GRANTED, {}, Loudness.NOBODY),
    ],
)
def test_what_an_entry_does_depends_on_its_facts(kind: Kind, facts: dict[str, object], loudness: Loudness) -> None:
    assert rule_for(Entry(kind=kind, facts=facts)).loudness is loudness
