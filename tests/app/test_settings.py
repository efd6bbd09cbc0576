"""Settings: the mail server with its secret, the organisation, the advice, and what is set elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.installation import Installation
from app.worker import Worker
from incidents import settings as web
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.recount import differences
from incidents.timeline import Entry, Kind, person_as_actor
from notifications.contact import add_apprise, contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose, queue
from tests.app.casework import duties, entries, reported
from tests.app.test_calendars import by_working_days
from tests.app.visitor import Visitor
from tests.makers import Cast
from tests.plumbing.smtp import SmtpServer

__all__ = ["by_working_days"]
SECRET = "a-secret-nobody-sees"


@pytest.fixture
def house(installation: Installation) -> Installation:
    """Nothing is set outside the web interface."""
    return replace(installation, settings=replace(installation.settings, public_address=""))


@pytest.fixture
def adam(house: Installation, cast: Cast) -> Visitor:
    return Visitor(house).come_in(house, cast.adam).open("/settings")


def mail(port: int, **more: str) -> dict[str, Any]:
    typed = {"host": "127.0.0.1", "port": str(port), "security": "none", "sender": "bell@northwind.example"} | more
    return {f"mail-{name}": value for name, value in typed.items()}


def changes(installation: Installation) -> list[Entry]:
    with installation.store.reading() as session:
        return list(session.scalars(select(Entry).where(Entry.kind == Kind.SETTING_CHANGED).order_by(Entry.id)))


def test_a_mail_server_is_kept_checked_and_sends_what_waited_on_the_screen(
    house: Installation, cast: Cast, adam: Visitor, smtp: SmtpServer
) -> None:
    with house.store.writing() as session:
        waiting = queue(session, contacts_of(session, cast.dana)[0], Purpose.TEST, now=utcnow())
        waiting.state = DeliveryState.ON_SCREEN

    adam.send("/settings/mail", **mail(smtp.port))

    assert "The mail server 127.0.0.1 answers." in adam.page, adam.problems()
    assert "sent now: 1" in adam.page
    with house.store.reading() as session:
        assert house.smtp(session) is not None
        assert session.get_one(Delivery, waiting.id).state is DeliveryState.QUEUED


def test_a_mail_server_that_does_not_answer_is_said_plainly(adam: Visitor, smtp: SmtpServer) -> None:
    smtp.stop()

    adam.send("/settings/mail", **mail(smtp.port))

    assert "The mail server 127.0.0.1 refused the connection." in adam.page
    assert "nobody is reached by e-mail" in adam.page


def test_the_password_is_sealed_and_nowhere_to_be_read(house: Installation, adam: Visitor, smtp: SmtpServer) -> None:
    adam.send("/settings/mail", **mail(smtp.port, username="tocsin", password=SECRET))
    after_saving = adam.page
    adam.open("/settings")

    assert SECRET not in after_saving + adam.page
    with house.store.reading() as session:
        row = web.stored(session, web.MAIL_SERVER)
        assert row is not None
        assert SECRET not in f"{row.value}{row.sealed}"
        server = house.smtp(session)
        assert server is not None
        assert server.password == SECRET
    (entry,) = changes(house)
    assert entry.facts == {"setting": "smtp", "secret": "changed"}
    with house.store.reading() as session:
        assert SECRET not in "".join(prose.text or "" for prose in session.get_one(Entry, entry.id).prose)


def test_an_empty_password_keeps_the_stored_one_but_never_for_another_server(
    house: Installation, adam: Visitor, smtp: SmtpServer
) -> None:
    adam.send("/settings/mail", **mail(smtp.port, username="tocsin", password=SECRET))

    adam.send("/settings/mail", **mail(smtp.port, username="tocsin", sender="other@northwind.example"))
    kept = adam.status
    adam.send("/settings/mail", **mail(smtp.port, username="tocsin", host="mail.evil.example"))

    assert kept == 200
    assert (adam.status, "Type the password" in adam.problems()[0]) == (422, True)
    with house.store.reading() as session:
        server = house.smtp(session)
        assert server is not None
        assert (server.host, server.sender, server.password) == ("127.0.0.1", "other@northwind.example", SECRET)


def test_refused_mail_settings_keep_what_was_typed(adam: Visitor) -> None:
    adam.send("/settings/mail", **mail(99999, host="mail server", sender="nobody", password=SECRET))

    assert adam.status == 422
    assert len(adam.problems()) == 4
    kept = adam.fields("/settings/mail")
    assert (kept["mail-host"], kept["mail-sender"], kept["mail-password"]) == ("mail server", "nobody", "")
    assert SECRET not in adam.page


def test_new_mail_settings_renew_the_workers_channels(installation: Installation) -> None:
    worker = Worker(installation)
    before = worker.senders._renewals

    installation.channels_changed()

    assert worker.senders._renewals == before + 1


def test_what_is_set_outside_is_shown_with_its_source_and_without_the_password(
    installation: Installation, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_HOST", "mail.northwind.example")
    settings = replace(
        installation.settings, smtp_host="mail.northwind.example", smtp_sender="bell@x.example", smtp_password=SECRET
    )
    house = replace(installation, settings=settings)

    visitor = Visitor(house).come_in(house, cast.adam).open("/settings")

    assert "mail.northwind.example:587 (TOCSIN_SMTP_HOST)" in visitor.page
    assert "set (instance/config.toml)" in visitor.page
    assert SECRET not in visitor.page
    assert 'name="mail-host"' not in visitor.page


def test_another_public_address_takes_every_proof_away_and_is_recorded(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.send("/settings/organisation", **{"organisation-public_address": "https://breach.northwind.example/"})

    assert "acknowledge a test page anew" in adam.page, adam.problems()
    with house.store.reading() as session:
        assert the_organisation(session).public_address == "https://breach.northwind.example"
        assert all(contact.verified_at is None for contact in contacts_of(session, cast.dana))
    (entry,) = changes(house)
    assert entry.facts == {"setting": "organisation", "fields": ["public_address"]}
    assert entry.person_id == cast.adam


@pytest.mark.parametrize("address", ["http://breach.example.com", "breach.example.com", "https://x.example/path"])
def test_an_unsafe_public_address_is_refused(adam: Visitor, address: str) -> None:
    adam.send("/settings/organisation", **{"organisation-public_address": address})

    assert adam.status == 422
    assert adam.fields("/settings/organisation")["organisation-public_address"] == address


def test_a_number_that_pages_ring_cannot_be_the_emergency_number(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    with house.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        url = "ntfys://ntfy.example.org/447700900123"
        by = person_as_actor(cast.adam)
        add_apprise(session, dana, url, keyring=house.keyring, emergency_phone=None, by=by, now=utcnow())

    adam.send("/settings/organisation", **{"organisation-emergency_phone": "07700 900 123"})

    assert adam.problems() == ["Pages are sent to this number, so it may be engaged. Give another one."]


def test_the_advice_is_kept_as_written_and_the_usual_one_comes_back(house: Installation, adam: Visitor) -> None:
    adam.send("/settings/advice", **{"advice-do": "Call Ivo.\n\n Keep the box. ", "advice-dont": ""})
    with house.store.reading() as session:
        assert web.value_of(session, web.RECEIPT_DO) == ["Call Ivo.", "Keep the box."]
        assert web.value_of(session, web.RECEIPT_DONT) is None

    adam.send("/settings/advice", **{"advice-do": ""})

    with house.store.reading() as session:
        assert not web.value_of(session, web.RECEIPT_DO)
    assert "Note what you saw" in adam.page


def test_too_much_advice_is_refused_and_kept(adam: Visitor) -> None:
    adam.send("/settings/advice", **{"advice-do": "\n".join("abcdef")})

    assert adam.status == 422
    assert adam.fields("/settings/advice")["advice-do"].split() == list("abcdef")


def test_the_same_again_writes_nothing(house: Installation, adam: Visitor) -> None:
    adam.send("/settings/organisation")

    assert changes(house) == []


@pytest.mark.usefixtures("at_noon", "by_working_days")
def test_other_clocks_that_move_a_deadline_are_shown_and_want_a_reason_before_they_count(
    house: Installation, adam: Visitor
) -> None:
    incident = reported(house, utcnow())
    before = next(row.due_at for row in duties(house, incident) if row.rule == "uk-gdpr-33-1")
    tokyo = {"organisation-zone": "Asia/Tokyo"}

    adam.send("/settings/organisation", **tokyo).send("/settings/organisation")
    assert adam.problems() == ["Write why. Deadlines move with it."]
    assert "Deadlines of 1 incident move that you may not see." in adam.page
    with house.store.reading() as session:
        assert the_organisation(session).zone == "Europe/London"
    adam.send("/settings/organisation", **{"organisation-reason": "We moved"})

    assert "Saved." in adam.page
    (entry,) = entries(house, incident, Kind.RECOUNTED)
    after = next(row.due_at for row in duties(house, incident) if row.rule == "uk-gdpr-33-1")
    assert before is not None
    assert after is not None
    assert after < before
    assert (entry.facts["setting"], entry.text("reason")) == ("organisation", "We moved")
    with house.store.reading() as session:
        assert list(differences(session, targets=house.targets)) == []


def test_other_clocks_that_move_no_deadline_are_saved_at_once(house: Installation, adam: Visitor) -> None:
    incident = reported(house, utcnow())

    adam.send("/settings/organisation", **{"organisation-zone": "Asia/Tokyo"})

    assert "Saved." in adam.page
    assert entries(house, incident, Kind.RECOUNTED) == []
