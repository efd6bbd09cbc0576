"""Hearing: each new entry does what the table of rules says, and its bell is taken away in the same transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.orm import Session, contains_eager, defer

from incidents.incident import Incident
from incidents.organisation import the_organisation
from incidents.orm import UTCDateTime, insert_all
from incidents.people import Person, Role, holders, holders_of
from incidents.signing import deciders
from incidents.timeline import Bell, Entry, Kind
from notifications import clearing, delivery, paging, taking
from notifications.contact import in_use, way_to_tell
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.hours import tell_at
from notifications.page import LOUDNESS, Acknowledgement, PageEntry
from notifications.rules import Loudness, Whom, rule_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heard:
    """How many bells were answered, and how many of these joined a page that rings already.

    `stirred` when something may have to go out, or may not any more.
    """

    count: int
    folded: int
    stirred: bool


def hear(session: Session, *, limit: int, careful: bool, put_off: timedelta, now: datetime) -> Heard:
    """Answer the bells that are ripe, oldest first.

    With `careful` each in a savepoint of its own; one that cannot be answered is tried again after `put_off`.
    """
    bells = session.scalars(_RIPE, {"now": now, "most": limit}).all()
    answering = Answering(session, now=now)
    if careful:
        for bell in bells:
            _alone(session, answering, bell, now + put_off)
    else:
        answering.answer(bells)
    return Heard(len(bells), answering.folded, answering.stirred)


_RIPE = (
    select(Bell)
    .join(Bell.entry)
    .options(contains_eager(Bell.entry).options(defer(Entry.canonical), defer(Entry.hash), defer(Entry.previous)))
    .where(or_(Bell.not_before.is_(None), Bell.not_before <= bindparam("now", type_=UTCDateTime())))
    .order_by(Bell.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Bell)
)
_INCIDENTS = select(Incident).where(Incident.id.in_(bindparam("wanted", expanding=True)))
_ANSWERED = delete(Bell).where(Bell.id.in_(bindparam("answered", expanding=True)))


def _alone(session: Session, answering: Answering, bell: Bell, again_at: datetime) -> None:
    try:
        with session.begin_nested():
            answering.answer([bell])
    except Exception:
        log.exception("entry %s could not be handled; it is tried again later", bell.entry_id)
        bell.not_before = again_at


class Answering:
    """Does what the table says about entries, many in one transaction.

    In a flood nearly all are further reports that fold into one page: that page is looked for once.
    """

    def __init__(self, session: Session, *, now: datetime) -> None:
        self._session, self._now = session, now
        self._pages: dict[tuple[int, int], int] = {}
        self._joining: list[dict[str, Any]] = []
        self.folded = 0
        self.stirred = False

    def answer(self, bells: Sequence[Bell]) -> None:
        """Answer these bells and take them away; on a fault nothing of them is remembered."""
        wanted = {bell.entry.incident_id for bell in bells if bell.entry.incident_id}
        # Held here, so that the session keeps them while each entry asks for its own.
        incidents = {row.id: row for row in self._session.scalars(_INCIDENTS, {"wanted": list(wanted)})}
        try:
            for bell in bells:
                self._one(bell.entry, incidents.get(bell.entry.incident_id or 0))
            self._store()
        finally:
            self._joining.clear()
            self._pages.clear()
        self._session.flush()
        self._session.connection().execute(_ANSWERED, {"answered": [bell.id for bell in bells]})

    def _one(self, entry: Entry, incident: Incident | None) -> None:
        rule = rule_for(entry)
        if rule.loudness is Loudness.PAGE and self._fold(entry, incident):
            return
        if rule.first_step and entry.person_id is not None:
            self._changing()
            taking.first_step_taken(self._session, entry, now=self._now)
            clearing.over(self._session, entry, now=self._now)
        if entry.kind is Kind.PERSON_LEFT:
            self._changing()
            paging.called_has_left(self._session, entry.facts["subject"], now=self._now)
        if rule.loudness is Loudness.PAGE:
            self._changing()
            paging.ring_for(self._session, entry, looked=entry.kind is Kind.REPORTED, now=self._now)
        elif rule.loudness is Loudness.TELL and rule.whom is not None:
            self._changing()
            told = set()
            for person in _told(self._session, entry, rule.whom):
                way = way_to_tell(in_use(self._session, person.id))
                if way is not None:
                    told.add(way.id)
                    row = delivery.queue(self._session, way, Purpose.TELL, entry_id=entry.id, now=self._now)
                    row.due_at = self._now if rule.at_once else self._by_day(person, entry, incident)
            if entry.kind is Kind.TAKEN:
                clearing.taken(self._session, entry, told, now=self._now)

    def _fold(self, entry: Entry, incident: Incident | None) -> bool:
        """Let a further report join the page that rings already; False when it needs more than that."""
        if entry.kind is not Kind.REPORTED or incident is None or paging.rings_alone(incident):
            return False
        louder = entry.organisation_id, LOUDNESS[incident.still_happening]
        if louder not in self._pages:
            page = paging.shared_page(self._session, *louder)
            if page is None:
                return False
            self._pages[louder] = page.id
        self._joining.append(
            {
                "organisation_id": entry.organisation_id,
                "page_id": self._pages[louder],
                "entry_id": entry.id,
                "incident_id": entry.incident_id,
            }
        )
        self.folded += 1
        return True

    def _by_day(self, person: Person, entry: Entry, incident: Incident | None) -> datetime:
        """When what only tells goes out: by the person's day, unless a limit comes first."""
        due_at = None if entry.facts.get("is_target") else entry.facts.get("due_at")
        limits = [datetime.fromisoformat(due_at)] if due_at else []
        limits += [incident.law_due_at] if incident is not None and incident.law_due_at else []
        limit = min((at for at in limits if at > self._now), default=None)
        zone = ZoneInfo(person.zone or the_organisation(self._session).zone)
        return tell_at(person, zone, limit=limit, now=self._now)

    def _changing(self) -> None:
        """Something else than folding comes: it must find what has folded, and pages may not be the same after it."""
        self._store()
        self._pages.clear()
        self.stirred = True

    def _store(self) -> None:
        insert_all(self._session, PageEntry, self._joining)
        self._joining.clear()


