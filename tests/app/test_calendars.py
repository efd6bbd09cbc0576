"""Holiday calendars: what is off, what the organisation adds and strikes out, and what that does to deadlines."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents import accounts
from incidents.holidays import corrections
from incidents.incident import Incident
from incidents.law.counting import Counting, Unit
from incidents.law.regimes import Regimes, load
from incidents.people import Person, Role
from incidents.recount import differences
from incidents.timeline import Kind, person_as_actor
from tests.app.casework import duties, entries, reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def adam(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.adam)


def kept(installation: Installation) -> object:
    with installation.store.reading() as session:
        return dict(corrections(session))


def test_a_day_is_added_struck_out_and_taken_back_with_a_reason(installation: Installation, adam: Visitor) -> None:
    where = "/settings/calendars?country=GB&year=2026"
    assert "Good Friday" in adam.open(where).page

    adam.send("/settings/calendars/GB/day", day="2026-12-24", becomes="off", reason="A royal proclamation")
    adam.open(where).send("/settings/calendars/GB/day", day="2026-04-03", becomes="working", reason="Moved this year")
    assert "A royal proclamation" in adam.page
    assert "Moved this year" in adam.page
    adam.open(where).send("/settings/calendars/GB/day", day="2026-04-03", becomes="back", reason="")

    assert kept(installation) == {"GB": {"region": None, "added": {"2026-12-24": "A royal proclamation"}, "struck": {}}}


@pytest.mark.parametrize(
    ("day", "becomes", "reason", "words"),
    [
        ("24 December", "off", "So", "Write the day like 2026-12-24."),
        ("2026-12-24", "off", " ", "Write why"),
        ("2026-12-25", "off", "So", "That day is off already."),
        ("2026-12-23", "working", "So", "That day is a working day already."),
        ("2026-12-23", "back", "", "there is nothing to take back"),
    ],
)
def test_what_makes_no_sense_is_refused_and_what_was_typed_is_kept(
    installation: Installation, adam: Visitor, day: str, becomes: str, reason: str, words: str
) -> None:
    adam.open("/settings/calendars?country=GB&year=2026")

    adam.send("/settings/calendars/GB/day", day=day, becomes=becomes, reason=reason)

    assert adam.status == 422
    assert words in adam.problems()[0]
    assert adam.fields("/settings/calendars/GB/day")["day"] == day
    assert kept(installation) == {}


@pytest.fixture
def by_working_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law as it is, but the UK's 72 hours are three working days: today no such duty arises by itself."""
    law = load()
    hours = law.get("uk-gdpr-33-1")
    days = replace(hours, period=3, unit=Unit.WORKING_DAYS, counting=Counting.NATIONAL)
    amended = [replace(one, rules=tuple(days if rule == hours else rule for rule in one.rules)) for one in law]
    monkeypatch.setattr("incidents.owed.load", lambda: Regimes(tuple(amended)))


def due(installation: Installation, incident: Incident) -> str:
    at = next(row.due_at for row in duties(installation, incident) if row.rule == "uk-gdpr-33-1")
    return f"{at:%a %d %b}"


HOLIDAY = {"day": "2026-11-25", "becomes": "off", "reason": "A royal proclamation"}


@pytest.mark.usefixtures("by_working_days")
def test_a_holiday_that_moves_a_deadline_is_shown_before_it_is_saved_without_naming_what_one_may_not_see(
    installation: Installation, adam: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    assert due(installation, incident) == "Fri 27 Nov"

    adam.open("/settings/calendars?country=GB&year=2026").send("/settings/calendars/GB/day", **HOLIDAY)
    assert "Deadlines of 1 incident move that you may not see." in adam.page
    assert incident.reference not in adam.page
    assert kept(installation) == {}
    assert due(installation, incident) == "Fri 27 Nov"
    adam.send("/settings/calendars/GB/day")

    assert "Saved. Open deadlines in working days are counted anew." in adam.page
    assert due(installation, incident) == "Sat 28 Nov"
    entry = entries(installation, incident, Kind.RECOUNTED)[0]
    assert (entry.facts["calendar"], entry.text("reason")) == ("GB", "A royal proclamation")
    assert [(row["before"][:10], row["after"][:10]) for row in entry.facts["deadlines"]] == [
        ("2026-11-27", "2026-11-28")
    ]
    with installation.store.reading() as session:
        assert list(differences(session, targets=installation.targets)) == []


@pytest.mark.usefixtures("by_working_days")
def test_whoever_may_see_the_incidents_sees_which_deadlines_move_and_says_why(
    installation: Installation, adam: Visitor, cast: Cast, now: datetime
) -> None:
    with installation.store.writing() as session:
        who, by = session.get_one(Person, cast.adam), person_as_actor(cast.dana)
        accounts.grant(session, who, Role.DPO, by=by, now=now)
    first = reported(installation, now - timedelta(days=1))
    adam.open("/settings/calendars?country=GB&year=2026").send("/settings/calendars/GB/day", **HOLIDAY)
    shown = " ".join(re.sub(r"<[^>]+>", " ", adam.page).split())
    assert f"{first.reference} Notify the Information Commission" in shown
    assert "may not see" not in shown

    adam.send("/settings/calendars/GB/day", becomes="working", day="2026-11-25", reason="No holiday at all")
    assert adam.status == 422
    adam.send("/settings/calendars/GB/day", **HOLIDAY).send("/settings/calendars/GB/day")
    second = reported(installation, now)
    adam.open("/settings/calendars?country=GB&year=2026")
    adam.send("/settings/calendars/GB/day", day="2026-11-25", becomes="back", reason="").send(
        "/settings/calendars/GB/day"
    )

    assert adam.problems() == ["Write why. Deadlines move with it."]
    assert first.reference in adam.page
    assert second.reference in adam.page
    assert due(installation, second) == "Sat 28 Nov"
