"""A night on a moved clock: report, wait, expect a ring, acknowledge, expect silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.installation import Installation
from incidents import accounts
from incidents.incident import Incident
from incidents.intake import Receipt
from incidents.obligations import Obligation
from incidents.people import Person
from incidents.report import Report
from incidents.timeline import SYSTEM, Bell, Entry, Kind
from notifications import contact, links, reach
from notifications.channels import Channel, ChannelKind, Message, Outcome, Target, Verdict
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.engine import Engine, Setup
from notifications.page import Acknowledgement, Page, last_entry
from notifications.policy import Waits
from tests.makers import make_report

DOWN = Outcome(Verdict.TRY_AGAIN, "Nobody answers.")
GONE = Outcome(Verdict.NEVER, "There is no such number.")
TAKEN_IN = Outcome.because(Verdict.ACCEPTED, "Accepted by %(service)s.", {"service": "a.example"})


@dataclass(frozen=True)
class Ring:
    """One message that reached a phone."""

    at: datetime
    who: str
    message: Message
    over: ChannelKind = ChannelKind.EMAIL


@dataclass
class Phone:
    """The edge of the world: everybody's phone, on one channel that can be down as a whole or for one person."""

    clock: Callable[[], datetime]
    name: str = "phone"
    answers: dict[str, Outcome] = field(default_factory=dict)
    rings: list[Ring] = field(default_factory=list)
    tries: int = 0

    def send(self, target: Target, message: Message) -> Outcome:
        self.tries += 1
        who = target.address.partition("@")[0]
        answer = self.answers.get(target.address) or self.answers.get(who) or self.answers.get("*") or TAKEN_IN
        if answer.verdict is Verdict.ACCEPTED:
            self.rings.append(Ring(self.clock(), who, message, target.channel))
        return answer

    def check(self) -> Outcome:
        return TAKEN_IN

    def close(self) -> None:
        """Nothing is kept open."""


