from __future__ import annotations

import base64
import functools
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from incidents.refusals import Refused
from notifications.channels import ChannelKind, Message, Outcome, Target, Verdict
from notifications.channels.mail import compose
from notifications.channels.smtp import Security, SmtpChannel, SmtpSettings
from tests.notifications.channels.doubles import OPEN, Line, Scripted, certificate, converse, polite
from tests.plumbing.smtp import Manners, SmtpServer

PASSWORD = "correct-horse-battery"
DANA = Target(ChannelKind.EMAIL, "dana@example.org")


def page(key: str = "page-1", **changes: Any) -> Message:
    given: dict[str, Any] = {
        "subject": "AMBER HERON: urgent",
        "text": "Acknowledge: https://tocsin.example/a/1\n",
        "html": None,
        "sender_name": "Tocsin",
    }
    return Message(key=key, **{**given, **changes})


def channel_to(port: int, *, idle_limit: float = 60.0, ask_after: float = 5.0, **changes: Any) -> SmtpChannel:
    given: dict[str, Any] = {"security": Security.NONE, "timeout": 5.0}
    settings = SmtpSettings("127.0.0.1", "tocsin@example.org", port, **{**given, **changes})
    return SmtpChannel(settings, idle_limit=idle_limit, ask_after=ask_after)


def send_within(seconds: float, channel: SmtpChannel, target: Target = DANA) -> Outcome:
    started = time.monotonic()
    outcome = channel.send(target, page())
    assert time.monotonic() - started < seconds
    return outcome


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def test_many_mails_leave_over_one_kept_connection(server: SmtpServer) -> None:
    channel = channel_to(server.port)

    outcomes = [channel.send(DANA, page(f"page-{number}")) for number in range(20)]
    channel.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len(server.mails) == 20
    assert server.connections == 1


def test_a_mail_carries_text_and_html_and_a_stable_message_id(server: SmtpServer) -> None:
    channel = channel_to(server.port)
    message = page("d 7/é", html="<p>Acknowledge</p>", headers={"X-Priority": "1"})

    first, second = channel.send(DANA, message), channel.send(DANA, message)
    channel.close()

    mail = server.mails[0].message
    assert first.remote_id == second.remote_id == mail["Message-ID"] == "<d%207%2F%C3%A9@example.org>"
    assert mail["From"] == "Tocsin <tocsin@example.org>"
    assert mail["To"] == "dana@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Priority"] == "1"
    assert mail["Date"].datetime.tzinfo is not None
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert server.mails[0].text == message.text


@pytest.mark.parametrize(
    "text",
    [
        "Späte Nachtschicht – größer als 8 Bit: 漢字 🔔\n",
        ".\n..\n.dots at the start\n",
        "long " * 500 + "\n",
        "old\rMac and \r\nDOS\n",
    ],
)
def test_subject_and_text_arrive_as_written(server: SmtpServer, text: str) -> None:
    channel = channel_to(server.port)
    subject = "Frist läuft: über 72 Stunden, " + "Überlänge " * 12 + "漢字"

    channel.send(DANA, page(subject=subject, text=text, sender_name="Datenschutz, Größe & Söhne"))
    channel.close()

    assert server.mails[0].subject == subject
    assert server.mails[0].text == text.replace("\r\n", "\n").replace("\r", "\n")
    assert server.mails[0].message["From"].addresses[0].display_name == "Datenschutz, Größe & Söhne"
    assert server.mails[0].raw.isascii()


def test_an_odd_half_sign_does_not_stop_a_page(server: SmtpServer) -> None:
    channel = channel_to(server.port)

    outcome = channel.send(DANA, page(text="half \ud83d sign\n"))
    channel.close()

    assert outcome.verdict is Verdict.ACCEPTED
    assert server.mails[0].text == "half ? sign\n"


def test_a_server_that_restarts_between_two_mails_loses_neither(server: SmtpServer) -> None:
    channel = channel_to(server.port)

    channel.send(DANA, page("page-1"))
    server.stop()
    server.start()
    outcome = channel.send(DANA, page("page-2"))
    channel.close()

    assert outcome.verdict is Verdict.ACCEPTED
    assert len(server.mails) == 2


