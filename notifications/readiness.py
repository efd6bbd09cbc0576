"""Who cannot be paged, and why: known by day, so that nobody learns it at night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person
from incidents.words import N_
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


@dataclass(frozen=True)
class Fault:
    """One plain cause; `person` is who cannot be paged by it, None when it concerns everybody."""

    cause: str
    person: str | None = None
    params: dict[str, object] = field(default_factory=dict)

    def words(self, translate: Callable[[str], str] = str) -> str:
        """The cause as a sentence."""
        sentence = translate(self.cause)
        return sentence % self.params if self.params else sentence


@dataclass(frozen=True)
class Readiness:
    """`ready` people have proved that a page reaches them; `faults` is empty when all is well."""

    ready: int
    faults: tuple[Fault, ...]

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
        faults.append(Fault(N_("Tocsin is not set up. Open the set-up link that was printed when it started.")))
    elif not organisation.public_address:
        faults.append(Fault(N_("No public address is set, so pages would carry no link. Set it in the settings.")))
    faults += engine_faults(session, now=now)
    people = people_at(session, organisation.id, len(STEPS) - 1)
    ready = 0
    for person in people:
        fault = _person_fault(session, person, reachable)
        if fault is None:
            ready += 1
        else:
            faults.append(fault)
    for role in empty_steps(session, organisation.id):
        faults.append(Fault(N_("Nobody holds the role %(role)s, so a page passes over it."), params={"role": role}))
    if organisation.set_up_at is not None and len(people) < ENOUGH:
        faults.append(Fault(N_("Fewer than two people can be paged. Invite another one.")))
    faults += _page_faults(session, organisation)
    return Readiness(ready, tuple(faults))


def engine_faults(session: Session, *, now: datetime) -> list[Fault]:
    """Whether a worker ticks."""
    beat = session.scalar(select(func.max(Heartbeat.beat_at)))
    if beat is None:
        return [Fault(N_("No worker has run yet, so nothing is sent. Start one: tocsin serve, or tocsin worker."))]
    if now - beat > STALE:
        return [
            Fault(
                N_("The worker has not ticked for %(minutes)s minutes, so nothing is sent. Restart it."),
                params={"minutes": int((now - beat).total_seconds() // 60)},
            )
        ]
    return []


def _person_fault(session: Session, person: Person, reachable: Callable[[Session, ChannelKind], bool]) -> Fault | None:
    contacts = contacts_of(session, person.id)
    working = [contact for contact in contacts if reachable(session, contact.channel)]
    if not contacts:
        return Fault(N_("has no way to be reached. Add one."), person.name)
    if not working:
        return Fault(N_("cannot be reached: no mail server is set up. Set one in the settings."), person.name)
    if any(contact.verified_at is not None and contact.failed_at is None for contact in working):
        return None
    failing = next((contact for contact in working if contact.failure), None)
    if failing is not None:
        return Fault(N_("cannot be reached: %(cause)s"), person.name, {"cause": failing.failure or ""})
    if person.password_hash is None:
        return Fault(N_("has not accepted the invitation."), person.name)
    if _tested(session, working):
        return Fault(N_("has not acknowledged the test page yet."), person.name)
    return Fault(N_("was never sent a test page. Send one."), person.name)


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
