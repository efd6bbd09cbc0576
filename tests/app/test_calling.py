"""Who is on an incident: taken over, handed over, called to help."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import triage
from incidents.incident import Access, Incident
from incidents.timeline import Kind, person_as_actor
from notifications.delivery import Delivery, Purpose
from notifications.messages import build
from tests.app.casework import again, entries, reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def begun(installation: Installation, cast: Cast, now: datetime) -> Incident:
    """An incident that Tariq has looked at."""
    incident = reported(installation, now)
    with installation.store.writing() as session:
        triage.look_at(session, incident.id, by=person_as_actor(cast.tariq), now=now)
    return incident


def test_taken_over_in_one_tap(installation: Installation, cast: Cast, dana: Visitor, begun: Incident) -> None:
    dana.open(f"/incident/{begun.reference}")
    assert "Taken by: Tariq" in " ".join(dana.page.split())

    dana.send("/take-over")

    assert again(installation, begun).handler_id == cast.dana
    assert "It is yours now" in dana.page
    assert "/take-over" not in dana.page, "who has it cannot take it over"


def test_what_was_closed_meanwhile_is_not_taken_over_and_the_page_says_why(
    installation: Installation, cast: Cast, dana: Visitor, begun: Incident, now: datetime
) -> None:
    dana.open(f"/incident/{begun.reference}")
    with installation.store.writing() as session:
        session.get_one(Incident, begun.id).closed_at = now

    dana.send("/take-over")

    assert "This incident is closed. Open it again first." in dana.page
    assert again(installation, begun).handler_id == cast.tariq


def test_somebody_is_called_and_the_page_says_that_they_have_not_answered(
    installation: Installation, cast: Cast, dana: Visitor, begun: Incident
) -> None:
    dana.open(f"/incident/{begun.reference}/call").send("/call", whom=f"person:{cast.ivo}")

    (called,) = entries(installation, begun, Kind.SUMMONED)
    assert called.facts == {"person": cast.ivo}
    installation.engine().tick(called.written_at)
    assert "Ivo was called Mon 23 Nov 2026, 12:00 GMT and has not answered yet." in dana.open(dana.address).page


def test_a_role_is_called(installation: Installation, dana: Visitor, begun: Incident) -> None:
    dana.open(f"/incident/{begun.reference}/call").send("/call", whom="role:responder")

    assert entries(installation, begun, Kind.SUMMONED)[0].facts == {"role": "responder"}
    assert "Somebody was called to help: Responder" in dana.page


@pytest.mark.parametrize(
    ("whom", "why"),
    [
        ("", "Choose who it is"),
        ("person:x", "Choose who it is"),
        ("person:99", "Choose who it is"),
        ("own", "That is you"),
    ],
)
def test_a_bad_choice_is_refused_in_a_sentence(
    cast: Cast, dana: Visitor, begun: Incident, installation: Installation, whom: str, why: str
) -> None:
    page = dana.open(f"/incident/{begun.reference}/call")

    page.send("/call", whom=f"person:{cast.dana}" if whom == "own" else whom)

    assert dana.status == 422
    assert why in dana.problems()[0]
    assert not entries(installation, begun, Kind.SUMMONED)


def test_it_is_handed_to_a_person_who_may_work_on_it(
    installation: Installation, cast: Cast, dana: Visitor, begun: Incident, now: datetime
) -> None:
    dana.open(f"/incident/{begun.reference}/hand-over")
    assert f"person:{cast.ivo}" in dana.response.text
    assert f"person:{cast.mina}" not in dana.response.text, "management reads no incidents"

    dana.send("/hand-over", whom=f"person:{cast.mina}")
    assert "may not work on incidents" in dana.problems()[0]
    dana.send("/hand-over", whom=f"person:{cast.ivo}")

    assert entries(installation, begun, Kind.HANDED_OVER)[0].facts == {"person": cast.ivo}
    assert again(installation, begun).handler_id == cast.tariq, "it stays until the other answers"
    installation.engine().tick(now)
    assert (
        "Ivo was asked to take it over Mon 23 Nov 2026, 12:00 GMT, and has not answered yet."
        in dana.open(f"/incident/{begun.reference}").page
    )


def test_whom_an_incident_does_not_open_for_is_marked_and_stands_behind_those_who_can_work_on_it(
    dana: Visitor, begun: Incident
) -> None:
    dana.open(f"/incident/{begun.reference}/call")

    offered = re.findall(r"<option[^>]*>([^<]+)</option>", dana.page)
    blind = [words.endswith("(is rung, but cannot open it)") for words in offered]
    people = blind[1 : offered.index("Everybody who is: Responder")]
    assert offered[1:3] == ["Ivo, Responder", "Tariq, Deputy data protection officer"]
    assert people == [False, False, True, True, True]
    assert "Everybody who is: Administrator (is rung, but cannot open it)" in offered


def test_the_page_and_the_message_of_a_summons_say_alike_whom_it_rings(
    installation: Installation, cast: Cast, dana: Visitor, begun: Incident, now: datetime
) -> None:
    dana.open(f"/incident/{begun.reference}/call")
    before = dana.page
    dana.send("/call", whom=f"person:{cast.ivo}")
    installation.engine().tick(now)
    with installation.store.reading() as session:
        ring = session.scalars(
            select(Delivery).where(Delivery.person_id == cast.ivo, Delivery.purpose == Purpose.RING)
        ).one()
        wording = installation.wording(session, ring.person)
        message = build(session, ring, keyring=installation.keyring, wording=wording, now=now)

    for text in (before, dana.page, message.text):
        assert "At first only whoever is called is rung. Unanswered, it climbs" in " ".join(text.split())
    assert "rings others" not in message.text
    assert message.html is not None
    assert "At first only whoever is called is rung. Unanswered, it climbs" in message.html


def test_nobody_is_called_to_a_restricted_incident_who_may_not_see_it(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    ivo = Visitor(installation).come_in(installation, cast.ivo)
    incident = reported(installation, now)
    with installation.store.writing() as session:
        session.get_one(Incident, incident.id).restricted = True
        session.add(Access(organisation_id=1, incident_id=incident.id, person_id=cast.ivo, granted_at=now))
        session.add(Access(organisation_id=1, incident_id=incident.id, person_id=cast.mina, granted_at=now))

    ivo.open(f"/incident/{incident.reference}/call")
    assert f"person:{cast.mina}" in ivo.response.text
    assert "role:" not in ivo.response.text
    assert f"person:{cast.dana}" not in ivo.response.text
    ivo.send("/call", whom=f"person:{cast.dana}")
    assert "cannot be called" in ivo.problems()[0]
    ivo.send("/call", whom="role:dpo")
    assert "may not all see this" in ivo.problems()[0]

    assert not entries(installation, incident, Kind.SUMMONED)


def test_whoever_only_acknowledged_can_be_taken_over_from(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    installation.engine().tick(now)
    tariq = Visitor(installation).come_in(installation, cast.tariq)
    _take(tariq)

    assert "/take-over" not in tariq.open(f"/incident/{incident.reference}").page
    dana.open(f"/incident/{incident.reference}").send("/take-over")

    assert again(installation, incident).handler_id == cast.dana


def _take(visitor: Visitor) -> None:
    """Press the first "Take this page" of the desk."""
    page = visitor.open("/desk").response.text
    token = page.partition("/desk/take/")[2].partition('"')[0]
    visitor.send(f"/desk/take/{token}")
