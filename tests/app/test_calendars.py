"""Holiday calendars: what is off, what the organisation adds and strikes out, and what that does to deadlines."""

from __future__ import annotations

import pytest

from app.installation import Installation
from incidents.holidays import corrections
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
