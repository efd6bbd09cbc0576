"""Web Push over a real connection to a push service on loopback, read with a browser's own keys."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from incidents.keyring import Keyring
from incidents.refusals import Refused
from notifications.channels import ChannelKind, Message, Outcome, Target, Verdict, channel_name, webpush
from notifications.channels.push_crypto import LONGEST, b64, public_bytes, sender_key
from notifications.channels.push_subscription import Reach, Subscription
from notifications.channels.webpush import WebPushChannel, payload
from tests.notifications.channels.doubles import certificate
from tests.plumbing.push import Browser, PushService, claims

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEYRING = Keyring({"old": bytes(32), "new": bytes(range(32))})
HERE = Reach(loopback=True, plain=True)
LINK = "https://tocsin.example/p/eyJwIjoxfQ.signature"
PAGE = Message(
    key="page-1",
    subject="AMBER HERON: urgent",
    text=f"AMBER HERON: urgent\n\nNext: Look at it\nBy 03:58\n\nOpen this and press it:\n{LINK}\n\nIt goes on.\n",
    html=None,
    sender_name="Tocsin",
    headers={"X-Priority": "1"},
    link=LINK,
    topic="f00d",
    alarm=True,
)
NEWS = replace(PAGE, key="news-1", topic="", alarm=False)


def subscribed(browser: Browser, address: str, key: str = "new") -> Target:
    subscription = Subscription.given(f"{address}/send/abc?x=1", **browser.keys, key=key, reach=HERE)
    return Target(ChannelKind.PUSH, subscription.written())


def send(target: Target, message: Message = PAGE, *, reach: Reach = HERE, limit: float = 5.0) -> Outcome:
    channel = WebPushChannel(
        "push-test", keyring=KEYRING, subject="https://tocsin.example", reach=reach, clock=lambda: NOW, limit=limit
    )
    return channel.send(target, message)


@pytest.mark.parametrize("key", ["old", "new"])
def test_a_page_arrives_sealed_and_signed_with_the_key_it_was_subscribed_with(key: str) -> None:
    browser = Browser()
    with PushService(201) as service:
        outcome = send(subscribed(browser, service.address, key))

    host = f"127.0.0.1:{service.port}"
    assert outcome == Outcome.because(Verdict.ACCEPTED, "Accepted by %(service)s.", {"service": host})
    [came] = service.came
    assert came.path == "/send/abc?x=1"
    assert came.told(browser) == {
        "title": "AMBER HERON: urgent",
        "body": "Next: Look at it\nBy 03:58\nIt goes on.",
        "link": LINK,
        "tag": "f00d",
    }
    wanted = {"TTL": "3600", "Urgency": "high", "Topic": "f00d", "Content-Encoding": "aes128gcm", "Host": host}
    assert wanted.items() <= came.headers.items()
    claimed, by = claims(came.headers["Authorization"], now=NOW)
    assert claimed["aud"] == service.address
    assert claimed["sub"] == "https://tocsin.example"
    assert by == b64(public_bytes(sender_key(KEYRING, key)))


def test_what_only_tells_is_no_hurry_and_takes_nothings_place() -> None:
    browser = Browser()
    with PushService(202) as service:
        assert send(subscribed(browser, service.address), NEWS).verdict is Verdict.ACCEPTED

    [came] = service.came
    assert (came.headers["Urgency"], came.headers["TTL"], "Topic" in came.headers) == ("normal", "86400", False)
    assert came.told(browser)["tag"] == "news-1"


def test_all_short_messages_are_of_one_length() -> None:
    browser = Browser()
    with PushService() as service:
        for message in (PAGE, NEWS, replace(PAGE, text="Short.")):
            send(subscribed(browser, service.address), message)

    assert len({len(came.body) for came in service.came}) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_has_ended_is_gone(status: int) -> None:
    with PushService(status) as service:
        outcome = send(subscribed(Browser(), service.address))

    assert (outcome.verdict, outcome.gone) == (Verdict.NEVER, True)
    assert outcome.detail == "This browser has ended its subscription. Turn push on again on that device."
    assert outcome.kept["gone"]


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (400, Verdict.NEVER, "refused the message (HTTP 400)"),
        (403, Verdict.NEVER, "refused our signature (HTTP 403)"),
        (307, Verdict.TRY_AGAIN, "has a fault: HTTP 307"),
        (500, Verdict.TRY_AGAIN, "has a fault: HTTP 500"),
        (503, Verdict.TRY_AGAIN, "has a fault: HTTP 503"),
    ],
)
def test_other_answers_have_plain_causes(status: int, verdict: Verdict, words: str) -> None:
    with PushService(status) as service:
        outcome = send(subscribed(Browser(), service.address))

    assert (outcome.verdict, outcome.gone) == (verdict, False)
    assert words in outcome.detail
    assert "abc" not in outcome.detail, "the address is a secret"


def test_what_is_too_long_goes_once_more_without_its_text() -> None:
    browser = Browser()
    with PushService(413, 201) as service:
        outcome = send(subscribed(browser, service.address))

    assert outcome.verdict is Verdict.ACCEPTED
    first, second = service.came
    assert len(second.body) < len(first.body)
    assert second.told(browser) == {"title": PAGE.subject, "body": "", "link": LINK, "tag": "f00d"}


def test_what_is_too_long_even_so_is_never_taken() -> None:
    with PushService(413) as service:
        outcome = send(subscribed(Browser(), service.address))

    assert (outcome.verdict, len(service.came)) == (Verdict.NEVER, 2)
    assert "finds the message too long" in outcome.detail


def test_a_service_that_asks_for_time_gets_it() -> None:
    with PushService(429, headers={"Retry-After": "90"}) as service:
        outcome = send(subscribed(Browser(), service.address))

    assert (outcome.verdict, outcome.retry_after) == (Verdict.TRY_AGAIN, timedelta(seconds=90))


def test_a_service_that_hangs_is_cut_off() -> None:
    begun = time.monotonic()
    with PushService(None) as service:
        outcome = send(subscribed(Browser(), service.address), limit=0.3)

    assert time.monotonic() - begun < 3
    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "did not finish within 0.3 seconds" in outcome.detail


def test_a_closed_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    outcome = send(subscribed(Browser(), f"http://127.0.0.1:{port}"))

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "refused the connection" in outcome.detail


def test_a_push_service_is_trusted_by_its_certificate_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem, browser = certificate(tmp_path), Browser()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    with PushService(tls=server) as service:
        target = subscribed(browser, service.address)
        strange = send(target)
        monkeypatch.setattr(webpush, "_trust", lambda: ssl.create_default_context(cafile=str(pem)))
        known = send(target)

    assert (strange.verdict, known.verdict) == (Verdict.TRY_AGAIN, Verdict.ACCEPTED)
    assert "certificate of 127.0.0.1" in strange.detail
    [came] = service.came
    assert came.told(browser)["link"] == LINK


def test_a_name_that_leads_into_the_house_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]

    target = subscribed(Browser(), "https://push.example")
    monkeypatch.setattr(socket, "getaddrinfo", inside)

    outcome = send(target, reach=Reach())

    assert outcome.verdict is Verdict.NEVER
    assert "push.example leads to an address inside a private network" in outcome.detail


def test_this_machine_is_called_only_where_it_is_the_public_address() -> None:
    with PushService() as service:
        outcome = send(subscribed(Browser(), service.address), reach=Reach(plain=True))

        assert (outcome.verdict, service.came) == (Verdict.NEVER, [])


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "192.168.0.1", "169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1", "100.64.0.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "nonsense",
    ],
)  # fmt: skip
def test_private_addresses_are_not_called(address: str) -> None:
    assert not Reach().allows(address)


@pytest.mark.parametrize("address", ["142.250.72.10", "2a00:1450:4009::200a", "64:ff9b::8efa:480a"])
def test_public_addresses_are_called(address: str) -> None:
    assert Reach().allows(address)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://push.example/x", "not reached by https"),
        ("http://127.0.0.1:8080/x", "not reached by https"),
        ("ftp://push.example/x", "not reached by https"),
        ("https://127.0.0.1/x", "inside a private network"),
        ("https://localhost/x", "inside a private network"),
        ("https://[fc00::1]/x", "inside a private network"),
        ("https://192.168.1.1:8443/x", "inside a private network"),
        ("https://a:b@push.example/x", "no usable subscription"),
        ("https://push.example/x y", "no usable subscription"),
        ("https://push.example:x/", "no usable subscription"),
        ("https://push.example/" + "x" * 2000, "no usable subscription"),
        ("", "no usable subscription"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused(endpoint: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        Subscription.given(endpoint, **Browser().keys, key="new", reach=Reach())


@pytest.mark.parametrize("wrong", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "é"}, {"p256dh": b64(bytes(65))}])
def test_keys_that_nothing_could_be_sealed_with_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Refused, match="no usable subscription"):
        Subscription.given("https://push.example/x", **{**Browser().keys, **wrong}, key="new", reach=Reach())


def test_an_address_that_is_no_subscription_is_an_outcome_and_no_exception() -> None:
    assert send(Target(ChannelKind.PUSH, "{}")).verdict is Verdict.NEVER


def test_a_key_that_left_the_keyring_is_named() -> None:
    target = subscribed(Browser(), "https://push.example", key="lost")

    assert "The key lost is not in the keyring" in send(target).detail


def test_a_payload_always_fits_and_keeps_its_link() -> None:
    long = replace(
        PAGE, subject="\x01" * 500, text='"\n' * 400 + "ö𝄞\x02" * 2000, link="https://t.example/" + "a" * 500
    )

    written = payload(long)

    assert len(written) <= LONGEST
    assert long.link.encode() in written


def test_a_push_service_has_a_thread_of_its_own() -> None:
    target = subscribed(Browser(), "https://fcm.googleapis.com")

    assert channel_name(target) == "push-fcm.googleapis.com"


def test_a_push_tells_and_never_counts_as_waking() -> None:
    assert {kind for kind in ChannelKind if not kind.wakes} == {
        *(ChannelKind.EMAIL, ChannelKind.PUSH),
        *(ChannelKind.OUTBOX, ChannelKind.CANARY),
    }
    assert ChannelKind.PUSH.pages