def test_a_server_that_says_goodbye_on_an_idle_line_is_called_again() -> None:
    def once(line: Line) -> None:
        line.say("220 server")
        for heard in iter(line.hear, ""):
            line.say(*OPEN) if heard.startswith("EHLO") else line.say("250 OK" if heard[:4] != "DATA" else "354 go")
            if heard.startswith("DATA"):
                line.hear_letter()
                line.say("250 taken", "421 idle too long")
                return

    with Scripted(once, polite) as server:
        channel = channel_to(server.port)

        outcomes = [channel.send(DANA, page(f"page-{number}")) for number in (1, 2)]
        channel.close()

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert server.connections == 2


def test_a_line_that_fell_silent_is_asked_first_and_replaced() -> None:
    with Scripted(functools.partial(polite, answers={"NOOP": ""}), polite) as server:
        channel = channel_to(server.port, ask_after=0.0)

        channel.send(DANA, page("page-1"))
        outcome = channel.send(DANA, page("page-2"))
        channel.close()

    assert outcome.verdict is Verdict.ACCEPTED
    assert server.connections == 2


def test_a_line_idle_for_too_long_is_not_used_again(server: SmtpServer) -> None:
    channel = channel_to(server.port, idle_limit=0.0)

    channel.send(DANA, page("page-1"))
    channel.send(DANA, page("page-2"))
    channel.close()

    assert len(server.mails) == 2
    assert server.connections == 2


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("550 5.1.1 <dana@example.org> unknown", Verdict.NEVER),
        ("450 4.2.0 <dana@example.org> greylisted", Verdict.TRY_AGAIN),
        ("530 5.7.0 sign in first", Verdict.TRY_AGAIN),
    ],
)
def test_a_refused_recipient_is_told_and_the_line_stays_usable(
    server: SmtpServer, reply: str, verdict: Verdict
) -> None:
    server.manners.refusals["dana@example.org"] = reply
    channel = channel_to(server.port)

    refused = channel.send(DANA, page())
    taken = channel.send(Target(ChannelKind.EMAIL, "tariq@example.org"), page("page-2"))
    channel.close()

    assert refused.verdict is verdict
    assert reply.split()[1] in refused.detail
    assert "dana@" not in refused.detail
    assert refused.detail == refused.cause % refused.params
    assert taken.verdict is Verdict.ACCEPTED
    assert server.connections == 1


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [("554 5.7.1 looks like spam", Verdict.NEVER), ("451 4.3.0 try later", Verdict.TRY_AGAIN)],
)
def test_a_refused_message_is_for_never_only_with_a_permanent_code(
    server: SmtpServer, reply: str, verdict: Verdict
) -> None:
    server.manners.data_reply = reply
    channel = channel_to(server.port)

    outcome = channel.send(DANA, page())
    channel.close()

    assert outcome.verdict is verdict
    assert reply in outcome.detail


def test_a_refused_sender_can_be_mended_and_is_tried_again() -> None:
    with Scripted(functools.partial(polite, answers={"MAIL": "553 5.7.1 not your address"})) as server:
        channel = channel_to(server.port)

        outcome = channel.send(DANA, page())
        channel.close()

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "refused our sender address: 553" in outcome.detail


