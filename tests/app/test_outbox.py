"""The outbox: what would have been sent, with a warning on top, and the log without any text."""

from __future__ import annotations

from dataclasses import replace

from app.installation import Installation
from incidents.law.clock import utcnow
from notifications.contact import contacts_of
from notifications.delivery import DeliveryState, Purpose, queue
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report


def test_without_a_channel_the_page_is_shown_in_full_and_said_to_be_no_bell(
    installation: Installation, cast: Cast
) -> None:
    make_report(installation, "The payroll went to a stranger", now=utcnow())
    installation.engine().tick(utcnow())

    visitor = Visitor(installation).come_in(installation, cast.adam).open("/outbox")

    assert "This screen is not a bell." in visitor.page
    assert "it counts as no channel" in visitor.page
    assert "http://localhost:8000/p/" in visitor.page
    assert "payroll" not in visitor.page
    assert "no mail server is set up" in visitor.page


def test_links_are_shown_only_while_a_message_is_on_screen(installation: Installation, cast: Cast) -> None:
    with installation.store.writing() as session:
        contact = contacts_of(session, cast.dana)[0]
        for state in (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.QUEUED):
            sent = queue(session, contact, Purpose.TEST, now=utcnow())
            sent.state = state
            sent.outcome = {"cause": "%(server)s refused the recipient", "params": {"server": "550 no"}}

    visitor = Visitor(installation).come_in(installation, cast.adam).open("/outbox")

    assert "/p/" not in visitor.page
    assert "550 no" in visitor.page
    assert "d…@northwind.example" in visitor.page


def test_what_waited_is_sent_once_there_is_a_mail_server(installation: Installation, cast: Cast) -> None:
    make_report(installation, now=utcnow())
    with installation.store.writing() as session:
        queue(session, contacts_of(session, cast.dana)[0], Purpose.TEST, now=utcnow())
    installation.engine().tick(utcnow())
    house = replace(
        installation,
        settings=replace(installation.settings, smtp_host="mail.example", smtp_sender="bell@northwind.example"),
    )

    visitor = Visitor(house).come_in(house, cast.adam).open("/outbox").send("/outbox/send")

    assert "sent now: 1" in visitor.page
