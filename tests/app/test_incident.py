"""The page of one incident: what is shown, to whom, and at what cost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from app import create_app
from app.installation import Installation
from incidents import accounts, decisions, intake, people, triage, workflow
from incidents.incident import Access, Incident, Lane, OurRole, What
from incidents.intake import Arrival, Told
from incidents.obligations import Obligation
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.report import Medium, Relation
from incidents.steps import Step
from incidents.timeline import person_as_actor
from tests.app.casework import again, busy, queries, reported, step
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report

HOSTILE = "<script>alert(1)</script>\"'&"


pytestmark = pytest.mark.usefixtures("at_noon")


def test_the_page_shows_the_report_as_sent_the_clock_the_lanes_and_the_timeline(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=2), what="  I lost\n\n  a laptop ")

    dana.open(f"/incident/{incident.reference}")

    assert dana.status == 200
    assert "  I lost\n\n  a laptop " in dana.page
    assert incident.codename in dana.page
    assert "in 70 h 0 min" in dana.page
    assert "Thu 26 Nov 2026, 10:00 GMT" in dana.page
    assert "(10:00 UTC)" in dana.page
    assert "72 hours pass, nights, weekends and holidays included." in dana.page
    assert "Latest arguable moment, never a target:" in dana.page
    for lane in ("Triage", "Containment", "Notification"):
        assert f"<h3>{lane}</h3>" in dana.page
    assert "A report came in" in dana.page
    assert "Say what it is" in dana.page


def test_a_busy_page_costs_few_queries(installation: Installation, cast: Cast, dana: Visitor, now: datetime) -> None:
    incident = busy(installation, cast, now)
    with queries(installation) as frame:
        dana.open("/enter")
    with queries(installation) as seen:
        dana.open(f"/incident/{incident.reference}")

    assert dana.status == 200
    assert len(seen) - len(frame) <= 20


@pytest.mark.parametrize(
    ("role", "left_out", "words"),
    [
        (OurRole.CONTROLLER, ["tell-customers"], "Not needed: we are the controller."),
        (OurRole.PROCESSOR, ["assess", "draft", "notify", "tell-people"], "Not needed: we are a processor."),
        (OurRole.BOTH, [], "Not needed:"),
        (OurRole.UNKNOWN, [], "Not needed:"),
    ],
)
def test_a_step_that_another_role_owes_is_never_next_nor_overdue_nor_offered(
    installation: Installation,
    cast: Cast,
    dana: Visitor,
    now: datetime,
    role: OurRole,
    left_out: list[str],
    words: str,
) -> None:
    incident = reported(installation, now - timedelta(hours=400))
    by, targets = person_as_actor(cast.dana), installation.targets
    with installation.store.writing() as session:
        triage.triage(
            session,
            incident.id,
            What.SECURITY_INCIDENT,
            role,
            reason="So",
            customers=["Acorn"],
            by=by,
            targets=targets,
            now=now,
        )
        for one in session.query(Step).filter_by(incident_id=incident.id):
            if one.is_open and one.lane is not Lane.NOTIFICATION:
                workflow.skip(session, one.id, by=by, reason="So", now=now)

    wanted = "Assess the risk to people" if role is OurRole.CONTROLLER else "Tell each customer whose data it is"
    page = dana.open(f"/incident/{incident.reference}").page
    assert f'id="next-title">{wanted}</h2>' in page
    assert page.count(words) == page.count('data-state="not-ours"') == len(left_out)
    assert wanted in dana.open("/desk").page
    for key in left_out:
        alone = dana.open(f"/incident/{incident.reference}/step/{step(installation, incident, key).id}").page
        assert words in alone
        assert "Record as done" not in alone

    dana.open(f"/incident/{incident.reference}/close").send(reason="Over")
    assert again(installation, incident).closed_at == now


def test_hostile_text_is_shown_and_never_run(installation: Installation, cast: Cast, now: datetime) -> None:
    words = dict.fromkeys(("data", "whose", "how_many", "where", "not_for", "contact"), HOSTILE)
    incident = reported(installation, now, what=HOSTILE, words=words)
    by = person_as_actor(cast.dana, HOSTILE)
    with installation.store.writing() as session:
        session.get_one(Person, cast.dana).name = HOSTILE
        triage.triage(
            session,
            incident.id,
            What.PERSONAL_DATA_BREACH,
            OurRole.PROCESSOR,
            reason=HOSTILE,
            customers=[HOSTILE],
            by=by,
            targets=installation.targets,
            now=now,
        )
        decisions.note(session, incident.id, HOSTILE, by=by, now=now)

    visitor = Visitor(installation).come_in(installation, cast.dana).open(f"/incident/{incident.reference}")

    raw = visitor.response.get_data(as_text=True)
    assert "<script>alert" not in raw
    assert raw.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10


def test_auditor_management_and_administrator_are_refused(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident = reported(installation, now)
    app = create_app(installation)

    for key in (cast.aude, cast.mina, cast.adam):
        visitor = Visitor(app).come_in(installation, key)
        for address in ("/desk", "/enter", f"/incident/{incident.reference}"):
            assert visitor.open(address).status == 403
        for act in ("looked", "triage", "awareness", "note", "close", "step/1/done", "duty/1/sent"):
            visitor.open("/account")
            token = visitor.fields()["csrf_token"]
            address = f"/incident/{incident.reference}/{act}"
            answer = visitor.client.post(address, data={"csrf_token": token}, base_url="http://localhost:8000")
            assert answer.status_code == 403, act


def test_a_restricted_incident_does_not_exist_for_whoever_is_not_named(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    with installation.store.writing() as session:
        session.get_one(Incident, incident.id).restricted = True
        session.add(
            Access(
                organisation_id=incident.organisation_id, incident_id=incident.id, person_id=cast.dana, granted_at=now
            )
        )
        step = session.query(Step).filter_by(incident_id=incident.id).first()
        assert step is not None
        acts = ("", "/triage", "/note", "/contained", f"/step/{step.id}")
    ivo = Visitor(installation).come_in(installation, cast.ivo)

    assert dana.open(f"/incident/{incident.reference}").status == 200
    for act in acts:
        assert ivo.open(f"/incident/{incident.reference}{act}").status == 404
    assert incident.reference not in ivo.open("/desk").page
    assert incident.codename not in ivo.page


def test_nothing_of_another_incident_is_reached_through_ones_own(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    mine, other = reported(installation, now), make_report(installation, "Something else", now=now)
    with installation.store.reading() as session:
        step = session.query(Step).filter_by(incident_id=other.report.incident_id).first()
        duty = session.query(Obligation).filter_by(incident_id=other.report.incident_id).first()
    assert step is not None
    assert duty is not None

    for act in (f"step/{step.id}", f"duty/{duty.id}/sent", f"report/{other.report.id}/ask", "entry/99/correct"):
        assert dana.open(f"/incident/{mine.reference}/{act}").status == 404


def test_a_responder_sees_no_form_that_the_dpo_decides_with(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident = reported(installation, now)

    ivo = Visitor(installation).come_in(installation, cast.ivo).open(f"/incident/{incident.reference}")

    assert "/triage" in ivo.page
    for act in ("/awareness", "/sent", "/against", "/close"):
        assert act not in ivo.page
        assert ivo.status == 200
    assert ivo.open(f"/incident/{incident.reference}/awareness").status == 403


def test_a_noticed_time_far_back_is_asked_about_and_moves_the_clock_only_when_settled(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    told = Told("Lost", noticed_at=now - timedelta(days=5), relation=Relation.STAFF, words={"not_for": "Mina"})
    with installation.store.writing() as session:
        made = intake.receive(
            session,
            the_organisation(session),
            told,
            keyring=installation.keyring,
            targets=installation.targets,
            arrival=Arrival(Medium.WEB),
            now=now,
        )
        reference, key = made.report.incident.reference, made.report.id
    dana.open(f"/incident/{reference}")
    assert "A question." in dana.page
    assert "A reporter asks that these do not see it:" in dana.page
    assert "in 72 h 0 min" in dana.page

    dana.open(f"/incident/{reference}/report/{key}/noticed").send(counts="yes", reason="She told her manager")
    assert "Nothing is recorded yet." in dana.page
    dana.send()

    assert dana.address == f"/incident/{reference}"
    assert "A question." not in dana.page
    assert "48 h 0 min late" in dana.page
    assert "File now." in dana.page


def test_contacts_are_shown_only_with_the_right_to_read_them(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = reported(installation, now, words={"contact": "rosa@home.example"})
    assert "rosa@home.example" in dana.open(f"/incident/{incident.reference}").page

    fewer = {role: rights - {people.Right.READ_CONTACTS} for role, rights in people.RIGHTS.items()}
    monkeypatch.setattr(people, "RIGHTS", fewer)

    dana.open(f"/incident/{incident.reference}")
    assert "rosa@home.example" not in dana.page
    assert "your role does not see it" in dana.page


NUL = "\0"


def test_a_nul_in_an_address_names_nothing(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)

    for address in (
        "/incident/TCN%00",
        f"/incident/{incident.reference}%00/triage",
        "/desk?show=%00",
        "/desk?after=%00",
        "/register?from=%00&until=%00",
        "/r/%00",
        "/p/%00",
        "/static/%00",
        "/invitation/%00",
        "/set-up/%00",
        "/summary?year=%00",
        "/enter?%00=%00",
    ):
        assert dana.open(address).status in (200, 404, 410, 422), address


def test_a_nul_typed_into_a_form_is_kept_as_its_sign_or_refused_in_words_with_all_that_was_typed(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    page = f"/incident/{incident.reference}"

    dana.open(f"{page}/note").send(text=f"Called{NUL} the desk", happened_at=NUL)
    assert dana.status == 422
    assert dana.fields()["text"] == "Called␀ the desk"
    dana.send(happened_at="")
    assert "Called␀ the desk" in dana.page

    dana.open(f"{page}/triage").send(what=f"nothing{NUL}", our_role=NUL, customers=NUL, reason=f"So{NUL}")
    assert dana.status == 422
    assert dana.fields()["reason"] == "So␀"


def test_working_back_goes_by_the_hours_of_who_drafts_who_signs_and_who_sends(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    with installation.store.writing() as session:
        accounts.change_hours(session.get_one(Person, cast.mina), 7 * 60, 11 * 60, drills_any_hour=False)
    page = f"/incident/{incident.reference}"

    before = plan_of(dana.open(page).page)
    dana.send("/looked")
    with installation.store.writing() as session:
        accounts.leave(session, session.get_one(Person, cast.mina), by=person_as_actor(cast.adam), now=now)
    after = plan_of(dana.open(page).page)

    assert "Draft ready by whoever works on it Wed 25 Nov 2026, 00:00 GMT (00:00 UTC) Nobody works on it yet." in before
    assert "Signed off by management, or to whom it was delegated Wed 25 Nov 2026, 10:54 GMT" in before
    assert "Draft ready by whoever works on it Tue 24 Nov 2026, 21:45 GMT" in after
    assert "Wed 25 Nov 2026, 14:24 GMT (14:24 UTC) Nobody is named who could sign it." in after
    assert "Sent by the data protection officer or the deputy Wed 25 Nov 2026, 21:45 GMT" in after


def plan_of(page: str) -> str:
    """The words of the backward plan."""
    part = page.partition("Working back from the nearest deadline")[2].partition("</details>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())
