"""Entering a report that came another way."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.installation import Installation
from incidents import intake
from incidents.report import Medium, Report
from incidents.timeline import Entry, Kind
from tests.app.casework import again, entries, reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


CALL = {"medium": "phone", "first_known_at": "2026-11-23T11:40", "what": "She lost a bag", "told_by": "Mrs Brown"}


def only_report(installation: Installation) -> Report:
    with installation.store.reading() as session:
        report = session.scalars(select(Report)).one()
        _ = report.incident, report.entry, report.entry.prose
        return report


def test_a_call_is_entered_and_the_code_is_shown_once(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    dana.open("/enter").send(**CALL, still_happening="no", contact="020 7946 0001", which_data="Names")

    report = only_report(installation)
    assert (dana.address, dana.status) == ("/enter", 200)
    assert (report.medium, report.entered_by_id) == (Medium.PHONE, cast.dana)
    assert report.first_known_at == now - timedelta(minutes=20)
    assert report.entry.text("for_whom") == "Mrs Brown"
    assert report.entry.text("data") == "Names"
    digits = "".join(sign for sign in dana.page.split('id="code"')[1].split("</p>")[0] if sign.isdigit())
    with installation.store.reading() as session:
        found = intake.by_code(session, digits, keyring=installation.keyring)
        assert found is not None
        assert found.id == report.id
    assert digits not in dana.address
    assert dana.response.headers["Cache-Control"] == "no-store"
    assert "Phone, told by Mrs Brown, entered by Dana" in dana.open(f"/incident/{report.incident.reference}").page
    assert "Dana for Mrs Brown" in dana.page


def test_a_report_that_reached_a_mailbox_on_thursday_is_overdue_when_entered_on_monday(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    dana.open("/enter").send(medium="mail", first_known_at="2026-11-19T10:00", what="A customer wrote")

    assert "File now." in dana.page
    assert "26 h 0 min late" in dana.page
    reference = only_report(installation).incident.reference
    assert "File now." in dana.open(f"/incident/{reference}").page


def test_it_wants_to_know_when_it_first_reached_anybody_and_keeps_what_was_typed(
    installation: Installation, dana: Visitor
) -> None:
    dana.open("/enter").send(what="She lost a bag", told_by="Mrs Brown")

    assert dana.status == 422
    assert len(dana.problems()) == 2
    assert (dana.fields()["what"], dana.fields()["told_by"]) == ("She lost a bag", "Mrs Brown")
    dana.send(medium="phone", first_known_at="2026-10-25T01:30")
    assert "The first one: Sun 25 Oct 2026, 01:30 BST" in dana.page
    assert dana.fields()["what"] == "She lost a bag"
    dana.send(first_known_at_which="0")

    first = only_report(installation).first_known_at
    assert first == datetime.fromisoformat("2026-10-25T00:30:00+00:00")


def test_a_time_to_come_is_refused(installation: Installation, dana: Visitor) -> None:
    dana.open("/enter").send(**{**CALL, "first_known_at": "2026-11-23T12:01"})

    assert dana.problems() == ["This time is still to come. Check the date and time."]


def test_it_joins_an_incident_in_the_same_act(installation: Installation, dana: Visitor, now: datetime) -> None:
    known = reported(installation, now - timedelta(minutes=5))

    dana.open("/enter").send(**CALL, belongs_to=known.reference.lower(), still_happening="yes")

    assert f"/incident/{known.reference}" in dana.page
    assert again(installation, known).law_due_at == now - timedelta(minutes=20) + timedelta(hours=72)
    assert len(entries(installation, known, Kind.ATTACHED)) == 1
    assert "She lost a bag" in dana.open(f"/incident/{known.reference}").page
    assert dana.open("/desk").page.count("TCN-") == dana.page.count(known.reference)


def test_a_reference_nobody_knows_stores_nothing(installation: Installation, dana: Visitor) -> None:
    dana.open("/enter").send(**CALL, belongs_to="TCN-AAAA-AA")

    assert dana.problems() == ["There is no incident TCN-AAAA-AA for you to see."]
    assert dana.fields()["what"] == "She lost a bag"
    with installation.store.reading() as session:
        assert session.scalar(select(func.count(Entry.id)).where(Entry.kind == Kind.REPORTED)) == 0


def test_the_same_form_sent_twice_is_one_report_with_one_code(installation: Installation, dana: Visitor) -> None:
    dana.open("/enter")
    form = dana.fields() | CALL

    codes = {
        dana.client.post("/enter", data=form, base_url="http://localhost:8000")
        .text.split('id="code"')[1]
        .split("</p>")[0]
        for _ in range(2)
    }

    assert len(codes) == 1
    only_report(installation)
