"""Where people and systems are, on the web: what is typed decides the duties, and what is wrong comes back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents import triage
from incidents.describing import describe
from incidents.incident import Incident, OurRole, What
from incidents.law.regimes import Capacity
from incidents.obligations import Obligation
from incidents.organisation import the_organisation
from incidents.profile import Description
from incidents.timeline import person_as_actor
from tests.app.casework import duties
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def incident(installation: Installation, cast: Cast, now: datetime) -> Incident:
    found = make_report(installation, "The pay file went astray", now=now - timedelta(hours=1)).report.incident
    by, targets = person_as_actor(cast.dana), installation.targets
    with installation.store.writing() as session:
        said = Description(frozenset({Capacity.MANUFACTURER}), True)
        describe(session, the_organisation(session), said, by=by, targets=targets, now=now)
        triage.triage(
            session,
            found.id,
            What.PERSONAL_DATA_BREACH,
            OurRole.CONTROLLER,
            reason="Pay data",
            by=by,
            targets=targets,
            now=now,
        )
    return found


def owed(installation: Installation, incident: Incident, rule: str) -> list[Obligation]:
    return [row for row in duties(installation, incident) if row.rule == rule and row.is_open]


def test_places_as_people_write_them_decide_which_authorities_are_told(
    installation: Installation, dana: Visitor, incident: Incident
) -> None:
    dana.open(f"/incident/{incident.reference}/situation")

    dana.send("/situation/people", place=["France", "bavaria", "UK"], number=["1,200", "", "3"], complete="yes")

    assert sorted(row.towards for row in owed(installation, incident, "eu-gdpr-33-1")) == ["DE-BY", "FR"]
    assert "France (1200)" in dana.page
    assert "informatique et des libertés" in dana.page


@pytest.mark.parametrize(
    ("place", "number", "told"),
    [
        ("Frnace", "", "Did you mean France?"),
        ("Xqzzy", "", "is no country that Tocsin knows"),
        ("France", "some", "as a whole number"),
        ("", "12", "Write the country beside the number 12"),
    ],
)
def test_a_place_or_number_that_is_none_comes_back_as_it_was_typed(
    installation: Installation, dana: Visitor, incident: Incident, place: str, number: str, told: str
) -> None:
    dana.open(f"/incident/{incident.reference}/situation")

    dana.send("/situation/people", place=["Italy", place], number=["", number])

    assert dana.status == 422
    assert told in dana.page
    assert 'value="Italy"' in dana.page
    assert f'value="{place or number}"' in dana.page
    assert [row.towards for row in owed(installation, incident, "eu-gdpr-33-1")] == [""]


def test_only_what_may_give_rise_to_a_duty_is_asked_and_the_answer_gives_rise_to_it(
    installation: Installation, dana: Visitor, incident: Incident
) -> None:
    dana.open(f"/incident/{incident.reference}/situation")
    assert "Is a weakness in one of our products being exploited?" in dana.page
    assert "Is it classified as a major ICT-related incident?" not in dana.page  # no bank

    dana.send("/situation/laws", vulnerability_exploited="yes")

    assert len(owed(installation, incident, "eu-cra-aev-ew")) == 1
    assert "in 23 h 0 min" in dana.page


def test_a_part_of_our_own_has_its_own_assessment_and_decision(
    installation: Installation, dana: Visitor, incident: Incident
) -> None:
    dana.open(f"/incident/{incident.reference}/parts")
    dana.send("/parts", place="Frnkreich")
    assert dana.status == 422
    dana.send("/parts", place="France")
    assert "The part is there." in dana.page
    dana.send("/parts", place="FR")
    assert "This part is there already." in dana.page

    links = re.findall(r'href="([^"]*(?:assessment|decision)\?part=\d+)"', dana.page)
    assert [dana.open(link.replace("&amp;", "&")).status for link in links] == [200, 200]
    assert "France" in dana.page
    assert [row.part_id is not None for row in owed(installation, incident, "eu-gdpr-33-1")] == [False, True]


def test_a_duty_from_memory_is_taken_on_from_the_list_of_what_may_arise(
    installation: Installation, dana: Visitor, incident: Incident
) -> None:
    dana.open(f"/incident/{incident.reference}")
    dana.open(f"/incident/{incident.reference}/take-on/uk-insurer")

    dana.send(hours="two", reason="Policy, clause 9")
    assert dana.status == 422
    assert "Policy, clause 9" in dana.page
    dana.send(hours="48", reason="Policy, clause 9")

    assert len(owed(installation, incident, "uk-insurer")) == 1
    assert "The duty is taken on." in dana.page
