"""The nightly canary: through the real form, served by waitress, to the pager and away again; and what is no canary."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from waitress.server import create_server

from app import canary as trip
from app import create_app
from app.installation import Installation
from app.watch import Watch
from app.worker import Worker
from incidents import canary, desk, intake, register, summaries
from incidents.canary import Canary, Through
from incidents.incident import Incident
from incidents.intake import Arrival, Told
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.timeline import Entry, Kind
from notifications import canary as flights
from notifications.delivery import Delivery, DeliveryState
from notifications.page import Page
from notifications.readiness import Fault, Mend, readiness
from tests.makers import Cast
from tests.nights.night import Night
from tests.nights.truth import free_port
from tests.plumbing.pinged import answering

LONDON = ZoneInfo("Europe/London")


@contextmanager
def served(installation: Installation) -> Iterator[int]:
    """The pages on a free port."""
    server = create_server(create_app(installation), host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.close()
        thread.join(5)


def plan(installation: Installation, at: datetime) -> None:
    """A canary's minute has come."""
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        flights.plan(session, organisation, now=at)
        session.execute(update(Canary).values(planned_at=at))


def the_canary(installation: Installation) -> Canary:
    with installation.store.reading() as session:
        return session.scalars(select(Canary).where(Canary.started_at.is_not(None))).one()


def missed(session: Session, *, now: datetime) -> list[Fault]:
    """What readiness says of the canary."""
    ready = readiness(session, the_organisation(session), reachable=lambda _session, _kind: True, now=now)
    return [fault for fault in ready.faults if fault.mend is Mend.WATCH]


def file(night: Night, token: str, what: str = "Something real") -> intake.Receipt:
    with night.installation.store.writing() as session:
        receipt = intake.receive(
            session,
            the_organisation(session),
            Told(what=what),
            keyring=night.installation.keyring,
            targets=night.installation.targets,
            arrival=Arrival(form_token=token),
            now=night.now,
        )
    night.engine.catch_up()
    return receipt


def issued(night: Night) -> str:
    """A token as the night's canary carries it."""
    with night.installation.store.writing() as session:
        row = flights.plan(session, the_organisation(session), now=night.now)
        lasts = timedelta(minutes=5)
        return canary.issue(row, keyring=night.installation.keyring, lasts=lasts, now=night.now)


def rung(night: Night) -> int:
    return len(night.rings("dana"))


def test_it_is_planned_for_a_random_minute_of_the_night_and_once(night: Night) -> None:
    zone, minutes = LONDON, set()
    for day in range(20):
        now = night.now + timedelta(days=day)
        with night.installation.store.writing() as session:
            first = flights.plan(session, the_organisation(session), now=now)
            again = flights.plan(session, the_organisation(session), now=now)
            assert first.id == again.id
            minutes.add(first.planned_at.astimezone(zone).strftime("%H:%M"))

    assert len(minutes) > 5
    assert all("03:00" <= minute <= "04:30" for minute in minutes)


@pytest.mark.parametrize("through", [Through.PUBLIC, Through.LOCAL])
def test_it_goes_through_the_form_to_the_pager_and_is_cleared_without_ringing_anybody(
    installation: Installation, cast: Cast, through: Through
) -> None:
    with served(installation) as port:
        public = port if through is Through.PUBLIC else free_port()
        address = f"http://127.0.0.1:{public}"
        installation.settings = replace(installation.settings, public_address=address, host="127.0.0.1", port=port)
        worker = Worker(installation)
        worker.engine.start()
        try:
            plan(installation, utcnow())
            Watch(installation, worker.engine.wake).fly()
        finally:
            worker.engine.stop()
            worker.senders.stop(2)

    flown = the_canary(installation)
    assert flown.through is through
    stages = [flown.started_at, flown.reported_at, flown.paged_at, flown.queued_at, flown.settled_at, flown.cleared_at]
    assert all(stages)
    assert stages == sorted(stages, key=lambda at: at or utcnow())
    assert flown.failed_at is None
    with installation.store.reading() as session:
        (incident,) = session.scalars(select(Incident))
        (page,) = session.scalars(select(Page))
        deliveries = list(session.scalars(select(Delivery)))
        assert incident.canary
        assert incident.closed_at
        assert page.ended_at
        assert page.rang_at
        kinds = list(session.scalars(select(Entry.kind).where(Entry.incident_id == incident.id)))
        assert Kind.RANG in kinds
        assert [(row.contact.label, row.state) for row in deliveries] == [("canary", DeliveryState.ACCEPTED)]
        assert missed(session, now=utcnow()) == []