def _told(session: Session, entry: Entry, whom: Whom) -> list[Person]:
    """Who hears of an entry that does not page; the author is not told of their own act."""
    incident = session.get(Incident, entry.incident_id) if entry.incident_id else None
    if whom is Whom.OTHERS_RUNG:
        # Only whom a ring has reached, or may be reaching now: nobody learns that an alarm is over that never came.
        reached = or_(Delivery.accepted_at.is_not(None), Delivery.state == DeliveryState.SENDING)
        rung = select(Delivery.person_id).where(
            Delivery.purpose == Purpose.RING, Delivery.page_id == entry.facts.get("page"), reached
        )
        took = select(Acknowledgement.person_id).where(Acknowledgement.page_id == entry.facts.get("page"))
        concerned = or_(Person.id.in_(rung), Person.id.in_(took))
        people = list(session.scalars(select(Person).where(concerned, Person.left_at.is_(None)).order_by(Person.id)))
    elif whom is Whom.HANDLER_BEFORE:
        before = session.get(Person, entry.facts["before"]) if "before" in entry.facts else None
        people = [before] if before is not None and before.left_at is None else []
    elif whom is Whom.WATCHERS:
        held = holders_of(session, entry.organisation_id, (Role.DPO, Role.ADMINISTRATOR))
        people = list({person.id: person for each in held.values() for person in each}.values())
    elif whom is Whom.AFFECTED:
        named = Person.id.in_(entry.facts.get("affected", []))
        people = list(session.scalars(select(Person).where(named, Person.left_at.is_(None)).order_by(Person.id)))
    elif whom is Whom.DECIDERS and incident is not None:
        people = deciders(session, incident, now=entry.written_at)
    elif whom is Whom.SECONDS:
        held = holders_of(session, entry.organisation_id, (Role.DPO, Role.DEPUTY, Role.MANAGEMENT))
        people = list({person.id: person for each in held.values() for person in each}.values())
    elif whom is Whom.HANDLER and incident is not None and incident.handler and incident.handler.left_at is None:
        people = [incident.handler]
    else:
        # A DPO who grants themself a role is the author: then the next one who can hear of it does.
        ranked = (holders(session, entry.organisation_id, role) for role in (Role.DPO, Role.DEPUTY, Role.MANAGEMENT))
        others = ([person for person in people if person.id != entry.person_id] for people in ranked)
        people = next((people for people in others if people), [])
    return [person for person in people if person.id != entry.person_id]
