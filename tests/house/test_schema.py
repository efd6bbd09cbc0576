"""The migrated database is the one that the code describes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from app import database
from app.config import Settings
from incidents import append_only
from tests.conftest import NOON
from tests.house.source import told

GUARDED = (*append_only.FROZEN, "prose")
ACTS = {"sqlite": {"UPDATE", "DELETE", "INSERT"}, "postgresql": {"UPDATE", "DELETE", "TRUNCATE"}}
"""On SQLite an INSERT OR REPLACE deletes without a DELETE trigger, so INSERT is watched; PostgreSQL has TRUNCATE."""


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    engine = create_engine(settings.database, poolclass=NullPool)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def acts_watched(connection: Connection) -> dict[str, set[str]]:
    """For each table what its triggers forbid."""
    found: dict[str, set[str]] = {}
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for table, sql in rows:
            found.setdefault(table, set()).add(sql.partition(" BEFORE ")[2].split()[0])
        return found
    rows = connection.execute(
        text("SELECT event_object_table, event_manipulation FROM information_schema.triggers")
    ).all()
    rows += connection.execute(
        text("SELECT relname, 'TRUNCATE' FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid WHERE tgtype & 32 > 0")
    ).all()
    for table, act in rows:
        found.setdefault(table, set()).add(act)
    return found


def test_the_migrations_build_what_the_code_describes(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})

    differences = [str(one) for one in compare_metadata(context, database.METADATA)]

    assert not differences, told("Write a migration (alembic, then append_only.install) for these:", differences)


def test_the_append_only_triggers_stand(connection: Connection) -> None:
    watched = acts_watched(connection)

    wrong = [f"{name}: {watched.get(name)}" for name in GUARDED if watched.get(name) != ACTS[connection.dialect.name]]

    assert not wrong, told("Every migration must end with append_only.install(connection):", wrong)


def test_the_triggers_stand_after_a_second_migration(settings: Settings) -> None:
    database.migrate(settings, now=NOON)

    engine = create_engine(settings.database, poolclass=NullPool)
    with engine.connect() as again:
        assert set(acts_watched(again)) == set(GUARDED)
    engine.dispose()


def test_nothing_is_deleted_along_with_something_else(connection: Connection) -> None:
    inspector = inspect(connection)

    wrong = [
        f"{table}.{','.join(key['constrained_columns'])}: {key['options']}"
        for table in inspector.get_table_names()
        for key in inspector.get_foreign_keys(table)
        if key.get("options")
    ]
    in_code = [
        f"{key.parent.table.name}.{key.parent.name}"
        for table in database.METADATA.tables.values()
        for key in table.foreign_keys
        if key.ondelete or key.onupdate
    ]

    assert not wrong + in_code, told("No CASCADE: a migration in batch mode would empty child tables:", wrong + in_code)


def test_no_check_stands_in_the_way_of_a_growing_choice(connection: Connection) -> None:
    inspector = inspect(connection)

    wrong = [
        f"{table}: {check['sqltext']}"
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    ]

    assert not wrong, told("Store enums with incidents.orm.by_value, without a CHECK:", wrong)


def test_every_table_belongs_to_an_organisation_and_never_uses_a_key_twice() -> None:
    shared: MetaData = database.METADATA
    without = {"organisation", "heartbeat"}

    wrong = [name for name, table in shared.tables.items() if "organisation_id" not in table.c and name not in without]
    twice = [name for name, table in shared.tables.items() if not table.dialect_options["sqlite"]["autoincrement"]]

    assert not wrong, told("Give it organisation_id, so that two organisations never mix:", wrong)
    assert not twice, told("Write __table_args__ = table(…): a key that was deleted is never given again:", twice)
