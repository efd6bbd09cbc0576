"""The desk: the nearest act first, and what rings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.installation import Installation
from incidents import desk as listing
from incidents import triage
from incidents.incident import OurRole, StillHappening, Urgency, What
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.timeline import Entry, Kind, person_as_actor
from notifications import paging
from notifications.escalation import Aim, Stage, TargetKind
from notifications.escalation_change import change_policy
from notifications.page import Page
from notifications.policy import Waits
from tests.app.casework import again, queries, reported, step
from tests.app.visitor import Visitor
from tests.house.source import told
from tests.makers import Cast

DESK_ASKS = 12
"""The transaction, who reads, the drawer's two halves, who took what, what rings, who can be paged."""


@pytest.fixture(autouse=True)
def at_noon(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def dana(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.dana)


def rung(installation: Installation, now: datetime) -> None:
    """Let every report ring."""
    with installation.store.writing() as session:
        for entry in session.scalars(select(Entry).where(Entry.kind == Kind.REPORTED).order_by(Entry.id)):
            paging.ring(session, paging.ring_for(session, entry, now=now), waits=Waits(), now=now)


def test_the_nearest_act_due_comes_first(installation: Installation, dana: Visitor, now: datetime) -> None:
    young = reported(installation, now - timedelta(minutes=10))
    old = reported(installation, now - timedelta(hours=50))
    middle = reported(installation, now - timedelta(hours=3))

    dana.open("/desk")

    places = [dana.page.index(found.reference) for found in (old, middle, young)]
    assert places == sorted(places)
    assert "49 h 0 min late" in dana.page
    assert "in 50 min" in dana.page
    assert "in 22 h 0 min" in dana.page
    assert "Nobody yet" in dana.page


def test_sheets_follow_one_another_without_gap_or_repetition(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    due = [reported(installation, now - timedelta(hours=hours)).reference for hours in (3, 3, 2, 2, 1)]
    idle = [reported(installation, now).id for _ in range(3)]
    with installation.store.writing() as session:
        for key in idle:
            by = person_as_actor(cast.dana)
            triage.triage(
                session,
                key,
                What.NOTHING,
                OurRole.UNKNOWN,
                reason="Nothing",
                by=by,
                targets=installation.targets,
                now=now,
            )
    seen: list[str] = []
    mark = None
    with installation.store.reading() as session:
        dana = session.get_one(Person, cast.dana)
        while True:
            sheet = listing.on_desk(session, dana, listing.Drawer.OPEN, after=mark, most=2)
            seen += [found.reference for found in sheet.incidents]
            mark = sheet.more
            if mark is None:
                break

    assert len(seen) == len(set(seen)) == 8
    assert seen[:5] == due


def test_the_sheet_on_the_page_has_a_way_to_more_and_back(
    installation: Installation, dana: Visitor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (reported(installation, now - timedelta(hours=hours)) for hours in (3, 2, 1))
    monkeypatch.setattr(listing.on_desk, "__kwdefaults__", {"after": None, "most": 2})

    dana.open("/desk")
    assert third.reference not in dana.page.split("<table")[1].split("</table>")[0]
    more = dana.page.split('href="/desk?show=open&after=')[1].split('"')[0]
    dana.open(f"/desk?show=open&after={more}")

    assert third.reference in dana.page
    assert first.reference not in dana.page
    assert second.reference not in dana.page
    for broken in ("nonsense", "TCN_2026", "TCN-AAAA-AA_2026-01-01T00:00", "_"):
        assert dana.open(f"/desk?after={broken}").status == 200


def test_what_rings_stands_on_top_and_is_taken_with_one_button(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now, still_happening=StillHappening.YES)
    rung(installation, now)

    dana.open("/desk")
    assert "It rings:" in dana.page
    assert dana.page.index("Take this page") < dana.page.index("<table")
    with installation.store.reading() as session:
        page = session.scalars(select(Page)).one()
    dana.send(f"/desk/take/{page.token}")

    assert dana.address == f"/incident/{incident.reference}"
    assert "You have it." in dana.page
    with installation.store.reading() as session:
        taken = session.get_one(Page, page.id).acknowledgements
        assert [(one.person_id, one.by_link) for one in taken] == [(cast.dana, False)]
    assert "It rings:" not in dana.open("/desk").page
    assert "Dana, acknowledged, no first step yet" in dana.page


def test_a_page_that_wants_two_says_who_has_it_so_far_and_claims_no_quiet(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    rungs = (Aim(TargetKind.ROLE, Role.DPO), Aim(TargetKind.ROLE, Role.DEPUTY))
    with installation.store.writing() as session:
        waits, place = installation.settings.waits, the_organisation(session)
        stages = [Stage(timedelta(), rungs, 2)]
        by = person_as_actor(cast.adam)
        for urgency in Urgency:
            change_policy(session, place, urgency, stages, waits.repeat, waits.round, waits=waits, by=by, now=now)
    reported(installation, now)
    rung(installation, now)
    dana.open("/desk")
    with installation.store.reading() as session:
        token = session.scalars(select(Page)).one().token
    assert "nobody has taken it." in dana.page

    dana.send(f"/desk/take/{token}")

    assert "You have it. It wants another person too" in dana.page
    assert "The bell is quiet" not in dana.page
    tariq = Visitor(installation).come_in(installation, cast.tariq).open("/desk")
    assert "one person has it, and it wants another." in tariq.page


def test_what_came_after_the_page_was_shown_rings_on(installation: Installation, dana: Visitor, now: datetime) -> None:
    reported(installation, now)
    rung(installation, now)
    dana.open("/desk")
    with installation.store.reading() as session:
        token = session.scalars(select(Page)).one().token
    form = dana.fields(f"/desk/take/{token}")
    later = reported(installation, now, what="Another one")
    with installation.store.writing() as session:
        entry = session.scalars(select(Entry).where(Entry.incident_id == later.id)).one()
        paging.ring_for(session, entry, now=now)

    dana.client.post(f"/desk/take/{token}", data=form, base_url="http://localhost:8000")

    assert "It rings:" in dana.open("/desk").page
    assert later.codename in dana.page


def test_taking_what_somebody_has_already_is_harmless(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    reported(installation, now)
    rung(installation, now)
    ivo = Visitor(installation).come_in(installation, cast.ivo).open("/desk")
    with installation.store.reading() as session:
        token = session.scalars(select(Page)).one().token
    dana.open("/desk").send(f"/desk/take/{token}")

    ivo.send(f"/desk/take/{token}")

    assert ivo.address == "/desk"
    assert "Somebody has this page already" in ivo.page


def test_a_first_step_shows_who_has_it(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    capture = step(installation, incident, "capture")
    dana.open(f"/incident/{incident.reference}").send(f"/step/{capture.id}/done")

    row = dana.open("/desk").page.split("<table")[1]

    assert "<div>Dana</div>" in row
    assert again(installation, incident).first_step_at == now


def test_the_desk_costs_few_queries(installation: Installation, dana: Visitor, now: datetime) -> None:
    for hours in range(12):
        reported(installation, now - timedelta(hours=hours))
    rung(installation, now)

    with queries(installation) as frame:
        dana.open("/enter")
    with queries(installation) as seen:
        dana.open("/desk")

    assert len(seen) - len(frame) <= 8


def test_the_desk_asks_no_more_for_fifty_incidents_than_for_five(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    asked = []
    for more in (5, 45):
        for number in range(more):
            reported(installation, now - timedelta(minutes=more + number))
        if not asked:
            rung(installation, now)
        with queries(installation) as seen:
            dana.open("/desk")
        asked.append(seen)

    few, many = asked
    assert dana.page.count('role="rowheader"') == 50
    assert len(few) == len(many) <= DESK_ASKS, told("The desk asks:", many)


def test_a_handler_costs_the_desk_no_question(installation: Installation, dana: Visitor, now: datetime) -> None:
    incidents = [reported(installation, now - timedelta(hours=hours)) for hours in range(3)]
    with queries(installation) as before:
        dana.open("/desk")
    for incident in incidents:
        capture = step(installation, incident, "capture")
        dana.open(f"/incident/{incident.reference}").send(f"/step/{capture.id}/done")

    with queries(installation) as after:
        dana.open("/desk")

    assert len(after) <= len(before)
