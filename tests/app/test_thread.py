"""Asking the reporter back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents.report import Report
from incidents.thread import add
from incidents.timeline import Kind
from tests.app.casework import again, entries
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report

pytestmark = pytest.mark.usefixtures("at_noon")


def test_a_handler_asks_and_both_sides_stand_in_the_thread(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    made = make_report(installation, now=now - timedelta(minutes=9))
    incident = made.report.incident
    with installation.store.writing() as session:
        add(session, session.get_one(Report, made.report.id), "It was in the train", now=now)

    dana.open(f"/incident/{incident.reference}").send("/ask", text="Was it locked?")

    assert dana.address == f"/incident/{incident.reference}"
    assert "It was in the train" in dana.page
    assert "Was it locked?" in dana.page
    assert again(installation, incident).handler_id == cast.dana


def test_the_same_question_sent_twice_reaches_the_reporter_once(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = make_report(installation, now=now).report.incident

    for _ in range(2):
        dana.open(f"/incident/{incident.reference}").send("/ask", text="Was it locked?")

    assert len(entries(installation, incident, Kind.ASKED)) == 1


def test_an_empty_question_is_refused_on_a_page_of_its_own(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = make_report(installation, now=now).report.incident

    dana.open(f"/incident/{incident.reference}").send("/ask", text="")

    assert (dana.status, dana.problems()) == (422, ["Write what you want to ask or say."])
    assert "I lost a laptop" in dana.page
