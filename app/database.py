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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app import postgresql
from app.config import Settings
from incidents import (  # noqa: F401 - every table must be known before the metadata is used
    append_only,
    assessments,
    canary,
    decisions,
    evidence,
    filing,
    obligations,
    organisation,
    profile,
    receipt,
    report,
    signing,
    steps,
    timeline,
)
from incidents.orm import Base
from incidents.refusals import Refused
from incidents.words import N_
from notifications import (  # noqa: F401
    contact,
    deadlinefeed,
    delivery,
    drills,
    engine,
    escalation,
    mute,
    page,
    rota,
    spells,
    watchdog,
)
from notifications.rota import feed, override, request, shift  # noqa: F401

log = logging.getLogger(__name__)

METADATA = Base.metadata
MIGRATIONS = Path(__file__).parent / "migrations"
NOTE = "restore-under-way"
"""The file in the instance folder that stands while a restore changes things; `app.restore` writes and reads it."""
_LOCK = 7_246_001  # any fixed number: the PostgreSQL advisory lock that one migrating process holds


def alembic_config(connection: Connection) -> Config:
    """Alembic, told to use this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def head() -> str:
    """The revision that this program wants."""
    return _scripts().get_current_head() or ""


def revisions() -> set[str]:
    """Every revision that this program knows how to bring up to date."""
    return {script.revision for script in _scripts().walk_revisions()}


def revision(settings: Settings) -> str | None:
    """The revision of the database as it is; None when there is none yet. Changes and makes nothing."""
    path = sqlite_path(settings.database)
    if path is not None and not path.exists():
        return None
    looking = create_engine(settings.database, poolclass=NullPool)
    try:
        with looking.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        looking.dispose()


def unfinished(settings: Settings) -> Path | None:
    """The note of a restore that was cut off; None when there is none."""
    note = settings.instance / NOTE
    return note if note.exists() else None


def unready(settings: Settings) -> list[str]:
    """Why this program cannot use the installation as it is. Changes and makes nothing."""
    if unfinished(settings):
        return ["A restore was cut off. Start Tocsin, which finishes it."]
    present, wanted = revision(settings), head()
    if present is None:
        return ["There is no database yet. Start Tocsin once, which makes it."]
    if present != wanted:
        return [
            f"The database is of another version of Tocsin: it has the schema {present}, this program wants {wanted}. "
            "Stop what runs and start this version, which copies and upgrades it."
        ]
    if not settings.keyring_file.exists():
        return [
            f"The keyring {settings.keyring_file} is missing, so receipt codes and stored passwords cannot be used. "
            "Put the keyring of the backup back."
        ]
    return []


@contextmanager
def migrating(url: str) -> Iterator[Connection]:
    """A connection for migrations: foreign keys off on SQLite, one process at a time on PostgreSQL."""
    made = create_engine(url, poolclass=NullPool, hide_parameters=True)
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

    try:
        with made.connect() as connection:
            if made.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    finally:
        made.dispose()


def migrate(settings: Settings, *, now: datetime, say: Callable[[str], None] = log.info) -> None:
    """Bring the schema to what this program wants, or change nothing. A database that has data is copied first."""
    path = sqlite_path(settings.database)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with migrating(settings.database) as connection:
        present, wanted, copy = MigrationContext.configure(connection).get_current_revision(), head(), None
        if present is not None and present not in revisions():
            raise Refused(
                N_(
                    "The database is of a later version of Tocsin (%(revision)s). "
                    "Start that version, or restore a backup."
                ),
                revision=present,
            )
        if present not in (None, wanted):
            copy = _copy_first(settings, f"before-{wanted}-{now:%Y%m%dT%H%M%SZ}", say)
        try:
            if present != wanted:
                command.upgrade(alembic_config(connection), "head")
            append_only.install(connection)
            _first_rows(connection, now)
            _check_foreign_keys(connection)
            connection.commit()
        except Exception as error:
            if present in (None, wanted):
                raise
            log.exception("the upgrade from %s to %s failed", present, wanted)
            if copy is not None:
                copy.unlink()  # it is what is still there; each further attempt would leave one more
            raise Refused(
                N_("The upgrade of the database failed and nothing was changed: %(cause)s. Start the earlier version."),
                cause=cause(error),
            ) from error


def _copy_first(settings: Settings, name: str, say: Callable[[str], None]) -> Path | None:
    """Copy the database before its upgrade, and say the way back. Refuses to go on without a copy, unless told to."""
    if settings.migrate_without_copy:
        say("The database is upgraded without a copy, as migrate_without_copy says.")
        return None
    path = sqlite_path(settings.database)
    copy = settings.instance / (f"{name}.dump" if path is None else f"{name}.sqlite")
    draft = copy.with_name(f".{copy.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        if path is None:
            postgresql.dump(settings.database, draft)
        else:
            copy_sqlite(path, draft)
        draft.rename(copy)
    except (OSError, sqlite3.Error, Refused) as error:
        draft.unlink(missing_ok=True)
        raise Refused(
            N_(
                "The database must be copied before its upgrade, and that failed: %(cause)s. Nothing was changed. "
                "To upgrade without a copy set TOCSIN_MIGRATE_WITHOUT_COPY=true."
            ),
            cause=cause(error),
        ) from error
    say(f"The database was copied to {copy} before its upgrade.")
    if path is None:
        command_line = postgresql.way_back(settings.database, copy)
        say(f"The way back: stop Tocsin, make an empty database, run {command_line}")
        say("then name that database in TOCSIN_DATABASE_URL and start the earlier version.")
    else:
        say(f"The way back: stop Tocsin, delete {path}-wal and {path}-shm if they are there,")
        say(f"put the copy in the place of {path}, and start the earlier version.")
    return copy


def cause(error: BaseException) -> str:
    """The cause of a failure in one line, without the statement and its values."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(said.split())[:400].rstrip(".")


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
        raise RuntimeError(f"rows would be left without their parents, in: {tables}")


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite database; None for a server."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def copy_sqlite(source: Path, target: Path) -> Path:
    """A consistent copy of a live SQLite database, durable on disk."""
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)
    return target
