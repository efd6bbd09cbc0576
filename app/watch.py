"""What watches the engine from beside it: auditor, dead man's switch, canary, drills, and the history of reds.

Each has a thread of its own and sessions of its own, so that none waits for the engine, or for another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app import canary as trip
from app.installation import Installation
from incidents import canary as tokens
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.settings import value_of
from notifications import auditor, canary, drills, lapsing, watchdog
from notifications.channels import Verdict
from notifications.counted_on import missed_people
from notifications.coverage import DAYS, coverage, empty_steps, on_duty
from notifications.deciders import no_decider
from notifications.ladder import ladder
from notifications.readiness import Fault, Mend, readiness, writable
from notifications.spells import Source, keep

log = logging.getLogger(__name__)

AUDITS = 60.0
LOOKS = 600.0
PLANS = 30.0
FOLLOWS = 0.5


class Rounds:
    """A thread that does one thing every so many seconds, whatever becomes of it; ends with the process."""

    def __init__(self, name: str, every: float, act: Callable[[], object]) -> None:
        self._every, self._act = every, act
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait: float) -> None:
        """Begin nothing more; what is under way has `wait` seconds."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(wait)

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._act()
            except Exception as error:
                # It has to outlive any fault of one round. The type alone: an exception's words may hold an address.
                log.error("%s failed: %s", threading.current_thread().name, type(error).__name__)


