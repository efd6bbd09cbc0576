"""The engine: one thread that turns bells into pages, pages into deliveries, and hands these to the channels.

The only module of this package that commits. A commit that wrote a bell wakes it; a tick every few seconds is
the net under it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from sqlalchemy import String, bindparam, delete, exists, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents import deadlines, parking
from incidents.incident import Incident
from incidents.keyring import Keyring
from incidents.law.clock import utcnow
from incidents.obligations import OPEN, Obligation
from incidents.orm import Base, UTCDateTime
from incidents.people import Person
from incidents.store import Store, is_postgresql
from incidents.timeline import Bell
from incidents.undecided import tell_undecided
from notifications import delivery, paging, reach
from notifications.channels import Channel, ChannelKind, Message, Outcome, Target, Verdict, channel_name
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.hearing import hear
from notifications.messages import Wording, build
from notifications.page import Page, hold_page, last_entry
from notifications.policy import Waits

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=10)
BATCH = 200
IN_FLIGHT = 12
"""So many messages that are no rings one worker has under way at most."""

PUT_OFF = timedelta(minutes=1)
"""How long a row that cannot be handled waits, so that it does not hold up the others."""

REST = timedelta(milliseconds=100)
"""How long the engine rests in a flood, after a pass in which reports only joined a page that rings already."""

FORGOTTEN = timedelta(days=1)
"""A worker that has not ticked for this long is gone for good."""

_DECIDING = 7_246_002  # any fixed number: the PostgreSQL advisory lock of the one engine that decides


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


class Due(NamedTuple):
    """What a tick would find to do."""

    beat: bool
    bells: bool
    pages: bool
    deliveries: bool
    hanging: bool
    deadlines: bool
    parked: bool


@dataclass(frozen=True)
class Job:
    """One claimed delivery with its message, ready to be sent outside any transaction.

    `page_id` is set for a ring, which speaks of the page's entries up to `through_entry_id`.
    """

    delivery_id: int
    page_id: int | None
    through_entry_id: int
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
        self._flood = False
        self._guard = threading.Lock()
        self._under_way = 0
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
            self.wake()
            try:
                self.catch_up()
            except Exception:
                # A loop that must survive: the next tick tries again.
                log.exception("a tick failed")
                self._stopping.wait(0.5)
                self.wake()

    def catch_up(self) -> None:
        """Tick until nothing more is due that has woken it."""
        while self._woken.is_set() and not self._stopping.is_set():
            self._woken.clear()
            while self.tick(self.clock()):
                pass
            if self._flood:
                # What comes now joins a page that rings already: many at once cost little more than one.
                self._stopping.wait(REST.total_seconds())

    def tick(self, now: datetime) -> bool:
        """One pass over all that is due. True when a full batch was found, so that more may wait."""
        self._flood = False
        due = self._due(now)
        if not any(due):
            return False
        try:
            jobs, more = self._pass(now, due, careful=False)
        except Exception:
            log.exception("a pass failed; each row is tried alone")
            jobs, more = self._pass(now, due, careful=True)
        for job in jobs:
            if job.page_id is None:
                self._count(+1)
            self.senders.submit(job.channel, partial(self._send_counted, job))
        return more

    def _due(self, now: datetime) -> Due:
        beat = self._beaten_at is None or now - self._beaten_at >= BEAT
        with self.store.reading() as session:
            row = session.connection().execute(_DUE, {"now": now, "hung": now - reach.HANGS}).one()
        bells, pages, rings, others, hanging, deadlines, parked = map(bool, row)
        deliveries = rings or (others and self._room() > 0)
        return Due(beat, bells, pages, deliveries, hanging, deadlines, parked)

    def _pass(self, now: datetime, due: Due, *, careful: bool) -> tuple[list[Job], bool]:
        struck = self._strike(now, careful=careful) if due.deadlines or due.parked else 0
        jobs: list[Job] = []
        claimed = 0
        with self.store.writing() as session:
            if is_postgresql(session):
                # One engine at a time decides; many may send. No row is locked, so that no report waits for this.
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _DECIDING})
            beat_at = self._beat(session, now)
            heard = hear(session, limit=BATCH, careful=careful, put_off=PUT_OFF, now=now)
            # Before anything rings: it waits for pages, and must hold no timeline meanwhile.
            for row in reach.hanging(session, now=now) if due.hanging else ():
                reach.cover(session, row, now=now)
            # Held until the end, so that the messages made of them need not load them again.
            pages = self._ring(session, now, careful=careful) if heard.stirred or due.pages or due.hanging else []
            if heard.stirred or pages or due.deliveries or due.hanging:
                jobs, claimed = self._claim(session, now, careful=careful)
        self._beaten_at = beat_at
        self._flood = heard.folded > 0 and not heard.stirred
        return jobs, bool(struck or BATCH in (heard.count, len(pages), claimed))

    def _strike(self, now: datetime, *, careful: bool) -> int:
        """In a transaction of its own: it locks incidents as the verbs do, and must hold no page meanwhile."""
        with self.store.writing() as session:
            return (
                deadlines.strike(session, now=now, careful=careful)
                + parking.end_parking(session, now=now)
                + tell_undecided(session, now=now)
            )

    def _beat(self, session: Session, now: datetime) -> datetime:
        if self._beaten_at is not None and now - self._beaten_at < BEAT:
            return self._beaten_at
        row = session.scalars(select(Heartbeat).where(Heartbeat.worker == self.worker)).first()
        if row is None:
            session.execute(delete(Heartbeat).where(Heartbeat.beat_at < now - FORGOTTEN))
            session.add(Heartbeat(worker=self.worker, started_at=now, beat_at=now))
        else:
            row.beat_at = now
        return now

    def _ring(self, session: Session, now: datetime, *, careful: bool) -> Sequence[Page]:
        pages = paging.due_pages(session, limit=BATCH, now=now)
        for page in pages:
            if not careful:
                paging.ring(session, page, waits=self.setup.waits, now=now)
                continue
            try:
                with session.begin_nested():
                    paging.ring(session, page, waits=self.setup.waits, now=now)
            except Exception:
                log.exception("page %s could not ring; it is tried again in a minute", page.id)
                page.ring_at = now + PUT_OFF
        return pages

    def _claim(self, session: Session, now: datetime, *, careful: bool) -> tuple[list[Job], int]:
        jobs = []
        room = self._room()
        rows = delivery.claim(session, self.worker, waits=self.setup.waits, limit=BATCH, others=room, now=now)
        for row in rows:
            if not careful:
                jobs.append(self._job(session, row, now))
                continue
            try:
                with session.begin_nested():
                    jobs.append(self._job(session, row, now))
            except Exception:
                log.exception("delivery %s cannot be made into a message; it is tried again in a minute", row.id)
                delivery.put_off(session, row, PUT_OFF, now=now)
        session.flush()
        return [job for job in jobs if job is not None], len(rows)

    def _job(self, session: Session, row: Delivery, now: datetime) -> Job | None:
        """A claimed delivery with its message; None when no channel is there and it goes on the screen."""
        if row.purpose is Purpose.RING and row.page_id is not None:
            # It speaks of what has joined its page since it was queued, too.
            row.through_entry_id = last_entry(session, row.page_id)
        if not self.setup.reachable(session, row.contact.channel):
            row.state, row.claimed_by, row.claimed_until = DeliveryState.ON_SCREEN, None, None
            return None
        target = Target(row.contact.channel, row.contact.address(self.keyring))
        wording = self.setup.wording(session, row.person)
        assert row.claimed_until is not None
        return Job(
            delivery_id=row.id,
            page_id=row.page_id if row.purpose is Purpose.RING else None,
            through_entry_id=row.through_entry_id or 0,
            channel=channel_name(target),
            target=target,
            message=build(session, row, keyring=self.keyring, wording=wording, now=now),
            claimed_until=row.claimed_until,
        )

    def _room(self) -> int:
        """How many messages that are no rings may be taken on now.

        Few at a time: a ring never waits behind hundreds of them, and other workers get their share.
        """
        with self._guard:
            return IN_FLIGHT - self._under_way if self._under_way <= IN_FLIGHT // 2 else 0

    def _count(self, step: int) -> None:
        with self._guard:
            self._under_way += step

    @property
    def busy(self) -> bool:
        """Whether it was woken, or messages that are no rings are on their way."""
        with self._guard:
            return self._under_way > 0 or self._woken.is_set()

    def _send_counted(self, job: Job, channel: Channel) -> None:
        try:
            self.send(job, channel)
        finally:
            if job.page_id is None:
                self._count(-1)
                self.wake()

    def send(self, job: Job, channel: Channel) -> None:
        """Send one claimed delivery and write back what became of it. Runs in the channel's thread."""
        now = self.clock()
        unsent = self._why_not(job, now)
        if unsent is _CLAIM_LOST:
            return
        if unsent is not None:
            with self.store.writing() as session:
                delivery.release(session, job.delivery_id, self.worker, unsent, now=now)
            self.wake()
            return
        outcome = channel.send(job.target, job.message)
        now = self.clock()
        with self.store.writing() as session:
            # A page before its deliveries, as everywhere.
            page = hold_page(session, job.page_id) if job.page_id is not None else None
            row = delivery.settle(session, job.delivery_id, self.worker, outcome, waits=self.setup.waits, now=now)
            if row is not None and page is not None:
                if outcome.verdict is Verdict.ACCEPTED:
                    paging.rang(session, page, through_entry_id=job.through_entry_id, now=now)
                else:
                    reach.cover(session, row, now=now)
            elif row is not None:
                reach.tell_again(session, row, now=now)
        self.wake()

    def _why_not(self, job: Job, now: datetime) -> DeliveryState | None:
        """What becomes of a delivery that is not sent now, because its claim was lost, or it waited too long behind
        others to be sent before the claim ends, or somebody has the page, or has it no more; None when it is sent.
        """
        with self.store.reading() as session:
            held = session.connection().execute(_CLAIM, {"delivery_id": job.delivery_id}).one_or_none()
        if held is None or (held.claimed_by, held.claimed_until) != (self.worker, job.claimed_until):
            return _CLAIM_LOST
        quiet = held.ended_at or (held.quiet_until and held.quiet_until > now)
        if (job.page_id is not None and quiet) or (held.purpose is Purpose.CLEAR and not quiet):
            return DeliveryState.CANCELLED
        if job.claimed_until - now < self.setup.waits.lease / 2:
            return DeliveryState.QUEUED
        return None


