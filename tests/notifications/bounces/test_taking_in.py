"""What a report changes, on both databases, and what it never does."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from app.installation import Installation
from incidents.keyring import Keyring
from incidents.people import Person
from notifications import delivery, tracking
from notifications.bounces import TakenIn, take_in
from notifications.channels import Outcome, Verdict
from notifications.channels.mail import ReturnAddress
from notifications.channels.mark import LENGTH, mark_of, token_of
from notifications.contact import contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.policy import Waits
from tests.makers import Cast
from tests.notifications.bounces.reports import message_id_of, report

ADDRESS = ReturnAddress("bounces@tocsin.example")


@pytest.fixture
def sent(installation: Installation, cast: Cast, now: datetime) -> Delivery:
    """A mail to Dana that the mail server took."""
    with installation.store.writing() as session:
        contact = contacts_of(session, cast.dana)[0]
        row = delivery.queue(session, contact, Purpose.TELL, now=now)
        delivery.claim(session, "w", waits=Waits(), now=now)
        accepted = Outcome.because(Verdict.ACCEPTED, "Accepted.", remote_id=message_id_of(row))
        delivery.settle(session, row.id, "w", accepted, waits=Waits(), now=now)
    return row


def marked(installation: Installation, row: Delivery) -> str:
    return ADDRESS.marked(mark_of(installation.keyring, row.token))


def take(installation: Installation, raw: bytes, now: datetime) -> TakenIn:
    with installation.store.writing() as session:
        return take_in(session, raw, keyring=installation.keyring, now=now)


def state(installation: Installation, row: Delivery) -> DeliveryState:
    with installation.store.reading() as session:
        return session.get_one(Delivery, row.id).state


def test_a_report_to_the_address_of_a_mail_fails_it_and_its_way(
    installation: Installation, sent: Delivery, now: datetime
) -> None:
    taken = take(installation, report(marked(installation, sent).upper()), now)

    with installation.store.reading() as session:
        row = session.get_one(Delivery, sent.id)
        assert (taken, row.state) == (TakenIn.FAILED, DeliveryState.FAILED)
        assert row.contact.failed_at == now
        assert row.outcome is not None
        assert row.contact.failure == row.outcome | {"came_back": True}
        assert row.outcome["params"] == {"status": "5.1.1", "server": "mx.example.com"}


@pytest.mark.parametrize("clue", ["envelope id", "message id"])
def test_without_that_address_the_envelope_id_or_the_message_id_tell(
    installation: Installation, sent: Delivery, now: datetime, clue: str
) -> None:
    mark = mark_of(installation.keyring, sent.token)
    named = {"envelope_id": mark} if clue == "envelope id" else {"message_id": message_id_of(sent)}

    assert take(installation, report(**named), now) is TakenIn.FAILED


def test_the_same_report_twice_says_nothing_new(installation: Installation, sent: Delivery, now: datetime) -> None:
    raw = report(marked(installation, sent))

    assert [take(installation, raw, now) for _ in range(3)] == [TakenIn.FAILED, TakenIn.KNOWN, TakenIn.KNOWN]


def test_a_delay_changes_nothing(installation: Installation, sent: Delivery, now: datetime) -> None:
    taken = take(installation, report(marked(installation, sent), action="delayed", status="4.4.1"), now)

    assert (taken, state(installation, sent)) == (TakenIn.IGNORED, DeliveryState.ACCEPTED)


def test_a_report_of_arrival_makes_it_delivered(installation: Installation, sent: Delivery, now: datetime) -> None:
    raw = report(marked(installation, sent), action="delivered", status="2.0.0")

    assert [take(installation, raw, now) for _ in range(2)] == [TakenIn.DELIVERED, TakenIn.KNOWN]
    assert state(installation, sent) is DeliveryState.DELIVERED


def test_nobody_without_our_key_can_fail_a_mail(installation: Installation, sent: Delivery, now: datetime) -> None:
    foreign = ADDRESS.marked(mark_of(Keyring({"theirs": b"x" * 32}), sent.token))
    ours = marked(installation, sent)
    changed = re.sub(r"\+.", lambda found: "+b" if found.group() == "+a" else "+a", ours)

    taken = [take(installation, report(to), now) for to in (foreign, changed, "bounces@tocsin.example")]

    assert taken == [TakenIn.STRANGE] * 3
    assert state(installation, sent) is DeliveryState.ACCEPTED


def test_naming_the_recipient_alone_proves_nothing(installation: Installation, sent: Delivery, now: datetime) -> None:
    assert take(installation, report(), now) is TakenIn.STRANGE  # although it says who the recipient was
    assert state(installation, sent) is DeliveryState.ACCEPTED


def test_what_was_seen_did_not_come_back(installation: Installation, sent: Delivery, now: datetime) -> None:
    with installation.store.writing() as session:
        tracking.seen(session, sent.id, now=now)

    assert take(installation, report(marked(installation, sent)), now) is TakenIn.KNOWN
    assert state(installation, sent) is DeliveryState.ACCEPTED


def test_a_complaint_counts_against_the_way(installation: Installation, sent: Delivery, now: datetime) -> None:
    complaint = (
        f"From: abuse@mx.example.com\nTo: {marked(installation, sent)}\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b--\n"
    )

    assert take(installation, complaint.encode(), now) is TakenIn.FAILED


def test_nothing_of_a_report_but_code_and_server_is_kept_or_logged(
    installation: Installation, sent: Delivery, cast: Cast, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    take(installation, report("bounces+stranger@tocsin.example"), now)
    take(installation, report(marked(installation, sent)), now)

    with installation.store.reading() as session:
        kept = str(session.get_one(Delivery, sent.id).outcome)
        address = session.get_one(Person, cast.dana).email
    assert address == "dana@northwind.example"
    assert "dana" not in kept + caplog.text
    assert "stranger" not in caplog.text


def test_a_mark_survives_lower_case_and_an_older_key_and_fits_an_address() -> None:
    old, both = Keyring({"a": b"1" * 32}), Keyring({"a": b"1" * 32, "b": b"2" * 32})
    token = "0123456789abcdef" * 2

    mark = mark_of(old, token)

    assert (len(mark), mark) == (LENGTH, mark.lower())
    assert [token_of(ring, text) for ring in (old, both) for text in (mark, mark.upper())] == [token] * 4
    assert token_of(Keyring({"b": b"2" * 32}), mark) is None
    assert len(ReturnAddress("a" * 21 + "@x.example").marked(mark).partition("@")[0]) == 64
