"""Phones: the gateway of the organisation, the numbers of its people, and in which order they are tried."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.installation import Installation
from app.worker import Worker
from incidents import settings as web_settings
from incidents.law.clock import utcnow
from incidents.timeline import Entry, Kind
from notifications.channels import Channel, ChannelKind
from notifications.channels.sms import SmsChannel
from notifications.channels.twilio import TwilioChannel, TwilioSettings
from notifications.contact import contacts_of
from notifications.delivery import Delivery, Purpose
from notifications.messages import build
from tests.app.telephony import DANA, TARIQ, give_phone, rows, with_twilio
from tests.app.visitor import BASE, Visitor
from tests.makers import Cast
from tests.notifications.channels.doubles import Web, web_server

SECRET = "a-token-nobody-sees"
HOOK_SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
LANDLINE = "020 7946 0123"


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as running:
        running.body = b'{"sid": "AC0123456789", "status": "active"}'
        yield running


@pytest.fixture
def house(installation: Installation, web: Web) -> Installation:
    """Twilio's double answers; nothing else is set outside the web interface."""
    settings = replace(installation.settings, twilio_api=f"http://127.0.0.1:{web.port}")
    return replace(installation, settings=settings)


@pytest.fixture
def adam(house: Installation, cast: Cast) -> Visitor:
    return Visitor(house).come_in(house, cast.adam)


def gateway(**typed: str) -> dict[str, Any]:
    twilio = {"kind": "twilio", "account": "AC0123456789", "token": SECRET, "sender": "020 7946 0999"}
    return {f"gateway-{name}": value for name, value in (twilio | typed).items()}


def labels(house: Installation, person_id: int) -> list[tuple[ChannelKind, str]]:
    with house.store.reading() as session:
        return [(way.channel, way.label) for way in contacts_of(session, person_id)]


def test_twilio_is_kept_sealed_checked_and_used(house: Installation, adam: Visitor, web: Web) -> None:
    adam.open("/settings/phones").send("/settings/phones", **gateway())

    assert "Twilio answers and lets us sign in." in adam.page, adam.problems()
    assert SECRET not in adam.page
    assert f"{BASE}/inbound/twilio/sms" in adam.page
    with house.store.reading() as session:
        row = web_settings.stored(session, web_settings.PHONE_GATEWAY)
        assert row is not None
        assert SECRET not in f"{row.value}{row.sealed}"
        api = f"http://127.0.0.1:{web.port}"
        assert house.phone_gateway(session) == TwilioSettings("AC0123456789", SECRET, "+442079460999", api)
        assert house.reachable(session, ChannelKind.CALL)
    assert isinstance(house.make_channel("call"), TwilioChannel)


def test_a_gateway_that_refuses_us_is_said_plainly(adam: Visitor, web: Web) -> None:
    web.status, web.body = 401, b'{"code": 20003}'

    adam.open("/settings/phones").send("/settings/phones", **gateway())

    assert "Twilio refused our account or its token." in adam.page
    assert "nobody is reached by phone" in adam.page


def test_a_stored_token_is_kept_but_never_for_another_account(house: Installation, adam: Visitor) -> None:
    adam.open("/settings/phones").send("/settings/phones", **gateway())

    adam.send("/settings/phones", **gateway(token="", sender="+44 20 7946 0111"))
    kept = adam.status
    adam.send("/settings/phones", **gateway(token="", account="AC9999999999"))

    assert (kept, adam.status) == (200, 422)
    assert "Type the auth token" in adam.problems()[0]


def test_another_service_sends_sms_only(house: Installation, cast: Cast, adam: Visitor) -> None:
    pattern = "vonage://A1b2C3d4:secret12@15551234567/{number}"

    adam.open("/settings/phones").send("/settings/phones", **gateway(kind="other", address=pattern))

    assert "secret12" not in adam.page
    with house.store.reading() as session:
        assert [house.reachable(session, kind) for kind in (ChannelKind.SMS, ChannelKind.CALL)] == [True, False]
    channel: Channel = house.make_channel("sms")
    assert isinstance(channel, SmsChannel)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"account": "x"}, "Copy the account SID"),
        ({"sender": "12"}, "Write a phone number with its country's code"),
        ({"kind": "other", "address": "vonage://A1b2C3d4:secret12@15551234567/447700900123"}, "Write {number} once"),
        ({"kind": "other", "address": "nothing://{number}"}, "No service is known"),
        ({"kind": "pigeon"}, "Choose one."),
    ],
)
def test_a_gateway_that_cannot_work_is_refused(adam: Visitor, typed: dict[str, str], problem: str) -> None:
    adam.open("/settings/phones").send("/settings/phones", **gateway(**typed))

    assert adam.status == 422
    assert any(said.startswith(problem) for said in adam.problems())
    assert SECRET not in adam.page


