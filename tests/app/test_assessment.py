"""The guided assessment on the web: what was typed and is not right comes back, and never breaks the page."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.installation import Installation
from incidents.assessments import answer, facts_so_far
from incidents.incident import Incident
from incidents.law.facts import FACTS
from incidents.words.facts import CHOICES, LABELS, QUESTIONS
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report


@pytest.fixture
def incident(installation: Installation, cast: Cast, now: datetime) -> Incident:
    return make_report(installation, "The pay file went astray", now=now).report.incident


def known(installation: Installation, incident: Incident) -> dict[str, object]:
    with installation.store.reading() as session:
        return facts_so_far(session, session.get_one(Incident, incident.id))


def post(dana: Visitor, incident: Incident, question: str, **typed: object) -> None:
    dana.open(f"/incident/{incident.reference}/assessment?question={question}")
    dana.send(f"/assessment/{question}", **typed)


def test_every_fact_and_every_choice_has_words() -> None:
    choices = {name: set(fact.choices) for name, fact in FACTS.items() if fact.choices}

    assert set(LABELS) == set(FACTS)
    assert {name: set(words) for name, words in CHOICES.items()} == choices
    asked = [name for question in QUESTIONS for name in question.facts]
    assert sorted(asked) == sorted(set(FACTS) - {"title", "role"})


@pytest.mark.parametrize("question", [one.key for one in QUESTIONS])
def test_nonsense_is_refused_and_nothing_is_stored(
    installation: Installation, dana: Visitor, incident: Incident, question: str
) -> None:
    facts = next(one.facts for one in QUESTIONS if one.key == question)

    post(dana, incident, question, **dict.fromkeys(facts, "nonsense"))

    assert dana.status == 422
    assert known(installation, incident) == {}


@pytest.mark.parametrize(
    ("typed", "kept"), [("1,200", 1200), ("1 200", 1200), ("12", 12), ("1,5", None), ("1,2000", None)]
)
def test_a_number_that_could_be_two_is_refused(
    installation: Installation, dana: Visitor, incident: Incident, typed: str, kept: int | None
) -> None:
    post(dana, incident, "people", **{"people.number": typed})

    assert known(installation, incident).get("people.number") == kept
    assert (dana.status == 422) is (kept is None)


def test_the_answer_that_somebody_else_gave_meanwhile_is_shown(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident, now: datetime
) -> None:
    with installation.store.writing() as session:
        answer(session, incident.id, {"exposure": "likely"}, by=cast.ivo, now=now)

    post(dana, incident, "seen", exposure="confirmed", seen='{"exposure": null}')

    assert dana.status == 422
    assert "Meanwhile somebody else answered this." in dana.page
    assert "Likely" in dana.page
    assert known(installation, incident)["exposure"] == "likely"
