"""The address that a mail comes back to, as a mail server sees it."""

from __future__ import annotations

import pytest

from incidents.keyring import Keyring
from incidents.refusals import Refused
from notifications.channels import ChannelKind, Message, Target, Verdict
from notifications.channels.mail import ReturnAddress
from notifications.channels.mark import mark_of
from notifications.channels.smtp import Security, SmtpChannel, SmtpSettings
from tests.plumbing.smtp import SmtpServer

TOKENS = ("0" * 32, "1" * 32)
MARKS = [mark_of(Keyring({"a": b"1" * 32}), token) for token in TOKENS]
BOUNCES = ReturnAddress("bounces@tocsin.example")


def send(server: SmtpServer, bounces: ReturnAddress | None) -> None:
    settings = SmtpSettings("127.0.0.1", "bell@tocsin.example", server.port, Security.NONE, bounces=bounces)
    channel = SmtpChannel(settings)
    for token, mark in zip(TOKENS, MARKS, strict=True):
        message = Message(token, "AMBER HERON: urgent", "Text", None, "Northwind Looms", mark=mark)
        assert channel.send(Target(ChannelKind.EMAIL, "dana@northwind.example"), message).verdict is Verdict.ACCEPTED
    channel.close()


def test_each_mail_comes_back_to_an_address_of_its_own_and_is_from_whom_it_was(smtp: SmtpServer) -> None:
    send(smtp, BOUNCES)

    assert [mail.sender for mail in smtp.mails] == [f"bounces+{mark}@tocsin.example" for mark in MARKS]
    assert {mail.message["From"] for mail in smtp.mails} == {"Northwind Looms <bell@tocsin.example>"}


def test_without_a_bounce_address_it_comes_back_to_its_sender(smtp: SmtpServer) -> None:
    send(smtp, None)

    assert [mail.sender for mail in smtp.mails] == ["bell@tocsin.example"] * 2


def test_reports_are_asked_for_where_the_server_offers_them(smtp: SmtpServer) -> None:
    smtp.manners.dsn = True

    send(smtp, BOUNCES)
    send(smtp, None)

    asked = [(mail.envelope_id, mail.notify) for mail in smtp.mails]
    assert asked[:2] == [(mark, "SUCCESS,FAILURE,DELAY") for mark in MARKS]
    assert asked[2:] == [(mark, None) for mark in MARKS]  # reports of arrival would pile up at the sender's


def test_a_check_finds_out_that_the_server_lets_no_mail_come_back_there(smtp: SmtpServer) -> None:
    settings = SmtpSettings("127.0.0.1", "bell@tocsin.example", smtp.port, Security.NONE, bounces=BOUNCES)

    assert SmtpChannel(settings).check().verdict is Verdict.ACCEPTED
    smtp.manners.login = ("bell", "secret")
    assert SmtpChannel(settings).check().verdict is Verdict.TRY_AGAIN


@pytest.mark.parametrize(
    ("address", "separator"),
    [("bounces", "+"), ("b@x.example\r\nX: y", "+"), ("a" * 22 + "@x.example", "+"), ("b@x.example", "++"),
     ("b@x.example", "@"), ("béa@x.example", "+")],
)  # fmt: skip
def test_an_address_that_cannot_carry_a_mark_is_refused(address: str, separator: str) -> None:
    with pytest.raises(Refused):
        ReturnAddress(address, separator)
