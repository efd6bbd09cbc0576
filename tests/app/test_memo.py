"""The memo on awareness as a page: what it says, who may read it, and where it is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from app.installation import Installation
from incidents import decisions
from incidents.incident import Incident
from incidents.timeline import Kind, Prose, person_as_actor
from tests.app.casework import entries, reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def incident(installation: Installation, dana: Visitor, now: datetime) -> Incident:
    """A breach that was reported five hours ago."""
    incident = reported(installation, now - timedelta(hours=5))
    dana.open(f"/incident/{incident.reference}/triage").send(
        what="personal-data-breach", our_role="controller", reason="Names"
    )
    return incident


def decide(dana: Visitor, incident: Incident, at: str, why: str) -> None:
    dana.open(f"/incident/{incident.reference}/awareness").send(aware_at=at, reason=why)
    dana.send("/awareness")
    assert "The decision is recorded." in dana.page


def test_before_anybody_decided_it_says_so_and_shows_the_cautious_clock(dana: Visitor, incident: Incident) -> None:
    dana.open(f"/incident/{incident.reference}/awareness/memo")

    assert "Nobody has decided yet since when we are aware." in dana.page
    assert "Thu 26 Nov 2026, 07:00 GMT" in dana.page
    assert "not decided yet" in dana.page


def test_it_says_since_when_why_what_was_known_by_whom_and_both_clocks(dana: Visitor, incident: Incident) -> None:
    dana.open(f"/incident/{incident.reference}/assessment?question=data")
    dana.send("/assessment/data", data=["health"])
    decide(dana, incident, "2026-11-23T09:00", "The log shows it")

    dana.open(f"/incident/{incident.reference}").open(f"/incident/{incident.reference}/awareness/memo")

    for words in (
        "Mon 23 Nov 2026, 09:00 GMT",
        "The log shows it",
        "Kinds of data: Health",
        "1 report",
        "Signed by Dana, Data protection officer",
        "Thu 26 Nov 2026, 07:00 GMT",
        "Thu 26 Nov 2026, 09:00 GMT",
    ):
        assert words in dana.page


def test_decided_anew_both_memos_stand_with_what_changed(
    installation: Installation, dana: Visitor, incident: Incident, now: datetime
) -> None:
    decide(dana, incident, "2026-11-23T08:00", "A guess")
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        decide(dana, incident, "2026-11-23T09:00", "The log shows it")
        dana.open(f"/incident/{incident.reference}/awareness/memo")

    assert dana.page.index("Memo 2") < dana.page.index("Memo 1")
    assert "Aware since: Mon 23 Nov 2026, 08:00 GMT → <strong>Mon 23 Nov 2026, 09:00 GMT</strong>" in dana.page
    assert "A guess" in dana.page.partition("Decided before")[2]


def test_a_correction_of_it_stands_on_it(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident, now: datetime
) -> None:
    decide(dana, incident, "2026-11-23T09:00", "The log shows it")
    (entry,) = entries(installation, incident, Kind.AWARE)
    with installation.store.writing() as session:
        decisions.correct(session, entry.id, "It was the other log", by=person_as_actor(cast.tariq), now=now)

    dana.open(f"/incident/{incident.reference}/awareness/memo")

    assert "It was the other log" in dana.page


def test_words_that_were_erased_leave_the_rest(
    installation: Installation, dana: Visitor, incident: Incident, now: datetime
) -> None:
    decide(dana, incident, "2026-11-23T09:00", "The log shows it")
    (entry,) = entries(installation, incident, Kind.AWARE)
    with installation.store.writing() as session:
        for row in session.query(Prose).where(Prose.entry_id == entry.id):
            row.text, row.salt, row.blanked_at = None, None, now

    dana.open(f"/incident/{incident.reference}/awareness/memo")

    assert "Its words were erased." in dana.page
    assert "Signed by Dana" in dana.page


def test_it_is_linked_from_the_clock_and_the_timeline(dana: Visitor, incident: Incident) -> None:
    decide(dana, incident, "2026-11-23T09:00", "The log shows it")

    dana.open(f"/incident/{incident.reference}")

    clock, timeline = dana.page.split('id="timeline"')
    link = f'href="/incident/{incident.reference}/awareness/memo"'
    assert link in clock
    assert link in timeline


def test_it_is_read_like_the_incident(
    installation: Installation, cast: Cast, dana: Visitor, incident: Incident, now: datetime
) -> None:
    where = f"/incident/{incident.reference}/awareness/memo"
    ivo = Visitor(installation).come_in(installation, cast.ivo)

    assert ivo.open(where).status == 200
    assert "Decide since when we are aware" not in ivo.page.partition("<h1")[2]
    assert Visitor(installation).come_in(installation, cast.mina).open(where).status == 403
