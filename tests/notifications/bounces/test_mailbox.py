"""The mailbox that reports come back to, read over a real connection from a server that may hang or die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from notifications.bounces import mailbox
from notifications.bounces.mailbox import MailboxSettings, check, read_unread
from notifications.bounces.parts import LONGEST
from notifications.channels import Verdict
from notifications.channels.smtp import Security
from tests.plumbing.imap import ImapServer, Moment


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with ImapServer() as server:
        yield server


def settings(server: ImapServer, timeout: float = 5.0) -> MailboxSettings:
    return MailboxSettings(
        "127.0.0.1", server.username, server.password, server.port, security=Security.NONE, timeout=timeout
    )


def test_each_unread_mail_is_handed_over_once_the_oldest_first(imap: ImapServer) -> None:
    for text in (b"one", b"two", b"three"):
        imap.put(b"Subject: " + text)
    imap.mails[1].seen = True
    taken: list[bytes] = []

    first = read_unread(settings(imap), taken.append)
    read_unread(settings(imap), taken.append)

    assert first.verdict is Verdict.ACCEPTED
    assert taken == [b"Subject: one", b"Subject: three"]


def test_a_huge_mail_is_fetched_in_part(imap: ImapServer) -> None:
    imap.put(b"Subject: x\n\n" + b"x" * 30_000_000)
    taken: list[bytes] = []

    read_unread(settings(imap), taken.append)

    assert [len(raw) for raw in taken] == [LONGEST]
    assert imap.unread == 0


@pytest.mark.parametrize("moment", ["fetch", "store"])
def test_killed_at_any_moment_no_mail_is_lost(imap: ImapServer, moment: Moment) -> None:
    imap.put(b"Subject: one")
    imap.put(b"Subject: two")
    imap.die_at = moment
    taken: list[bytes] = []

    died = read_unread(settings(imap), taken.append)
    imap.die_at = None
    read_unread(settings(imap), taken.append)

    assert died.verdict is Verdict.TRY_AGAIN
    assert imap.unread == 0
    assert {b"Subject: one", b"Subject: two"} == set(taken)


def test_a_mail_that_cannot_be_noted_stays_unread_and_holds_up_no_other(imap: ImapServer) -> None:
    imap.put(b"bad")
    imap.put(b"good")
    taken: list[bytes] = []

    def take(raw: bytes) -> None:
        if raw == b"bad":
            raise OSError
        taken.append(raw)

    read_unread(settings(imap), take)

    assert (taken, [mail.seen for mail in imap.mails]) == ([b"good"], [False, True])


@pytest.mark.parametrize("moment", ["greeting", "login", "fetch"])
def test_a_server_that_hangs_is_left_after_the_time_out(imap: ImapServer, moment: Moment) -> None:
    imap.put(b"Subject: one")
    imap.hang_at = moment
    began = time.monotonic()

    outcome = read_unread(settings(imap, timeout=0.3), lambda _raw: None)

    assert time.monotonic() - began < 3
    assert outcome.detail == "The mailbox at 127.0.0.1 did not answer within 0.3 seconds."


def test_a_round_has_an_end_too(imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    imap.hang_at = "fetch"
    imap.put(b"Subject: one")
    monkeypatch.setattr(mailbox, "ROUND_SECONDS", 0.3)
    began = time.monotonic()

    outcome = read_unread(settings(imap, timeout=30), lambda _raw: None)

    assert (outcome.verdict, time.monotonic() - began < 5) == (Verdict.TRY_AGAIN, True)


def test_a_check_says_plainly_what_is_wrong_and_changes_nothing(imap: ImapServer) -> None:
    imap.put(b"Subject: one")
    right = settings(imap)

    said = [
        check(each).detail
        for each in (right, replace(right, password="wrong"), replace(right, folder="Bounces"), replace(right, port=1))
    ]

    assert said == [
        "The mailbox at 127.0.0.1 opens. Unread mails in it: 1.",
        "The mailbox at 127.0.0.1 refused our user name or password.",
        "The mailbox at 127.0.0.1 has no folder of this name.",
        "The mailbox at 127.0.0.1 cannot be reached.",
    ]
    assert imap.unread == 1