def test_a_secret_for_answers_lets_messages_say_how_to_answer(house: Installation, cast: Cast, adam: Visitor) -> None:
    with house.store.reading() as session:
        assert not house.wording(session, None).chats_back

    adam.open("/settings/phones").send("/settings/phones/answers", **{"answers-secret": HOOK_SECRET})

    assert HOOK_SECRET not in adam.page
    with house.store.reading() as session:
        assert house.wording(session, None).chats_back
    adam.send("/settings/phones/answers", **{"answers-secret": "short"})
    assert adam.problems()[0].startswith("Write a secret as Standard Webhooks have it")


def test_one_adds_a_number_of_one_s_own_and_others_see_it_masked(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    dana = Visitor(house).come_in(house, cast.dana).open("/account")

    dana.send("/account/phone", **{"phone-number": "07700 900345", "phone-sms": "y", "phone-call": "y"})
    adam.open(f"/people/{cast.dana}")

    assert labels(house, cast.dana)[1:] == [(ChannelKind.CALL, "+44 … 45"), (ChannelKind.SMS, "+44 … 45")]
    assert "+44 7700 900345 (kind of line unknown)" in dana.page
    assert "+44 … 45" in adam.page
    assert "900345" not in adam.page
    with house.store.reading() as session:
        assert [way.address(house.keyring) for way in contacts_of(session, cast.dana)[1:]] == ["+447700900345"] * 2


def test_a_number_that_nothing_can_be_sent_to_yet_is_taken_and_that_is_said_at_once_and_in_the_list(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    dana = Visitor(house).come_in(house, cast.dana).open("/account")
    waits = "Nothing can be sent there until an administrator sets a phone gateway, under Settings, Phones."

    dana.send("/account/phone", **{"phone-number": "07700 900345", "phone-sms": "y"})
    at_once, later = dana.page, dana.open("/account").page
    for_adam = adam.open(f"/people/{cast.dana}").page
    adam.open("/settings/phones").send("/settings/phones", **gateway())
    afterwards = dana.open("/account").page

    assert f"Added. {waits}" in at_once
    assert "Send yourself a test page now" not in at_once
    assert later.count('t-tag-danger">Nothing can be sent<') == 2, "no mail server is set either"
    assert "until an administrator sets a mail server, under Settings." in later
    assert 'href="/settings/phones">Set it up' in for_adam
    assert 'href="/settings/phones"' not in later, "she is no administrator"
    assert waits not in afterwards


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"number": LANDLINE, "sms": "y"}, "This is a landline: it takes no SMS."),
        ({"number": "+44 20 7946 0000", "call": "y"}, "This is the emergency number."),
        ({"number": "0909 879 0123", "call": "y"}, "This is a premium number"),
        ({"number": "hello", "call": "y"}, "Write a phone number with its country's code"),
        ({"number": DANA}, "Choose SMS, call, or both."),
    ],
)
def test_a_number_that_cannot_be_paged_is_refused_and_kept_in_the_form(
    house: Installation, cast: Cast, typed: dict[str, str], problem: str
) -> None:
    dana = Visitor(house).come_in(house, cast.dana).open("/account")

    dana.send("/account/phone", **{f"phone-{name}": value for name, value in typed.items()})

    assert dana.status == 422
    assert dana.problems()[0].startswith(problem)
    assert dana.fields("/account/phone")["phone-number"] == typed["number"]
    assert len(labels(house, cast.dana)) == 1


def test_a_landline_can_be_called(house: Installation, cast: Cast, adam: Visitor) -> None:
    adam.open(f"/people/{cast.dana}").send("/phone", **{"phone-number": LANDLINE, "phone-call": "y"})

    assert (ChannelKind.CALL, "+44 … 23") in labels(house, cast.dana)
    assert "+44 … 23 (landline)" in adam.page


def test_a_paged_number_cannot_become_the_emergency_number(house: Installation, cast: Cast, adam: Visitor) -> None:
    give_phone(house, cast.tariq, TARIQ, ChannelKind.CALL, now=utcnow())

    adam.open("/settings").send("/settings/organisation", **{"organisation-emergency_phone": "07700 900456"})

    assert adam.problems() == ["Pages are sent to this number, so it may be engaged. Give another one."]


