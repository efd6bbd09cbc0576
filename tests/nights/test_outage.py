"""Nights on which a channel, or the database, is away for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.config import Settings
from app.installation import Installation
from incidents.accounts import grant
from incidents.incident import StillHappening
from incidents.people import Person, Role
from incidents.store import Store
from incidents.timeline import SYSTEM
from notifications.channels import ChannelKind, Message, Outcome, Target
from notifications.contact import add_contact, contacts_of, remove_contact
from notifications.delivery import Delivery, DeliveryState
from notifications.engine import Engine, Setup
from notifications.policy import Waits
from notifications.senders import Senders
from tests.makers import Cast, make_report
from tests.nights.night import DOWN, TAKEN_IN, Night
from tests.nights.truth import until


def test_after_an_hour_without_mail_each_person_gets_the_page_once_within_seconds(night: Night) -> None:
    night.phone.answers["*"] = DOWN
    night.report()
    night.wait(minutes=62)

    night.phone.answers.clear()
    night.wait(step=1, seconds=6)

    assert sorted(ring.who for ring in night.phone.rings) == ["dana", "mina", "tariq"]
    assert night.phone.tries > 100


def test_what_waited_goes_out_as_soon_as_one_message_got_through(night: Night) -> None:
    night.phone.answers["*"] = DOWN
    night.report("The first")
    night.report("They are in now", still_happening=StillHappening.YES)
    night.wait(minutes=32)
    night.phone.answers.clear()

    night.wait(step=1, seconds=6)

    assert [len(night.rings(who)) for who in ("dana", "tariq", "mina")] == [2, 2, 2]
    arrived = {ring.at for ring in night.phone.rings}
    assert len(arrived) == 1  # the first success pulled all others along


def test_a_page_taken_during_the_outage_does_not_ring_after_it(night: Night, cast: Cast) -> None:
    from incidents import triage
    from incidents.timeline import person_as_actor

    night.phone.answers["*"] = DOWN
    receipt = night.report()
    night.wait(minutes=3)
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.phone.answers.clear()

    night.wait(minutes=10)

    assert night.phone.rings == []
    assert {row.state for row in night.deliveries()} == {DeliveryState.CANCELLED}


def test_an_outcome_that_cannot_be_written_back_rings_again_when_the_claim_has_lapsed(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = night.installation.store.writing

    @contextmanager
    def full_after_the_ring() -> Iterator[Session]:
        with writing() as session:
            yield session
            if night.phone.rings and night.now == night.begins:
                raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(night.installation.store, "writing", full_after_the_ring)
    night.report()
    assert [type(failure) for failure in night.senders.failures] == [OperationalError]

    night.wait(minutes=2)

    assert night.minutes("dana") == [0, 2]
    assert night.deliveries()[0].state is DeliveryState.ACCEPTED


class _LocksOut:
    """A channel that accepts; while it sends for the first time somebody locks what its outcome is written to."""

    name = "smtp"

    def __init__(self, store: Store) -> None:
        self.sends = 0
        self.other = store.write_engine.connect()
        self.locked = threading.Event()

    def send(self, target: Target, message: Message) -> Outcome:
        self.sends += 1
        if self.sends == 1:
            # Any statement takes all of an SQLite file; of PostgreSQL these rows.
            self.other.execute(select(Delivery.id).with_for_update())
            self.locked.set()
        return TAKEN_IN

    def check(self) -> Outcome:
        return TAKEN_IN

    def close(self) -> None:
        """Nothing is kept open."""


def test_an_outcome_that_waits_for_a_locked_database_is_not_lost_and_rings_once_more_at_most(
    installation: Installation, cast: Cast, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store, waits = Store(settings.database), Waits(lease=timedelta(seconds=1.5))
    if installation.store.sqlite:
        with installation.store.write_engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=200")
    channel = _LocksOut(store)
    senders = Senders(lambda _name: channel)
    setup = Setup(waits, installation.wording, lambda _session, _kind: True)
    engine = Engine(installation.store, installation.keyring, setup, senders)
    engine.start()

    make_report(installation, now=engine.clock())
    assert channel.locked.wait(10)
    time.sleep(waits.lease.total_seconds() + 0.3)
    sent_meanwhile = channel.sends
    channel.other.rollback()

    def settled() -> bool:
        engine.wake()
        with installation.store.reading() as session:
            return session.scalars(select(Delivery.state)).all() == [DeliveryState.ACCEPTED]

    until(settled)
    engine.stop()
    assert senders.stop(5) == []
    channel.other.close()
    store.dispose()
    assert sent_meanwhile == 1
    if installation.store.sqlite:
        assert channel.sends == 2, "its claim had lapsed"
        assert "A job of channel smtp failed: OperationalError" in caplog.text
    else:
        assert channel.sends == 1, "it waited for the row"


class _Hangs:
    """A channel that answers when it is let go."""

    name = "hangs"

    def __init__(self, let_go: threading.Event) -> None:
        self.let_go = let_go

    def send(self, target: Target, message: Message) -> Outcome:
        self.let_go.wait(30)
        return DOWN

    def check(self) -> Outcome:
        return DOWN

    def close(self) -> None:
        """Nothing is kept open."""


class _Rings(_Hangs):
    """A channel that notes when it rang."""

    name = "rings"

    def send(self, target: Target, message: Message) -> Outcome:
        self.let_go.set()
        return TAKEN_IN


def test_a_hanging_channel_delays_no_other_persons_ring(installation: Installation, cast: Cast, now: datetime) -> None:
    with installation.store.writing() as session:
        tariq = session.get_one(Person, cast.tariq)
        grant(session, tariq, Role.DPO, by=SYSTEM, now=now)
        remove_contact(session, contacts_of(session, tariq.id)[0], by=SYSTEM, now=now)
        add_contact(session, tariq, ChannelKind.APPRISE, "ntfy://ntfy.example/tariq", by=SYSTEM, now=now)
    let_go, rang = threading.Event(), threading.Event()
    senders = Senders(lambda name: _Hangs(let_go) if name == "smtp" else _Rings(rang))
    engine = Engine(
        installation.store,
        installation.keyring,
        Setup(Waits(), installation.wording, lambda _session, _kind: True),
        senders,
    )
    engine.start()

    make_report(installation, now=engine.clock())

    assert rang.wait(5)
    assert senders.pending("smtp") == 1
    let_go.set()
    engine.stop()
    assert senders.stop(5) == []
    until(lambda: not senders.pending("smtp"))
