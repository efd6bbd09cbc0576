"""Nights in which the engine itself fails: the auditor says so, the watchdog is not pinged, the history keeps it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.config import Settings
from app.installation import Installation
from app.watch import Rounds, Watch
from incidents import accounts
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.settings import value_of
from incidents.timeline import SYSTEM, Bell, Entry, Kind
from notifications import auditor, readiness
from notifications.auditor import Memory, audit
from notifications.contact import contacts_of
from notifications.delivery import Delivery, DeliveryState
from notifications.engine import Heartbeat
from notifications.page import Page
from notifications.spells import Source, history, keep
from notifications.watchdog import last_ping, ping
from tests.conftest import NOON
from tests.makers import Cast, make_report
from tests.nights.night import GONE, Night
from tests.nights.truth import free_port, mail, mail_server, tocsin, until
from tests.plumbing.pinged import answering


def found(night: Night) -> list[str]:
    """What the auditor says now."""
    with night.installation.store.reading() as session:
        return [fault.words() for fault in audit(session, now=night.now)]


def watch(night: Night, **set_otherwise: object) -> Watch:
    """The watchers of this night, on its clock; they reach people as the night does."""
    house = night.installation
    house.settings = replace(house.settings, **set_otherwise)  # type: ignore[arg-type]
    house.reachable = lambda _session, _kind: True  # type: ignore[method-assign]
    return Watch(house, night.engine.wake, clock=lambda: night.now)


def beat(night: Night) -> None:
    """The engine ticks."""
    night.engine.wake()
    night.engine.catch_up()


def test_a_night_in_order_leaves_nothing_lying(night: Night) -> None:
    night.report()
    night.wait(minutes=70)
    night.tap("dana")
    night.wait(minutes=50)

    assert found(night) == []


def test_a_page_without_a_next_step_is_found(night: Night) -> None:
    night.report()
    with night.installation.store.writing() as session:
        session.execute(update(Page).values(ring_at=None))

    assert found(night) == ["Open pages without a next step: 1."]


def test_a_page_that_somebody_has_needs_no_next_step_until_that_ends(night: Night) -> None:
    night.report()
    night.tap("dana")
    with night.installation.store.writing() as session:
        session.execute(update(Page).values(ring_at=None))

    held = found(night)
    night.wait(minutes=21)

    assert held == []
    assert found(night) == ["Open pages without a next step: 1."]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (update(Page).values(ring_at=Page.opened_at), "Open pages whose next step is overdue: 1."),
        (
            update(Delivery).values(state=DeliveryState.SENDING, claimed_until=None),
            "Messages that a worker took and never settled: 1.",
        ),
        (
            update(Delivery).values(state=DeliveryState.QUEUED, due_at=Delivery.queued_at),
            "Messages that are overdue: 1.",
        ),
    ],
)
def test_what_an_engine_that_ticks_but_does_nothing_leaves_is_found(night: Night, spoil: object, words: str) -> None:
    night.report()
    night.now += timedelta(minutes=2)
    with night.installation.store.writing() as session:
        session.execute(spoil)  # type: ignore[call-overload]
        session.execute(update(Heartbeat).values(beat_at=night.now))

    assert found(night) == [words]


def test_a_step_that_is_too_far_off_counts_as_none(night: Night) -> None:
    night.report()
    with night.installation.store.writing() as session:
        session.execute(update(Page).values(ring_at=night.now + timedelta(days=2)))

    assert found(night) == ["Open pages whose next step is too far off: 1."]


def test_a_report_whose_bell_was_lost_is_found(night: Night) -> None:
    make_report(night.installation, now=night.now)
    with night.installation.store.writing() as session:
        session.execute(delete(Bell))
    night.now += timedelta(minutes=2)
    beat(night)

    assert found(night) == ["Open incidents that never rang: 1."]


def test_a_dead_engine_and_an_unheard_bell_are_found(night: Night) -> None:
    beat(night)
    make_report(night.installation, now=night.now)
    night.now += timedelta(minutes=3)

    assert found(night) == [
        "Reports and other facts whose bell nobody has heard: 1.",
        "No worker has ticked for 180 s.",
    ]


def test_the_auditor_wakes_the_engine_and_records_only_what_stays(night: Night, cast: Cast) -> None:
    stirred: list[int] = []
    watching = watch(night)
    watching.wake = lambda: stirred.append(1)  # an engine that is woken and does nothing
    night.report()
    with night.installation.store.writing() as session:
        session.execute(update(Page).values(ring_at=night.now - timedelta(minutes=5)))

    watching.audit()
    with night.installation.store.reading() as session:
        at_once = history(session, 1)
    night.now += timedelta(seconds=70)
    watching.audit()

    assert len(stirred) == 2
    assert at_once == []
    with night.installation.store.reading() as session:
        (spell,) = history(session, 1)
        assert spell.words() == "Open pages whose next step is overdue: 1."
        assert spell.source is Source.AUDIT


def test_what_mends_itself_in_time_is_not_remembered() -> None:
    memory, fault = Memory(), readiness.Fault("Something.")

    first = memory.settled([fault], now=NOON)
    between = memory.settled([], now=NOON + timedelta(minutes=1))
    again = memory.settled([fault], now=NOON + timedelta(minutes=2))
    stays = memory.settled([fault], now=NOON + timedelta(minutes=3))

    assert (first, between, again, stays) == ([], [], [], [fault])


def test_the_watchdog_is_pinged_only_while_all_is_well(night: Night) -> None:
    with answering() as double:
        watching = watch(night, watchdog_url=f"{double.url}/ping/abc")
        beat(night)

        watching.ping()
        well = list(double.asked)
        night.now += timedelta(minutes=3)  # nothing ticks any more
        watching.ping()
        dead = list(double.asked)
        beat(night)
        watching.ping()
        too_soon = list(double.asked)
        night.now += timedelta(minutes=1)
        watching.ping()

    assert well == dead == too_soon == ["/ping/abc"]
    assert double.asked == ["/ping/abc", "/ping/abc"]
    with night.installation.store.reading() as session:
        last = last_ping(session, 1)
        assert last is not None
        assert last.well
        assert last.pinged_at == night.now


def test_the_watchdog_is_told_of_a_failure_if_that_is_wanted(night: Night) -> None:
    with answering() as double:
        watching = watch(night, watchdog_url=f"{double.url}/ping/abc", watchdog_fail=True)

        watching.ping()

    assert double.asked == ["/ping/abc/fail"]


def test_the_watchdog_is_not_pinged_while_nobody_can_be_reached(night: Night) -> None:
    with answering() as double:
        watching = watch(night, watchdog_url=f"{double.url}/ping/abc")
        beat(night)
        night.phone.answers["dana"] = GONE
        night.report()

        watching.ping()
        night.phone.answers["*"] = GONE
        night.wait(minutes=31)
        watching.ping()

    # Dana's way alone failed at first: two others could still be rung. Then all of them.
    assert double.asked == ["/ping/abc"]
    with night.installation.store.reading() as session:
        last = last_ping(session, 1)
        assert last is not None
        assert not last.well


def test_a_watchdog_that_hangs_or_redirects_is_no_ping() -> None:
    with answering() as double, answering() as elsewhere:
        double.hangs = 3
        begun = time.monotonic()
        hung = ping(double.url, timeout=0.3)
        took = time.monotonic() - begun
        double.hangs, double.status, double.location = 0, 302, f"{elsewhere.url}/"
        sent_on = ping(double.url, timeout=2)

    assert took < 2
    assert hung.detail.startswith("The watchdog could not be reached")
    assert sent_on.detail == "The watchdog answered with 302."
    assert elsewhere.asked == []


def test_a_red_is_kept_with_its_duration_and_told_to_those_who_can_mend_it(night: Night, cast: Cast) -> None:
    watching = watch(night)
    beat(night)
    with night.installation.store.writing() as session:
        tariq = session.get_one(Person, cast.tariq)
        contacts_of(session, tariq.id)[0].verified_at = None

    watching.look()
    beat(night)
    night.wait(step=1800, hours=5)  # it is told by day
    told = {who: len(night.rings(who, "tell")) for who in ("dana", "adam", "tariq", "mina", "ivo")}
    night.now += timedelta(minutes=40)
    beat(night)
    with night.installation.store.writing() as session:
        contacts_of(session, cast.tariq)[0].verified_at = night.now
    watching.look()

    assert told == {"dana": 1, "adam": 1, "tariq": 0, "mina": 0, "ivo": 0}
    assert "Tariq" not in night.rings("adam", "tell")[0].message.text
    with night.installation.store.reading() as session:
        over = [row for row in history(session, 1) if row.person_id == cast.tariq]
        assert [(row.ended_at is not None, row.lasted(now=night.now)) for row in over] == [
            (True, timedelta(hours=5, minutes=40))
        ]
        assert over[0].words() == "was never sent a test page. Send one."


def test_green_is_told_only_when_nothing_is_red_any_more(night: Night) -> None:
    first, second = readiness.Fault("One."), readiness.Fault("Two.")

    def kinds() -> list[Kind]:
        with night.installation.store.reading() as session:
            wanted = (Kind.READINESS_RED, Kind.READINESS_GREEN)
            return list(session.scalars(select(Entry.kind).where(Entry.kind.in_(wanted)).order_by(Entry.id)))

    def look(*reds: readiness.Fault) -> None:
        with night.installation.store.writing() as session:
            keep(session, the_organisation(session), Source.READINESS, reds, now=night.now)

    look(first, second)
    look(first, second)
    look(first)
    before = kinds()
    look()

    assert before == [Kind.READINESS_RED]
    assert kinds() == [Kind.READINESS_RED, Kind.READINESS_GREEN]


def test_a_gap_of_a_role_is_said_in_words_again(night: Night, cast: Cast) -> None:
    watching = watch(night)
    with night.installation.store.writing() as session:
        for person_id in (cast.tariq, cast.mina):
            accounts.leave(session, session.get_one(Person, person_id), by=SYSTEM, now=night.now)

    watching.look()

    with night.installation.store.reading() as session:
        words = {row.words() for row in history(session, 1)}
        assert value_of(session, "drills") is None
    assert "Nobody holds the role Deputy data protection officer, so a page passes over it." in words


def test_an_unwritable_database_is_a_finding(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.watch.writable", lambda _store: False)
    beat(night)

    assert [fault.cause for fault in watch(night).audit()] == [auditor.UNWRITABLE]


def test_a_round_that_fails_is_followed_by_the_next() -> None:
    again, times = threading.Event(), []

    def act() -> None:
        times.append(1)
        if len(times) == 1:
            raise OSError("the disk is full")
        again.set()

    rounds = Rounds("test", 0.01, act)
    rounds.start()

    assert again.wait(10)
    rounds.stop(5)


def test_a_real_process_pings_while_it_lives_and_the_outside_hears_when_it_is_killed(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path
) -> None:
    with (
        answering() as double,
        mail_server(tmp_path / "mails") as smtp_port,
        tocsin(
            settings,
            "serve",
            PORT=free_port(),
            WATCHDOG_URL=f"{double.url}/ping/abc",
            WATCHDOG_EVERY=0.3,
            **mail(smtp_port),
        ) as server,
    ):
        until(lambda: len(double.asked) >= 3, seconds=60)

        server.kill()
        server.wait(10)
        heard = len(double.asked)
        time.sleep(1.5)

    assert set(double.asked) == {"/ping/abc"}
    assert len(double.asked) == heard
