"""The schema: migrated before serving, with a copy made first and the way back printed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.config import Settings
from incidents import (  # noqa: F401 - every table must be known before the metadata is used
    append_only,
    decisions,
    evidence,
    filing,
    obligations,
    organisation,
    receipt,
    report,
    steps,
    timeline,
)
from incidents.orm import Base
from notifications import contact, delivery, engine, paging  # noqa: F401

log = logging.getLogger(__name__)

METADATA = Base.metadata
MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_246_001  # any fixed number: the PostgreSQL advisory lock that one migrating process holds


def alembic_config(connection: Connection) -> Config:
    """Alembic, told to use this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision that this program wants."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""


@contextmanager
def migrating(url: str) -> Iterator[Connection]:
    """A connection for migrations: foreign keys off on SQLite, one process at a time on PostgreSQL."""
    made = create_engine(url, poolclass=NullPool)
    if made.dialect.name == "sqlite":

        @event.listens_for(made, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("PRAGMA busy_timeout=30000")

        @event.listens_for(made, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    with made.connect() as connection:
        if made.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection
    made.dispose()


def migrate(settings: Settings, *, now: datetime, say: Callable[[str], None] = log.info) -> None:
    """Bring the schema to what this program wants. A database that has data is copied first."""
    path = sqlite_path(settings.database)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with migrating(settings.database) as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        wanted = head()
        if present != wanted:
            if present is not None and path is not None:
                copy = copy_sqlite(path, settings.instance / f"before-{wanted}-{now:%Y%m%dT%H%M%SZ}.sqlite")
                say(f"The database was copied to {copy} before its upgrade from {present} to {wanted}.")
                say(f"The way back: stop Tocsin, put that file in the place of {path}, start the earlier version.")
            command.upgrade(alembic_config(connection), "head")
        append_only.install(connection)
        _first_rows(connection, now)
        _check_foreign_keys(connection)
        connection.commit()


def _first_rows(connection: Connection, now: datetime) -> None:
    """The default organisation and its timeline: there from the start, since reports may come before set-up."""
    session = Session(connection)
    if session.scalar(select(organisation.Organisation.id).limit(1)) is not None:
        return
    first = organisation.Organisation(created_at=now, zone="UTC")
    session.add(first)
    session.flush()
    chain = timeline.Timeline(organisation_id=first.id)
    session.add(chain)
    session.flush()
    session.add(timeline.OrganisationTimeline(organisation_id=first.id, timeline_id=chain.id))
    session.flush()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise RuntimeError(f"The upgrade would leave rows without their parents, in: {tables}. Nothing was changed.")


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite database; None for a server."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def copy_sqlite(source: Path, target: Path) -> Path:
    """A consistent copy of a live SQLite database."""
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)
    return target
