"""The summary page: what needs you comes first; no personal data, no way into incidents for management."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from app.installation import Installation
from app.spreadsheet import _safe
from incidents.filing import Sent, record_sent
from incidents.incident import Incident, OurRole, What
from incidents.law.clock import utcnow
from incidents.people import Person
from incidents.timeline import Entry, person_as_actor
from incidents.triage import triage
from notifications.paging import ring_for
from notifications.taking import acknowledge
from tests.app.casework import queries
from tests.app.visitor import Visitor
from tests.house.source import told
from tests.incidents.test_summaries import duty
from tests.makers import Cast, make_report

SUMMARY_ASKS = 16
"""The transaction, who reads, the house, six figures, the list's two halves, what rings, who can be paged."""

SECRET = "The payslips of Ottoline Prufrock lay in the lift"


@pytest.fixture
def mina(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.mina)


def late_and_unexplained(installation: Installation, cast: Cast) -> Incident:
    now = utcnow()
    reported = make_report(installation, SECRET, words={"contact": "Ottoline, ext. 7"}, now=now - timedelta(days=5))
    key, dana = reported.report.incident_id, person_as_actor(cast.dana)
    with installation.store.writing() as session:
        triage(
            session,
            key,
            What.PERSONAL_DATA_BREACH,
            OurRole.CONTROLLER,
            reason="Seen by Ottoline's neighbours.",
            by=dana,
            targets=installation.targets,
            now=now - timedelta(days=4),
        )
        sent = Sent(at=now - timedelta(hours=1), zone="UTC", recipient="Authority", awaited=True)
        record_sent(session, duty(session, key, "uk-gdpr-33-1"), sent, by=dana, targets=installation.targets, now=now)
        return session.get_one(Incident, key)


def rows_of(visitor: Visitor, address: str) -> list[dict[str, str]]:
    response = visitor.open(address).response
    assert response.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(response.get_data().decode("utf-8-sig"))))


def test_without_anything_open_it_says_that_nobody_can_be_paged_and_nothing_else(mina: Visitor) -> None:
    page = mina.open("/summary").page

    assert "<h1>1 thing needs you</h1>" in page
    assert "Nobody can be paged" in page
    assert "No incident is open." in page


