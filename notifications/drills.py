"""Fire drills: a page that rings one person over all their ways at a random hour, to see how long it takes.

A drill never climbs beyond that person, ends with the first acknowledgement, and counts in no other figure.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ForeignKey, Index, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Urgency
from incidents.organisation import Organisation
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, Actor, Kind, organisation_timeline, person_as_actor, record
from incidents.words import N_
from notifications import delivery
from notifications.channels import ChannelKind
from notifications.contact import in_use
from notifications.delivery import Purpose
from notifications.page import Acknowledgement, Page, PageEntry, end_page, new_page
from notifications.policy import Waits

SETTING = "drills"
EVERY = (7, 14, 30)
"""Days between two drills of a person, on average, among which the organisation chooses."""

LASTS = timedelta(minutes=30)
OPENS, SHUTS = time(9, 0), time(17, 0)
"""Working hours, Monday to Friday, by the person's own clock."""

STALE = timedelta(hours=1)
"""A drill whose minute passed so long ago, because nothing ran, is planned anew."""

_dice = secrets.SystemRandom()


class Drill(Base):
    """One drill of one person. `planned_at` is drawn and stored beforehand, so that a restart neither loses nor
    doubles it; `asked` ones were wanted by the person at that moment.
    """

    __tablename__ = "drill"
    __table_args__ = table(Index("ix_drill_person", "person_id", "planned_at"), Index("ix_drill_page", "page_id"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    asked: Mapped[bool] = mapped_column(default=False)
    planned_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    page_id: Mapped[int | None] = mapped_column(Key, ForeignKey("page.id"))
    acknowledged_at: Mapped[datetime | None]
    contact_id: Mapped[int | None] = mapped_column(Key, ForeignKey("contact.id"))
    channel: Mapped[ChannelKind | None] = mapped_column(by_value(ChannelKind))
    missed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


def plan(
    session: Session, organisation: Organisation, people: Sequence[Person], *, every: timedelta | None, now: datetime
) -> None:
    """See that each of these people has one drill ahead; None as `every` takes back what was planned.

    Of somebody who is not among them any more, nothing stays planned.
    """
    ahead = {drill.person_id: drill for drill in _planned(session, organisation.id)}
    wanted = {person.id: person for person in people} if every is not None else {}
    for person_id, drill in ahead.items():
        if person_id not in wanted:
            drill.cancelled_at = now
    for person_id, person in wanted.items():
        if every is not None and person_id not in ahead:
            last = _last_planned(session, person_id)
            _add(session, person, _draw(person, organisation, last, every, now))
    session.flush()


def _planned(session: Session, organisation_id: int) -> list[Drill]:
    return list(
        session.scalars(
            select(Drill)
            .where(Drill.organisation_id == organisation_id, Drill.began_at.is_(None), Drill.cancelled_at.is_(None))
            .order_by(Drill.planned_at)
        )
    )


def _last_planned(session: Session, person_id: int) -> datetime | None:
    return session.scalars(
        select(Drill.planned_at)
        .where(Drill.person_id == person_id, Drill.began_at.is_not(None), Drill.asked.is_(False))
        .order_by(Drill.planned_at.desc())
        .limit(1)
    ).first()


def _add(session: Session, person: Person, at: datetime, *, asked: bool = False) -> Drill:
    drill = Drill(organisation_id=person.organisation_id, person_id=person.id, planned_at=at, asked=asked)
    session.add(drill)
    session.flush()
    return drill


def _draw(
    person: Person, organisation: Organisation, last: datetime | None, every: timedelta, now: datetime
) -> datetime:
    """A random minute between half and one and a half times `every` after the last one, at an hour that is allowed."""
    begins = now if last is None else max(now, last + every / 2)
    length = every if last is None else max(every, last + every * 1.5 - begins)
    zone = _zone(person, organisation)
    while True:
        at = begins + timedelta(minutes=_dice.randrange(1, int(length / timedelta(minutes=1))))
        if allowed(person, at, zone):
            return at


def _zone(person: Person, organisation: Organisation) -> ZoneInfo:
    return ZoneInfo(person.zone or organisation.zone)


def allowed(person: Person, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a drill may ring this person then: in working hours, or at any hour for whoever opted in."""
    local = at.astimezone(zone)
    return person.drills_any_hour or (local.weekday() < 5 and OPENS <= local.time() < SHUTS)


def begin_due(session: Session, organisation: Organisation, *, every: timedelta, now: datetime) -> int:
    """Begin the drills whose minute has come; how many. Put off while anything real rings, or at a wrong hour."""
    due = [drill for drill in _planned(session, organisation.id) if drill.planned_at <= now]
    real = bool(due) and _something_rings(session, organisation.id)
    begun = 0
    for drill in due:
        held = session.get(Drill, drill.id, with_for_update={"skip_locked": True}, populate_existing=True)
        if held is None or held.began_at is not None:
            continue
        fits = allowed(drill.person, now, _zone(drill.person, organisation)) and now - drill.planned_at <= STALE
        if real or not fits:
            drill.planned_at = _draw(drill.person, organisation, None, every, now)
        elif drill.person.left_at is not None or not in_use(session, drill.person_id):
            drill.cancelled_at = now
        else:
            _begin(session, drill, by=SYSTEM, now=now)
            begun += 1
    session.flush()
    return begun


def _something_rings(session: Session, organisation_id: int) -> bool:
    real = select(Page.id).where(
        Page.organisation_id == organisation_id, Page.ended_at.is_(None), Page.drill.is_(False)
    )
    return session.scalars(real.limit(1)).first() is not None


def begin_now(session: Session, person: Person, *, now: datetime) -> Drill:
    """A drill that the person wants now. Refuses without a way to be reached, and while one rings already."""
    if not in_use(session, person.id):
        raise Refused(N_("There is no way to reach you. Add one first."))
    running = select(Drill.id).join(Page, Page.id == Drill.page_id)
    if session.scalars(running.where(Drill.person_id == person.id, Page.ended_at.is_(None)).limit(1)).first():
        raise Refused(N_("A drill of yours rings already. Answer it first."))
    drill = _add(session, person, now, asked=True)
    _begin(session, drill, by=person_as_actor(person.id), now=now)
    return drill


def _begin(session: Session, drill: Drill, *, by: Actor, now: datetime) -> None:
    page = new_page(
        session,
        organisation_id=drill.organisation_id,
        codename="Tocsin",
        loudness=0,
        urgency=Urgency.URGENT,
        alone=True,
        now=now,
    )
    page.drill = True
    timeline = organisation_timeline(session, drill.organisation_id)
    facts = {"subject": drill.person_id, "asked": drill.asked}
    entry = record(session, timeline, Kind.DRILL_BEGAN, by=by, facts=facts, now=now)
    session.add(PageEntry(organisation_id=page.organisation_id, page=page, entry_id=entry.id))
    session.flush()
    drill.began_at, drill.ends_at, drill.page_id = now, now + LASTS, page.id
    session.flush()


def of_page(session: Session, page_id: int) -> Drill | None:
    """The drill that a page belongs to; None for any other page."""
    return session.scalars(select(Drill).where(Drill.page_id == page_id)).first()


def of_person(person_id: int) -> ColumnElement[bool]:
    """For a query of pages: those that are a drill of this person."""
    return exists().where(Drill.page_id == Page.id, Drill.person_id == person_id)


def ring(session: Session, page: Page, *, waits: Waits, now: datetime) -> int | None:
    """Ring whom the drill is for, or end it as missed; how many deliveries were queued. None for any other page."""
    drill = of_page(session, page.id) if page.drill else None
    if drill is None or drill.ends_at is None:
        return None
    if now >= drill.ends_at or drill.person.left_at is not None:
        drill.missed_at = now
        end_page(session, page, now=now)
        _record(session, drill, Kind.DRILL_MISSED, SYSTEM, {}, now=now)
        return 0
    queued = 0
    for contact in in_use(session, drill.person_id):
        if delivery.waiting(session, page.id, contact.id) is None:
            through = max((row.entry_id for row in page.entries), default=0)
            delivery.queue(session, contact, Purpose.RING, page_id=page.id, through_entry_id=through, now=now)
            queued += 1
    page.ring_at = min(now + waits.repeat, drill.ends_at)
    session.flush()
    return queued


def taken(session: Session, page: Page, given: Acknowledgement, *, now: datetime) -> None:
    """An acknowledgement, by whatever path, ends a drill: no first step is needed. Other pages are left alone."""
    drill = of_page(session, page.id)
    if drill is None or drill.began_at is None or drill.missed_at is not None:
        return
    way = session.get_one(delivery.Delivery, given.delivery_id).contact if given.delivery_id else None
    drill.acknowledged_at = now
    drill.contact_id, drill.channel = (way.id, way.channel) if way else (None, None)
    end_page(session, page, now=now)
    minutes = round((now - drill.began_at) / timedelta(minutes=1), 1)
    facts = {"minutes": minutes, "channel": way.channel.value if way else None}
    _record(session, drill, Kind.DRILL_HELD, person_as_actor(drill.person_id), facts, now=now)


def _record(
    session: Session, drill: Drill, kind: Kind, by: Actor, facts: Mapping[str, object], *, now: datetime
) -> None:
    timeline = organisation_timeline(session, drill.organisation_id)
    record(session, timeline, kind, by=by, facts={"subject": drill.person_id, **facts}, now=now)
