from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from notifications.channels import Channel, ChannelKind, Message, Outcome, Target, Verdict, channel_name
from notifications.channels.apprise_channel import AppriseChannel
from notifications.channels.apprise_urls import library
from notifications.channels.outbox import OutboxChannel
from notifications.channels.smtp import Security, SmtpChannel, SmtpSettings
from notifications.senders import Senders
from tests.notifications.channels.doubles import web_server
from tests.plumbing.smtp import SmtpServer

PAGE = Message("page-1", "AMBER HERON: urgent", "https://tocsin.example/a/1", None, "Tocsin")
DANA = Target(ChannelKind.EMAIL, "dana@example.org")


class Noted(OutboxChannel):
    """An outbox that writes down when it is made and closed."""

    def __init__(self, diary: list[str], name: str) -> None:
        self.diary = diary
        self.called = name
        diary.append(f"{name} made")

    def close(self) -> None:
        self.diary.append(f"{self.called} closed")


Start = Callable[..., Senders]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Senders] = []

    def make(*args: object, **settings: object) -> Senders:
        started.append(Senders(*args, **settings))  # type: ignore[arg-type]
        return started[-1]

    yield make
    for senders in started:
        senders.stop(2)


def until(true: Callable[[], bool], timeout: float = 3.0) -> None:
    ends = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.005)


def test_a_hanging_service_does_not_delay_the_mail(start: Start) -> None:
    outcomes: list[Outcome] = []
    library()

    with SmtpServer() as mail, web_server() as web:
        web.hang = True
        settings = SmtpSettings("127.0.0.1", "tocsin@example.org", mail.port, Security.NONE)
        senders = start(lambda name: SmtpChannel(settings) if name == "smtp" else AppriseChannel(name, limit=1.0))
        for target in (Target(ChannelKind.APPRISE, f"json://127.0.0.1:{web.port}"), DANA, DANA):
            senders.submit(
                channel_name(target),
                lambda channel, target=target: outcomes.append(channel.send(target, PAGE)),
            )

        began = time.monotonic()
        mail.wait_for(2, timeout=1.0)
        took = time.monotonic() - began
        until(lambda: len(outcomes) == 3)
        senders.stop(2)

    assert took < 0.5
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.TRY_AGAIN]
    assert mail.connections == 1


def test_jobs_of_a_channel_run_in_order_on_one_thread_and_one_channel(start: Start) -> None:
    diary: list[str] = []
    ran: list[tuple[int, str]] = []
    senders = start(partial(Noted, diary))

    for number in range(50):
        senders.submit("smtp", lambda _, number=number: ran.append((number, threading.current_thread().name)))
    hanging = senders.stop(2)

    assert ran == [(number, "sender-smtp") for number in range(50)]
    assert diary == ["smtp made", "smtp closed"]
    assert hanging == []


