"""The timeline: append-only, chained, and provable from its stored columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.config import Settings
from app.installation import Installation
from incidents import decisions
from incidents.incident import Incident
from incidents.store import Store
from incidents.timeline import SYSTEM, Entry, Kind, Prose, Timeline, person_as_actor, record, verify
from tests.makers import Cast, make_report
from tests.nights.truth import at_once


@pytest.fixture
def chain(installation: Installation, cast: Cast, now: datetime) -> int:
    """A report with two notes and a correction; the key of its timeline."""
    incident_id = make_report(installation, now=now).report.incident_id
    dana = person_as_actor(cast.dana)
    with installation.store.writing() as session:
        first = decisions.note(session, incident_id, "Called the reporter", by=dana, now=now)
        decisions.note(session, incident_id, "Called the courier", by=dana, now=now)
        decisions.correct(session, first.id, "Wrote to the reporter", by=dana, now=now)
        return session.get_one(Incident, incident_id).timeline_id


def checked(installation: Installation, timeline_id: int) -> int | None:
    with installation.store.reading() as session:
        return verify(session, session.get_one(Timeline, timeline_id))


def found_after(installation: Installation, timeline_id: int, *statements: str) -> int | None:
    """What `verify` says once rows were changed with all triggers gone, as somebody with the file in hands could."""
    sqlite = installation.store.sqlite
    names = (
        (("entry", "entry_no_update"), ("entry", "entry_no_delete"), ("prose", "prose_no_update"))
        if sqlite
        else (("entry", "entry_no_update_or_delete"), ("prose", "prose_no_update"))
    )
    with installation.store.write_engine.connect() as connection:
        for table, name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}{'' if sqlite else f' ON {table}'}")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount
        with Session(connection) as session:
            found = verify(session, session.get_one(Timeline, timeline_id))
        connection.rollback()
    return found


def test_a_reading_session_refuses_every_write(installation: Installation, chain: int) -> None:
    for statement in (
        "UPDATE organisation SET name = 'x'",
        "DELETE FROM bell",
        "INSERT INTO heartbeat (worker, started_at, beat_at) VALUES ('w', '2026-01-01', '2026-01-01')",
    ):
        with installation.store.reading() as session, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            session.execute(text(statement))


def test_a_writing_session_after_a_reading_one_may_write(installation: Installation) -> None:
    for _ in range(20):
        with installation.store.reading() as session:
            session.execute(text("SELECT 1"))
        with installation.store.writing() as session:
            session.execute(text("UPDATE organisation SET name = 'Northwind Looms'"))


def test_what_was_written_cannot_be_changed_or_deleted(installation: Installation, chain: int) -> None:
    for statement in (
        "UPDATE entry SET zone = 'Mars'",
        "DELETE FROM entry",
        "UPDATE prose SET text = 'something else'",
        "UPDATE prose SET text = NULL, salt = NULL, key_id = 'another'",
        "UPDATE prose SET text = NULL",
        "DELETE FROM prose",
    ):
        with pytest.raises(DBAPIError, match="append-only"), installation.store.writing() as session:
            session.execute(text(statement))

    assert checked(installation, chain) is None


def test_a_row_cannot_be_replaced_or_the_table_emptied_either(installation: Installation, chain: int) -> None:
    sly = (
        "INSERT OR REPLACE INTO prose SELECT * FROM prose LIMIT 1"
        if installation.store.sqlite
        else "TRUNCATE prose CASCADE"
    )

    with pytest.raises(DBAPIError, match="append-only"), installation.store.writing() as session:
        session.execute(text(sly))


def test_prose_can_be_blanked_and_the_chain_still_holds(installation: Installation, chain: int, now: datetime) -> None:
    with installation.store.writing() as session:
        session.execute(update(Prose).values(text=None, salt=None, blanked_at=now))

    assert checked(installation, chain) is None
    with installation.store.reading() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == Kind.NOTED)).first()
        assert entry is not None
        assert entry.text("text") is None


def test_a_change_behind_the_triggers_back_is_found(installation: Installation, chain: int) -> None:
    ours, midnight = f"AND timeline_id = {chain}", "2020-01-01 00:00:00"
    zone = ".000000" if installation.store.sqlite else "+00"
    changes = {
        f"UPDATE entry SET zone = 'Mars' WHERE seq = 2 {ours}": 2,
        f"UPDATE entry SET happened_at = '{midnight}{zone}' WHERE seq = 3 {ours}": 3,
        f"UPDATE entry SET person_id = NULL WHERE seq = 3 {ours}": 3,
        f"UPDATE entry SET facts = '{{}}' WHERE seq = 1 {ours}": 1,
        f"UPDATE entry SET incident_id = NULL WHERE seq = 2 {ours}": 2,
        f"UPDATE entry SET corrects_id = NULL WHERE seq = 4 {ours}": 4,
        "UPDATE prose SET text = 'Never called' WHERE text = 'Called the courier'": 3,
        "UPDATE prose SET field = 'other' WHERE text = 'Called the courier'": 3,
        f"UPDATE timeline SET head_hash = '' WHERE id = {chain}": 4,
        f"UPDATE timeline SET head_seq = 5 WHERE id = {chain}": 5,
    }

    found = {change: found_after(installation, chain, change) for change in changes}

    assert found == changes
    assert checked(installation, chain) is None


def test_a_removed_entry_is_missed(installation: Installation, chain: int) -> None:
    last = "SELECT max(id) FROM entry"

    missed = found_after(
        installation,
        chain,
        f"UPDATE prose SET entry_id = (SELECT min(id) FROM entry) WHERE entry_id = ({last})",
        f"DELETE FROM bell WHERE entry_id = ({last})",
        f"DELETE FROM entry WHERE id = ({last})",
    )

    assert missed == 4


def test_the_same_fact_has_the_same_hash_on_every_database(installation: Installation, now: datetime) -> None:
    """The format of the chain: if this hash changes, chains of older versions no longer verify."""
    athens = timezone(timedelta(hours=2))
    with installation.store.writing() as session:
        timeline = Timeline(organisation_id=1, token="0" * 32)
        session.add(timeline)
        session.flush()
        facts = {"number": 3, "name": "Žluťoučký ☃", "list": [1.5, None, True], "deep": {"b": 1, "a": 2}}
        at = datetime(2026, 3, 29, 1, 30, 0, 250, tzinfo=athens)
        record(session, timeline, Kind.NOTED, by=SYSTEM, happened_at=at, zone="Europe/Athens", facts=facts, now=now)
        record(session, timeline, Kind.NOTED, by=SYSTEM, now=now)
        assert timeline.head_hash == "81f2f4df17014ad0cb66637c65bb90d8061acfd7b9bd58372cd1349e9af5ab77"
        key = timeline.id

    assert checked(installation, key) is None


@pytest.fixture
def other(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database)
    yield store
    store.dispose()


def test_two_writers_on_one_incident_keep_the_chain_unbroken(
    installation: Installation, other: Store, cast: Cast, chain: int, now: datetime
) -> None:
    def write(store: Store, person_id: int) -> None:
        with store.reading() as session:
            incident_id = session.scalars(select(Incident.id).where(Incident.timeline_id == chain)).one()
        for number in range(10):
            with store.writing() as session:
                decisions.note(session, incident_id, f"Note {number}", by=person_as_actor(person_id), now=now)

    at_once(lambda: write(installation.store, cast.dana), lambda: write(other, cast.tariq))

    assert checked(installation, chain) is None
    with installation.store.reading() as session:
        assert session.get_one(Timeline, chain).head_seq == 24


def test_signs_that_a_database_cannot_keep_are_made_visible(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident_id = make_report(installation, now=now).report.incident_id

    with installation.store.writing() as session:
        entry = decisions.note(session, incident_id, "a\x00b \ud83d c 😀", by=person_as_actor(cast.dana), now=now)
        assert entry.text("text") == "a␀b � c 😀"
