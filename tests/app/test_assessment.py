"""The guided assessment on the web: what was typed and is not right comes back, and never breaks the page."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.installation import Installation
from incidents import accounts
from incidents.assessments import answer, facts_so_far
from incidents.incident import Incident
from incidents.law.facts import FACTS
from incidents.people import Person, Role
from incidents.timeline import SYSTEM
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


def adjust(dana: Visitor, incident: Incident, factor: str, **typed: object) -> None:
    dana.open(f"/incident/{incident.reference}/assessment")
    dana.send(f"/assessment/score/{factor}", **typed)


def test_a_factor_set_by_hand_is_shown_beside_what_was_counted_with_who_and_why(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident, now: datetime
) -> None:
    with installation.store.writing() as session:
        answer(session, incident.id, {"data": ["contact"], "identification": "limited"}, by=cast.ivo, now=now)

    adjust(dana, incident, "dpc", value="4", comment="Some of them are judges")

    assert dana.status == 200
    assert "Counted 1, set to 4 by Dana: <bdi>Some of them are judges</bdi>" in dana.page
    with installation.store.writing() as session:
        answer(session, incident.id, {"data": ["health"]}, by=cast.ivo, now=now)
    dana.open(dana.address)
    assert "Counted 4 (1 then), set to 4 by Dana" in dana.page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"value": "4", "comment": " "}, "Write why the factor is set by hand."),
        ({"value": "9", "comment": "It is worse"}, "Choose one of the values"),
        ({"value": "much", "comment": "It is worse"}, "Choose one of the values"),
        ({"value": "", "comment": "It is worse"}, "Choose the value too"),
        ({"value": "4", "comment": "It is worse", "seen": '{"value": 2}'}, "Meanwhile somebody else set this factor."),
    ],
)
def test_a_refused_factor_keeps_what_was_typed(
    dana: Visitor, incident: Incident, typed: dict[str, str], said: str
) -> None:
    adjust(dana, incident, "dpc", **typed)

    assert dana.status == 422
    assert any(said in problem for problem in dana.problems())
    fields = dana.fields("/assessment/score/dpc")
    assert fields["comment"] == typed["comment"]
    assert fields.get("value") == {"4": "4", "": ""}.get(typed["value"])
    assert dana.fields("/assessment/score/ei")["comment"] == ""


def test_a_factor_that_the_method_does_not_know_is_no_page(dana: Visitor, incident: Incident) -> None:
    adjust(dana, incident, "dpc", value="4", comment="Judges")
    token = dana.fields("/assessment/score/dpc")["csrf_token"]

    answer_ = dana.client.post(
        f"/incident/{incident.reference}/assessment/score/luck",
        data={"csrf_token": token, "value": "4", "comment": "Why not"},
        base_url="http://localhost:8000",
    )

    assert answer_.status_code == 303


def test_a_signed_version_tells_its_factors_in_the_story_and_what_changed_on_the_sheet(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident
) -> None:
    where = f"/incident/{incident.reference}"
    for value, why in (("4", "Some of them are judges"), ("3", "None is a judge")):
        adjust(dana, incident, "dpc", value=value, comment=why)
        dana.open(f"{where}/assessment/advice")
        dana.send(None, authority="notify", people="communicate", happened="A file went astray")
        assert "Your advice is signed." in dana.page

    assert "Data and their context (1 to 4), set to 4: Some of them are judges" in dana.open(where).page
    assert "Data and their context (1 to 4): 4 → <strong>3</strong>" in dana.open(f"{where}/decision").page


def test_advice_that_nobody_can_decide_on_says_so_before_and_after_and_on_the_sheet(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident, now: datetime
) -> None:
    with installation.store.writing() as session:
        accounts.revoke(session, session.get_one(Person, cast.mina), Role.MANAGEMENT, by=SYSTEM, now=now)
    where = f"/incident/{incident.reference}"

    before = dana.open(f"{where}/assessment/advice").page
    dana.send(None, authority="notify", people="communicate", happened="A file went astray")
    after, sheet = dana.page, dana.open(f"{where}/decision").page

    assert "Nobody can decide on the advice" in before
    assert "Nobody can decide on it yet: whoever can name somebody is told." in after
    assert "Nobody can decide on the advice" in sheet
    with installation.store.writing() as session:
        accounts.grant(session, session.get_one(Person, cast.mina), Role.MANAGEMENT, by=SYSTEM, now=now)
    assert "Nobody can decide on the advice" not in dana.open(f"{where}/decision").page