def test_a_job_that_raises_is_logged_without_its_words_and_the_thread_lives(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    senders = start(partial(Noted, []))
    ran: list[str] = []

    def fails(channel: Channel) -> None:
        raise ValueError(DANA.address)

    senders.submit("smtp", fails)
    senders.submit("smtp", lambda _: ran.append(threading.current_thread().name))
    senders.stop(2)

    assert ran == ["sender-smtp"]
    assert "A job of channel smtp failed: ValueError" in caplog.text
    assert "in fails" in caplog.text
    assert DANA.address not in caplog.text


def test_a_channel_that_cannot_be_made_says_so_and_is_made_once_it_can_be(start: Start) -> None:
    outcomes: list[Outcome] = []
    broken = True

    def make(name: str) -> Channel:
        if broken:
            raise LookupError("the password")
        return OutboxChannel()

    senders = start(make)
    senders.submit("smtp", lambda channel: outcomes.append(channel.send(DANA, PAGE)))
    until(lambda: len(outcomes) == 1)
    broken = False
    senders.submit("smtp", lambda channel: outcomes.append(channel.send(DANA, PAGE)))
    senders.stop(2)

    assert [outcome.verdict for outcome in outcomes] == [Verdict.TRY_AGAIN, Verdict.ACCEPTED]
    assert "cannot be set up (LookupError)" in outcomes[0].detail


def test_changed_settings_are_used_from_the_next_job_on(start: Start) -> None:
    diary: list[str] = []
    done = threading.Semaphore(0)
    senders = start(partial(Noted, diary))

    senders.submit("smtp", lambda _: done.release())
    done.acquire(timeout=2)
    senders.renew()
    senders.submit("smtp", lambda _: done.release())
    done.acquire(timeout=2)
    senders.stop(2)

    assert diary == ["smtp made", "smtp closed", "smtp made", "smtp closed"]


def test_what_waits_and_what_runs_is_counted(start: Start) -> None:
    go = threading.Event()
    senders = start(partial(Noted, []))

    for _ in range(3):
        senders.submit("smtp", lambda _: go.wait(2) and None)

    assert (senders.pending("smtp"), senders.pending("other")) == (3, 0)
    go.set()
    until(lambda: senders.pending("smtp") == 0)


def test_an_idle_thread_closes_its_channel_and_ends(start: Start) -> None:
    diary: list[str] = []
    senders = start(partial(Noted, diary), idle=0.02)

    senders.submit("smtp", lambda _: None)
    until(lambda: diary == ["smtp made", "smtp closed"])
    senders.submit("smtp", lambda _: None)

    until(lambda: len(diary) == 4)


def test_no_job_is_lost_while_threads_come_and_go(start: Start) -> None:
    ran: list[int] = []
    senders = start(partial(Noted, []), idle=0.0005)

    for number in range(300):
        senders.submit("smtp", lambda _, number=number: ran.append(number))
        time.sleep(0.0005)
    senders.stop(2)

    assert ran == list(range(300))


def test_threads_are_bounded_and_the_mail_keeps_its_own(start: Start) -> None:
    go = threading.Event()
    ran: list[tuple[str, str]] = []
    senders = start(partial(Noted, []), most=2)

    def job(name: str, channel: Channel) -> None:
        go.wait(2)
        ran.append((name, threading.current_thread().name))

    for name in ("a", "b", "c", "d", "smtp", "c"):
        senders.submit(name, partial(job, name))
    counted = senders.pending("c")
    go.set()
    senders.stop(2)

    assert counted == 2
    assert sorted(ran) == [
        ("a", "sender-a"),
        ("b", "sender-b"),
        ("c", "sender-rest"),
        ("c", "sender-rest"),
        ("d", "sender-rest"),
        ("smtp", "sender-smtp"),
    ]


def test_stopping_abandons_what_hangs_and_takes_nothing_more(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    go = threading.Event()
    ran: list[str] = []
    senders = start(partial(Noted, []))
    senders.submit("slow", lambda _: go.wait(3) and None)
    senders.submit("slow", lambda _: ran.append("slow"))
    senders.submit("quick", lambda _: ran.append("quick"))

    began = time.monotonic()
    hanging = senders.stop(0.2)

    assert time.monotonic() - began < 0.6
    assert hanging == ["slow"]
    senders.submit("quick", lambda _: ran.append("late"))
    go.set()
    until(lambda: senders.pending("slow") == 0)
    assert ran == ["quick"]


def test_the_outbox_accepts_and_says_that_it_is_not_paging() -> None:
    outbox = OutboxChannel()

    sent, checked = outbox.send(Target(ChannelKind.OUTBOX, "screen"), PAGE), outbox.check()

    assert (sent.verdict, checked.verdict) == (Verdict.ACCEPTED, Verdict.NEVER)
    assert sent.detail == "Shown on screen only; this is not paging."
    assert not ChannelKind.OUTBOX.pages
    assert ChannelKind.EMAIL.pages
