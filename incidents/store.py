"""The engines, and the two ways to a session: `reading()` cannot write, `writing()` is one at a time on SQLite.

On SQLite the writer pool holds a single connection that begins IMMEDIATE: the pool is the writer lock, so
threads queue on an ordinary lock instead of SQLite's sleeping busy handler, and no read is ever upgraded.
On PostgreSQL `writing()` is an ordinary transaction; verbs lock the rows they change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

log = logging.getLogger(__name__)

BELLS = "tocsin_bells"
"""The key in `Session.info`, and the PostgreSQL channel, that say that this transaction wrote a bell."""


def is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def bell_written(session: Session) -> None:
    """Remember that the open transaction holds a bell: its commit wakes the engine, in every process."""
    if session.info.get(BELLS):
        return
    session.info[BELLS] = True
    if is_postgresql(session):
        # Delivered by PostgreSQL on commit and dropped on roll-back.
        session.execute(text(f"SELECT pg_notify('{BELLS}', '')"))


def _sqlite_engine(url: str, *, write: bool, threads: int, wait: float) -> Engine:
    engine = create_engine(
        url,
        pool_size=1 if write else threads,
        max_overflow=0,
        pool_timeout=wait,
        connect_args={"check_same_thread": False, "timeout": 5.0},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we write BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            cursor.execute(f"PRAGMA {pragma}")
        if not write:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


class Store:
    """A database, seen as two kinds of session.

    `url` is an SQLAlchemy address (SQLite file or PostgreSQL); `threads` bounds concurrent readers;
    `wait` is in seconds, how long a thread queues for its turn before it is told to try again.
    """

    def __init__(self, url: str, *, threads: int = 12, wait: float = 10.0) -> None:
        self.url = url
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.sqlite:
            self.write_engine = _sqlite_engine(url, write=True, threads=threads, wait=wait)
            self.read_engine = _sqlite_engine(url, write=False, threads=threads, wait=wait)
        else:
            self.write_engine = create_engine(url, pool_size=threads, pool_timeout=wait, pool_pre_ping=True)
            self.read_engine = self.write_engine.execution_options(postgresql_readonly=True)
        self._wakers: list[Callable[[], None]] = []
        self._read = sessionmaker(self.read_engine, autoflush=False)
        self._write = sessionmaker(self.write_engine, expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session in which every write fails. Rolled back at the end."""
        with self._read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it raises.

        The engine is woken after the commit when the transaction wrote a bell.
        """
        with self._write() as session:
            yield session
            session.commit()
            if session.info.pop(BELLS, False):
                self.wake()

    def on_bell(self, waker: Callable[[], None]) -> None:
        """Call `waker` after each commit in this process that wrote a bell."""
        self._wakers.append(waker)

    def wake(self) -> None:
        for waker in self._wakers:
            waker()

    def dispose(self) -> None:
        self.read_engine.dispose()
        self.write_engine.dispose()