_CLAIM = (
    select(Delivery.claimed_by, Delivery.claimed_until, Delivery.purpose, Page.ended_at, Page.quiet_until)
    .outerjoin(Page, Page.id == Delivery.page_id)
    .where(Delivery.id == bindparam("delivery_id"))
)

_CLAIM_LOST = DeliveryState.SENDING
"""Somebody else sends it, or has sent it."""


_NOW = bindparam("now", type_=UTCDateTime())
_DUE = select(
    exists().where(or_(Bell.not_before.is_(None), Bell.not_before <= _NOW)),
    exists().where(Page.ended_at.is_(None), Page.ring_at <= _NOW),
    *(
        or_(
            exists().where(Delivery.state == DeliveryState.QUEUED, Delivery.due_at <= _NOW, which),
            exists().where(Delivery.state == DeliveryState.SENDING, Delivery.claimed_until < _NOW, which),
        )
        for which in (Delivery.purpose == Purpose.RING, Delivery.purpose != Purpose.RING)
    ),
    exists().where(
        Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
        Delivery.purpose == Purpose.RING,
        Delivery.covered_at.is_(None),
        Delivery.queued_at <= bindparam("hung", type_=UTCDateTime()),
    ),
    exists().where(Obligation.standing.in_(OPEN), Obligation.next_warning_at <= _NOW),
    exists().where(or_(Incident.parked_until <= _NOW, Incident.awareness_asked_at <= _NOW)),
)


__all__ = ["Engine", "Heartbeat", "Job", "Outcome", "Setup"]