class Watch:
    """The rounds of one worker. `wake` stirs the engine; any number of workers share what is done once."""

    def __init__(
        self, installation: Installation, wake: Callable[[], None], *, clock: Callable[[], datetime] = utcnow
    ) -> None:
        self.installation, self.wake, self.clock = installation, wake, clock
        self.settings = installation.settings
        self.grace = timedelta(seconds=self.settings.audit_grace)
        self._memory = auditor.Memory(self.grace)
        self._audited: set[str] | None = None
        self._stopping = threading.Event()
        self._rounds = self._all_rounds()

    def _all_rounds(self) -> list[Rounds]:
        if self.settings.demo:
            return []
        rounds = [
            Rounds("auditor", min(AUDITS, self.settings.audit_grace), self.audit),
            Rounds("readiness", LOOKS, self.look),
            Rounds("drills", PLANS, self.drill),
            Rounds("canary", PLANS, self.fly),
        ]
        if self.settings.watchdog_url:
            rounds.append(Rounds("watchdog", self.settings.watchdog_every, self.ping))
        return rounds

    def start(self) -> None:
        """Begin the rounds; the demo, which sends nothing, has none."""
        for each in self._rounds:
            each.start()

    def stop(self, wait: float = 2.0) -> None:
        """End them. One that hangs in a network call is left; it ends with the process."""
        self._stopping.set()
        for each in self._rounds:
            each.stop(wait / max(len(self._rounds), 1))

    def before(self) -> None:
        """Where nothing runs for long: what comes before the engine's one pass."""
        if not self.settings.demo:
            self.drill()

    def after(self) -> None:
        """And what comes after it. What it has to tell goes out with the next one."""
        if self.settings.demo:
            return
        self.audit()
        self.look()
        if self.settings.watchdog_url:
            self.ping()

    def audit(self) -> list[Fault]:
        """Look for what was left lying, and stir the engine for it; what stays is kept in the history."""
        store, now = self.installation.store, self.clock()
        with store.reading() as session:
            found = auditor.audit(session, grace=self.grace, now=now)
        if not writable(store):
            found.append(Fault(auditor.UNWRITABLE, mend=Mend.SERVER, grave=True))
        for fault in found:
            log.error("auditor: %s", fault.words())
        if found:
            # It rings nobody itself: two that ring would be two that decide. It only sees that the first one looks.
            self.wake()
        settled = self._memory.settled(found, now=now)
        keys = {fault.key for fault in settled}
        if keys != self._audited:
            with store.writing() as session:
                keep(session, the_organisation(session), Source.AUDIT, settled, now=now)
            self._audited = keys
        return found

    def ping(self) -> None:
        """Tell the outside watcher that all is well, if it is. What cannot be read or written is not well."""
        store, now, well = self.installation.store, self.clock(), False
        try:
            with store.writing() as session:
                every = timedelta(seconds=self.settings.watchdog_every)
                mine = watchdog.take_turn(session, the_organisation(session), every=every, now=now)
            if not mine:
                return
            with store.reading() as session:
                organisation, reachable = the_organisation(session), self.installation.reachable
                well = auditor.all_well(session, organisation, reachable=reachable, grace=self.grace, now=now)
        except SQLAlchemyError as error:
            log.error("watchdog: the database does not answer (%s)", type(error).__name__)
        outcome = watchdog.HELD_BACK
        if well or self.settings.watchdog_fail:
            outcome = watchdog.ping(self.settings.watchdog_url, fail=not well, timeout=self.settings.watchdog_timeout)
        if outcome.verdict is not Verdict.ACCEPTED:
            log.warning("watchdog: %s", outcome.detail)
        with store.writing() as session:
            watchdog.note(session, the_organisation(session), outcome, well=well, now=now)

    def look(self) -> None:
        """Find what is red, tonight and in the days to come, and keep when it began and ended."""
        now, reachable = self.clock(), self.installation.reachable
        with self.installation.store.reading() as session:
            organisation = the_organisation(session)
            if organisation.set_up_at is None:
                return
            reds = list(readiness(session, organisation, reachable=reachable, now=now).faults)
            on = on_duty(session, organisation, now=now)
            reds += coverage(session, organisation, now, DAYS * 24, on, reachable=reachable, now=now).faults
            reds += empty_steps(session, organisation, now=now) + missed_people(session, organisation, now=now)
            reds += no_decider(session, organisation, now=now)
            news = lapsing.untold(session, organisation, now=now)
        with self.installation.store.writing() as session:
            keep(session, the_organisation(session), Source.READINESS, reds, now=now)
            if news:
                lapsing.warn(session, the_organisation(session), now=now)

    def drill(self) -> None:
        """Plan the drills that are due to be planned, and begin those whose minute has come."""
        now = self.clock()
        with self.installation.store.writing() as session:
            organisation = the_organisation(session)
            days = (value_of(session, drills.SETTING) or {}).get("every_days")
            every = timedelta(days=days) if days else None
            people = ladder(session, organisation.id, now=now).people if every else []
            drills.plan(session, organisation, people, every=every, now=now)
            if every is not None:
                drills.begin_due(session, organisation, every=every, now=now)

    def fly(self) -> None:
        """Plan the next night's canary, and see the one through whose minute has come."""
        house, now = self.installation, self.clock()
        with house.store.writing() as session:
            organisation = the_organisation(session)
            for lost in canary.left_behind(session, organisation.id, now=now):
                through = canary.clear if canary.follow(session, lost.id) else canary.give_up
                through(session, lost.id, targets=house.targets, now=now)
            if not self.settings.canary:
                canary.forget_planned(session)
                return
            if organisation.set_up_at is not None:
                canary.plan(session, organisation, now=now)
            due = canary.due(session, organisation.id, now=now)
            if due is None:
                return
            lasts = timedelta(seconds=self.settings.canary_within)
            token = tokens.issue(due, keyring=house.keyring, lasts=lasts, now=now)
            canary_id, address = due.id, house.public_address(organisation)
        self._see_through(canary_id, token, address, until=now + lasts)

    def _see_through(self, canary_id: int, token: str, address: str, *, until: datetime) -> None:
        house = self.installation
        sent = trip.send(token, public_address=address, settings=self.settings)
        with house.store.writing() as session:
            session.get_one(tokens.Canary, canary_id).through = sent.through
        taken = sent.outcome.verdict is Verdict.ACCEPTED
        arrived, problem = taken and self._follow(canary_id, until), None if taken else sent.outcome.kept
        if self._stopping.is_set() and taken and not arrived:
            return  # the next worker sees to it
        with house.store.writing() as session:
            if arrived:
                canary.clear(session, canary_id, targets=house.targets, now=self.clock())
            else:
                canary.give_up(session, canary_id, problem=problem, targets=house.targets, now=self.clock())

    def _follow(self, canary_id: int, until: datetime) -> bool:
        """Whether the canary is settled in time, or before this worker stops."""
        while True:
            with self.installation.store.writing() as session:
                if canary.follow(session, canary_id):
                    return True
            if self.clock() >= until or self._stopping.wait(FOLLOWS):
                return False
