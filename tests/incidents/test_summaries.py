"""Figures for management: what they count, what they leave out, and how little they ask of the database."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.installation import Installation
from incidents import decisions, filing, register, triage
from incidents.filing import Sent
from incidents.incident import Access, Incident, OurRole, What
from incidents.obligations import Obligation
from incidents.people import Person
from incidents.register import Wanted
from incidents.summaries import Summary, Year, median, open_incidents, summarise
from incidents.timeline import person_as_actor
from notifications.figures import time_to_acknowledge
from tests.makers import Cast, make_report

LONDON = ZoneInfo("Europe/London")
UK, EU = "uk-gdpr-33-1", "eu-gdpr-33-1"


@pytest.fixture
def read(installation: Installation, cast: Cast, now: datetime) -> Callable[[], Summary]:
    def summary() -> Summary:
        with installation.store.reading() as session:
            return summarise(session, session.get_one(Person, cast.mina), zone=LONDON, now=now)

    return summary


def breach(installation: Installation, cast: Cast, *, at: datetime, what: What = What.PERSONAL_DATA_BREACH) -> int:
    receipt = make_report(installation, now=at)
    key = receipt.report.incident_id
    with installation.store.writing() as session:
        triage.triage(
            session,
            key,
            what,
            OurRole.CONTROLLER,
            reason="The list names people.",
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=at + timedelta(minutes=30),
        )
    return key


def duty(session: Session, incident_id: int, rule: str) -> int:
    return session.scalars(
        select(Obligation.id).where(Obligation.incident_id == incident_id, Obligation.rule == rule)
    ).one()


def send(installation: Installation, cast: Cast, incident_id: int, at: datetime, rule: str = UK) -> None:
    sent = Sent(at=at, zone="Europe/London", recipient="Authority", reference="R-1")
    with installation.store.writing() as session:
        filing.record_sent(
            session,
            duty(session, incident_id, rule),
            sent,
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=at,
        )


def decide_against(installation: Installation, cast: Cast, incident_id: int, at: datetime, rule: str = EU) -> None:
    with installation.store.writing() as session:
        key = duty(session, incident_id, rule)
        filing.decide_against(session, key, reason="Nobody there.", by=person_as_actor(cast.dana), now=at)


@contextmanager
def counted_queries(installation: Installation) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(installation.store.read_engine, "before_cursor_execute", note)
    yield asked
    event.remove(installation.store.read_engine, "before_cursor_execute", note)


def test_the_share_in_time_counts_what_was_sent_or_should_have_been(
    installation: Installation, cast: Cast, now: datetime, read: Callable[[], Summary]
) -> None:
    in_time = breach(installation, cast, at=now - timedelta(days=20))
    send(installation, cast, in_time, now - timedelta(days=19))
    decide_against(installation, cast, in_time, now - timedelta(days=19))
    late = breach(installation, cast, at=now - timedelta(days=10))
    send(installation, cast, late, now - timedelta(days=6))
    decide_against(installation, cast, late, now - timedelta(days=6))
    breach(installation, cast, at=now - timedelta(days=5))
    breach(installation, cast, at=now - timedelta(hours=5))

    duties = read().duties

    assert (duties.in_time, duties.late, duties.unsent, duties.against, duties.ahead) == (1, 1, 2, 2, 2)
    assert duties.judged == 4


def test_what_needs_management_is_overdue_or_lacks_its_reasons(
    installation: Installation, cast: Cast, now: datetime, read: Callable[[], Summary]
) -> None:
    breach(installation, cast, at=now - timedelta(days=5))
    late = breach(installation, cast, at=now - timedelta(days=10))
    send(installation, cast, late, now - timedelta(days=6))
    decide_against(installation, cast, late, now - timedelta(days=6))

    found = read()

    assert (found.open, found.overdue, found.unexplained) == (2, 1, 1)


def test_a_year_begins_at_midnight_where_the_organisation_is() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")

    year = Year.of(datetime(2026, 12, 31, 15, 30, tzinfo=UTC), tokyo)

    assert year.number == 2027
    assert year.bounds[0] == datetime(2026, 12, 31, 15, 0, tzinfo=UTC)


def test_kinds_count_incidents_opened_this_year(
    installation: Installation, cast: Cast, now: datetime, read: Callable[[], Summary]
) -> None:
    breach(installation, cast, at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    breach(installation, cast, at=datetime(2026, 1, 1, 0, 0, tzinfo=UTC), what=What.NEAR_MISS)
    make_report(installation, now=now)

    found = {what: count for what, count in read().kinds if count}

    assert found == {What.NEAR_MISS: 1, What.UNDECIDED: 1}


def test_drills_canaries_and_what_is_restricted_to_others_are_left_out(
    installation: Installation, cast: Cast, now: datetime, read: Callable[[], Summary]
) -> None:
    keys = [make_report(installation, now=now).report.incident_id for _ in range(4)]
    with installation.store.writing() as session:
        for key, mark in zip(keys, ("drill", "canary", "restricted"), strict=False):
            setattr(session.get_one(Incident, key), mark, True)
    without = read()

    with installation.store.writing() as session:
        session.add(Access(organisation_id=1, incident_id=keys[2], person_id=cast.mina, granted_at=now))
    named = read()

    assert (without.open, named.open) == (1, 2)
    assert dict(without.kinds)[What.UNDECIDED] == 1
    assert dict(named.kinds)[What.UNDECIDED] == 2


def test_open_incidents_come_by_the_nearest_act_and_those_without_one_last(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    later = make_report(installation, now=now - timedelta(hours=1)).report.incident_id
    sooner = make_report(installation, now=now - timedelta(hours=9)).report.incident_id
    idle = make_report(installation, now=now - timedelta(hours=20)).report.incident_id
    with installation.store.writing() as session:
        session.get_one(Incident, idle).next_due_at = None

    with installation.store.reading() as session:
        mina = session.get_one(Person, cast.mina)
        names = {row.id: row.codename for row in session.scalars(select(Incident))}
        everything = [one.codename for one in open_incidents(session, mina)]
        first_two = [one.codename for one in open_incidents(session, mina, limit=2)]

    assert everything == [names[sooner], names[later], names[idle]]
    assert first_two == everything[:2]


def test_the_median_time_to_the_first_step_is_that_of_the_month_and_the_year(
    installation: Installation, cast: Cast, now: datetime, read: Callable[[], Summary]
) -> None:
    for minutes, month in ((2, 3), (4, 3), (9, 3), (20, 5)):
        opened_at = datetime(2026, month, 2, 9, 0, tzinfo=UTC)
        key = make_report(installation, now=opened_at).report.incident_id
        with installation.store.writing() as session:
            triage.look_at(session, key, by=person_as_actor(cast.ivo), now=opened_at + timedelta(minutes=minutes))

    found = read().first_step

    assert found.count == 4
    assert found.year == timedelta(minutes=6, seconds=30)
    assert [length for length in found.months if length] == [timedelta(minutes=4), timedelta(minutes=20)]
    assert found.months[2] == timedelta(minutes=4)


@given(st.lists(st.integers(0, 50), max_size=30))
def test_a_median_of_counted_lengths_is_the_median_of_the_lengths(lengths: list[int]) -> None:
    histogram = [(length, lengths.count(length)) for length in sorted(set(lengths))]

    found = median(histogram)

    assert found == (timedelta(seconds=statistics.median(lengths)) if lengths else None)


def test_a_summary_asks_the_database_at_most_ten_times(installation: Installation, cast: Cast, now: datetime) -> None:
    for _ in range(12):
        breach(installation, cast, at=now - timedelta(days=4))

    with installation.store.reading() as session, counted_queries(installation) as asked:
        mina = session.get_one(Person, cast.mina)
        asked.clear()
        found = summarise(session, mina, zone=LONDON, now=now)
        time_to_acknowledge(session, mina.organisation_id, found.year)
        shown = list(open_incidents(session, mina, limit=50))

    assert len(shown) == 12
    assert len(asked) <= 10, asked


def test_the_register_asks_as_often_for_many_breaches_as_for_few(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    for _ in range(9):
        breach(installation, cast, at=now - timedelta(days=4))

    counts = []
    for size in (2, 9):
        with installation.store.reading() as session, counted_queries(installation) as asked:
            aude = session.get_one(Person, cast.aude)
            register.leaf(session, aude, Wanted(), zone=LONDON, size=size, now=now)
            counts.append(len(asked))

    assert counts[0] == counts[1] <= 8


def test_the_register_keeps_a_restricted_breach_with_its_facts_and_without_its_words(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    key = breach(installation, cast, at=now - timedelta(days=2))
    send(installation, cast, key, now - timedelta(days=1))
    decide_against(installation, cast, key, now - timedelta(days=1))
    with installation.store.writing() as session:
        decisions.contain(session, key, now, zone="UTC", how_known="Locked.", by=person_as_actor(cast.dana), now=now)
    shown = _only(installation, cast, now)
    with installation.store.writing() as session:
        session.get_one(Incident, key).restricted = True

    hidden = _only(installation, cast, now)

    assert (shown.assessment, shown.remedy) == ("The list names people.", "Locked.")
    assert [one.reason_against for one in shown.duties] == [None, "Nobody there."]
    assert shown.duties[0].filings[0].reference == "R-1"
    assert hidden.withheld
    assert (hidden.assessment, hidden.remedy, hidden.contained_at) == (None, None, now)
    assert [one.reason_against for one in hidden.duties] == [None, None]
    assert [one.late for one in hidden.duties] == [False, None]
    assert replace(hidden.duties[0].filings[0], sent_at=now) == register.Sent(now, None, None, False, False)


def test_a_corrected_reason_stands_in_the_register_with_its_correction(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    key = breach(installation, cast, at=now - timedelta(days=2))
    with installation.store.writing() as session:
        entry = decisions.contain(
            session, key, now, zone="UTC", how_known="At three.", by=person_as_actor(cast.dana), now=now
        )
        decisions.correct(session, entry.id, "At two.", by=person_as_actor(cast.dana), now=now)

    assert _only(installation, cast, now).remedy == "At three.\n→ At two."


def test_leafing_through_the_register_meets_every_breach_once(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    made = {make_report(installation, now=now - timedelta(days=n // 2)).report.incident.reference for n in range(7)}

    met: list[str] = []
    after: str | None = None
    with installation.store.reading() as session:
        aude = session.get_one(Person, cast.aude)
        while True:
            leaf = register.leaf(session, aude, Wanted(), zone=LONDON, after=after, size=3, now=now)
            met += [one.reference for one in leaf.breaches]
            after = leaf.after
            if after is None:
                break
        streamed = [one.reference for one in register.every(session, aude, Wanted(), zone=LONDON, now=now)]

    assert len(met) == 7
    assert set(met) == made
    assert streamed == met


def _only(installation: Installation, cast: Cast, now: datetime) -> register.Breach:
    with installation.store.reading() as session:
        aude = session.get_one(Person, cast.aude)
        (one,) = register.leaf(session, aude, Wanted(), zone=LONDON, now=now).breaches
        return one
