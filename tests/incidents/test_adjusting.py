"""Factors of the score set by hand: kept with the worksheet, signed with the version, and never deciding anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.installation import Installation
from incidents.adjusting import adjust, adjusted_so_far, set_by_hand
from incidents.assessments import Assessment, answer, latest
from incidents.deciding import Opinion, advise
from incidents.incident import Incident
from incidents.law.adjusting import VALUES, Factor
from incidents.law.assessment import Says
from incidents.people import Person
from incidents.refusals import Refused
from tests.makers import Cast, make_report

OPINION = Opinion(Says.NOTIFY, Says.COMMUNICATE, "", "The staff file went astray.")
KNOWN = {
    "nature": ["confidentiality"],
    "exposure": "confirmed",
    "protection": "none",
    "data": ["basic", "national_id"],
    "identification": "maximum",
    "recipients.kind": "hostile",
    "cause": "external_malicious",
}


class Score:
    """The worksheet of one breach, a verb at a time in its own transaction."""

    def __init__(self, installation: Installation, cast: Cast, now: datetime) -> None:
        self.installation, self.cast, self.now = installation, cast, now
        self.key = make_report(installation, "The staff file", now=now).report.incident_id
        with installation.store.writing() as session:
            answer(session, self.key, KNOWN, by=cast.dana, now=now)

    def set(self, factor: Factor, value: float | None, comment: str = "", **more: Any) -> None:
        more.setdefault("by", self.cast.dana)
        with self.installation.store.writing() as session:
            adjust(session, self.key, factor, value, comment=comment, now=self.now, **more)

    def stored(self) -> dict[str, Any]:
        with self.installation.store.reading() as session:
            return adjusted_so_far(session, session.get_one(Incident, self.key))

    def sign(self, opinion: Opinion = OPINION) -> Assessment:
        with self.installation.store.writing() as session:
            by = session.get_one(Person, self.cast.dana)
            return advise(session, self.key, opinion, by=by, targets=self.installation.targets, now=self.now)


@pytest.fixture
def score(installation: Installation, cast: Cast, now: datetime) -> Score:
    return Score(installation, cast, now)


def test_what_is_set_says_who_why_when_and_what_was_counted_then(
    score: Score, installation: Installation, cast: Cast, now: datetime
) -> None:
    score.set(Factor.CONTEXT, 4, " Some of them are judges ")

    with installation.store.reading() as session:
        (said,) = set_by_hand(session, score.stored()).values()
    assert (said.person.id, said.at, said.counted) == (cast.dana, now, 1)
    assert (said.adjustment.value, said.adjustment.comment) == (4, "Some of them are judges")


def test_a_refusal_stores_nothing(score: Score) -> None:
    with pytest.raises(Refused, match="values that ENISA"):
        score.set(Factor.CONTEXT, 5, "Worse than bad")
    with pytest.raises(Refused, match="Write why"):
        score.set(Factor.CONTEXT, 4)
    with pytest.raises(Refused, match="Choose the value too"):
        score.set(Factor.CONTEXT, None, "Some of them are judges")

    assert score.stored() == {}


def test_what_somebody_else_set_meanwhile_is_not_overwritten_unawares(score: Score, cast: Cast) -> None:
    score.set(Factor.EASE, 0.5, "First names alone", by=cast.ivo)
    theirs = score.stored()["ei"]

    with pytest.raises(Refused, match="Meanwhile somebody else"):
        score.set(Factor.EASE, 0.75, "A small town", seen={})
    with pytest.raises(Refused, match="Meanwhile somebody else"):
        score.set(Factor.EASE, None, seen={})
    assert score.stored() == {"ei": theirs}
    score.set(Factor.EASE, 0.75, "A small town", seen=theirs)

    assert (score.stored()["ei"]["value"], score.stored()["ei"]["by"]) == (0.75, cast.dana)


def test_the_same_form_sent_twice_is_one_and_it_can_be_taken_back(score: Score) -> None:
    score.set(Factor.EASE, 0.5, "First names alone", seen={})
    before = score.stored()
    score.now += timedelta(minutes=1)
    score.set(Factor.EASE, 0.5, "First names alone", seen={})
    assert score.stored() == before

    score.set(Factor.EASE, None, "First names alone", seen=before["ei"])
    score.set(Factor.EASE, None, seen=before["ei"])

    assert score.stored() == {}


@pytest.mark.parametrize("end", [min, max])
def test_setting_every_factor_never_changes_what_the_rules_advise(score: Score, end: Any) -> None:
    before = score.sign()

    for factor, values in VALUES.items():
        score.set(factor, end(values), "As it suits us")
    below = Opinion(Says.NOT_REQUIRED, Says.NOT_REQUIRED, "", "It is harmless by the score.")
    with pytest.raises(Refused, match="below what the rules say"):
        score.sign(below)
    after = score.sign()

    assert (after.rules_authority, after.rules_people) == (before.rules_authority, before.rules_people)
    assert after.advice == before.advice == (Says.NOTIFY, Says.COMMUNICATE)
    assert after.reasons == before.reasons


def test_a_version_is_signed_with_its_factors_and_a_factor_set_anew_makes_the_next(
    score: Score, installation: Installation, cast: Cast
) -> None:
    score.set(Factor.CONTEXT, 4, "Some of them are judges")
    first = score.sign()
    with pytest.raises(Refused, match="Nothing has changed"):
        score.sign()
    score.set(Factor.CONTEXT, 3, "None is a judge")
    score.set(Factor.INTENT, 0, "It was a slip")

    score.sign()

    with installation.store.reading() as session:
        second = latest(session, score.key)
        assert second is not None
        assert {name: one["value"] for name, one in first.adjusted.items()} == {"dpc": 4}
        assert second.entry.facts["changed"] == ["severity.dpc", "severity.intent"]
        assert second.entry.facts["adjusted"] == {"dpc": 3, "intent": 0}
        assert second.entry.text("severity.dpc") == "None is a judge"
        assert second.entry.text("severity.intent") == "It was a slip"
        assert "judge" not in str(second.adjusted) + second.entry.canonical
