"""Nights on which a phone is called: what is pressed there counts, what voicemail does not press does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.installation import Installation
from incidents.timeline import SYSTEM, Kind
from notifications.channels import ChannelKind
from notifications.channels.twilio import TwilioChannel, TwilioSettings
from notifications.contact import contacts_of, move
from notifications.delivery import DeliveryState
from tests.app.telephony import TARIQ, TOKEN, asked, give_phone, rows, texted, words
from tests.app.visitor import Visitor
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night
from tests.nights.telephone import Exchange, called_back, calls
from tests.nights.test_calling import wants_two
from tests.notifications.channels.doubles import Web


@pytest.fixture
def night(house: Installation, cast: Cast, web: Web) -> Night:
    """Tariq, the deputy, is called; Dana, the DPO, has mail alone."""
    give_phone(house, cast.tariq, TARIQ, ChannelKind.CALL, now=TWO - timedelta(days=1))
    night = Night(house, TWO)
    settings = TwilioSettings("AC0123456789", TOKEN, "+442079460999", f"http://127.0.0.1:{web.port}")
    night.senders.channel = Exchange(night.phone, TwilioChannel("call", settings))
    return night


def test_the_deputy_s_phone_is_called_after_fifteen_minutes_and_digits_take_the_page(
    night: Night, house: Installation, client: FlaskClient, cast: Cast, web: Web
) -> None:
    receipt = night.report()
    night.wait(minutes=14)
    assert (night.minutes("dana"), calls(web)) == ([0, 5, 10], [])

    night.wait(minutes=1)
    (page,) = night.pages()
    (spoken,) = calls(web)
    here = asked(spoken)
    assert here is not None
    said = words(spoken)
    assert f"{page.codename}, urgent. To take it, press {', '.join(page.code)}." in said
    night.wait(minutes=3)
    wrong = called_back(night, client, here, Digits="0000" if page.code != "0000" else "1111")
    assert night.pages()[0].quiet_until is None
    night.wait(minutes=1)
    right = called_back(night, client, asked(wrong) or "", Digits=page.code)
    night.wait(minutes=15)

    assert words(right).startswith("You have it. It is quiet until 02:39")
    (held,) = night.pages()[0].acknowledgements
    assert (held.person_id, held.by_link, held.at - TWO) == (cast.tariq, True, timedelta(minutes=19))
    assert len(calls(web)) == 1
    assert night.minutes("dana")[-1] == 15
    assert Kind.TAKEN in night.entries(receipt.report.incident_id)
    with time_machine.travel(night.now, tick=False):
        seen = Visitor(house).open("/receipt").send(code=receipt.code)
    for minute in ("02:00", "02:19"):
        assert minute in seen.page
    assert "Tariq" not in seen.page


def test_by_digits_the_first_of_two_hears_that_it_wants_another(
    night: Night, client: FlaskClient, cast: Cast, web: Web
) -> None:
    wants_two(night)
    night.report()

    said = called_back(night, client, asked(calls(web)[0]) or "", Digits=night.pages()[0].code)

    assert words(said).startswith("You have it. It wants another person too")
    assert night.pages()[0].quiet_until is None


def test_an_answered_call_without_digits_stops_nothing(night: Night, client: FlaskClient, cast: Cast, web: Web) -> None:
    night.report()
    night.wait(minutes=15)
    row = next(row for row in rows(night.installation, person_id=cast.tariq) if row.contact.channel is ChannelKind.CALL)
    sent = next(sent for path, sent in web.requests if path.endswith("/Calls.json"))
    status = str(sent["StatusCallback"]).partition(":8000")[2]

    called_back(night, client, status, CallStatus="in-progress")
    called_back(night, client, status, CallStatus="completed")
    night.wait(minutes=6)

    assert rows(night.installation, id=row.id)[0].state is DeliveryState.DELIVERED
    assert night.pages()[0].acknowledgements == []
    assert len(calls(web)) == 2


def test_a_call_whose_answer_was_lost_rings_twice_and_never_not_at_all(night: Night, web: Web) -> None:
    night.report()
    web.status = 500
    night.wait(minutes=15)
    tried = len(calls(web))
    web.status = 201

    night.wait(step=1, seconds=6)

    assert tried >= 1
    assert len(calls(web)) == tried + 1


def test_what_only_tells_calls_nobody(night: Night, cast: Cast, web: Web) -> None:
    with night.installation.store.writing() as session:
        by_call = next(way for way in contacts_of(session, cast.tariq) if way.channel is ChannelKind.CALL)
        move(session, by_call, up=True, by=SYSTEM, now=TWO)
    night.report()
    night.wait(minutes=15)
    rang = len(calls(web))

    night.tap("dana")
    night.wait(minutes=5)

    assert night.minutes("tariq", "tell") == [15]
    assert len(calls(web)) == rang


def test_a_reply_to_an_sms_takes_the_page_and_the_sms_is_short(
    night: Night, house: Installation, client: FlaskClient, cast: Cast, web: Web
) -> None:
    give_phone(house, cast.tariq, TARIQ, ChannelKind.SMS, now=TWO)
    night.report()
    night.wait(minutes=15)
    (page,) = night.pages()
    (body,) = [str(sent["Body"]) for path, sent in web.requests if path.endswith("/Messages.json")]

    with time_machine.travel(night.now, tick=False):
        texted(client, TARIQ, f"ok {page.code}")

    assert body.startswith(f"{page.codename}: urgent. Reply {page.code} to take it. http://localhost:8000/p/")
    assert body.isascii()
    assert len(body) <= 2 * 153
    assert [each.person_id for each in night.pages()[0].acknowledgements] == [cast.tariq]
