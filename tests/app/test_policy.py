"""The page of the escalation policy: what it stores, refuses, warns of, and whom it tells."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import accounts
from incidents.incident import Urgency
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.timeline import Entry, Kind, person_as_actor
from notifications.escalation import Aim, Plan, Stage, TargetKind, people_at, plan_of
from notifications.rota import Rota
from tests.app.visitor import Visitor
from tests.conftest import NOON
from tests.makers import Cast

MINUTE = timedelta(minutes=1)


@pytest.fixture
def adam(installation: Installation, cast: Cast, at_noon: None) -> Visitor:
    return Visitor(installation).come_in(installation, cast.adam)


def plan(installation: Installation) -> Plan:
    with installation.store.reading() as session:
        place = the_organisation(session)
        return plan_of(session, place.id, Urgency.URGENT, waits=installation.settings.waits)


def typed(**changed: Any) -> dict[str, Any]:
    """Two steps as the form sends them: the DPO at once, then two of three."""
    steps = {
        "step": ["0", "1"],
        "after-0": "0",
        "wants-0": "1",
        "targets-0": ["role:dpo"],
        "after-1": "10",
        "wants-1": "2",
        "targets-1": ["role:deputy", "role:management"],
    }
    return steps | {"repeat": "5", "round": "45"} | changed


def test_a_policy_is_stored_and_told_to_those_whom_it_rings_otherwise(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open("/policy/urgent").send(**typed())

    assert adam.problems() == []
    first = Stage(timedelta(), (Aim(TargetKind.ROLE, Role.DPO),))
    second = Stage(10 * MINUTE, (Aim(TargetKind.ROLE, Role.DEPUTY), Aim(TargetKind.ROLE, Role.MANAGEMENT)), 2)
    assert plan(installation) == Plan((first, second), 5 * MINUTE, 45 * MINUTE)
    with installation.store.reading() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == Kind.POLICY_CHANGED)).one()
    assert entry.facts["affected"] == sorted([cast.tariq, cast.mina]), "the DPO is rung at once as before"


def test_the_shipped_policy_comes_back(installation: Installation, adam: Visitor) -> None:
    before = plan(installation)
    adam.open("/policy/urgent").send(**typed())

    adam.send("/policy/urgent/shipped")

    assert plan(installation) == before
    assert "The shipped policy holds again." in adam.page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"step": []}, "Add at least one step."),
        ({"after-0": "3"}, "The first step is rung at once."),
        ({"after-1": "0"}, "Step 2 has to come later than the one before it."),
        ({"after-1": "soon"}, "Step 2: write the minutes as a whole number, such as 15."),
        ({"targets-1": []}, "Step 2 rings nobody."),
        ({"targets-1": ["rota:99"]}, "Step 2 rings a rota that is gone, or a person without account or role."),
        ({"wants-1": "4"}, "Step 2 wants more people to acknowledge than are rung by then."),
        ({"wants-1": "two"}, "Step 2: write how many people must acknowledge, such as 1."),
        ({"repeat": "0"}, "Let it ring again after 1 to 60 minutes."),
        ({"round": "12"}, "The round has to be long enough to ring the last step"),
    ],
)
def test_a_policy_that_could_leave_a_page_with_nobody_is_refused_and_nothing_typed_is_lost(
    installation: Installation, adam: Visitor, changed: dict[str, Any], says: str
) -> None:
    before, sent = plan(installation), typed(**changed)

    adam.open("/policy/urgent").send(**sent)

    assert adam.status == 422
    assert any(says in problem for problem in adam.problems())
    assert adam.fields()["round"] == sent["round"]
    if sent["step"]:
        assert adam.fields()["after-1"] == sent["after-1"]
    assert plan(installation) == before


def test_steps_are_added_and_taken_out_without_storing_anything(installation: Installation, adam: Visitor) -> None:
    before = plan(installation)

    adam.open("/policy/urgent").send(**typed(), move="add")
    assert "after-2" in adam.fields()
    adam.send(**typed(), move="out-0")

    assert adam.fields()["after-0"] == "10"
    assert "after-1" not in adam.fields()
    assert plan(installation) == before


def test_the_page_shows_how_many_are_wanted_once_it_has_come_so_far_and_that_never_falls(adam: Visitor) -> None:
    more = {"step": ["0", "1", "2"], "after-2": "20", "wants-2": "1", "targets-2": ["role:responder"]}

    adam.open("/policy/urgent").send(**typed(**more))

    urgent = adam.page.partition('id="policy-urgent"')[2].partition("</section>")[0]
    assert re.findall(r"(\w+) (?:person|people) must acknowledge", urgent) == ["One", "2", "2"]


def test_a_step_that_rings_nobody_says_where_that_is_put_right_and_to_whom_it_may_concern(
    installation: Installation, cast: Cast, adam: Visitor, now: datetime
) -> None:
    with installation.store.writing() as session:
        mina = session.get_one(Person, cast.mina)
        accounts.revoke(session, mina, Role.MANAGEMENT, by=person_as_actor(cast.adam), now=now)
    dana = Visitor(installation).come_in(installation, cast.dana)

    for_adam, for_dana = adam.open("/policy").page, dana.open("/policy").page

    assert "rings nobody:" in for_adam
    assert 'href="/people">Give somebody the role, under People</a>' in for_adam
    assert "An administrator gives somebody the role." in for_dana
    assert "under People" not in for_dana


def test_a_rota_as_target_is_rung_and_its_gaps_are_shown_by_day(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open("/rota/new").send(name="First line", zone="Europe/London")
    adam.send(name="Days", days="1", weekdays=["0", "1"], ends="08:00", people=[str(cast.ivo)])
    with installation.store.reading() as session:
        key = session.scalars(select(Rota.id)).one()

    adam.open("/policy/urgent").send(**typed(**{"targets-0": [f"rota:{key}"]}))

    assert "whoever the rota First line has" in adam.page
    assert "Step 1 rings nobody:" in adam.page
    assert "Wed 25 Nov 2026, 08:00 GMT" in adam.page
    assert '<a class="d-inline-block py-2" href="/rota">Put somebody on the rota</a>' in adam.page
    with installation.store.reading() as session:
        found = people_at(session, the_organisation(session).id, plan(installation), 0, now=NOON)
        assert [person.id for person in found] == [cast.ivo]
    adam.open(f"/rota/{key}").send(f"/rota/{key}/end", **{"end-sure": "y"})
    assert adam.problems() == ["The escalation policy rings this rota. Change the policy first."]


def test_what_a_change_was_before_and_is_after_is_kept_and_shown_with_the_names_of_today(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open("/policy/urgent").send(**typed(**{"targets-0": ["role:dpo", f"person:{cast.ivo}"], "repeat": "4"}))

    lately = adam.page.split("What changed lately")[1]
    assert "Step 1: after 0 min: Data protection officer → after 0 min: " in lately
    assert "Ivo" in lately.split("Step 1:")[1].split("</li>")[0]
    deputy = "Deputy data protection officer"
    assert f"Step 2: after 15 min: {deputy} → after 10 min: {deputy}, Management, 2 must acknowledge" in lately
    assert "Step 3: after 30 min: Management → no such step" in lately
    assert "It rings again every so many minutes: 5 → 4" in lately
    assert '<span class="t-soft">Adam</span>' in lately
    with installation.store.reading() as session:
        facts = session.scalars(select(Entry.facts).where(Entry.kind == Kind.POLICY_CHANGED)).one()
    assert facts["before"]["steps"][1] == {"after": 900, "wants": 1, "aims": ["role:deputy"]}
    assert facts["after"]["steps"][0]["aims"] == [f"person:{cast.ivo}", "role:dpo"]
    assert "Ivo" not in str(facts)


def test_the_latest_change_of_a_policy_stands_first(adam: Visitor) -> None:
    adam.open("/policy/urgent").send(**typed())
    adam.send("/policy/urgent/shipped")

    lately = adam.page.split("What changed lately")[1]
    assert lately.index("the shipped policy") < lately.index(
        "Step 2: after 15 min: Deputy data protection officer → after 10"
    )
