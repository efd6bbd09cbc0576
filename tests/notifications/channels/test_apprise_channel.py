from __future__ import annotations

import base64
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import formatdate
from typing import Any

import pytest

from incidents.refusals import Refused
from notifications.channels import ChannelKind, Message, Outcome, Target, Verdict, channel_name
from notifications.channels.apprise_channel import AppriseChannel, fit
from notifications.channels.apprise_urls import FORBIDDEN, display, library, load, validate
from tests.notifications.channels.doubles import Web, web_server

SECRET = "sup3rs3cret"
LINK = "https://tocsin.example/a/eyJwIjoxfQ.signature"
PAGE = Message(
    key="page-1",
    subject="AMBER HERON: urgent",
    text=f"Next act due 03:58.\nAcknowledge: {LINK}\n",
    html="<p>not for here</p>",
    sender_name="Tocsin",
    headers={"X-Priority": "1"},
)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as running:
        yield running


def send(url: str, *, limit: float = 5.0) -> Outcome:
    return AppriseChannel("apprise-test", limit=limit).send(Target(ChannelKind.APPRISE, url), PAGE)


def test_a_page_arrives_whole_at_a_webhook_and_shows_no_pictures_of_others(web: Web) -> None:
    outcome = send(f"json://127.0.0.1:{web.port}/hook")

    assert outcome == Outcome.because(
        Verdict.ACCEPTED, "Accepted by %(service)s.", {"service": f"json://127.0.0.1:{web.port}/…"}
    )
    [(path, sent)] = web.requests
    assert path == "/hook"
    assert sent == {
        "version": "1.0",
        "title": PAGE.subject,
        "message": PAGE.text.strip(),
        "attachments": [],
        "type": "failure",
    }


def test_a_page_arrives_whole_at_ntfy(web: Web) -> None:
    outcome = send(f"ntfy://127.0.0.1:{web.port}/topic1?priority=max")

    assert outcome.verdict is Verdict.ACCEPTED
    assert web.requests == [("/", {"topic": "topic1", "title": PAGE.subject, "message": PAGE.text.strip()})]


@pytest.mark.parametrize("schema", ["json", "ntfy"])
@pytest.mark.parametrize(
    ("status", "verdict", "cause"),
    [
        (400, Verdict.NEVER, "HTTP 400"),
        (401, Verdict.NEVER, "HTTP 401"),
        (404, Verdict.NEVER, "HTTP 404"),
        (402, Verdict.TRY_AGAIN, "HTTP 402"),
        (307, Verdict.TRY_AGAIN, "sends us elsewhere"),
        (429, Verdict.TRY_AGAIN, "asks us to wait"),
        (500, Verdict.TRY_AGAIN, "HTTP 500"),
        (503, Verdict.TRY_AGAIN, "HTTP 503"),
    ],
)
def test_the_answer_decides_between_again_and_never(
    web: Web, schema: str, status: int, verdict: Verdict, cause: str
) -> None:
    web.status = status
    web.headers = {"Location": f"http://127.0.0.1:{web.port}/other"}

    outcome = send(f"{schema}://127.0.0.1:{web.port}/topic1")

    assert outcome.verdict is verdict
    assert cause in outcome.detail
    assert len(web.requests) == 1


def test_the_wait_that_a_service_asks_for_is_passed_on(web: Web) -> None:
    web.status = 429
    url, waits = f"json://127.0.0.1:{web.port}", []

    for asked in ("120", formatdate(time.time() + 120, usegmt=True), "999999", "soon"):
        web.headers = {"Retry-After": asked}
        waits.append(send(url).retry_after)

    assert waits[0] == timedelta(minutes=2)
    assert waits[1] is not None
    assert timedelta(seconds=100) < waits[1] <= timedelta(minutes=2)
    assert waits[2:] == [timedelta(hours=1), None]


@pytest.mark.parametrize("manner", ["hang", "drip"])
@pytest.mark.parametrize("schema", ["json", "ntfy"])
def test_a_service_that_hangs_or_drips_holds_nobody_beyond_the_limit(web: Web, schema: str, manner: str) -> None:
    library()
    setattr(web, manner, True)
    started = time.monotonic()

    outcome = send(f"{schema}://127.0.0.1:{web.port}/topic1?rto=60", limit=0.5)

    assert time.monotonic() - started < 1.5
    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "in time" in outcome.detail or "within 0.5 seconds" in outcome.detail


