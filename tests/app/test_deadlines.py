"""The calendar of one's deadlines: what it gives, to whom, and how it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from app.installation import Installation
from incidents.incident import Incident, OurRole, What
from tests.app.casework import reported
from tests.app.visitor import Visitor
from tests.incidents.test_obligations import say
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


def address(visitor: Visitor) -> str:
    visitor.open("/deadlines/calendar").send("/deadlines/calendar")
    return "/deadlines/feed/" + visitor.page.split("/deadlines/feed/")[1].split(".ics")[0] + ".ics"


def events(program: Visitor, where: str) -> list[tuple[str, datetime]]:
    calendar = Calendar.from_ical(program.open(where).response.get_data())
    return [(str(event["summary"]), event["dtend"].dt) for event in calendar.walk("VEVENT")]


def test_a_program_without_an_account_reads_codename_reference_and_law_in_utc(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=20), words={"contact": "rosa@home.example"})
    program = Visitor(installation)

    where = address(dana)

    found = events(program, where)
    assert [due for _words, due in found] == [now + timedelta(hours=52)]
    assert found[0][1].utcoffset() == timedelta()
    assert f"({incident.codename}, {incident.reference})" in found[0][0]
    assert "rosa" not in program.page
    assert program.response.mimetype == "text/calendar"


def test_a_target_says_that_it_is_no_law(installation: Installation, cast: Cast, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    say(installation, incident.id, What.PERSONAL_DATA_BREACH, OurRole.PROCESSOR, "Blue Mill", by=cast.dana, now=now)

    ((words, due),) = events(Visitor(installation), address(dana))

    assert words.startswith("Target, not law: ")
    assert "Blue Mill" not in words
    assert due == now + timedelta(hours=24)


def test_a_restricted_incident_is_left_out_for_whom_it_does_not_name(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    where = address(dana)
    with installation.store.writing() as session:
        session.get_one(Incident, incident.id).restricted = True

    assert events(Visitor(installation), where) == []


def test_an_address_ends_when_another_is_made_or_it_is_ended(installation: Installation, dana: Visitor) -> None:
    program, first = Visitor(installation), address(dana)
    second = address(dana)

    assert program.open(first).status == 404
    assert program.open(second).status == 200
    dana.open("/deadlines/calendar").send("/deadlines/calendar/end")
    assert program.open(second).status == 404