def test_nothing_needs_you_when_people_can_be_paged(
    mina: Visitor, monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    monkeypatch.setattr(Installation, "reachable", lambda _self, _session, _kind: True)

    page = mina.open("/summary").page

    assert "<h1>Nothing needs you</h1>" in page


def test_while_a_page_rings_the_summary_says_so_and_who_may_take_it(
    installation: Installation, cast: Cast, mina: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installation, "reachable", lambda _self, _session, _kind: True)
    report = make_report(installation, SECRET, now=utcnow()).report
    with installation.store.writing() as session:
        page = ring_for(session, session.get_one(Entry, report.entry_id), now=utcnow())
        page_id, codename = page.id, page.codename

    for_mina = mina.open("/summary").page
    for_dana = Visitor(installation).come_in(installation, cast.dana).open("/summary").page
    with installation.store.writing() as session:
        acknowledge(
            session,
            page_id,
            person=session.get_one(Person, cast.dana),
            through_entry_id=report.entry_id,
            by_link=None,
            waits=installation.settings.waits,
            now=utcnow(),
        )
    afterwards = mina.open("/summary").page

    assert "<h1>A page rings</h1>" in for_mina
    assert f"{codename} has been ringing since" in for_mina
    assert "the deputy or a responder can take it on the desk" in for_mina
    assert 'href="/desk"' not in for_mina
    assert "Ottoline" not in for_mina
    assert "<h1>1 thing needs you</h1>" in for_dana
    assert "Take it on the desk." in for_dana
    assert "<h1>Nothing needs you</h1>" in afterwards


def test_what_rings_for_a_restricted_incident_is_known_only_to_those_it_names(
    installation: Installation, mina: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installation, "reachable", lambda _self, _session, _kind: True)
    report = make_report(installation, now=utcnow()).report
    with installation.store.writing() as session:
        session.get_one(Incident, report.incident_id).restricted = True
        ring_for(session, session.get_one(Entry, report.entry_id), now=utcnow())

    page = mina.open("/summary").page

    assert "<h1>Nothing needs you</h1>" in page


def test_management_reads_what_is_overdue_without_a_word_of_a_report_or_a_way_into_it(
    installation: Installation, cast: Cast, mina: Visitor
) -> None:
    incident = late_and_unexplained(installation, cast)

    page = mina.open("/summary").page
    file = mina.open("/summary.csv").page

    assert "<h1>3 things need you</h1>" in page
    assert "1 incident is past its legal deadline" in page
    assert "1 late notification lacks the reasons" in page
    assert "Restricted incidents may be left out" in page
    assert "0 of 2" in page
    assert incident.codename in page
    for text in (page, file):
        assert "Ottoline" not in text
        assert "lift" not in text
        assert incident.reference not in text
    assert "/incident" not in page
    assert 'href="/desk"' not in page


def test_the_heading_tells_what_rings_apart_from_what_needs_the_reader(
    installation: Installation, cast: Cast, mina: Visitor
) -> None:
    late_and_unexplained(installation, cast)
    report = make_report(installation, SECRET, now=utcnow()).report
    with installation.store.writing() as session:
        ring_for(session, session.get_one(Entry, report.entry_id), now=utcnow())

    page = mina.open("/summary").page

    assert "<h1>A page rings, 3 things need you</h1>" in page


def test_the_data_protection_officer_may_go_from_a_figure_to_the_desk(installation: Installation, cast: Cast) -> None:
    late_and_unexplained(installation, cast)
    dana = Visitor(installation).come_in(installation, cast.dana)

    page = dana.open("/summary").page

    assert "See to it" in page


def test_the_time_until_a_page_is_taken_stands_on_the_page(
    installation: Installation, cast: Cast, mina: Visitor
) -> None:
    opened_at = utcnow() - timedelta(minutes=30)
    report = make_report(installation, now=opened_at).report
    with installation.store.writing() as session:
        entry = session.get_one(Entry, report.entry_id)
        page = ring_for(session, entry, now=opened_at)
        acknowledge(
            session,
            page.id,
            person=session.get_one(Person, cast.dana),
            through_entry_id=entry.id,
            by_link=None,
            waits=installation.settings.waits,
            now=opened_at + timedelta(minutes=4, seconds=10),
        )

    shown = mina.open("/summary").page

    assert "4 min 10 s" in shown
    assert "The one page of this year was taken within 4 min 10 s." in shown


def test_the_file_has_the_figures_of_the_page(installation: Installation, cast: Cast, mina: Visitor) -> None:
    incident = late_and_unexplained(installation, cast)

    rows = rows_of(mina, "/summary.csv")

    authority = {row["Detail"]: row["Value"] for row in rows if row["Name"] == "Authority"}
    assert (authority["Sent in time"], authority["Sent late"], authority["Overdue, nothing sent"]) == ("0", "1", "1")
    (open_one,) = [row for row in rows if row["Part"] == "Open incidents"]
    assert (open_one["Name"], open_one["Value"]) == (incident.codename, "Personal data breach")
    assert open_one["Due (UTC)"].endswith("Z")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", " =1"])
def test_no_cell_of_a_file_is_a_formula(text: str) -> None:
    assert _safe(text) == f"'{text}"


def test_a_responder_does_not_read_the_summary(installation: Installation, cast: Cast) -> None:
    ivo = Visitor(installation).come_in(installation, cast.ivo)

    assert ivo.open("/summary").status == 403
    assert ivo.open("/summary.csv").status == 403


def test_the_summary_asks_no_more_for_fifty_incidents_than_for_five(
    installation: Installation, cast: Cast, mina: Visitor
) -> None:
    asked = []
    for more in (5, 45):
        for number in range(more):
            make_report(installation, now=utcnow() - timedelta(minutes=number))
        with queries(installation) as seen:
            mina.open("/summary")
        asked.append(seen)

    few, many = asked
    assert mina.page.count('role="rowheader"') == 50
    assert len(many) <= len(few) <= SUMMARY_ASKS, told("The summary asks:", few)
