"""Answers by digits, keys pressed in a call, and what became of messages: nothing without the right signature."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook

from app import create_app
from app.installation import Installation
from incidents.law.clock import utcnow
from incidents.timeline import Entry, Kind
from notifications import welcome
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, DeliveryState
from notifications.messages import code_of, signed
from notifications.page import Acknowledgement, Page
from tests.app.telephony import (
    DANA,
    TARIQ,
    asked,
    give_phone,
    path_of,
    posted,
    ring,
    rows,
    texted,
    with_twilio,
    words,
)
from tests.makers import Cast

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def house(installation: Installation) -> Installation:
    with_secret = replace(installation, settings=replace(installation.settings, answer_secret=SECRET))
    return with_twilio(with_secret)


@pytest.fixture
def client(house: Installation) -> FlaskClient:
    app = create_app(house)
    app.testing = True
    return app.test_client(use_cookies=False)


@pytest.fixture
def page(house: Installation, cast: Cast, now: datetime) -> Page:
    """A page that rings Dana by mail, SMS and call; Tariq has a phone, but was not rung."""
    for kind in (ChannelKind.SMS, ChannelKind.CALL):
        give_phone(house, cast.dana, DANA, kind, now=now)
    give_phone(house, cast.tariq, TARIQ, ChannelKind.SMS, now=now)
    return ring(house, now=now)


def taken(house: Installation) -> list[tuple[int, int | None]]:
    """Who acknowledged, through which delivery."""
    with house.store.reading() as session:
        found = session.scalars(select(Acknowledgement).order_by(Acknowledgement.id))
        return [(each.person_id, each.delivery_id) for each in found]


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04d}"


@pytest.mark.parametrize(
    "form", ["{}", "ok {}!", " {} thanks", "{0[0]}{0[1]} {0[2]}{0[3]}", "{0[0]}-{0[1]}-{0[2]}-{0[3]}."]
)
def test_digits_in_a_reply_take_the_page(
    house: Installation, client: FlaskClient, cast: Cast, page: Page, form: str
) -> None:
    said = texted(client, DANA, form.format(page.code))

    sms = next(row for row in rows(house, person_id=cast.dana) if row.contact.channel is ChannelKind.SMS)
    assert said.startswith("You have it. It is quiet until 12:20")
    assert taken(house) == [(cast.dana, sms.id)]


def test_digits_of_another_script_take_it_too(house: Installation, client: FlaskClient, cast: Cast, page: Page) -> None:
    arabic = "".join(chr(0x0660 + int(digit)) for digit in page.code)

    assert texted(client, DANA, arabic).startswith("You have it.")


def test_wrong_digits_get_a_helpful_answer_that_gives_nothing_away(
    house: Installation, client: FlaskClient, page: Page
) -> None:
    wrong, none = texted(client, DANA, other(page.code)), texted(client, DANA, "who is this?")

    assert wrong == "Those digits take nothing. Send the digits of the last message, and nothing else."
    assert none == "Send the digits of the message that rang you, and nothing else."
    assert page.code not in wrong + none
    assert taken(house) == []


def test_a_stranger_and_somebody_who_was_not_rung_take_nothing(
    house: Installation, client: FlaskClient, page: Page
) -> None:
    stranger, tariq = texted(client, "+447700900999", page.code), texted(client, TARIQ, page.code)

    assert stranger == "This number takes answers to Tocsin's messages only."
    assert tariq.startswith("Those digits take nothing.")
    assert taken(house) == []


def test_whoever_comes_second_hears_since_when_and_no_name(
    house: Installation, client: FlaskClient, cast: Cast, page: Page, now: datetime
) -> None:
    with house.store.writing() as session:
        mine = session.scalars(
            select(Contact).where(Contact.person_id == cast.tariq, Contact.channel == ChannelKind.SMS)
        )
        row = Delivery(
            **{name: getattr(rows(house)[0], name) for name in ("organisation_id", "purpose", "page_id", "due_at")},
            queued_at=now, person_id=cast.tariq, contact_id=mine.one().id, attempts=1, state=DeliveryState.ACCEPTED,
            token="1" * 32, accepted_at=now, through_entry_id=rows(house)[0].through_entry_id,
        )  # fmt: skip
        session.add(row)
    texted(client, DANA, page.code)

    with time_machine.travel(now + timedelta(minutes=3), tick=False):
        second, mine_again = texted(client, TARIQ, page.code), texted(client, DANA, page.code)

    assert second == "Somebody else has it, since 12:00. It is quiet until 12:20."
    assert mine_again == "You have it since 12:00 already. It is quiet until 12:20."
    assert len(taken(house)) == 1


def test_each_of_several_pages_is_taken_by_its_own_digits(
    house: Installation, client: FlaskClient, cast: Cast, page: Page, now: datetime
) -> None:
    texted(client, DANA, page.code)
    second = ring(house, now=now)
    assert second.id != page.id

    texted(client, DANA, second.code)

    with house.store.reading() as session:
        quiet = session.scalars(select(Page).where(Page.quiet_until.is_not(None)))
        assert {each.id for each in quiet} == {page.id, second.id}


def test_guessing_is_slowed_and_the_owner_gets_in_after_the_wait(
    house: Installation, client: FlaskClient, page: Page
) -> None:
    guesses = [texted(client, DANA, f"{(int(page.code) + step) % 10_000:04d}") for step in range(1, 7)]

    assert guesses[-1].startswith("Too many wrong digits")
    assert taken(house) == []
    assert texted(client, TARIQ, "0000").startswith("Those digits take nothing.")


def test_a_wrong_signature_is_refused_and_nothing_happens(house: Installation, client: FlaskClient, page: Page) -> None:
    call = next(row for row in rows(house) if row.contact.channel is ChannelKind.CALL)
    paths = ("/inbound/twilio/sms", path_of(house, call, "voice"), path_of(house, call, "status"))
    fields = {"From": DANA, "Body": page.code, "Digits": page.code, "CallStatus": "busy"}

    answers = [posted(client, path, token="another", **fields).status_code for path in paths]
    answers += [client.post(path, data=fields).status_code for path in paths]

    assert answers == [403] * 6
    assert taken(house) == []
    assert rows(house, id=call.id)[0].state is DeliveryState.ACCEPTED


def test_more_than_a_short_form_is_not_read(client: FlaskClient, page: Page) -> None:
    forms = [client.post(path, data={"Body": "4" * 70_000}) for path in ("/inbound/twilio/sms", "/inbound/answer")]

    assert [answer.status_code for answer in forms] == [413, 413]


def test_without_an_account_nothing_is_let_in(installation: Installation, cast: Cast) -> None:
    app = create_app(installation)
    app.testing = True

    answers = [posted(app.test_client(), "/inbound/twilio/sms", token="", From=DANA, Body="4821"),
               app.test_client().post("/inbound/answer", json={"from": DANA, "text": "4821"})]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_call_asks_again_after_wrong_digits_and_takes_the_right_ones(
    house: Installation, client: FlaskClient, cast: Cast, page: Page
) -> None:
    call = next(row for row in rows(house) if row.contact.channel is ChannelKind.CALL)

    wrong = posted(client, path_of(house, call, "voice"), Digits=other(page.code), CallSid="CA1")
    again = asked(wrong.text)
    assert again is not None
    right = posted(client, again, Digits=page.code, CallSid="CA1")

    assert f"Those digits take nothing. Press {', '.join(page.code)}." in words(wrong.text)
    assert words(right.text).startswith("You have it.")
    assert taken(house) == [(cast.dana, call.id)]


def test_a_call_gives_up_after_five_wrong_tries_and_voicemail_presses_nothing(
    house: Installation, client: FlaskClient, page: Page
) -> None:
    call = next(row for row in rows(house) if row.contact.channel is ChannelKind.CALL)
    here: str | None = path_of(house, call, "voice")
    heard = 0
    while here is not None:
        here, heard = asked(posted(client, here, Digits=other(page.code)).text), heard + 1

    silent = posted(client, path_of(house, call, "voice"), Digits="")

    assert heard == 5
    assert asked(silent.text) is None
    assert taken(house) == []


def test_a_link_of_a_message_is_no_call_back_and_a_call_back_opens_no_page(
    house: Installation, client: FlaskClient, page: Page
) -> None:
    row = rows(house)[0]

    as_call_back = posted(client, f"/inbound/twilio/voice/{signed(house.keyring, row.token)}", Digits=page.code)
    as_link = client.get(path_of(house, row, "voice").replace("/inbound/twilio/voice/", "/p/"))

    assert (as_call_back.status_code, as_link.status_code) == (410, 410)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"MessageStatus": "sent"}, DeliveryState.ACCEPTED),
        ({"MessageStatus": "delivered"}, DeliveryState.DELIVERED),
        ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, DeliveryState.FAILED),
        ({"CallStatus": "in-progress"}, DeliveryState.DELIVERED),
        ({"CallStatus": "busy"}, DeliveryState.FAILED),
        ({"CallStatus": "no-answer"}, DeliveryState.FAILED),
        ({"CallStatus": "no-answer", "CallSid": "another attempt"}, DeliveryState.ACCEPTED),
    ],
)
def test_what_became_of_a_message_is_kept_and_acknowledges_nothing(
    house: Installation, client: FlaskClient, page: Page, fields: dict[str, str], state: DeliveryState
) -> None:
    row = next(row for row in rows(house) if row.contact.channel.by_phone)
    with house.store.writing() as session:
        session.get_one(Delivery, row.id).remote_id = "SM1"

    answer = posted(
        client, path_of(house, row, "status"), **({"MessageSid": "SM1"} if "CallSid" not in fields else {}), **fields
    )

    assert answer.status_code == 204
    found = rows(house, id=row.id)[0]
    assert found.state is state
    assert (found.contact.failed_at is not None) is (state is DeliveryState.FAILED)
    assert taken(house) == []


def test_a_test_call_proves_the_number_and_asks_whether_it_woke(
    house: Installation, client: FlaskClient, cast: Cast, now: datetime
) -> None:
    way = give_phone(house, cast.dana, DANA, ChannelKind.CALL, now=now)
    code, here = _tested(house, way)

    first = posted(client, here, Digits=code)
    ask = asked(first.text)
    assert ask is not None
    second = posted(client, ask, Digits="1")

    assert "Did the locked, silenced phone ring?" in words(first.text)
    assert words(second.text) == "Thank you. This way counts as waking you."
    with house.store.reading() as session:
        found = session.get_one(Contact, way.id)
        assert found.proved(now)
        assert found.wakes(now)
        assert not found.wakes(now + timedelta(days=91))
        kinds = set(session.scalars(select(Entry.kind).where(Entry.person_id == cast.dana)))
        assert {Kind.CONTACT_VERIFIED, Kind.CONTACT_WOKE} <= kinds


def test_a_test_sms_is_answered_by_its_digits_and_then_by_a_no(
    house: Installation, client: FlaskClient, cast: Cast, now: datetime
) -> None:
    way = give_phone(house, cast.dana, DANA, ChannelKind.SMS, now=now)
    code, _here = _tested(house, way)

    proved, slept = texted(client, DANA, code), texted(client, DANA, "2")

    assert proved.endswith("Did the locked, silenced phone ring? 1 for yes, 2 for no.")
    assert slept.startswith("Thank you. It does not count as waking you.")
    with house.store.reading() as session:
        found = session.get_one(Contact, way.id)
        assert (found.proved(now), found.wakes(now)) == (True, False)


def _tested(house: Installation, way: Contact) -> tuple[str, str]:
    """The digits of a test that was sent, and where a call takes them."""
    with house.store.writing() as session:
        sent = welcome.send_test(session, session.get_one(Contact, way.id), now=utcnow())
        sent.state, sent.attempts = DeliveryState.ACCEPTED, 1
        return code_of(session, sent, keyring=house.keyring), path_of(house, sent, "voice")


def passed_on(client: FlaskClient, sender: str, text: str, *, secret: str = SECRET) -> tuple[int, dict[str, str]]:
    """An answer that another gateway or a chat passes on, signed."""
    body, now = json.dumps({"from": sender, "text": text}), utcnow()
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", now, body),
    }
    answer = client.post("/inbound/answer", data=body, headers=headers, content_type="application/json")
    return answer.status_code, answer.json or {}


@pytest.mark.parametrize("sender", [DANA, "07700 900123", "dana@northwind.example"])
def test_an_answer_that_is_passed_on_takes_the_page(
    house: Installation, client: FlaskClient, cast: Cast, page: Page, sender: str
) -> None:
    status, told = passed_on(client, sender, page.code)

    assert (status, told["said"]) == (200, "taken")
    assert [person for person, _ in taken(house)] == [cast.dana]


def test_an_answer_that_is_not_signed_or_too_old_or_makes_no_sense_is_refused(
    house: Installation, client: FlaskClient, page: Page, now: datetime
) -> None:
    forged = passed_on(client, DANA, page.code, secret="whsec_" + base64.b64encode(b"t" * 32).decode())
    plain = client.post("/inbound/answer", json={"from": DANA, "text": page.code})
    body = json.dumps({"from": DANA, "text": page.code})
    old = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp()) - 3600),
        "webhook-signature": "v1,x nonsense",
    }
    late = client.post("/inbound/answer", data=body, headers=old)
    strange = passed_on(client, 17, page.code)  # type: ignore[arg-type]

    assert [forged[0], plain.status_code, late.status_code, strange[0]] == [403, 403, 403, 400]
    assert taken(house) == []