class AtOnce:
    """Senders without threads: a job runs when it is handed over. Like the real ones it outlives a job that fails."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.failures: list[Exception] = []

    def submit(self, channel_name: str, job: Callable[[Channel], None]) -> None:
        try:
            job(self.channel)
        except Exception as error:
            self.failures.append(error)

    def pending(self, channel_name: str) -> int:
        return 0


class Night:
    """An installation at night. Time stands still until `wait`; whatever is due happens at its minute."""

    def __init__(self, installation: Installation, begins: datetime, waits: Waits | None = None) -> None:
        self.installation = installation
        self.begins = self.now = begins
        self.waits = waits or Waits()
        self.phone = Phone(lambda: self.now)
        self.senders = AtOnce(self.phone)
        setup = Setup(self.waits, installation.wording, lambda _session, _kind: True)
        self.engine = Engine(
            installation.store, installation.keyring, setup, self.senders, clock=lambda: self.now, worker="night"
        )

    # What people do.

    def report(self, what: str = "I lost a laptop", **told: Any) -> Receipt:
        """Somebody sends the public form."""
        receipt = make_report(self.installation, what, now=self.now, **told)
        self.engine.catch_up()
        return receipt

    def act(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A verb of the domain, in a transaction of its own; a report is loaded anew there."""
        with self.installation.store.writing() as session:
            loaded = [session.get_one(Report, arg.id) if isinstance(arg, Report) else arg for arg in args]
            made = verb(session, *loaded, now=self.now, **kwargs)
        self.engine.catch_up()
        return made

    def tap(self, who: str, *, shown: int | None = None, page_id: int | None = None) -> Acknowledgement:
        """A person presses the button behind the last link that rang; `shown` is the last entry that they saw."""
        with self.installation.store.writing() as session:
            query = select(Delivery).join(Person).where(Person.name == who.capitalize())
            query = query.where(Delivery.purpose == Purpose.RING, Delivery.accepted_at.is_not(None))
            if page_id is not None:
                query = query.where(Delivery.page_id == page_id)
            rang = session.scalars(query.order_by(Delivery.id.desc()).limit(1)).one()
            assert rang.page_id is not None
            through = last_entry(session, rang.page_id) if shown is None else shown
            taken = links.acknowledge_by_link(
                session, rang.id, through_entry_id=through, waits=self.waits, now=self.now
            )
        self.engine.catch_up()
        return taken

    # How time goes by.

    def wait(self, step: float = 60, **length: float) -> None:
        """Let time go by; the engine ticks when something is due, at most every `step` seconds."""
        ends, stride = self.now + timedelta(**length), timedelta(seconds=step)
        while self.now < ends:
            self.now = min(max(self.now + stride, self._next_due() or ends), ends)
            self.engine.wake()
            self.engine.catch_up()

    def _next_due(self) -> datetime | None:
        columns = (Page.ring_at, Delivery.due_at, Delivery.claimed_until, Obligation.next_warning_at, Bell.not_before)
        columns += (Incident.awareness_asked_at,)
        with self.installation.store.reading() as session:
            nearest = [session.scalar(select(func.min(column)).where(column > self.now)) for column in columns]
            waiting = select(func.min(Delivery.due_at)).where(Delivery.state == DeliveryState.QUEUED)
            parked = session.scalar(select(func.min(Incident.parked_until)))
            hung = [row.queued_at + reach.HANGS for row in reach.hanging(session, now=self.now + reach.HANGS)]
            nearest += [parked, *(at for at in hung if at > self.now)]
            late = [session.scalar(waiting), session.scalar(select(func.min(Page.ring_at)))]
        return min((at for at in (*nearest, *late) if at is not None), default=None)

    # What can be seen.

    def minutes(self, who: str, purpose: str = "ring", *, since: datetime | None = None) -> list[float]:
        """When a person was rung (or told), in minutes since `since` or since the night began."""
        return [
            (ring.at - (since or self.begins)) / timedelta(minutes=1)
            for ring in self.rings(who, purpose)
            if ring.at >= (since or self.begins)
        ]

    def ways(self, who: str) -> list[tuple[float, str]]:
        """When a person was rung or told anything, in minutes since the night began, and over which kind of way."""
        return [
            ((ring.at - self.begins) / timedelta(minutes=1), ring.over.value)
            for ring in self.phone.rings
            if ring.who == who
        ]

    def rings(self, who: str, purpose: str = "ring") -> list[Ring]:
        """What reached a person: pages, or with `tell` what only tells."""
        with self.installation.store.reading() as session:
            kinds = {row.token: row.purpose for row in session.execute(select(Delivery.token, Delivery.purpose))}
        return [ring for ring in self.phone.rings if ring.who == who and kinds[ring.message.key].value == purpose]

    def pages(self) -> list[Page]:
        """All pages, oldest first, each with its entries."""
        with self.installation.store.reading() as session:
            found = list(session.scalars(select(Page).order_by(Page.id)))
            for page in found:
                _ = page.entries, page.acknowledgements
            return found

    def entries(self, incident_id: int) -> list[Kind]:
        """The kinds of an incident's entries, in order."""
        with self.installation.store.reading() as session:
            return list(session.scalars(select(Entry.kind).where(Entry.incident_id == incident_id).order_by(Entry.seq)))

    def deliveries(self) -> list[Delivery]:
        """All deliveries in order."""
        with self.installation.store.reading() as session:
            return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def add_way(installation: Installation, who: str, address: str, *, proved: bool = True, now: datetime) -> None:
    """Give a person one more way that can wake them, such as `dana@phone`."""
    with installation.store.writing() as session:
        person = session.scalars(select(Person).where(Person.name == who.capitalize())).one()
        sealed = installation.keyring.seal(address)
        way = contact.add_contact(session, person, ChannelKind.APPRISE, address, sealed=sealed, by=SYSTEM, now=now)
        if proved:
            contact.verify(session, way, by=SYSTEM, now=now)


def leave(installation: Installation, *names: str, now: datetime) -> None:
    """These people leave."""
    with installation.store.writing() as session:
        for name in names:
            person = session.scalars(select(Person).where(Person.name == name.capitalize())).one()
            accounts.leave(session, person, by=SYSTEM, now=now)
