"""Nights with two of everything: two workers, two hands on one button, a report at the moment of the tap."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.installation import Installation
from incidents import intake, triage
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.store import Store
from incidents.timeline import Bell, Timeline, person_as_actor, verify
from notifications import delivery, paging, taking
from notifications.delivery import Delivery, DeliveryState
from notifications.engine import Engine, Setup
from notifications.hearing import Answering
from notifications.page import Page, PageEntry
from notifications.policy import Waits
from notifications.senders import Senders
from tests.makers import Cast, make_report
from tests.nights.night import Night, Phone
from tests.nights.truth import at_once, until

MANY = 30


@pytest.fixture
def other(settings: Settings) -> Iterator[Store]:
    """A second set of connections to the same database."""
    store = Store(settings.database)
    yield store
    store.dispose()


def alone(store: Store, installation: Installation, number: int) -> None:
    """A report whose incident is restricted from the start, so that it rings by itself."""
    with store.writing() as session:
        made = intake.receive(
            session,
            the_organisation(session),
            intake.Told(what=f"Report {number}"),
            keyring=installation.keyring,
            targets=installation.targets,
            now=utcnow(),
        )
        made.report.incident.restricted = True


def test_two_workers_send_each_of_many_rings_once_and_lose_none(
    installation: Installation, cast: Cast, settings: Settings, other: Store
) -> None:
    if installation.store.sqlite:
        pytest.skip("one server at a time works on an SQLite file")
    phone, setup = Phone(utcnow), Setup(Waits(), installation.wording, lambda _session, _kind: True)
    both = [Senders(lambda _name: phone), Senders(lambda _name: phone)]
    engines = [
        Engine(store, installation.keyring, setup, senders)
        for store, senders in zip((installation.store, other), both, strict=True)
    ]
    for engine in engines:
        engine.start()

    with ThreadPoolExecutor(4) as pool:
        stores = (installation.store, other)
        list(pool.map(lambda number: alone(stores[number % 2], installation, number), range(MANY)))

    def all_sent() -> bool:
        for engine in engines:
            engine.wake()
        return _count(installation, Delivery, DeliveryState.ACCEPTED) == MANY

    until(all_sent, seconds=30)
    for engine, senders in zip(engines, both, strict=True):
        engine.stop()
        assert senders.stop(5) == []
    assert max(Counter(ring.message.key for ring in phone.rings).values()) == 1
    assert len(phone.rings) == MANY
    with installation.store.reading() as session:
        assert session.scalar(select(func.count(PageEntry.id))) == MANY


def _count(installation: Installation, model: type[Delivery], state: DeliveryState) -> int:
    with installation.store.reading() as session:
        return session.scalar(select(func.count(model.id)).where(model.state == state)) or 0


def test_two_taps_at_once_are_one_acknowledgement(night: Night, other: Store, cast: Cast) -> None:
    night.report()
    page = night.pages()[0]

    def tap(store: Store, person_id: int) -> int:
        with store.writing() as session:
            taken = taking.acknowledge(
                session,
                page.id,
                person=session.get_one(Person, person_id),
                through_entry_id=page.entries[-1].entry_id,
                by_link=None,
                waits=night.waits,
                now=night.now,
            )
            session.flush()
            return taken.id

    first, second = at_once(lambda: tap(night.installation.store, cast.dana), lambda: tap(other, cast.tariq))

    assert first == second
    assert len(night.pages()[0].acknowledgements) == 1


@pytest.mark.parametrize("again", range(2))
def test_a_report_at_the_moment_of_the_tap_is_never_silenced(
    night: Night, other: Store, cast: Cast, again: int
) -> None:
    night.report("The first")
    page = night.pages()[0]
    shown = page.entries[-1].entry_id
    second = make_report(night.installation, "The second", now=night.now)

    def tap() -> None:
        with other.writing() as session:
            dana = session.get_one(Person, cast.dana)
            taking.acknowledge(
                session, page.id, person=dana, through_entry_id=shown, by_link=None, waits=night.waits, now=night.now
            )

    at_once(tap, lambda: night.engine.tick(night.now))
    night.wait(step=1, seconds=1)

    of_second = next(
        page for page in night.pages() for row in page.entries if row.incident_id == second.report.incident_id
    )
    assert of_second.quiet_until is None
    assert of_second.rang_at is not None


def test_a_fold_waits_for_a_tap_that_is_not_committed_yet(night: Night, other: Store, cast: Cast) -> None:
    night.report("The first")
    page = night.pages()[0]
    make_report(night.installation, "The second", now=night.now)
    if night.installation.store.sqlite:
        pytest.skip("SQLite has one writer at a time")
    folded = threading.Event()

    def fold() -> None:
        night.engine.catch_up()
        folded.set()

    with other.writing() as session:
        dana = session.get_one(Person, cast.dana)
        through = page.entries[-1].entry_id
        taking.acknowledge(
            session, page.id, person=dana, through_entry_id=through, by_link=None, waits=night.waits, now=night.now
        )
        session.flush()
        thread = threading.Thread(target=fold)
        night.engine.wake()
        thread.start()
        assert not folded.wait(0.3)
    thread.join(10)

    assert [len(page.entries) for page in night.pages()] == [1, 1]


def test_two_claims_at_once_never_take_the_same_delivery(night: Night, other: Store) -> None:
    for number in range(10):
        alone(night.installation.store, night.installation, number)
    with night.installation.store.writing() as session:
        Answering(session, now=night.now).answer(session.scalars(select(Bell).order_by(Bell.id)).all())
        for page in session.scalars(select(Page)).all():
            page.ring_at = night.now
            paging.ring(session, page, waits=night.waits, now=night.now)

    def claim(store: Store, name: str) -> set[int]:
        with store.writing() as session:
            return {row.id for row in delivery.claim(session, name, waits=night.waits, limit=7, now=night.now)}

    one, two = at_once(lambda: claim(night.installation.store, "one"), lambda: claim(other, "two"))

    assert not one & two
    assert len(one | two) >= 7


def test_acknowledging_and_working_on_an_incident_at_once_never_deadlock(
    night: Night, other: Store, cast: Cast, now: datetime
) -> None:
    receipt = night.report()
    page = night.pages()[0]
    incident_id, through = receipt.report.incident_id, page.entries[-1].entry_id

    def work() -> None:
        for _ in range(8):
            with night.installation.store.writing() as session:
                triage.look_at(session, incident_id, by=person_as_actor(cast.ivo), now=night.now)

    def tap() -> None:
        for _ in range(8):
            with other.writing() as session:
                held = session.get_one(Page, page.id, with_for_update=True)
                held.quiet_until = None
                dana = session.get_one(Person, cast.dana)
                taking.acknowledge(
                    session, page.id, person=dana, through_entry_id=through, by_link=None, waits=night.waits, now=now
                )

    at_once(work, tap)

    with night.installation.store.reading() as session:
        incident = session.get_one(Incident, incident_id)
        assert verify(session, session.get_one(Timeline, incident.timeline_id)) is None


def test_one_form_sent_twice_at_once_is_one_report(installation: Installation, other: Store, now: datetime) -> None:
    def send(store: Store) -> tuple[int, str]:
        with store.writing() as session:
            return _receive(session, installation, now)

    first, second = at_once(lambda: send(installation.store), lambda: send(other))

    assert first == second


def _receive(session: Session, installation: Installation, now: datetime) -> tuple[int, str]:
    made = intake.receive(
        session,
        the_organisation(session),
        intake.Told(what="I lost a laptop"),
        keyring=installation.keyring,
        targets=installation.targets,
        arrival=intake.Arrival(form_token="one form"),
        now=now,
    )
    return made.report.id, made.code