def test_the_order_of_the_ways_is_changed_by_buttons_and_recorded(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    phone = give_phone(house, cast.dana, DANA, ChannelKind.CALL, now=utcnow())
    dana = Visitor(house).come_in(house, cast.dana).open("/account")

    dana.send(f"/account/way/{phone.id}/up")
    first_up = [kind for kind, _ in labels(house, cast.dana)]
    adam.open(f"/people/{cast.dana}").send(f"/way/{phone.id}/down")

    assert first_up == [ChannelKind.CALL, ChannelKind.EMAIL]
    assert [kind for kind, _ in labels(house, cast.dana)] == [ChannelKind.EMAIL, ChannelKind.CALL]
    assert f"/account/way/{phone.id}/up" not in dana.page
    with house.store.reading() as session:
        moved = select(Entry.person_id).where(Entry.kind == Kind.CONTACT_MOVED).order_by(Entry.id)
        assert list(session.scalars(moved)) == [cast.dana, cast.adam]


def test_nobody_moves_the_ways_of_others(house: Installation, cast: Cast) -> None:
    phone = give_phone(house, cast.tariq, TARIQ, ChannelKind.CALL, now=utcnow())
    dana = Visitor(house).come_in(house, cast.dana).open("/account")
    token = dana.fields("/account/password")["csrf_token"]

    refused = dana.client.post(f"/account/way/{phone.id}/up", data={"csrf_token": token}, base_url=BASE)

    assert refused.status_code == 404
    assert [kind for kind, _ in labels(house, cast.tariq)] == [ChannelKind.EMAIL, ChannelKind.CALL]


def test_a_webhook_is_added_by_an_administrator_and_keeps_its_secret(
    house: Installation, cast: Cast, adam: Visitor
) -> None:
    url = "https://hooks.northwind.example/a-token-in-the-path"

    adam.open(f"/people/{cast.dana}").send("/webhook", **{"hook-url": url, "hook-secret": HOOK_SECRET})

    assert labels(house, cast.dana)[1] == (ChannelKind.WEBHOOK, "https://hooks.northwind.example/…")
    assert HOOK_SECRET not in adam.page
    assert "a-token-in-the-path" not in adam.page
    for typed, problem in (
        ({"url": url, "secret": HOOK_SECRET}, "This way to reach the person is there already."),
        (
            {"url": "http://hooks.northwind.example", "secret": HOOK_SECRET},
            "Write an address that begins with https://.",
        ),
        ({"url": url, "secret": "whsec_c2hvcnQ="}, "Write a secret as Standard Webhooks have it"),
    ):
        adam.send("/webhook", **{f"hook-{name}": value for name, value in typed.items()})
        assert adam.problems()[0].startswith(problem)


def test_a_test_page_to_a_phone_without_a_gateway_says_that_it_reaches_nobody(house: Installation, cast: Cast) -> None:
    phone = give_phone(house, cast.dana, DANA, ChannelKind.CALL, now=utcnow())

    dana = Visitor(house).come_in(house, cast.dana).open("/account").send(f"/account/test/{phone.id}")

    assert "No phone gateway is set up for this" in dana.page


def test_an_sms_asks_for_a_reply_only_where_one_can_come_back(
    house: Installation, installation: Installation, cast: Cast
) -> None:
    give_phone(house, cast.dana, DANA, ChannelKind.SMS, now=utcnow())
    dana = Visitor(house).come_in(house, cast.dana).open("/account")
    with house.store.reading() as session:
        way = contacts_of(session, cast.dana)[1]
    dana.send(f"/account/test/{way.id}")
    (sent,) = rows(house, purpose=Purpose.TEST)

    texts = []
    for speaking in (house, with_twilio(installation)):
        with speaking.store.reading() as session:
            row = session.get_one(Delivery, sent.id)
            wording = speaking.wording(session, row.person)
            texts.append(build(session, row, keyring=speaking.keyring, wording=wording, now=utcnow()).text)

    assert ["Reply" in text for text in texts] == [False, True]
    assert all(text.isascii() and "\n" not in text for text in texts)


def test_a_new_gateway_renews_the_workers_channels(house: Installation, cast: Cast, adam: Visitor) -> None:
    worker = Worker(house)
    before = worker.senders._renewals

    adam.open("/settings/phones").send("/settings/phones", **gateway())

    assert worker.senders._renewals == before + 1
