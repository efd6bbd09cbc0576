"""Who cannot be paged, and why: known by day, so that nobody learns it at night."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person
from incidents.store import Store
from incidents.words import N_
from incidents.words.enums import words_for
from notifications import canary
from notifications.channels import ChannelKind, said
from notifications.contact import Contact, contacts_of_all
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.engine import Heartbeat
from notifications.escalation import EscalationPolicy
from notifications.ladder import ladder
from notifications.mute import Mute
from notifications.page import Page

ENOUGH = 2
"""So many people must have proved that a page reaches them."""

STALE = timedelta(seconds=60)
"""An engine that has not ticked for this long is down."""


NO_MAIL = N_("cannot be reached: no mail server is set up. Set one in the settings.")
NO_PHONE = N_("cannot be reached: no phone gateway is set up. Set one in the settings, under Phones.")


class Mend(enum.Enum):
    """Where a fault is put right."""

    PEOPLE = "people"
    SETTINGS = "settings"
    SERVER = "server"
    WATCH = "watch"


@dataclass(frozen=True)
class Fault:
    """One plain cause; `person` is who cannot be paged by it, None when it concerns everybody.

    `person_id` is the key of that person. With a `grave` one a page would reach nobody now, or a report no page.
    """

    cause: str
    person: str | None = None
    params: dict[str, object] = field(default_factory=dict)
    person_id: int | None = None
    mend: Mend = Mend.PEOPLE
    failure: Mapping[str, Any] | None = None
    """What a channel said, as it was stored: `%(cause)s` of the sentence."""
    grave: bool = False

    @property
    def key(self) -> str:
        """The same for the same cause and person, whatever its figures."""
        digest = hashlib.sha256(self.cause.encode()).hexdigest()[:12]
        choices = "".join(f".{value.value}" for value in self.params.values() if isinstance(value, enum.Enum))
        return f"{digest}{choices}.{self.person_id or 0}"

    def words(self, translate: Callable[[str], str] = str) -> str:
        """The cause as a sentence."""
        sentence = translate(self.cause)
        params = {
            name: translate(words_for(value)) if isinstance(value, enum.Enum) else value
            for name, value in self.params.items()
        }
        if self.failure:
            params["cause"] = said(self.failure, translate)
        return sentence % params if params else sentence


@dataclass(frozen=True)
class Readiness:
    """`ready` people have proved that a page reaches them; `faults` is empty when all is well.

    `gaps` are steps of the escalation that nobody holds: a page passes over them at once, so they are worth
    knowing but no reason for red once two people are ready. `muted_until` is when a mute of a flood ends.
    """

    ready: int
    faults: tuple[Fault, ...]
    gaps: tuple[Fault, ...] = ()
    muted_until: datetime | None = None

    @property
    def red(self) -> bool:
        return self.ready < ENOUGH or bool(self.faults)

    @property
    def grave(self) -> bool:
        """Whether a page would reach nobody now, or a report no page."""
        return self.ready == 0 or any(fault.grave for fault in self.faults)


def readiness(
    session: Session,
    organisation: Organisation,
    *,
    reachable: Callable[[Session, ChannelKind], bool],
    now: datetime,
) -> Readiness:
    """Whether this installation could page somebody now."""
    faults: list[Fault] = []
    if organisation.set_up_at is None:
        unset = N_("Tocsin is not set up. Open the set-up link that was printed when it started.")
        faults.append(Fault(unset, mend=Mend.SERVER, grave=True))
    elif not organisation.public_address:
        no_address = N_("No public address is set, so pages would carry no link. Set it in the settings.")
        faults.append(Fault(no_address, mend=Mend.SETTINGS, grave=True))
    engine = _engine(session, organisation, now)
    last_beat_at, silent, missed = engine.last_beat_at, engine.silent, engine.missed
    faults += _beat_faults(None if last_beat_at is None else now - last_beat_at)
    rungs = ladder(session, organisation.id, shipped_only=not engine.policies, now=now)
    people = rungs.people
    unpageable = faults_of(session, people, reachable, now=now)
    faults += unpageable
    ready = len(people) - len(unpageable)
    gaps = [
        Fault(N_("Nobody holds the role %(role)s, so a page passes over it."), params={"role": role})
        for role in rungs.empty
    ]
    gaps += [
        Fault(N_("Step %(number)s of the escalation policy rings nobody now."), params={"number": number})
        for number in rungs.vacant
    ]
    if organisation.set_up_at is not None and ready < ENOUGH:
        faults += gaps
    if organisation.set_up_at is not None and len(people) < ENOUGH:
        faults.append(Fault(N_("Fewer than two people can be paged. Invite another one.")))
    if silent:
        silence = N_("Pages that ring nobody at all: %(number)s.")
        faults.append(Fault(silence, params={"number": silent}, grave=True))
    faults += _canary_faults(missed)
    return Readiness(ready, tuple(faults), tuple(gaps), engine.muted_until)


_ENGINE = select(
    select(func.max(Heartbeat.beat_at)).scalar_subquery(),
    select(func.count(Page.id))
    .where(Page.organisation_id == bindparam("organisation_id"), Page.ended_at.is_(None), Page.nobody_at.is_not(None))
    .scalar_subquery(),
    canary.missed_night(),
    select(func.count(EscalationPolicy.id))
    .where(EscalationPolicy.organisation_id == bindparam("organisation_id"))
    .scalar_subquery(),
    select(func.max(Mute.until))
    .where(Mute.organisation_id == bindparam("organisation_id"), Mute.until > bindparam("now"))
    .scalar_subquery(),
)


class _Engine(NamedTuple):
    """When a worker last ticked, how many pages ring nobody, which canary did not come through, how many escalation
    policies are set, and until when reports are muted.
    """

    last_beat_at: datetime | None
    silent: int
    missed: str | None
    policies: int
    muted_until: datetime | None


def _engine(session: Session, organisation: Organisation, now: datetime) -> _Engine:
    given = {"organisation_id": organisation.id, "now": now, "late": now - canary.LATE}
    return _Engine(*session.execute(_ENGINE, given).one())


def engine_faults(session: Session, *, now: datetime) -> list[Fault]:
    """Whether a worker ticks."""
    return _beat_faults(beat_age(session, now=now))


def _canary_faults(night: str | None) -> list[Fault]:
    """Whether the last canary came through: `night` is its date when it did not."""
    missed = N_("The nightly test report of %(night)s did not come through.")
    return [Fault(missed, params={"night": night}, mend=Mend.WATCH, grave=True)] if night else []


def _beat_faults(age: timedelta | None) -> list[Fault]:
    if age is None:
        none_yet = N_("No worker has run yet, so nothing is sent. Start one: tocsin serve, or tocsin worker.")
        return [Fault(none_yet, mend=Mend.SERVER, grave=True)]
    if age > STALE:
        return [
            Fault(
                N_("The worker last ticked %(minutes)s min ago, so nothing is sent. Restart it."),
                params={"minutes": int(age.total_seconds() // 60)},
                mend=Mend.SERVER,
                grave=True,
            )
        ]
    return []


def beat_age(session: Session, *, now: datetime) -> timedelta | None:
    """How long ago a worker last ticked; None when none ever did."""
    beat = session.scalar(select(func.max(Heartbeat.beat_at)))
    return None if beat is None else now - beat


def writable(store: Store) -> bool:
    """Whether the database takes writes now. Changes no row."""
    try:
        with store.writing() as session:
            session.execute(text("UPDATE heartbeat SET beat_at = beat_at WHERE id = 0"))
    except SQLAlchemyError:
        return False
    return True


def pulse(store: Store, *, now: datetime) -> str:
    """One word on the engine: ticking, stale, never, or unknown when the database cannot be read."""
    try:
        with store.reading() as session:
            age = beat_age(session, now=now)
    except SQLAlchemyError:
        return "unknown"
    if age is None:
        return "never"
    return "ticking" if age <= STALE else "stale"


def fault_of(
    session: Session, person: Person, reachable: Callable[[Session, ChannelKind], bool], *, now: datetime
) -> Fault | None:
    """Why a page would not reach this person; None when a way was proved to work, not too long ago."""
    return next(iter(faults_of(session, [person], reachable, now=now)), None)


def faults_of(
    session: Session, people: Sequence[Person], reachable: Callable[[Session, ChannelKind], bool], *, now: datetime
) -> list[Fault]:
    """Why a page would not reach some of these people; in few queries, however many they are."""
    contacts = contacts_of_all(session, [person.id for person in people])
    kinds = {contact.channel for ways in contacts.values() for contact in ways}
    open_kinds = {kind for kind in kinds if reachable(session, kind)}
    working = {
        person_id: [contact for contact in ways if contact.channel in open_kinds]
        for person_id, ways in contacts.items()
    }
    silent = [person for person in people if not any(contact.proved(now) for contact in working[person.id])]
    tested = _tested(session, [contact for person in silent for contact in working[person.id]])
    return [_fault(person, contacts[person.id], working[person.id], tested) for person in silent]


def _fault(person: Person, contacts: list[Contact], working: list[Contact], tested: set[int]) -> Fault:
    cause, failure = _cause(person, contacts, working, tested)
    mend = Mend.SETTINGS if cause in (NO_MAIL, NO_PHONE) else Mend.PEOPLE
    return Fault(cause, person.name, person_id=person.id, mend=mend, failure=failure)


def _cause(
    person: Person, contacts: list[Contact], working: list[Contact], tested: set[int]
) -> tuple[str, Mapping[str, Any] | None]:
    """The cause, and what a channel said."""
    if not contacts:
        return N_("has no way to be reached. Add one."), None
    if not working:
        return (NO_PHONE if all(contact.channel.by_phone for contact in contacts) else NO_MAIL), None
    failing = next((contact for contact in working if contact.failure), None)
    if failing is not None:
        return N_("cannot be reached: %(cause)s"), failing.failure
    if person.password_hash is None:
        return N_("has not accepted the invitation."), None
    if any(contact.verified_at for contact in working):
        return N_("was last reached by a test page long ago. Send another one."), None
    if any(contact.id in tested for contact in working):
        return N_("has not acknowledged the test page yet."), None
    return N_("was never sent a test page. Send one."), None


def _tested(session: Session, contacts: list[Contact]) -> set[int]:
    """The keys of those that a test page went to, or is about to go to."""
    if not contacts:
        return set()
    return set(
        session.scalars(
            select(Delivery.contact_id).where(
                Delivery.purpose == Purpose.TEST,
                Delivery.contact_id.in_([contact.id for contact in contacts]),
                Delivery.state.in_((DeliveryState.ACCEPTED, DeliveryState.QUEUED, DeliveryState.SENDING)),
            )
        )
    )
