"""What runs beside the web pages: the engine, and APScheduler's tick as the net under it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from apscheduler.schedulers.background import BackgroundScheduler

from app.installation import Installation
from app.mailbox import MailboxReader
from app.watch import Watch
from incidents.answering import follow
from incidents.incident import hold
from incidents.law.clock import utcnow
from incidents.recount import stale
from incidents.refusals import Refused
from incidents.store import BELLS
from incidents.timeline import SYSTEM
from incidents.words import N_
from notifications import delivery
from notifications.engine import Engine
from notifications.senders import Senders

log = logging.getLogger(__name__)


class OneServer:
    """Holds `instance/tocsin.lock`, so that one server at a time works on an SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tocsin.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> OneServer:
        import fcntl

        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise Refused(
                N_("Tocsin runs already on this folder. Stop it first, or use PostgreSQL for several processes.")
            ) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


class Worker:
    """The engine with its channels and its tick, started and stopped together."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.senders = Senders(installation.make_channel)
        self.engine: Engine = installation.engine(self.senders)
        installation.on_channels_changed(self.senders.renew)
        self.watch = Watch(installation, self.engine.wake)
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._listening = threading.Event()
        self._mailbox = MailboxReader(installation)

    def start(self) -> None:
        """Begin to tick. On SQLite every earlier claim is void: its holder is dead, the lock proves it."""
        store = self.installation.store
        if store.sqlite:
            with store.writing() as session:
                delivery.void_claims(session)
        else:
            threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self.engine.start()
        # The default grace of one second would silently skip a late tick.
        self._scheduler.add_job(
            self.engine.wake,
            "interval",
            seconds=self.installation.settings.tick,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(self.follow_rules, misfire_grace_time=None)
        self._scheduler.start()
        self._mailbox.start()
        self.watch.start()

    def follow_rules(self) -> None:
        """Count anew what no longer is as the rules say: this version may know the law better than the last one did."""
        house = self.installation
        with house.store.reading() as session:
            keys = stale(session, targets=house.targets)
        for key in keys:
            with house.store.writing() as session:
                incident = hold(session, key)
                follow(session, incident, by=SYSTEM, targets=house.targets, now=utcnow())
                log.warning(
                    "the duties of %s were worked out anew, as the rules of this version say", incident.reference
                )

    def once(self, wait: float) -> None:
        """One pass without a thread of its own: tick, for at most `wait` seconds send what it queued, and read what
        came back.
        """
        if self.installation.store.sqlite:
            with self.installation.store.writing() as session:
                delivery.void_claims(session)
        ends = time.monotonic() + wait
        self.engine.wake()
        self.watch.before()
        while self.engine.busy and time.monotonic() < ends:
            self.engine.catch_up()
            time.sleep(0.02)
        for name in self.senders.stop(max(0.5, ends - time.monotonic())):
            log.warning("channel %s was left hanging; what it held is sent again after its claim ends", name)
        self._mailbox.read(patience=1)  # of a process that ends now nothing is remembered
        self.watch.after()

    def stop(self, wait: float = 10.0) -> None:
        """Finish what is under way, for at most `wait` seconds; the rest is due again at the next start."""
        self._listening.set()
        self._mailbox.stop()
        self.watch.stop()
        self._scheduler.shutdown(wait=False)
        self.engine.stop(wait / 2)
        for name in self.senders.stop(wait / 2):
            log.warning("channel %s was left hanging; what it held is sent again after its claim ends", name)

    def _listen(self) -> None:
        """On PostgreSQL: wake when a commit in any process wrote a bell."""
        import psycopg

        url = self.installation.store.write_engine.url.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        while not self._listening.is_set():
            try:
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute(f"LISTEN {BELLS}")
                    self.engine.wake()
                    while not self._listening.is_set():
                        for _notice in connection.notifies(timeout=1.0, stop_after=1):
                            self.engine.wake()
            except psycopg.Error:
                log.warning("the database does not answer; the tick goes on trying")
                self._listening.wait(2.0)
