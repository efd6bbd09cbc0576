"""Triage, attaching reports, and the first look."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents.incident import What
from incidents.obligations import Standing
from incidents.timeline import Kind
from tests.app.casework import again, duties, entries, reported, step
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report

pytestmark = pytest.mark.usefixtures("at_noon")


BREACH = {"what": "personal-data-breach", "our_role": "processor", "customers": "Acorn\nBirch", "reason": "Their files"}


def test_triage_as_processor_for_two_customers_makes_two_duties(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)

    dana.open(f"/incident/{incident.reference}/triage").send(**BREACH)

    assert dana.address == f"/incident/{incident.reference}"
    owed = [duty for duty in duties(installation, incident) if duty.standing is Standing.OWED]
    assert sorted(duty.recipient for duty in owed) == ["Acorn", "Birch"]
    assert all(duty.is_target and duty.due_at == now + timedelta(hours=24) for duty in owed)
    assert "Target, not law" in dana.page
    assert "Tell each controller we work for: Acorn" in dana.page
    assert f'data-kept-clear="incident-{incident.reference}-triage"' in dana.page


def test_triage_sent_twice_is_one_act(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    address = f"/incident/{incident.reference}/triage"

    dana.open(address).send(**BREACH)
    dana.open(address).send(**BREACH)

    assert dana.address == f"/incident/{incident.reference}"
    assert len(entries(installation, incident, Kind.TRIAGED)) == 1
    assert len([duty for duty in duties(installation, incident) if duty.part_id]) == 2


def test_a_refused_triage_keeps_all_that_was_typed(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)

    dana.open(f"/incident/{incident.reference}/triage").send(
        what="personal-data-breach", our_role="processor", customers=" ", reason="Files of a customer"
    )

    assert dana.status == 422
    assert "Name the customers whose data it is" in dana.problems()[0]
    kept = dana.fields()
    assert (kept["what"], kept["our_role"], kept["reason"]) == (
        "personal-data-breach",
        "processor",
        "Files of a customer",
    )


def test_dismissed_closed_and_opened_again_an_incident_keeps_its_old_start(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=30))
    page = f"/incident/{incident.reference}"

    dana.open(f"{page}/triage").send(what="nothing", our_role="unknown", reason="A false alarm")
    assert "Close it: triage says that it is nothing" in dana.page
    dana.open(f"{page}/close").send(reason="False alarm")
    assert "Dismissed" in dana.page
    assert incident.reference not in dana.open("/desk").page
    assert incident.reference in dana.open("/desk?show=dismissed").page
    dana.open(f"{page}/reopen").send(reason="The laptop turned up abroad").send()

    found = again(installation, incident)
    assert (found.what, found.closed_at) == (What.UNDECIDED, None)
    assert found.law_due_at == now + timedelta(hours=42)
    assert step(installation, incident, "triage").is_open
    assert "in 42 h 0 min" in dana.page


def test_an_attached_report_brings_its_earlier_start_and_can_go_back(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    target = reported(installation, now - timedelta(hours=1))
    made = make_report(installation, "The same laptop", now=now - timedelta(hours=5))
    origin, key = made.report.incident, made.report.id

    dana.open(f"/incident/{origin.reference}/report/{key}/attach").send(reference=target.reference.lower())
    assert "What this does to the deadlines" in dana.page
    dana.send(reason="One laptop")
    assert dana.address == f"/incident/{target.reference}"
    assert "The same laptop" in dana.page
    assert again(installation, target).law_due_at == now + timedelta(hours=67)
    assert again(installation, origin).closed_at == now
    assert "Its reports belong to another incident now" in dana.open(f"/incident/{origin.reference}").page
    dana.open(f"/incident/{target.reference}/report/{key}/attach").send(reference=origin.reference, reason="Two").send()

    assert again(installation, target).law_due_at == now + timedelta(hours=71)
    assert again(installation, origin).closed_at is None
    assert again(installation, origin).law_due_at == now + timedelta(hours=67)


def test_attaching_shows_both_incidents_deadlines_and_wants_a_reason_before_they_move(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    target = reported(installation, now - timedelta(hours=1))
    made = make_report(installation, "The same laptop", now=now - timedelta(hours=5))
    origin, key = made.report.incident, made.report.id

    dana.open(f"/incident/{origin.reference}/report/{key}/attach").send(reference=target.reference).send()
    assert dana.status == 422
    assert dana.problems() == ["Write why. Deadlines move with it."]
    shown = " ".join(re.sub(r"<[^>]+>", " ", dana.page).split())
    assert f"{target.reference} Notify the Information Commission" in shown
    assert f"{origin.reference} Notify the Information Commission" in shown
    assert "Now Thu 26 Nov 2026, 11:00 GMT (11:00 UTC) Then Thu 26 Nov 2026, 07:00 GMT" in shown
    assert again(installation, target).law_due_at == now + timedelta(hours=71)
    dana.send(reason="One laptop")

    entry = entries(installation, target, Kind.ATTACHED)[0]
    moved = {(row["before"], row["after"]) for row in entry.facts["deadlines"]}
    assert ((now + timedelta(hours=71)).isoformat(), (now + timedelta(hours=67)).isoformat()) in moved
    assert entry.text("reason") == "One laptop"


def test_a_later_report_is_attached_without_a_question_for_no_deadline_moves(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    target = reported(installation, now - timedelta(hours=5))
    made = make_report(installation, "The same laptop", now=now - timedelta(hours=1))

    dana.open(f"/incident/{made.report.incident.reference}/report/{made.report.id}/attach").send(
        reference=target.reference
    )

    assert dana.address == f"/incident/{target.reference}"
    assert again(installation, target).law_due_at == now + timedelta(hours=67)


def test_a_report_is_not_attached_to_what_one_cannot_see(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    made = make_report(installation, now=now)

    dana.open(f"/incident/{made.report.incident.reference}/report/{made.report.id}/attach").send(
        reference="TCN-AAAA-AA"
    )

    assert dana.status == 422
    assert dana.problems() == ["There is no incident TCN-AAAA-AA for you to see."]
    assert dana.fields()["reference"] == "TCN-AAAA-AA"


def test_a_first_look_makes_it_mine(installation: Installation, cast: Cast, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)

    dana.open(f"/incident/{incident.reference}")
    assert "That is the first step: it is yours, and no longer rings." in dana.page
    dana.send("/looked")

    assert "It is yours now, and no longer rings." in dana.page
    assert again(installation, incident).handler_id == cast.dana
    assert "Taken by: Dana" in " ".join(dana.page.split())
    assert "I have looked at it" not in dana.page


def test_a_triage_that_was_changed_meanwhile_is_not_replaced_unawares(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    address = f"/incident/{incident.reference}/triage"
    dana.open(address).send(**BREACH)

    dana.open(address).send(seen="", what="near-miss", our_role="controller", reason="It held")

    assert dana.status == 422
    assert "Meanwhile somebody recorded: Personal data breach. To change that, press the button again." in dana.page
    assert "It held" in dana.page
    assert [duty.standing for duty in duties(installation, incident) if duty.part_id] == [Standing.OWED] * 2

    dana.send(what="near-miss", our_role="controller", reason="It held")

    assert dana.address == f"/incident/{incident.reference}"


def test_the_settled_step_shows_the_latest_decision(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    address = f"/incident/{incident.reference}/triage"
    dana.open(address).send(**BREACH)
    first = step(installation, incident, "triage").entry_id

    dana.open(address).send(what="near-miss", our_role="controller", reason="It held")

    assert (
        step(installation, incident, "triage").entry_id == entries(installation, incident, Kind.TRIAGED)[-1].id != first
    )
