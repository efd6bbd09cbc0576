"""Awareness, containment, notes, corrections, closing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents.timeline import Kind
from tests.app.casework import again, duties, entries, reported, step
from tests.app.visitor import Visitor

pytestmark = pytest.mark.usefixtures("at_noon")


def test_awareness_moves_the_deadline_and_the_cautious_one_stays_visible(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=20))

    dana.open(f"/incident/{incident.reference}/awareness").send(
        aware_at="2026-11-23T09:30", reason="The log shows a download"
    )
    assert again(installation, incident).aware_at is None
    assert "Nothing is recorded yet." in dana.page
    assert "Wed 25 Nov 2026, 16:00 GMT" in dana.page
    assert "Thu 26 Nov 2026, 09:30 GMT" in dana.page
    assert dana.fields()["reason"] == "The log shows a download"
    dana.send()

    assert dana.address == f"/incident/{incident.reference}"
    assert again(installation, incident).law_due_at == datetime.fromisoformat("2026-11-26T09:30:00+00:00")
    assert "Counted from the decided awareness." in dana.page
    assert "Cautious deadline:" in dana.page
    assert "in 69 h 30 min" in dana.page
    assert "in 52 h 0 min" in dana.page
    assert {duty.cautious_due_at for duty in duties(installation, incident)} == {now + timedelta(hours=52)}
    assert not step(installation, incident, "awareness").is_open


def test_a_time_that_came_twice_is_asked_about_with_the_text_kept(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    dana.open(f"/incident/{incident.reference}/awareness")

    dana.send(aware_at="2026-10-25T01:30", reason="The help desk knew")
    assert dana.status == 422
    assert "came twice" in dana.problems()[0]
    assert "The first one: Sun 25 Oct 2026, 01:30 BST, 00:30 UTC" in dana.page
    assert "The second one: Sun 25 Oct 2026, 01:30 GMT, 01:30 UTC" in dana.page
    assert dana.fields()["reason"] == "The help desk knew"
    assert dana.fields()["aware_at"] == "2026-10-25T01:30"
    dana.send(aware_at_which="1")
    dana.send()

    assert again(installation, incident).aware_at == datetime.fromisoformat("2026-10-25T01:30:00+00:00")


def test_what_was_confirmed_is_what_was_shown(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now - timedelta(hours=20))
    dana.open(f"/incident/{incident.reference}/awareness")
    dana.send(aware_at="2026-11-23T09:30", reason="The log shows a download")

    dana.send(aware_at="2026-11-23T10:30")

    assert again(installation, incident).aware_at is None
    assert "Thu 26 Nov 2026, 10:30 GMT" in dana.page


def test_the_entry_keeps_each_deadline_before_and_after(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=20))

    dana.open(f"/incident/{incident.reference}/awareness").send(aware_at="2026-11-23T09:30", reason="Seen").send()

    (decided,) = entries(installation, incident, Kind.AWARE)
    moved = {(row["before"], row["after"]) for row in decided.facts["deadlines"]}
    assert moved == {("2026-11-25T16:00:00+00:00", "2026-11-26T09:30:00+00:00")}


def test_a_time_that_never_came_and_one_to_come_are_refused(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    dana.open(f"/incident/{incident.reference}/awareness")

    dana.send(aware_at="2026-03-29T01:30", reason="Why")
    assert "the clocks jumped" in dana.problems()[0]
    dana.send(aware_at="2026-11-24T01:30", reason="Why")
    assert "in the future" in dana.problems()[0]
    dana.send(aware_at="", reason="Why")
    assert "Write the date and the time" in dana.problems()[0]

    assert dana.status == 422
    assert again(installation, incident).aware_at is None


def test_a_note_has_the_time_it_happened_and_the_time_it_was_written(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)

    dana.open(f"/incident/{incident.reference}/note").send(
        text="Called the bank\r\nThey block it", happened_at="2026-11-23T08:15"
    )

    note = entries(installation, incident, Kind.NOTED)[0]
    assert note.text("text") == "Called the bank\nThey block it"
    assert (note.happened_at, note.written_at) == (datetime.fromisoformat("2026-11-23T08:15:00+00:00"), now)
    assert "Mon 23 Nov 2026, 08:15 GMT" in dana.page
    assert "Called the bank" in dana.page


def test_a_short_note_from_the_incident_page_is_kept_when_it_is_refused(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    dana.open(f"/incident/{incident.reference}")

    dana.send("/note", text="   ")
    assert (dana.status, dana.problems()) == (422, ["Write the note."])
    dana.send(text="The door was open")

    assert dana.address == f"/incident/{incident.reference}"
    assert "The door was open" in dana.page


def test_a_correction_names_its_entry_and_both_link_to_each_other(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    dana.open(f"/incident/{incident.reference}/note").send(text="Ten people")
    wrong = entries(installation, incident, Kind.NOTED)[0]

    dana.open(f"/incident/{incident.reference}/entry/{wrong.seq}/correct")
    assert "Ten people" in dana.page
    dana.send(text="A hundred people")

    correction = entries(installation, incident, Kind.CORRECTED)[0]
    assert correction.corrects_id == wrong.id
    assert entries(installation, incident, Kind.NOTED)[0].text("text") == "Ten people"
    assert f'href="#entry-{wrong.seq}"' in dana.page
    assert f'href="#entry-{correction.seq}"' in dana.page


def test_containment_is_recorded_with_how_it_is_known(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)

    dana.open(f"/incident/{incident.reference}/contained").send(reason="Account blocked, log checked")

    assert again(installation, incident).contained_at == now
    assert "Contained" in dana.page


def test_an_incident_with_an_open_duty_is_not_closed(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    page = f"/incident/{incident.reference}"
    dana.open(f"{page}/triage").send(what="personal-data-breach", our_role="controller", reason="Names")

    dana.open(f"{page}/close").send(reason="All done")

    assert dana.status == 422
    assert "A duty is still open." in dana.problems()[0]
    assert dana.fields()["reason"] == "All done"
