"""The page behind a paging link."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.installation import Installation
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.timeline import Entry, Kind
from notifications import delivery, paging
from notifications.contact import Contact, contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.messages import build, signed
from notifications.page import Acknowledgement, Page, PageEntry, Snooze
from notifications.policy import Waits
from tests.makers import Cast, make_report


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    app = create_app(installation)
    app.testing = True
    return app.test_client(use_cookies=False)


def rung(installation: Installation) -> list[str]:
    """A report that rings; the links that its first rings carry, for the DPO and (climbed) the deputy."""
    now = utcnow()
    make_report(installation, now=now)
    with installation.store.writing() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == Kind.REPORTED)).one()
        page = paging.ring_for(session, entry, now=now)
        page.round_at = now - timedelta(minutes=16)
        paging.ring(session, page, waits=Waits(), now=now)
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        return [f"/p/{signed(installation.keyring, row.token)}" for row in rows]


def test_get_shows_one_button_and_changes_nothing(installation: Installation, client: FlaskClient, cast: Cast) -> None:
    link = rung(installation)[0]

    pages = [client.get(link) for _ in range(3)] + [client.head(link)]

    assert all(page.status_code == 200 for page in pages)
    assert "I have it" in pages[0].text
    assert "laptop" not in pages[0].text
    with installation.store.reading() as session:
        assert session.scalars(select(Acknowledgement)).all() == []


def test_the_page_and_the_message_speak_of_what_is_unanswered_and_of_the_nearest_limit_in_it(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    now = utcnow()
    for _ in range(4):
        make_report(installation, now=now)
    with installation.store.writing() as session:
        incidents = session.scalars(select(Incident).order_by(Incident.id)).all()
        for incident, hours in zip(incidents, (None, 9, 5, 1), strict=True):
            incident.law_due_at = now + timedelta(hours=hours) if hours else None
            incident.next_act = f"Act {hours}"
        entries = session.scalars(select(Entry).where(Entry.kind == Kind.REPORTED).order_by(Entry.id)).all()
        (page,) = {paging.ring_for(session, entry, now=now) for entry in entries}
        paging.ring(session, page, waits=Waits(), now=now)
        row = session.scalars(select(Delivery)).one()

    def said() -> tuple[list[str], list[str]]:
        with installation.store.reading() as session:
            wording, mine = installation.wording(session, None), session.get_one(Delivery, row.id)
            message = build(session, mine, keyring=installation.keyring, wording=wording, now=now)
        shown = client.get(f"/p/{signed(installation.keyring, row.token)}").text
        find = re.compile(r"Act \w+|(?<=with it: )\d")
        return find.findall(shown), find.findall(message.text)

    assert said() == (["Act 1", "3"], ["Act 1", "3"])
    for answered, left in ((3, ["Act 5", "2"]), (2, ["Act 9", "1"]), (1, ["Act None"])):
        with installation.store.writing() as session:
            row_answered = select(PageEntry).where(PageEntry.incident_id == incidents[answered].id)
            session.scalars(row_answered).one().answered_at = now
        assert said() == (left, left)


def test_the_button_quiets_and_says_which_mailbox_and_the_next_person_sees_it(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    first, second = rung(installation)

    taken = client.post(first).text
    again = client.post(first).text
    other = client.post(second).text

    assert "sent to d…@northwind.example" in taken
    assert "sent to d…@northwind.example" in again
    assert "Somebody else has it" in other
    with installation.store.reading() as session:
        held = session.scalars(select(Acknowledgement)).one()
        page = session.scalars(select(Page)).one()
        assert held.by_link
        assert page.quiet_until is not None
        assert held.until - held.at == timedelta(minutes=20)


def test_an_entry_that_came_after_what_was_shown_rings_anew(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    link = rung(installation)[0]
    shown = client.get(link).text
    now = utcnow()
    make_report(installation, "Another one", now=now)
    with installation.store.writing() as session:
        later = session.scalars(select(Entry).where(Entry.kind == Kind.REPORTED).order_by(Entry.id.desc())).first()
        assert later is not None
        paging.ring_for(session, later, now=now)
    through = shown.split('name="through" value="')[1].split('"')[0]

    client.post(link, data={"through": through})

    with installation.store.reading() as session:
        quiet, ringing = session.scalars(select(Page).order_by(Page.id)).all()
        assert quiet.quiet_until is not None
        assert ringing.quiet_until is None
        assert [row.entry_id for row in ringing.entries] == [later.id]


def test_a_forged_or_foreign_link_opens_nothing(installation: Installation, client: FlaskClient, cast: Cast) -> None:
    link = rung(installation)[0]

    assert client.get(link + "x").status_code == 410
    assert client.post("/p/anything").status_code == 410


def sent_a_test(installation: Installation, cast: Cast, state: DeliveryState) -> tuple[Contact, str]:
    """A contact that has proved nothing yet, and the link of the test page that it was sent."""
    with installation.store.writing() as session:
        contact = contacts_of(session, cast.ivo)[0]
        contact.verified_at = None
        sent = delivery.queue(session, contact, Purpose.TEST, now=utcnow())
        sent.state = state
        return contact, f"/p/{signed(installation.keyring, sent.token)}"


def test_a_test_page_proves_a_contact_only_through_the_public_address(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    contact, link = sent_a_test(installation, cast, DeliveryState.ACCEPTED)

    elsewhere = client.post(link, base_url="http://evil.example")
    with installation.store.reading() as session:
        assert session.get_one(Contact, contact.id).verified_at is None
    right = client.post(link, base_url="http://localhost:8000")

    assert elsewhere.status_code == 409
    assert "http://localhost:8000" in elsewhere.text
    assert "counts from now on" in right.text
    with installation.store.reading() as session:
        assert session.get_one(Contact, contact.id).verified_at is not None


def test_a_message_shown_only_on_the_outbox_screen_proves_nothing(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    contact, link = sent_a_test(installation, cast, DeliveryState.ON_SCREEN)

    answer = client.post(link, base_url="http://localhost:8000")

    assert "counts for nothing" in answer.text
    with installation.store.reading() as session:
        assert session.get_one(Contact, contact.id).verified_at is None


def test_ten_minutes_quiet_the_person_who_asks_and_take_nothing(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    first, second = rung(installation)

    said = client.post(first, data={"act": "awake"}).text

    assert "You are awake." in said
    assert "I have it" in said
    assert "give me ten minutes" not in said
    assert "You are awake." not in client.get(second).text
    with installation.store.reading() as session:
        assert session.scalars(select(Snooze.person_id)).all() == [cast.dana]
        assert not session.scalars(select(Acknowledgement)).all()


def test_whoever_comes_second_may_take_it_over(installation: Installation, client: FlaskClient, cast: Cast) -> None:
    first, second = rung(installation)
    client.post(first)
    assert "Take it over" in client.get(second).text
    assert "Take it over" not in client.get(first).text

    client.post(second, data={"act": "over"})

    assert "You have it." in client.get(second).text
    assert "Take it over" in client.get(first).text
    with installation.store.reading() as session:
        held = session.scalars(select(Acknowledgement.person_id).order_by(Acknowledgement.id)).all()
    assert held == [cast.dana, cast.tariq]


def test_only_the_pages_own_script_says_that_it_was_seen(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    first, _second = rung(installation)
    client.get(first)
    with installation.store.reading() as session:
        assert not session.scalars(select(Delivery).where(Delivery.seen_at.is_not(None))).all()

    answers = [client.post(f"{first}/seen").status_code for _ in range(2)]

    assert answers == [204, 204]
    with installation.store.reading() as session:
        assert len(session.scalars(select(Delivery).where(Delivery.seen_at.is_not(None))).all()) == 1
        assert len(session.scalars(select(Entry).where(Entry.kind == Kind.SEEN)).all()) == 1
    assert client.post("/p/forged/seen").status_code == 410
