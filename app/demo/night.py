"""A year that passes in a moment: the engine ticks with a moved clock, and a phone keeps what is sent to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count, cycle

from sqlalchemy.orm import Session

from app.demo.acts import Scene, Story
from app.installation import Installation
from incidents import intake, triage
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.timeline import person_as_actor
from incidents.words import N_
from notifications import links, taking
from notifications.channels import Channel, Message, Outcome, Target, Verdict
from notifications.due import next_due_at
from notifications.engine import Engine, Setup
from notifications.messages import signed
from notifications.page import Page
from notifications.ringing import ringing

SLOWEST = 18
TAKEN_AFTER = (4, 7, 2, 11, 5, SLOWEST, 3, 6)
"""Minutes until somebody takes a page; at the slowest the deputy has been rung."""

FIRST_STEP_AFTER = timedelta(minutes=10)
RECENT = timedelta(minutes=30)


class Phone:
    """The only way out of the demo: it takes every message and hands nothing on."""

    name = "demo"

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = {}

    def send(self, target: Target, message: Message) -> Outcome:
        self.keys.setdefault(target.address, []).append(message.key)
        return Outcome.because(Verdict.ACCEPTED, N_("Demo: kept here, sent to nobody."))

    def latest(self, address: str) -> list[str]:
        """The last messages to an address, newest first."""
        return self.keys.get(address, [])[:-20:-1]

    def check(self) -> Outcome:
        return Outcome.because(Verdict.ACCEPTED, N_("Demo: kept here, sent to nobody."))

    def close(self) -> None:
        """Nothing is open."""

    def submit(self, channel_name: str, job: Callable[[Channel], None]) -> None:
        """Deliver at once, in the ticking thread: here nothing is slow."""
        job(self)

    def pending(self, channel_name: str) -> int:
        return 0


class Night:
    """Tells stories in the order in which they happened, while the engine does its part between them."""

    def __init__(self, installation: Installation, people: Mapping[str, int], *, now: datetime) -> None:
        self.installation, self.people, self.until = installation, people, now
        self.at = now
        self.phone = Phone()
        self.codes: list[tuple[str, str]] = []
        setup = Setup(installation.settings.waits, installation.wording, reachable=lambda _session, _kind: True)
        self._engine = Engine(
            installation.store, installation.keyring, setup, self.phone, clock=lambda: self.at, worker="demo"
        )
        self._acts: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._heard: set[tuple[int, int]] = set()
        self._delays = cycle(TAKEN_AFTER)

    def prove_ways(self, at: datetime) -> None:
        """Everybody who was sent a test page acknowledges it."""
        self.at = at
        self._tick()
        with self.installation.store.writing() as session:
            for keys in self.phone.keys.values():
                for key in keys:
                    shown = self._opened(session, key)
                    if shown is not None and shown.page is None:
                        links.prove_contact(session, shown.delivery.id, now=at)

    def tell(self, story: Story) -> None:
        """Plan a story. What lies after the present never happens."""
        self._plan(self.until - story.ago, partial(self._report, story))

    def pass_by(self) -> None:
        """Let the time pass until now, from one thing that happens or falls due to the next."""
        while (at := self._next()) is not None and at <= self.until:
            self.at = max(self.at, at)
            if self._acts and self._acts[0][0] <= self.at:
                heappop(self._acts)[2]()
            self._tick()
        self.at = self.until
        self._tick()

    def _next(self) -> datetime | None:
        with self.installation.store.reading() as session:
            due = next_due_at(session)
        planned = self._acts[0][0] if self._acts else None
        return min((at for at in (due, planned) if at is not None), default=None)

    def _plan(self, at: datetime, act: Callable[[], object]) -> None:
        heappush(self._acts, (at, next(self._order), act))

    def _tick(self) -> None:
        while self._engine.tick(self.at):
            pass
        self._engine.tick(self.at)  # what the messages just sent have left behind
        self._hear()

    def _hear(self) -> None:
        """Whoever is on call takes each page that rings, after a while."""
        with self.installation.store.reading() as session:
            dana = session.get_one(Person, self.people["dana"])
            fresh = [one.page for one in ringing(session, dana, now=self.at)]
            keys = [(page.id, page.round) for page in fresh if (page.id, page.round) not in self._heard]
        for key in keys:
            self._heard.add(key)
            minutes = TAKEN_AFTER[0] if self.until - self.at < RECENT else next(self._delays)
            taker = "tariq" if minutes >= SLOWEST else "dana"
            self._plan(self.at + timedelta(minutes=minutes), partial(self._take, key[0], taker))

    def _take(self, page_id: int, taker: str) -> None:
        with self.installation.store.writing() as session:
            page = session.get_one(Page, page_id)
            if page.ended_at is not None or page.quiet_until is not None:
                return
            incidents = {row.incident_id for row in page.entries if row.incident_id}
            self._acknowledge(session, page, taker)
        for incident_id in sorted(incidents):
            self._plan(self.at + FIRST_STEP_AFTER, partial(self._look, page_id, incident_id, taker))

    def _acknowledge(self, session: Session, page: Page, taker: str) -> None:
        """By the link on the phone; every third time signed in, without it."""
        person, waits = session.get_one(Person, self.people[taker]), self.installation.settings.waits
        opened = (self._opened(session, key) for key in self.phone.latest(person.email))
        link = next((shown for shown in opened if shown is not None and shown.page is page), None)
        through = max(row.entry_id for row in page.entries)
        if link is None or page.id % 3 == 0:
            taking.acknowledge(
                session, page.id, person=person, through_entry_id=through, by_link=None, waits=waits, now=self.at
            )
        else:
            links.acknowledge_by_link(session, link.delivery.id, through_entry_id=through, waits=waits, now=self.at)

    def _look(self, page_id: int, incident_id: int, taker: str) -> None:
        with self.installation.store.writing() as session:
            if session.get_one(Page, page_id).ended_at is None:
                triage.look_at(session, incident_id, by=person_as_actor(self.people[taker]), now=self.at)

    def _opened(self, session: Session, key: str) -> links.Shown | None:
        keyring = self.installation.keyring
        return links.open_link(session, signed(keyring, key), keyring=keyring, now=self.at)

    def _report(self, story: Story) -> None:
        house = self.installation
        with house.store.writing() as session:
            receipt = intake.receive(
                session,
                the_organisation(session),
                story.told,
                keyring=house.keyring,
                targets=house.targets,
                arrival=story.arrival(self.people, self.at),
                now=self.at,
            )
            keys = receipt.report.incident_id, receipt.report.id
        if story.kept:
            self.codes.append((receipt.code, story.kept))
        for after, act in story.acts:
            self._plan(self.at + after, partial(self._play, act, keys, self.at))

    def _play(self, act: Callable[[Scene], object], keys: tuple[int, int], opened_at: datetime) -> None:
        with self.installation.store.writing() as session:
            act(Scene(self.installation, session, self.people, *keys, opened_at=opened_at, now=self.at))