def test_a_wrong_password_is_said_and_never_shown(server: SmtpServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.manners.login = ("tocsin", "another")
    channel = channel_to(server.port, username="tocsin", password=PASSWORD)

    outcomes = [channel.send(DANA, page()), channel.check()]

    for outcome in outcomes:
        assert outcome.verdict is Verdict.TRY_AGAIN
        assert "refused our user name or password: 535" in outcome.detail
    seen = caplog.text + repr(outcomes) + repr(SmtpSettings("h", "a@example.org", password=PASSWORD))
    assert PASSWORD not in seen
    assert base64.b64encode(PASSWORD.encode()).decode() not in seen


@pytest.mark.parametrize("password", [PASSWORD, "pässwörd"])
def test_a_right_password_signs_in(server: SmtpServer, password: str) -> None:
    server.manners.login = ("tocsin", password)
    channel = channel_to(server.port, username="tocsin", password=password)

    checked, sent = channel.check(), channel.send(DANA, page())
    channel.close()

    assert checked.verdict is sent.verdict is Verdict.ACCEPTED
    assert "lets us sign in" in checked.detail
    assert server.mails[0].login == "tocsin"


def test_a_server_without_sign_in_is_named(server: SmtpServer) -> None:
    with Scripted(polite) as plain:
        outcome = channel_to(plain.port, username="tocsin", password=PASSWORD).check()

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "no way to sign in" in outcome.detail


def test_a_check_sends_nothing(server: SmtpServer) -> None:
    outcome = channel_to(server.port).check()

    assert outcome.verdict is Verdict.ACCEPTED
    assert server.connections == 1
    assert not server.mails


def test_a_server_that_hangs_after_the_message_is_tried_again_in_time() -> None:
    with SmtpServer(manners=Manners(hang_at="data")) as server:
        outcome = send_within(1.5, channel_to(server.port, timeout=0.5))

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "it may arrive twice" in outcome.detail


def test_an_answer_lost_on_a_kept_line_is_not_sent_again_at_once(server: SmtpServer) -> None:
    channel = channel_to(server.port)
    channel.send(DANA, page("page-1"))
    server.manners.drop_at = "data"

    outcome = channel.send(DANA, page("page-2"))

    assert outcome.verdict is Verdict.TRY_AGAIN
    assert "it may arrive twice" in outcome.detail
    assert server.connections == 1


def drips_its_greeting(line: Line) -> None:
    line.drip()


def drips_its_features(line: Line) -> None:
    line.say("220 server")
    line.hear()
    line.drip()


def drips_its_last_word(line: Line) -> None:
    line.say("220 server")
    while heard := line.hear():
        if heard == "DATA":
            line.say("354 go on")
            line.hear_letter()
            line.drip()
        line.say(*OPEN)


@pytest.mark.parametrize("script", [drips_its_greeting, drips_its_features, drips_its_last_word])
def test_a_dripping_server_holds_nobody_beyond_the_limit(script: Any) -> None:
    with Scripted(script) as server:
        outcome = send_within(1.5, channel_to(server.port, timeout=0.5))

    assert outcome.verdict is Verdict.TRY_AGAIN


def test_a_server_that_drips_in_the_tls_handshake_holds_nobody() -> None:
    def script(line: Line) -> None:
        line.sock.sendall(b"\x16\x03\x03\x3f\x00")  # a handshake record of 16 kB, promised
        line.drip("\0")

    with Scripted(script) as server:
        outcome = send_within(1.5, channel_to(server.port, timeout=0.5, security=Security.TLS))

    assert outcome.verdict is Verdict.TRY_AGAIN


def test_after_a_slow_send_the_next_one_starts_afresh() -> None:
    with Scripted(drips_its_last_word, polite) as server:
        channel = channel_to(server.port, timeout=0.5)

        slow, quick = channel.send(DANA, page()), channel.send(DANA, page())
        channel.close()

    assert [slow.verdict, quick.verdict] == [Verdict.TRY_AGAIN, Verdict.ACCEPTED]


def test_a_closed_port_and_an_unknown_host_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    refused = channel_to(port).send(DANA, page())
    unknown = SmtpChannel(SmtpSettings("no-such-host.invalid", "tocsin@example.org")).check()

    assert refused.verdict is unknown.verdict is Verdict.TRY_AGAIN
    assert "refused the connection" in refused.detail
    assert "was not found" in unknown.detail


def test_without_starttls_nothing_is_sent_in_clear() -> None:
    refusing = functools.partial(polite, features=("250-server", "250 STARTTLS"), answers={"STARTTLS": "454 no"})
    for script, cause in ((polite, "does not offer STARTTLS"), (refusing, "refused STARTTLS: 454 no")):
        with Scripted(script) as server:
            channel = channel_to(server.port, security=Security.STARTTLS, username="t", password=PASSWORD)

            outcome = channel.send(DANA, page())

        assert outcome.verdict is Verdict.TRY_AGAIN
        assert cause in outcome.detail


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_mail_goes_over_tls_only_to_a_trusted_server(pem: Path, security: Security) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    def script(line: Line) -> None:
        if security is Security.TLS:
            line.wrap(context)
            polite(line)
            return
        line.say("220 server")
        line.hear()
        line.say("250-server", "250 STARTTLS")
        line.hear()
        line.say("220 go on")
        line.wrap(context)
        converse(line)

    with Scripted(script) as server:
        trusting = channel_to(server.port, security=security, ca_file=str(pem))
        stranger = channel_to(server.port, security=security)

        taken, refused = trusting.send(DANA, page()), stranger.send(DANA, page())
        trusting.close()

    assert taken.verdict is Verdict.ACCEPTED
    assert refused.verdict is Verdict.TRY_AGAIN
    assert "certificate" in refused.detail
    assert "not trusted" in refused.detail


def test_an_address_beyond_ascii_goes_only_where_smtputf8_is_offered(server: SmtpServer) -> None:
    jörg = Target(ChannelKind.EMAIL, "jörg@straße.example")
    modern = channel_to(server.port)

    taken = modern.send(jörg, page())
    modern.close()
    with Scripted(polite) as old:
        ancient = channel_to(old.port)
        refused = ancient.send(jörg, page())
        ancient.close()

    assert taken.verdict is Verdict.ACCEPTED
    assert server.mails[0].recipients == ("jörg@xn--strae-oqa.example",)
    assert "jörg@xn--strae-oqa.example" in server.mails[0].raw.decode("utf-8")
    assert refused.verdict is Verdict.NEVER
    assert "beyond ASCII" in refused.detail


def test_a_domain_beyond_ascii_needs_no_smtputf8() -> None:
    letter = compose(page(), sender="tocsin@example.org", recipient="dana@büro.example")

    assert letter.recipient == "dana@xn--bro-hoa.example"
    assert not letter.utf8
    assert message_from_bytes(letter.body, policy=default)["To"] == "dana@xn--bro-hoa.example"


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\x00", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("place", ["subject", "sender_name", "headers", "address"])
def test_no_line_break_gets_into_a_header(server: SmtpServer, place: str, sign: str) -> None:
    evil = f"x{sign}Bcc: stranger@example.org"
    changes: dict[str, Any] = {} if place == "address" else {place: {"X-A": evil} if place == "headers" else evil}
    address = f"dana@example.org{sign}Bcc" if place == "address" else DANA.address

    outcome = channel_to(server.port).send(Target(ChannelKind.EMAIL, address), page(**changes))

    assert outcome.verdict is Verdict.NEVER
    assert "stranger" not in outcome.detail
    assert server.connections == 0


@pytest.mark.parametrize("name", ["Bcc", "content-type", "From", "X-A: b\nBcc", ""])
def test_a_message_may_not_set_the_headers_of_the_envelope(name: str) -> None:
    with pytest.raises(Refused):
        compose(page(headers={name: "x"}), sender="tocsin@example.org", recipient="dana@example.org")


@pytest.mark.parametrize("address", ["", "dana", "a@b@c", "<dana@example.org>", "a b@example.org", "a@b, c@d"])
def test_what_is_no_address_is_refused_before_the_wire(address: str) -> None:
    outcome = channel_to(1).send(Target(ChannelKind.EMAIL, address), page())

    assert outcome.verdict is Verdict.NEVER
    assert "not an e-mail address" in outcome.detail


def test_settings_that_cannot_go_on_the_wire_are_refused_at_once() -> None:
    with pytest.raises(Refused):
        SmtpSettings("127.0.0.1", "not an address")
    with pytest.raises(Refused):
        SmtpSettings("127.0.0.1", "tocsin@example.org", local_hostname="two words")
