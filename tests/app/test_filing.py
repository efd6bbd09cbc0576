"""Recording what was sent, and why nothing was."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.installation import Installation
from incidents.describing import keep_entity
from incidents.filing import Filing
from incidents.incident import Incident
from incidents.law.profile import Entity
from incidents.obligations import Standing
from incidents.organisation import the_organisation
from incidents.timeline import Kind, person_as_actor
from tests.app.casework import again, duties, entries, reported, step
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def late(installation: Installation, dana: Visitor, now: datetime) -> Incident:
    """A breach whose 72 hours are over."""
    incident = reported(installation, now - timedelta(hours=80))
    dana.open(f"/incident/{incident.reference}/triage").send(
        what="personal-data-breach", our_role="controller", reason="Names"
    )
    return incident


def test_overdue_says_file_now(installation: Installation, dana: Visitor, late: Incident) -> None:
    dana.open(f"/incident/{late.reference}")

    assert "8 h 0 min late" in dana.page
    assert "File now." in dana.page


def test_sent_late_without_reasons_is_recorded_and_leaves_a_red_step(
    installation: Installation, dana: Visitor, late: Incident, now: datetime
) -> None:
    duty = duties(installation, late)[0]

    dana.open(f"/incident/{late.reference}/duty/{duty.id}/sent").send(
        sent_at="2026-11-23T11:30", recipient="The Information Commission", awaited="y"
    )

    assert dana.address == f"/incident/{late.reference}"
    assert duties(installation, late)[0].standing is Standing.MET
    assert step(installation, late, "delay:").is_open
    assert step(installation, late, "reference:").is_open
    assert "After the deadline, reasons missing" in dana.page
    assert "Give the reasons for the delay" in dana.page
    with time_machine.travel(now + timedelta(minutes=1), tick=False):
        dana.open(f"/incident/{late.reference}")
    red = f'id="step-{step(installation, late, "delay:").id}" data-state="overdue"'
    assert red in dana.page


def test_the_record_is_completed_later(installation: Installation, dana: Visitor, late: Incident) -> None:
    duty = duties(installation, late)[0]
    page = f"/incident/{late.reference}"
    dana.open(f"{page}/duty/{duty.id}/sent").send(
        sent_at="2026-11-23T11:30", recipient="The Information Commission", awaited="y"
    )
    with installation.store.reading() as session:
        filing = session.scalars(select(Filing)).one()

    dana.open(f"{page}/filing/{filing.id}/complete").send(
        reference="IC-123", delay_reasons="The mailbox was not read over the week-end"
    )

    assert "IC-123" in dana.page
    assert "The mailbox was not read" in dana.page
    assert "reasons missing" not in dana.page
    assert not step(installation, late, "delay:").is_open
    assert not step(installation, late, "reference:").is_open


def test_a_record_without_reference_or_the_word_awaited_is_refused_with_all_kept(
    installation: Installation, dana: Visitor, late: Incident
) -> None:
    duty = duties(installation, late)[0]
    dana.open(f"/incident/{late.reference}/duty/{duty.id}/sent")

    dana.send(sent_at="2026-11-23T11:30", recipient="The Commission", delay_reasons="Nobody read the mailbox")

    assert dana.status == 422
    assert dana.problems() == ["Write the reference you were given, or tick that it is awaited."]
    kept = dana.fields()
    assert (kept["sent_at"], kept["recipient"]) == ("2026-11-23T11:30", "The Commission")
    assert kept["delay_reasons"] == "Nobody read the mailbox"


def test_deciding_against_wants_a_reason_and_shows_it(
    installation: Installation, dana: Visitor, late: Incident
) -> None:
    duty = duties(installation, late)[1]
    dana.open(f"/incident/{late.reference}/duty/{duty.id}/against")

    dana.send(reason="Nobody in the Union is concerned")
    assert dana.problems() == ["Choose on which ground nothing is sent."]
    dana.send(reason=" ", ground="does-not-apply")
    assert dana.status == 422
    dana.send(reason="It is harmless", ground="risk-unlikely")
    assert dana.problems()[0].startswith("Assess the risk and sign your advice first.")
    dana.send(reason="Nobody in the Union is concerned", ground="does-not-apply")

    assert duties(installation, late)[1].standing is Standing.DECIDED_AGAINST
    assert "Nobody in the Union is concerned" in dana.page
    assert len(entries(installation, late, Kind.NOT_NOTIFIED)) == 1
    assert again(installation, late).law_due_at is not None


def test_sent_in_an_hour_that_came_twice_is_asked_about(
    installation: Installation, dana: Visitor, late: Incident
) -> None:
    duty = duties(installation, late)[0]
    dana.open(f"/incident/{late.reference}/duty/{duty.id}/sent")

    dana.send(sent_at="2026-10-25T01:10", recipient="The Commission", reference="IC-9")

    assert dana.status == 422
    assert "The second one:" in dana.page
    assert dana.fields()["reference"] == "IC-9"


def test_who_is_told_and_what_they_are_known_to_want_stands_where_a_duty_is_met_or_left(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    with installation.store.writing() as session:
        warsaw = Entity("Northwind Polska", "PL")
        keep_entity(
            session,
            the_organisation(session),
            warsaw,
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=now,
        )
    incident = reported(installation, now)
    polish = next(duty for duty in duties(installation, incident) if duty.rule == "eu-gdpr-33-1")
    british = next(duty for duty in duties(installation, incident) if duty.rule == "uk-gdpr-33-1")
    where = f"/incident/{incident.reference}"

    for page in (f"{where}/duty/{polish.id}/sent", f"{where}/duty/{polish.id}/against"):
        dana.open(page)
        assert "https://www.uodo.gov.pl/" in dana.page
        assert "A name with a national number (PESEL) is a high risk to it" in dana.page
        assert "Information Commissioner's Office" not in dana.page
    assert "cannot be saved" in dana.open(f"{where}/duty/{british.id}/sent").page
    dana.open(f"{where}/assessment/advice")
    assert "https://ico.org.uk/" in dana.page
    assert "https://www.uodo.gov.pl/" in dana.page
    assert "is not counted in the advice" in dana.page


def test_what_nobody_confirmed_of_an_authority_says_so(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    with installation.store.writing() as session:
        lyon = Entity("Northwind France", "FR")
        keep_entity(
            session,
            the_organisation(session),
            lyon,
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=now,
        )
    incident = reported(installation, now)
    french = next(duty for duty in duties(installation, incident) if duty.rule == "eu-gdpr-33-1")

    dana.open(f"/incident/{incident.reference}/duty/{french.id}/sent")

    known = dana.page.partition("The form asks how severe it is")[2].partition("</li>")[0]
    assert "from memory, unconfirmed" in known
