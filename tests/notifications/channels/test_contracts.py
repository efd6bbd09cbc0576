"""What each provider that we name is sent, byte for byte where it matters, and what its answers lead to."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from notifications.channels import CallBacks, Channel, ChannelKind, Message, Outcome, Target, Verdict
from notifications.channels.apprise_channel import AppriseChannel
from notifications.channels.apprise_urls import library, validate
from notifications.channels.sms import SmsChannel
from notifications.channels.twilio import TwilioChannel, TwilioSettings
from notifications.channels.webhook import WebhookChannel
from tests.notifications.channels.doubles import Web, all_to, web_server

LINK = "https://tocsin.example/p/eyJ_wIjoxfQ.sig-nature"
TEXT = f"Next: Say what it is\n{LINK}"
BACKS = CallBacks("https://tocsin.example/inbound/status/x", "https://tocsin.example/inbound/voice/x", "en", "4821")
PAGE = Message("page-1", "AMBER HERON: urgent", TEXT, None, "Tocsin", {"X-Priority": "1"}, call_backs=BACKS)
PHONE = "+447700900123"
ACCOUNT = TwilioSettings("AC0123456789", "a-token-nobody-sees", "+442079460999")
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
ACCEPTED = b'{"sid": "SM0123", "status": "queued"}'


@dataclass(frozen=True)
class Provider:
    """One kind of provider: a channel to it, its target, where it is asked, what it is sent and what it answers."""

    channel: Callable[[float], Channel]
    target: Target
    host: str
    path: str
    sent: dict[str, Any]
    status: int = 200
    answer: bytes = b"{}"


def by_apprise(url: str, host: str, path: str, sent: dict[str, Any], **answered: Any) -> Provider:
    return Provider(
        lambda limit: AppriseChannel("apprise-test", limit=limit),
        Target(ChannelKind.APPRISE, validate(url)),
        host,
        path,
        sent,
        **answered,
    )


def by_twilio(kind: ChannelKind, path: str, sent: dict[str, Any]) -> Provider:
    return Provider(
        lambda limit: TwilioChannel(kind.value, ACCOUNT, limit=limit),
        Target(kind, PHONE),
        "api.twilio.com",
        f"/2010-04-01/Accounts/{ACCOUNT.account}/{path}",
        {"To": PHONE, "From": ACCOUNT.sender, "StatusCallback": BACKS.status} | sent,
        status=201,
        answer=ACCEPTED,
    )


TITLE_AND_TEXT = f"{PAGE.subject}\r\n{TEXT}"


def providers() -> dict[str, Provider]:
    """Every kind that the settings or the guide name."""
    return phones() | chats() | pagers()


def phones() -> dict[str, Provider]:
    return {
        "twilio sms": by_twilio(ChannelKind.SMS, "Messages.json", {"Body": TEXT}),
        "twilio call": by_twilio(ChannelKind.CALL, "Calls.json", {"StatusCallbackEvent": ["answered", "completed"]}),
        "another sms": Provider(
            lambda limit: SmsChannel("sms", "vonage://A1b2C3d4:secret12@15551234567/{number}", limit=limit),
            Target(ChannelKind.SMS, PHONE),
            "rest.nexmo.com",
            "/sms/json",
            {"to": PHONE[1:], "from": "15551234567", "text": TEXT, "api_key": "A1b2C3d4", "api_secret": "secret12"},
        ),
    }


def chats() -> dict[str, Provider]:
    slack = "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    return {
        "ntfy": by_apprise(
            "ntfys://ntfy.example/topic1?priority=max",
            "ntfy.example",
            "/",
            {"topic": "topic1", "title": PAGE.subject, "message": TEXT},
        ),
        "slack": by_apprise(f"https://hooks.slack.com{slack}", "hooks.slack.com", slack, {}, answer=b"ok"),
        "teams": by_apprise(
            "workflows://prod-00.westeurope.logic.example:443/abc123/sig456/",
            "prod-00.westeurope.logic.example:443",
            "/workflows/abc123/triggers/manual/paths/invoke"
            "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=sig456",
            {"type": "message"},
            status=202,
        ),
        "signal": by_apprise(
            "signals://signal.example/+15551230000/+447700900123",
            "signal.example",
            "/v2/send",
            {"number": "+15551230000", "recipients": [PHONE], "message": TITLE_AND_TEXT},
            status=201,
        ),
    }


def pagers() -> dict[str, Provider]:
    return {
        "pagerduty": by_apprise(
            "pagerduty://A1b2C3d4E5f6g7h8@A1b2C3d4E5f6g7h8A1b2C3d4E5f6g7h8",
            "events.pagerduty.com",
            "/v2/enqueue",
            {"routing_key": "A1b2C3d4E5f6g7h8", "event_action": "trigger"},
            status=202,
            answer=b'{"status": "success", "dedup_key": "x"}',
        ),
        "opsgenie": by_apprise(
            "opsgenie://8f0a2b1c-4d3e-4f5a-9b6c-7d8e9f0a1b2c?priority=p1&region=eu",
            "api.eu.opsgenie.com",
            "/v2/alerts",
            {"message": PAGE.subject, "description": TEXT, "priority": "P1"},
            status=202,
            answer=b'{"result": "Request will be processed", "took": 0.1, "requestId": "r-1"}',
        ),
        "webhook": Provider(
            lambda limit: WebhookChannel("webhook-test", limit=limit),
            Target(ChannelKind.WEBHOOK, f"{SECRET} https://hooks.example/tocsin"),
            "hooks.example",
            "/tocsin",
            {"type": "tocsin.message", "data": {"subject": PAGE.subject, "text": TEXT, "code": "4821"}},
        ),
    }


NAMES = list(providers())
AS_TWILIO = {"twilio sms", "twilio call"}


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as running, all_to(running.port):
        yield running


def send(name: str, web: Web, *, limit: float = 5.0, **answered: Any) -> Outcome:
    provider = providers()[name]
    web.status, web.body = answered.get("status", provider.status), answered.get("answer", provider.answer)
    return provider.channel(limit).send(provider.target, PAGE)


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_is_sent_the_page_with_its_link_whole(name: str, web: Web) -> None:
    outcome = send(name, web)

    assert outcome.verdict is Verdict.ACCEPTED, outcome.detail
    [(path, sent)] = web.requests
    assert (web.headers_seen[0]["Host"], path) == (providers()[name].host, providers()[name].path)
    wanted = providers()[name].sent
    assert {key: sent.get(key) for key in wanted} == wanted
    # A call is heard, not read: what it carries instead is looked at below.
    assert (LINK in json.dumps(sent)) or name == "twilio call" or LINK in str(sent)


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_may_ask_to_wait(name: str, web: Web) -> None:
    web.headers = {"Retry-After": "120"}

    outcome = send(name, web, status=429)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.TRY_AGAIN, timedelta(minutes=2))
    assert "asks us to wait" in outcome.detail
    assert len(web.requests) == 1


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_that_hangs_is_left_and_tried_again(name: str, web: Web) -> None:
    library()
    web.hang = True
    started = time.monotonic()

    outcome = send(name, web, limit=0.5)

    assert time.monotonic() - started < 3
    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "in time" in outcome.detail or "within 0.5 seconds" in outcome.detail


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_that_refuses_says_whether_it_is_for_ever(name: str, web: Web) -> None:
    outcome = send(name, web, status=403, answer=b"{}")

    # Twilio's 401 and 403 are about our account, which the operator mends; elsewhere the address itself is refused.
    assert outcome.verdict is (Verdict.TRY_AGAIN if name in AS_TWILIO else Verdict.NEVER)
    assert "token" in outcome.detail or "HTTP 403" in outcome.detail


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_that_breaks_is_tried_again(name: str, web: Web) -> None:
    outcome = send(name, web, status=503)

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "HTTP 503" in outcome.detail


@pytest.mark.parametrize("name", NAMES)
def test_no_provider_s_outcome_holds_a_secret_a_number_or_a_word_of_the_page(name: str, web: Web) -> None:
    said = "".join(repr(send(name, web, status=status)) for status in (200, 400, 403, 500))

    for hidden in (ACCOUNT.token, "secret12", SECRET, PHONE[1:], "AMBER HERON", LINK, "A1b2C3d4E5f6g7h8"):
        assert hidden not in said


def test_slack_and_teams_show_the_link_as_it_is(web: Web) -> None:
    send("slack", web)
    send("teams", web)

    (_, slack), (_, teams) = web.requests
    assert slack["attachments"][0]["text"] == TEXT  # type: ignore[index]
    card = teams["attachments"][0]["content"]  # type: ignore[index]
    assert [block["text"] for block in card["body"]] == [PAGE.subject, TEXT]


def test_pagerduty_is_told_that_it_is_critical(web: Web) -> None:
    send("pagerduty", web)

    payload = web.requests[0][1]["payload"]
    assert (payload["severity"], payload["summary"]) == ("critical", TITLE_AND_TEXT)  # type: ignore[index]


@pytest.mark.parametrize(("name", "mark"), [("pagerduty", "dedup_key"), ("opsgenie", "alias")])
def test_a_service_that_keeps_alarms_itself_gets_the_rings_of_one_round_as_one(web: Web, name: str, mark: str) -> None:
    provider = providers()[name]
    web.status, web.body = provider.status, provider.answer

    for series in ("round-1", "round-1", "round-2", ""):
        provider.channel(5.0).send(provider.target, replace(PAGE, series=series))

    assert [body.get(mark) for _, body in web.requests] == ["round-1", "round-1", "round-2", None]


def test_a_mark_that_the_address_names_itself_is_kept(web: Web) -> None:
    web.status = 202
    target = Target(ChannelKind.APPRISE, f"{providers()['pagerduty'].target.address}?dedup=ours")

    AppriseChannel("apprise-test", limit=5.0).send(target, replace(PAGE, series="round-1"))

    assert web.requests[0][1]["dedup_key"] == "ours"


def test_a_webhook_is_signed_and_keeps_its_id_when_it_is_tried_again(web: Web) -> None:
    send("webhook", web, status=500)
    send("webhook", web)

    for raw, headers in zip(web.raw, web.headers_seen, strict=True):
        given = Webhook(SECRET).verify(raw, {name.lower(): value for name, value in headers.items()})
        assert given["data"]["text"] == TEXT
    assert [headers["webhook-id"] for headers in web.headers_seen] == ["page-1", "page-1"]


def test_a_webhook_keeps_to_its_own_limit_against_a_server_that_drips(web: Web) -> None:
    web.drip = True
    started = time.monotonic()

    outcome = send("webhook", web, limit=0.5)

    assert time.monotonic() - started < 3
    assert (outcome.verdict, outcome.detail) == (
        Verdict.TRY_AGAIN,
        "https://hooks.example/… did not finish within 0.5 seconds.",
    )


def test_a_call_reads_the_page_three_times_and_takes_the_digits(web: Web) -> None:
    send("twilio call", web)

    spoken = str(web.requests[0][1]["Twiml"])
    gather = f'<Gather input="dtmf" numDigits="4" timeout="6" action="{BACKS.answer}">'
    assert spoken.count(f'{gather}<Say language="en-GB">Next: Say what it is') == 3
    assert spoken.endswith('<Say language="en-GB">AMBER HERON: urgent</Say></Response>')


def test_twilio_is_signed_in_to_and_its_number_is_kept(web: Web) -> None:
    outcome = send("twilio sms", web)

    wanted = base64.b64encode(f"{ACCOUNT.account}:{ACCOUNT.token}".encode()).decode()
    assert web.headers_seen[0]["Authorization"] == f"Basic {wanted}"
    assert outcome.remote_id == "SM0123"


@pytest.mark.parametrize("name", sorted(AS_TWILIO))
@pytest.mark.parametrize(
    ("status", "code", "verdict", "cause"),
    [
        (400, 21211, Verdict.NEVER, "There is no such phone number."),
        (400, 21614, Verdict.NEVER, "This number cannot take an SMS."),
        (400, 21610, Verdict.NEVER, "This phone has stopped our messages."),
        (400, 29999, Verdict.NEVER, "Twilio refused it (error 29999)."),
        (401, 20003, Verdict.TRY_AGAIN, "Twilio refused our account or its token."),
        (404, 20404, Verdict.TRY_AGAIN, "Twilio refused our account or its token."),
        (400, 21606, Verdict.TRY_AGAIN, "Twilio does not let us send from our number."),
        (400, 21408, Verdict.TRY_AGAIN, "Our Twilio account may not reach this country."),
        (429, 20429, Verdict.TRY_AGAIN, "Twilio asks us to wait before the next message."),
        (500, 20500, Verdict.TRY_AGAIN, "Twilio has a fault: HTTP 500."),
    ],
)
def test_what_twilio_says_decides_between_again_and_never(
    name: str, status: int, code: int, verdict: Verdict, cause: str, web: Web
) -> None:
    outcome = send(name, web, status=status, answer=json.dumps({"code": code, "message": f"no: {PHONE}"}).encode())

    assert outcome.verdict is verdict
    assert outcome.detail.startswith(cause)


def test_an_answer_that_cannot_be_read_is_tried_again(web: Web) -> None:
    assert send("twilio sms", web, status=201, answer=b"<html>").verdict is Verdict.TRY_AGAIN
    assert send("twilio sms", web, status=200, answer=b"[]").verdict is Verdict.TRY_AGAIN


def test_a_closed_port_is_named() -> None:
    channel = TwilioChannel("sms", replace(ACCOUNT, api="http://127.0.0.1:1"))

    outcome = channel.send(Target(ChannelKind.SMS, PHONE), PAGE)

    assert (outcome.verdict, outcome.detail) == (Verdict.TRY_AGAIN, "Twilio refused the connection.")


def test_checking_twilio_signs_in_and_sends_nothing(web: Web) -> None:
    web.body = b'{"sid": "AC0123456789", "status": "active"}'
    good = TwilioChannel("sms", ACCOUNT).check()
    web.status, web.body = 401, b'{"code": 20003}'
    bad = TwilioChannel("sms", ACCOUNT).check()

    assert [path for path, _ in web.requests] == [f"/2010-04-01/Accounts/{ACCOUNT.account}.json"] * 2
    assert good.detail == "Twilio answers and lets us sign in."
    assert bad.detail.startswith("Twilio refused our account")
