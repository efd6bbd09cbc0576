"""Nights on which a mail that the mail server took comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine

from app.installation import Installation
from app.mailbox import MailboxReader, read_mailbox
from notifications.channels import Verdict, said
from notifications.channels.mark import mark_of
from notifications.contact import contacts_of
from notifications.delivery import DeliveryState
from notifications.readiness import faults_of
from tests.makers import Cast
from tests.nights.night import Night
from tests.nights.truth import until
from tests.notifications.bounces.reports import message_id_of, report
from tests.plumbing.imap import ImapServer
from tests.plumbing.smtp import SmtpServer


@pytest.fixture
def imap(installation: Installation) -> Iterator[ImapServer]:
    with ImapServer() as server:
        installation.settings = replace(
            installation.settings,
            imap_host="127.0.0.1",
            imap_port=server.port,
            imap_security="none",
            imap_username=server.username,
            imap_password=server.password,
            imap_timeout=1.0,
            imap_every=0.05,
        )
        yield server


def mark_of_last(installation: Installation, night: Night) -> str:
    return mark_of(installation.keyring, night.deliveries()[-1].token)


def test_a_page_that_comes_back_shows_failed_with_its_cause_and_its_way_counts_as_failing(
    night: Night, imap: ImapServer, smtp: SmtpServer, installation: Installation, cast: Cast
) -> None:
    installation.settings = replace(
        installation.settings,
        smtp_host="127.0.0.1",
        smtp_port=smtp.port,
        smtp_security="none",
        smtp_sender="bell@tocsin.example",
        bounce_address="bounces@tocsin.example",
    )
    night.senders.channel = installation.make_channel("smtp")
    night.report()
    before = night.deliveries()[0].state

    imap.put(report(smtp.mails[0].sender))
    read_mailbox(installation)

    rang = night.deliveries()[0]
    night.senders.channel.close()
    assert (before, rang.state) == (DeliveryState.ACCEPTED, DeliveryState.FAILED)
    assert said(rang.outcome) == "The mailbox does not exist (5.1.1, said by mx.example.com)."
    with installation.store.reading() as session:
        contact = contacts_of(session, cast.dana)[0]
        fault = faults_of(session, [contact.person], lambda _session, _kind: True, now=night.now)[0]
    assert fault.words() == ("cannot be reached: The mailbox does not exist (5.1.1, said by mx.example.com).")


def test_a_delay_and_a_forged_report_change_nothing_and_an_arrival_stops_nothing(
    night: Night, imap: ImapServer, installation: Installation
) -> None:
    night.report()
    mark, token = mark_of_last(installation, night), night.deliveries()[-1].token
    imap.put(report(f"bounces+{mark}@tocsin.example", action="delayed", status="4.4.1"))
    imap.put(report(f"bounces+{'b' * 42}@tocsin.example"))
    imap.put(b"From: dana@northwind.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n")

    read_mailbox(installation)

    assert (imap.unread, night.deliveries()[-1].state) == (0, DeliveryState.ACCEPTED)
    imap.put(report(f"bounces+{mark}@tocsin.example", action="delivered", status="2.0.0"))
    read_mailbox(installation)
    assert next(row for row in night.deliveries() if row.token == token).state is DeliveryState.DELIVERED
    night.wait(minutes=6)
    assert night.minutes("dana") == [0, 5]  # only an acknowledgement stops it


def test_a_way_that_came_back_stays_failing_until_somebody_answers_through_it(
    night: Night, imap: ImapServer, installation: Installation, cast: Cast
) -> None:
    def failing() -> bool:
        with installation.store.reading() as session:
            return contacts_of(session, cast.dana)[0].failed_at is not None

    night.report()
    imap.put(report(message_id=message_id_of(night.deliveries()[0])))
    with time_machine.travel(night.now, tick=False):
        read_mailbox(installation)
    night.engine.catch_up()
    assert night.minutes("tariq") == [0], "nobody else was left at this step: it climbs at once"

    night.wait(minutes=6)

    assert night.minutes("dana") == [0, 5]
    assert failing()  # although the mail server took the next one too
    night.tap("dana")
    assert not failing()


def test_killed_between_noting_and_marking_a_report_counts_once(
    night: Night, imap: ImapServer, installation: Installation
) -> None:
    night.report()
    row = night.deliveries()[-1]
    imap.put(report(message_id=message_id_of(row)))
    imap.die_at = "store"

    first = read_mailbox(installation)
    failed_at = night.deliveries()[0].contact.failed_at
    imap.die_at = None
    second = read_mailbox(installation)

    assert [outcome and outcome.verdict for outcome in (first, second)] == [Verdict.TRY_AGAIN, Verdict.ACCEPTED]
    assert imap.unread == 0
    assert night.deliveries()[0].contact.failed_at == failed_at


def test_a_mailbox_that_hangs_holds_up_neither_the_worker_nor_the_reports_behind_it(
    night: Night, imap: ImapServer, installation: Installation
) -> None:
    night.report()
    imap.put(report(message_id=message_id_of(night.deliveries()[-1])))
    imap.hang_at = "greeting"
    reader = MailboxReader(installation)
    reader.start()
    until(lambda: reader.said)

    imap.hang_at = None

    until(lambda: imap.unread == 0)
    reader.stop()
    assert night.deliveries()[0].state is DeliveryState.FAILED
