"""The engine: one thread that turns bells into pages, pages into deliveries, and hands these to the channels.

The only module of this package that commits. A commit that wrote a bell wakes it; a tick every few seconds is
the net under it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import String, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents import obligations
from incidents.incident import Incident
from incidents.keyring import Keyring
from incidents.law.clock import utcnow
from incidents.organisation import Organisation
from incidents.orm import Base
from incidents.people import Person, Role, holders
from incidents.store import Store, is_postgresql
from incidents.timeline import Bell, Entry
from notifications import delivery, paging
from notifications.channels import Channel, ChannelKind, Message, Outcome, Target, Verdict, channel_name
from notifications.contact import contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.messages import Wording, build
from notifications.paging import Page, PageEntry
from notifications.policy import Waits
from notifications.rules import Loudness, Whom, rule_for

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=10)
BATCH = 200


class Heartbeat(Base):
    """When a worker last ticked; `started_at` is when it came up."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]


class Sending(Protocol):
    """What the engine needs of `senders.Senders`."""

    def submit(self, channel_name: str, job: Callable[[Channel], None]) -> None: ...

    def pending(self, channel_name: str) -> int: ...


@dataclass(frozen=True)
class Setup:
    """What `app` hands in. `reachable` says whether a kind of channel is configured at all."""

    waits: Waits
    wording: Callable[[Session, Person | None], Wording]
    reachable: Callable[[Session, ChannelKind], bool]


@dataclass(frozen=True)
class Job:
    """One claimed delivery with its message, ready to be sent outside any transaction."""

    delivery_id: int
    page_id: int | None
    rings: bool
    channel: str
    target: Target
    message: Message
    claimed_until: datetime