def test_a_canary_is_on_no_desk_in_no_register_and_in_no_figure(night: Night, cast: Cast) -> None:
    file(night, issued(night))

    with night.installation.store.reading() as session:
        (incident,) = session.scalars(select(Incident))
        dana = session.get_one(Person, cast.dana)
        figures = summaries.summarise(session, dana, zone=LONDON, now=night.now)
        assert incident.canary
        assert desk.on_desk(session, dana, desk.Drawer.OPEN).incidents == []
        assert figures.open == 0
        assert list(register.every(session, dana, register.Wanted(), zone=LONDON, now=night.now)) == []
    assert rung(night) == 0


def test_a_token_is_good_once_and_then_a_report_is_a_report(night: Night) -> None:
    token = issued(night)
    file(night, token)
    silent = rung(night)

    same = file(night, token)

    assert silent == 0
    assert not same.again
    assert rung(night) == 1


def test_a_forged_token_rings_people(night: Night) -> None:
    token = issued(night)

    file(night, token[:-1] + ("0" if token[-1] != "0" else "1"))

    assert rung(night) == 1


def test_a_token_that_we_signed_but_never_issued_rings_people(night: Night) -> None:
    mac = night.installation.keyring.mac(canary.PURPOSE, "nonce")

    file(night, f"{canary.PREFIX}nonce.{mac}")

    assert rung(night) == 1


def test_an_expired_token_rings_people(night: Night) -> None:
    token = issued(night)
    night.now += timedelta(minutes=6)

    file(night, token)

    assert rung(night) == 1


@pytest.mark.parametrize("what", ["dead form", "deaf engine"])
def test_a_dead_way_in_is_red_and_told_to_those_who_can_mend_it(night: Night, cast: Cast, what: str) -> None:
    house = night.installation
    with served(house) as port, answering(502) as broken:
        address = broken.url if what == "dead form" else f"http://127.0.0.1:{port}"
        house.settings = replace(house.settings, public_address=address, canary_within=3)
        plan(house, utcnow())

        Watch(house, lambda: None).fly()

    flown = the_canary(house)
    night.now = utcnow()
    night.engine.wake()
    night.engine.catch_up()
    night.wait(step=3600, hours=10)  # it is told by day
    assert flown.failed_at
    assert not flown.cleared_at
    assert flights.missing(flown) == ("reported" if what == "dead form" else "paged")
    with house.store.reading() as session:
        (entry,) = session.scalars(select(Entry).where(Entry.kind == Kind.CANARY_MISSED))
        faults = missed(session, now=night.now)
    assert entry.facts["missing"] == flights.missing(flown)
    assert [fault.grave for fault in faults] == [True]
    assert (len(night.rings("dana", "tell")), len(night.rings("adam", "tell"))) == (1, 1)
    assert rung(night) == 0, "its bell, heard later, rings nobody either"
    assert all(page.ended_at for page in night.pages())


def test_a_canary_that_never_ran_is_red(night: Night) -> None:
    with night.installation.store.writing() as session:
        row = flights.plan(session, the_organisation(session), now=night.now)
        due_at = row.planned_at

    with night.installation.store.reading() as session:
        before = missed(session, now=due_at + timedelta(minutes=10))
        after = missed(session, now=due_at + timedelta(minutes=20))

    assert (before, len(after)) == ([], 1)


def test_a_canary_whose_worker_died_is_given_up_and_put_away(night: Night) -> None:
    file(night, issued(night))
    night.now += timedelta(minutes=10)

    Watch(night.installation, lambda: None, clock=lambda: night.now).fly()

    with night.installation.store.reading() as session:
        row = session.scalars(select(Canary).where(Canary.started_at.is_not(None))).one()
        assert row.cleared_at or row.failed_at
    assert all(page.ended_at for page in night.pages())


def test_an_address_that_answers_wrongly_is_not_tried_another_way(installation: Installation, cast: Cast) -> None:
    with served(installation) as port, answering(200) as other:
        settings = replace(installation.settings, host="127.0.0.1", port=port)

        sent = trip.send("token", public_address=other.url, settings=settings)

    assert sent.through is Through.PUBLIC
    assert sent.outcome.detail == "The address answers with 200 and shows no report form."