def test_a_closed_port_and_an_unknown_host_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    refused, unknown = send(f"json://127.0.0.1:{port}"), send("json://no-such-host.invalid")

    assert refused.verdict is unknown.verdict is Verdict.TRY_AGAIN
    assert "refused the connection" in refused.detail
    assert "was not found" in unknown.detail


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize(
    "url",
    [
        "json://tocsin:{secret}@127.0.0.1:{port}/{secret}?+X-Key={secret}",
        "ntfy://tocsin:{secret}@127.0.0.1:{port}/{secret}",
        "ntfy://{secret}@no-such-host.invalid/topic1",
        "gotify://127.0.0.1:{port}/{secret}",
        "json://tocsin:{secret}@127.0.0.1:1/",
        "ntfy://tocsin:{secret}@127.0.0.1:{port}/a/b/c",
        "nothing://{secret}",
        "slack://{secret}",
    ],
)
def test_no_secret_and_no_word_of_the_message_is_shown_or_logged(
    web: Web, caplog: pytest.LogCaptureFixture, url: str, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")
    web.status = status
    target = Target(ChannelKind.APPRISE, url.format(secret=SECRET, port=web.port))

    outcome = AppriseChannel(channel_name(target)).send(target, PAGE)

    seen = f"{outcome!r} {target!r} {PAGE!r} {channel_name(target)} {display(target.address)} {caplog.text}"
    assert SECRET not in seen
    assert base64.b64encode(f"tocsin:{SECRET}".encode()).decode() not in seen
    assert "AMBER HERON" not in seen
    assert LINK not in seen


def test_a_refusal_inside_a_good_answer_is_told_without_secrets(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    service = load(f"json://127.0.0.1:{web.port}/{SECRET}")

    def sulks(self: Any, **_: Any) -> bool:
        self.logger.warning("No such channel: %s for %s", SECRET, PAGE.subject)
        return False

    monkeypatch.setattr(type(service), "send", sulks)

    outcome = send(f"json://127.0.0.1:{web.port}/{SECRET}")

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "did not take the message: No such channel: … for …" in outcome.detail


def test_an_adapter_that_fails_or_wants_to_sleep_comes_back_at_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"json://127.0.0.1:{web.port}"
    kind = type(load(url))

    monkeypatch.setattr(kind, "send", lambda self, **_: {}["missing"])
    broken = send(url)
    monkeypatch.setattr(kind, "send", lambda self, **_: self.throttle(wait=90.0))
    sleepy = send(url)

    assert [broken.verdict, sleepy.verdict] == [Verdict.TRY_AGAIN, Verdict.TRY_AGAIN]
    assert "KeyError" in broken.detail
    assert sleepy.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "nothing://example.org",
        "file:///etc/passwd",
        "https://example.org/hook",
        "json://",
        "json://a b\n",
        "json://one.example, json://two.example",
        "ntfys://ntfy.example/one/two",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#one/#two",
        "workflows://host.example:443/workflow/signature?template=/etc/passwd",
        "bulksms://user:password@+15551231234/+15551231235/?batch=yes",
        "mqtt://example.org/topic",
        "slack://incomplete",
        *(f"{schema}://host.example/target" for schema in FORBIDDEN),
    ],
)
def test_addresses_that_cannot_page_one_person_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        validate(url)


def test_a_refused_address_is_for_never_and_says_why() -> None:
    outcome = send("syslog://")

    assert outcome.verdict is Verdict.NEVER
    assert "nobody looks" in send("syslog://localhost").detail


def test_every_service_that_is_allowed_speaks_http() -> None:
    manager = library().manager_plugins.NotificationManager()
    manager.load_modules()

    silent = {
        schema
        for schema in manager.schemas()
        if not any(hasattr(sys.modules[kind.__module__], "requests") for kind in manager[schema].__mro__)
    }

    assert {"mqtt", "irc", "smpp", "xmpp", "amqp"} <= silent
    assert not {"json", "ntfy", "slack", "twilio", "pagerduty", "opsgenie", "signal", "gotify"} & silent


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("json://tocsin:pw@hooks.example.org:8080/secret?x=1", "json://hooks.example.org:8080/…"),
        (" NTFYS://[::1]:443/topic ", "ntfys://[::1]:443/…"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack://…"),
        ("twilio://sid:token@+15551234567/+15557654321", "twilio://…"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert display(url) == shown


def test_a_web_address_of_a_known_service_is_taken() -> None:
    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"

    assert validate(f" {url} ") == url


def test_each_service_and_host_has_a_channel_of_its_own() -> None:
    urls = ("ntfys://a.example/one", "ntfys://u:p@a.example/two", "ntfys://b.example/one", "json://a.example")

    names = [channel_name(Target(ChannelKind.APPRISE, url)) for url in urls]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert channel_name(Target(ChannelKind.EMAIL, "a@example.org")) == "smtp"
    assert not any("example" in name for name in names)


def test_a_text_is_shortened_by_whole_lines_and_never_in_a_link() -> None:
    text = f"First line.\nSecond line, which is longer.\nAcknowledge: {LINK}\nLast line."

    assert fit(text, 500) == text
    assert fit(text, 75) == f"First line.\nAcknowledge: {LINK}"
    assert fit(text, 20) == f"Acknowledge: {LINK}"
    assert fit("no link at all", 8) == "no link…"


def test_apprise_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, notifications.channels.apprise_channel as a; "
        "print(a.AppriseChannel('x').check().verdict.value, 'apprise' in sys.modules, 'requests' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["accepted", "False", "False"]
