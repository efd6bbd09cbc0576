"""Who cannot be paged, and why: known by day, so that nobody learns it at night."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person, Role
from incidents.store import Store
from incidents.words import N_
from incidents.words.enums import words_for
from notifications.channels import ChannelKind
from notifications.contact import Contact, contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.engine import Heartbeat
from notifications.paging import Page
from notifications.policy import STEPS, empty_steps, people_at

ENOUGH = 2
"""So many people must have proved that a page reaches them."""

STALE = timedelta(seconds=60)
"""An engine that has not ticked for this long is down."""


NO_MAIL = N_("cannot be reached: no mail server is set up. Set one in the settings.")


class Mend(enum.Enum):
    """Where a fault is put right."""

    PEOPLE = "people"
    SETTINGS = "settings"
    SERVER = "server"


@dataclass(frozen=True)
class Fault:
    """One plain cause; `person` is who cannot be paged by it, None when it concerns everybody.

    `person_id` is the key of that person.
    """

    cause: str
    person: str | None = None
    params: dict[str, object] = field(default_factory=dict)
    person_id: int | None = None
    mend: Mend = Mend.PEOPLE

    def words(self, translate: Callable[[str], str] = str) -> str:
        """The cause as a sentence."""
        sentence = translate(self.cause)
        params = {
            name: translate(words_for(value)) if isinstance(value, Role) else value
            for name, value in self.params.items()
        }
        return sentence % params if params else sentence


@dataclass(frozen=True)
class Readiness:
    """`ready` people have proved that a page reaches them; `faults` is empty when all is well.

    `gaps` are steps of the escalation that nobody holds: a page passes over them at once, so they are worth
    knowing but no reason for red once two people are ready.
    """

    ready: int
    faults: tuple[Fault, ...]
    gaps: tuple[Fault, ...] = ()

    @property
    def red(self) -> bool:
        return self.ready < ENOUGH or bool(self.faults)


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
        faults.append(Fault(unset, mend=Mend.SERVER))
    elif not organisation.public_address:
        no_address = N_("No public address is set, so pages would carry no link. Set it in the settings.")
        faults.append(Fault(no_address, mend=Mend.SETTINGS))
    faults += engine_faults(session, now=now)
    people = people_at(session, organisation.id, len(STEPS) - 1)
    ready = 0
    for person in people:
        fault = fault_of(session, person, reachable)
        if fault is None:
            ready += 1
        else:
            faults.append(fault)
    gaps = [
        Fault(N_("Nobody holds the role %(role)s, so a page passes over it."), params={"role": role})
        for role in empty_steps(session, organisation.id)
    ]
    if organisation.set_up_at is not None and ready < ENOUGH:
        faults += gaps
    if organisation.set_up_at is not None and len(people) < ENOUGH:
        faults.append(Fault(N_("Fewer than two people can be paged. Invite another one.")))
    faults += _page_faults(session, organisation)
    return Readiness(ready, tuple(faults), tuple(gaps))


def engine_faults(session: Session, *, now: datetime) -> list[Fault]:
    """Whether a worker ticks."""
    age = beat_age(session, now=now)
    if age is None:
        none_yet = N_("No worker has run yet, so nothing is sent. Start one: tocsin serve, or tocsin worker.")
        return [Fault(none_yet, mend=Mend.SERVER)]
    if age > STALE:
        return [
            Fault(
                N_("The worker last ticked %(minutes)s min ago, so nothing is sent. Restart it."),
                params={"minutes": int(age.total_seconds() // 60)},
                mend=Mend.SERVER,
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


def fault_of(session: Session, person: Person, reachable: Callable[[Session, ChannelKind], bool]) -> Fault | None:
    """Why a page would not reach this person; None when a way was proved to work."""
    found = _cause(session, person, reachable)
    if found is None:
        return None
    cause, params = found
    return Fault(cause, person.name, params, person.id, Mend.SETTINGS if cause == NO_MAIL else Mend.PEOPLE)


def _cause(
    session: Session, person: Person, reachable: Callable[[Session, ChannelKind], bool]
) -> tuple[str, dict[str, object]] | None:
    contacts = contacts_of(session, person.id)
    working = [contact for contact in contacts if reachable(session, contact.channel)]
    if not contacts:
        return N_("has no way to be reached. Add one."), {}
    if not working:
        return NO_MAIL, {}
    if any(contact.verified_at is not None and contact.failed_at is None for contact in working):
        return None
    failing = next((contact for contact in working if contact.failure), None)
    if failing is not None:
        return N_("cannot be reached: %(cause)s"), {"cause": failing.failure or ""}
    if person.password_hash is None:
        return N_("has not accepted the invitation."), {}
    if _tested(session, working):
        return N_("has not acknowledged the test page yet."), {}
    return N_("was never sent a test page. Send one."), {}


def _tested(session: Session, contacts: list[Contact]) -> bool:
    return (
        session.scalar(
            select(Delivery.id).where(
                Delivery.purpose == Purpose.TEST,
                Delivery.contact_id.in_([contact.id for contact in contacts]),
                Delivery.state.in_((DeliveryState.ACCEPTED, DeliveryState.QUEUED, DeliveryState.SENDING)),
            )
        )
        is not None
    )


def _page_faults(session: Session, organisation: Organisation) -> list[Fault]:
    silent = session.scalar(
        select(func.count(Page.id)).where(
            Page.organisation_id == organisation.id, Page.ended_at.is_(None), Page.nobody_at.is_not(None)
        )
    )
    if silent:
        return [Fault(N_("Pages that ring nobody at all: %(number)s."), params={"number": silent})]
    return []
