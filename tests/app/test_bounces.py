"""Reports that a mail system or a script hands in."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import create_app
from app.installation import Installation
from app.mailbox import MailboxReader
from app.pages import bounces
from incidents import settings as web
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.timeline import SYSTEM
from notifications import delivery
from notifications.bounces.signed import signature
from notifications.channels import Outcome, Verdict
from notifications.contact import contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.policy import Waits
from tests.app.visitor import Visitor
from tests.makers import Cast
from tests.notifications.bounces.reports import message_id_of, report
from tests.plumbing.imap import ImapServer

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    installation.settings = replace(installation.settings, inbound_mail_secret=SECRET)
    return create_app(installation).test_client()


@pytest.fixture
def sent(installation: Installation, cast: Cast, now: datetime) -> Delivery:
    with installation.store.writing() as session:
        row = delivery.queue(session, contacts_of(session, cast.dana)[0], Purpose.TELL, now=now)
        delivery.claim(session, "w", waits=Waits(), now=now)
        accepted = Outcome.because(Verdict.ACCEPTED, "Accepted.", remote_id=message_id_of(row))
        delivery.settle(session, row.id, "w", accepted, waits=Waits(), now=now)
    return row


def hand_in(client: FlaskClient, body: bytes, *, secret: str = SECRET, ago: timedelta = timedelta()) -> TestResponse:
    headers = signature(secret, body, message_id="msg_1", now=utcnow() - ago)
    return client.post("/inbound/mail", data=body, headers=headers, content_type="message/rfc822")


def test_a_signed_report_fails_its_mail_and_wakes_the_engine(
    installation: Installation, client: FlaskClient, sent: Delivery
) -> None:
    woken: list[DeliveryState] = []

    def look() -> None:
        with installation.store.reading() as session:
            woken.append(session.scalars(select(Delivery.state).where(Delivery.id == sent.id)).one())

    installation.store.on_bell(look)
    body = report(message_id=message_id_of(sent)) + b"\xe9\xff in no known charset"

    answer = hand_in(client, body)

    assert (answer.status_code, answer.text) == (200, "failed\n")
    assert woken == [DeliveryState.FAILED]  # after the commit
    assert hand_in(client, body).text == "known\n"


def test_what_is_unsigned_signed_by_another_or_long_ago_is_turned_away(client: FlaskClient, sent: Delivery) -> None:
    body, other = report(message_id=message_id_of(sent)), "whsec_" + base64.b64encode(b"y" * 32).decode()
    signed = signature(SECRET, body, message_id="msg_1", now=utcnow())

    answers = [
        client.post("/inbound/mail", data=body),
        hand_in(client, body, secret=other),
        hand_in(client, body, ago=timedelta(minutes=6)),
        client.post("/inbound/mail", data=body + b" ", headers=signed),
        client.post("/inbound/mail", data=body, headers={**signed, "webhook-signature": "v1"}),
    ]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert {answer.text for answer in answers} == {
        "The signature is missing, wrong, or older than five minutes. Sign the body anew.\n"
    }
    assert hand_in(client, body).text == "failed\n"


def test_without_a_secret_nothing_is_taken(installation: Installation) -> None:
    answer = create_app(installation).test_client().post("/inbound/mail", data=report())

    assert (answer.status_code, answer.text.startswith("No secret is set")) == (401, True)


def test_a_body_that_is_too_large_is_turned_away(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounces, "LONGEST", 1000)

    assert hand_in(client, b"x" * 1001).status_code == 413
    assert hand_in(client, b"x" * 1000).text == "ignored\n"


@pytest.fixture
def adam(installation: Installation, cast: Cast) -> Visitor:
    """The administrator, on the page of what comes back."""
    return Visitor(installation).come_in(installation, cast.adam).open("/settings/bounces")


def typed(server: ImapServer, **more: str) -> dict[str, str]:
    given = {
        "address": "bounces@tocsin.example",
        "host": "127.0.0.1",
        "port": str(server.port),
        "security": "none",
        "username": server.username,
        "password": server.password,
    }
    return {f"bounces-{name}": value for name, value in (given | more).items()}


def test_the_bounce_address_and_its_mailbox_are_kept_and_checked(installation: Installation, adam: Visitor) -> None:
    with ImapServer() as server:
        server.put(b"Subject: one")
        adam.send("/settings/bounces", **typed(server))

        assert "The mailbox at 127.0.0.1 opens. Unread mails in it: 1." in adam.page, adam.problems()
        password = server.password
        adam.send("/settings/bounces/check")
        assert "Unread mails in it: 1." in adam.page
        adam.send("/settings/bounces", **typed(server, password="", port="1"))
        assert adam.status == 422  # a stored password goes to no other server
    with installation.store.reading() as session:
        kept = web.stored(session, web.BOUNCES)
        address, mailbox = installation.return_address(session), installation.mailbox(session)
    assert address is not None
    assert mailbox is not None
    assert (address.address, address.separator, mailbox.password) == ("bounces@tocsin.example", "+", password)
    assert kept is not None
    assert password not in str(kept.value) + adam.page


def test_an_address_without_room_for_a_mark_is_refused_and_nothing_typed_is_lost(adam: Visitor) -> None:
    address = "returned-mail-of-the-pager@tocsin.example"

    adam.send("/settings/bounces", **{"bounces-address": address})

    assert (adam.status, adam.fields("/settings/bounces")["bounces-address"]) == (422, address)
    assert any("at most 21 plain letters" in problem for problem in adam.problems())


def test_what_is_set_outside_is_shown_with_its_source_and_cannot_be_changed(
    installation: Installation, cast: Cast
) -> None:
    installation.settings = replace(
        installation.settings,
        bounce_address="b@tocsin.example",
        imap_password="Zubenelgenubi",
        inbound_mail_secret=SECRET,
    )
    visitor = Visitor(installation).come_in(installation, cast.adam).open("/settings/bounces")

    assert "b@tocsin.example (instance/config.toml)" in visitor.page
    assert SECRET not in visitor.page
    assert "Zubenelgenubi" not in visitor.page
    assert 'name="bounces-address"' not in visitor.page


def test_without_a_bounce_address_the_settings_say_so(adam: Visitor) -> None:
    assert "No bounce address is set" in adam.open("/settings").page


def test_readiness_says_when_no_bounce_address_is_set_and_where_to_set_one(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana)

    for_adam, for_dana = adam.open("/readiness").page, dana.open("/readiness").page

    assert "no bounce address is set" in for_adam
    assert "Tocsin does not notice it" in for_dana
    assert 'href="/settings/bounces"' in for_adam
    assert 'href="/settings/bounces"' not in for_dana


def test_readiness_shows_what_the_reader_of_the_mailbox_said_last_and_goes_red_when_it_keeps_failing(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    reader = MailboxReader(installation)
    with ImapServer() as server:
        adam.send("/settings/bounces", **typed(server))
        reader.read()
        well = adam.open("/readiness").page
        server.password = "another one"
        reader.read()
        once = adam.open("/readiness").page
        reader.read()
        twice = adam.open("/readiness").page
        elsewhere = replace(installation, mailbox_said=None)  # a web process beside the worker
        seen_there = Visitor(elsewhere).come_in(elsewhere, cast.adam).open("/readiness").page
        server.password = "a good secret"
        reader.read()
    afterwards = adam.open("/readiness").page

    refused, red = "refused our user name or password.", "Mail that comes back is not noticed."
    assert "The mailbox at 127.0.0.1 was read." in well
    assert refused in once
    assert red not in once, "a server may restart"
    for page in (twice, seen_there):
        assert f"{red} The mailbox at 127.0.0.1 {refused}" in page
    assert "The mailbox at 127.0.0.1 was read." in afterwards
    assert afterwards.count(red) == 1, "only in the history"


def test_a_mailbox_that_is_used_no_more_is_red_no_more(installation: Installation, adam: Visitor) -> None:
    with ImapServer() as server:
        adam.send("/settings/bounces", **typed(server))
    reader = MailboxReader(installation)
    reader.read(patience=1)
    before = adam.open("/readiness").page
    with installation.store.writing() as session:
        web.change(session, the_organisation(session), web.BOUNCES, None, by=SYSTEM, now=utcnow())

    MailboxReader(installation).read()

    red = "Mail that comes back is not noticed. The mailbox at 127.0.0.1 cannot be reached."
    assert before.count(red) == 2
    assert adam.open("/readiness").page.count(red) == 1
    assert reader.said == ""