class Engine:
    """Ticks when woken. Any number may run on PostgreSQL, one on an SQLite file."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        setup: Setup,
        senders: Sending,
        *,
        clock: Callable[[], datetime] = utcnow,
        worker: str | None = None,
    ) -> None:
        self.store, self.keyring, self.setup, self.senders, self.clock = store, keyring, setup, senders, clock
        self.worker = worker or f"w{secrets.token_hex(6)}"
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._beaten_at: datetime | None = None
        store.on_bell(self.wake)

    def wake(self) -> None:
        """Tick now. Cheap, from any thread, any number of times."""
        self._woken.set()

    def start(self) -> None:
        """Begin ticking in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        self.wake()

    def stop(self, wait: float = 5.0) -> None:
        """Finish the tick at hand and end. `wait` is in seconds."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(wait)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait()
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                while self.tick(self.clock()):
                    pass
            except Exception:
                # A loop that must survive: the next tick tries again.
                log.exception("a tick failed")
                self._stopping.wait(0.5)
                self.wake()

    def tick(self, now: datetime) -> bool:
        """One pass over all that is due. True when a full batch was found, so that more may wait."""
        with self.store.reading() as session:
            if not self._anything_due(session, now):
                return False
        try:
            jobs, more = self._pass(now, careful=False)
        except Exception:
            log.exception("a pass failed; each row is tried alone")
            jobs, more = self._pass(now, careful=True)
        for job in jobs:
            self.senders.submit(job.channel, partial(self.send, job))
        return more

    def _anything_due(self, session: Session, now: datetime) -> bool:
        if self._beaten_at is None or now - self._beaten_at >= BEAT:
            return True
        ripe = or_(Bell.not_before.is_(None), Bell.not_before <= now)
        return bool(
            session.scalar(
                select(
                    or_(
                        exists().where(ripe),
                        exists().where(Page.ended_at.is_(None), Page.ring_at <= now),
                        exists().where(Delivery.state == DeliveryState.QUEUED, Delivery.due_at <= now),
                        exists().where(Delivery.state == DeliveryState.SENDING, Delivery.claimed_until < now),
                        exists().where(
                            obligations.Obligation.standing.in_(obligations.OPEN),
                            obligations.Obligation.next_warning_at <= now,
                        ),
                    )
                )
            )
        )

    def _pass(self, now: datetime, *, careful: bool) -> tuple[list[Job], bool]:
        with self.store.writing() as session:
            if is_postgresql(session):
                # One engine at a time decides; many may send.
                session.scalars(select(Organisation.id).order_by(Organisation.id).with_for_update()).all()
            self._beat(session, now)
            struck = obligations.strike(session, now=now)
            heard = self._hear(session, now, careful=careful)
            for page in paging.due_pages(session, now=now):
                paging.ring(session, page, waits=self.setup.waits, now=now)
            jobs = self._claim(session, now)
        return jobs, bool(struck or heard >= BATCH or len(jobs) >= BATCH)

    def _beat(self, session: Session, now: datetime) -> None:
        if self._beaten_at is not None and now - self._beaten_at < BEAT:
            return
        row = session.scalars(select(Heartbeat).where(Heartbeat.worker == self.worker)).first()
        if row is None:
            session.add(Heartbeat(worker=self.worker, started_at=now, beat_at=now))
        else:
            row.beat_at = now
        self._beaten_at = now

    def _hear(self, session: Session, now: datetime, *, careful: bool) -> int:
        bells = session.scalars(
            select(Bell)
            .where(or_(Bell.not_before.is_(None), Bell.not_before <= now))
            .order_by(Bell.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for bell in bells:
            if not careful:
                self._answer(session, bell, now)
                continue
            try:
                with session.begin_nested():
                    self._answer(session, bell, now)
            except Exception:
                log.exception("entry %s could not be handled; it is tried again in a minute", bell.entry_id)
                bell.not_before = now + timedelta(minutes=1)
        session.flush()
        return len(bells)

    def _answer(self, session: Session, bell: Bell, now: datetime) -> None:
        """Do what the table says about one entry, and take its bell away in the same transaction."""
        entry = bell.entry
        rule = rule_for(entry)
        if rule.first_step and entry.person_id is not None:
            paging.first_step_taken(session, entry, now=now)
        if rule.loudness is Loudness.PAGE:
            paging.ring_for(session, entry, now=now)
        elif rule.loudness is Loudness.TELL and rule.whom is not None:
            self._tell(session, entry, rule.whom, now)
        session.delete(bell)
        session.flush()

    def _tell(self, session: Session, entry: Entry, whom: Whom, now: datetime) -> None:
        for person in _told(session, entry, whom):
            contacts = contacts_of(session, person.id)
            if contacts:
                delivery.queue(session, contacts[0], Purpose.TELL, entry_id=entry.id, now=now)

    def _claim(self, session: Session, now: datetime) -> list[Job]:
        jobs = []
        for claimed in delivery.claim(session, self.worker, waits=self.setup.waits, limit=BATCH, now=now):
            kind = claimed.contact.channel
            if not self.setup.reachable(session, kind):
                claimed.state, claimed.claimed_by, claimed.claimed_until = DeliveryState.ON_SCREEN, None, None
                continue
            target = Target(kind, claimed.contact.address(self.keyring))
            wording = self.setup.wording(session, claimed.person)
            assert claimed.claimed_until is not None
            jobs.append(
                Job(
                    delivery_id=claimed.id,
                    page_id=claimed.page_id,
                    rings=claimed.purpose is Purpose.RING,
                    channel=channel_name(target),
                    target=target,
                    message=build(session, claimed, keyring=self.keyring, wording=wording, now=now),
                    claimed_until=claimed.claimed_until,
                )
            )
        session.flush()
        return jobs

    def send(self, job: Job, channel: Channel) -> None:
        """Send one claimed delivery and write back what became of it. Runs in the channel's thread."""
        now = self.clock()
        if now >= job.claimed_until:
            return  # it waited too long behind others; whoever claims it next sends it
        if job.rings and job.page_id is not None and self._taken(job.page_id, now):
            outcome = None
        else:
            outcome = channel.send(job.target, job.message)
        now = self.clock()
        with self.store.writing() as session:
            if outcome is None:
                _withdraw(session, job.delivery_id, self.worker)
                return
            row = delivery.settle(session, job.delivery_id, self.worker, outcome, waits=self.setup.waits, now=now)
            if row is not None and job.rings and outcome.verdict is Verdict.ACCEPTED and row.page_id is not None:
                paging.rang(session, row.page_id, now=now)
        self.wake()

    def _taken(self, page_id: int, now: datetime) -> bool:
        with self.store.reading() as session:
            page = session.get(Page, page_id)
            return page is None or page.ended_at is not None or paging.holder(page, now=now) is not None


def _told(session: Session, entry: Entry, whom: Whom) -> list[Person]:
    """Who hears of an entry that does not page; the author is not told of their own act."""
    incident = session.get(Incident, entry.incident_id) if entry.incident_id else None
    if whom is Whom.OTHERS_RUNG:
        pages = select(PageEntry.page_id).where(PageEntry.incident_id == entry.incident_id)
        rung = select(Delivery.person_id).where(Delivery.purpose == Purpose.RING, Delivery.page_id.in_(pages))
        people = list(session.scalars(select(Person).where(Person.id.in_(rung)).order_by(Person.id)))
    elif whom is Whom.HANDLER and incident is not None and incident.handler and incident.handler.left_at is None:
        people = [incident.handler]
    else:
        people = holders(session, entry.organisation_id, Role.DPO) or holders(
            session, entry.organisation_id, Role.DEPUTY
        )
    return [person for person in people if person.id != entry.person_id]


def _withdraw(session: Session, delivery_id: int, worker: str) -> None:
    """Somebody took the page while this ring waited for its turn."""
    row = session.get(Delivery, delivery_id)
    if row is not None and row.claimed_by == worker:
        row.state, row.claimed_by, row.claimed_until = DeliveryState.CANCELLED, None, None


__all__ = ["Engine", "Heartbeat", "Job", "Outcome", "Setup"]
