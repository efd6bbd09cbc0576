"""The page: an alarm made of entries, which rings and climbs until somebody acknowledges it."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, StillHappening
from incidents.orm import Base, Key, table
from incidents.people import Person
from incidents.refusals import Refused
from incidents.store import is_postgresql
from incidents.timeline import SYSTEM, Entry, Kind, person_as_actor, record
from incidents.words import N_
from notifications import delivery
from notifications.contact import Contact, contacts_of
from notifications.delivery import Purpose
from notifications.policy import STEPS, Waits, people_at

LOUDNESS = {StillHappening.NO: 0, StillHappening.UNKNOWN: 1, StillHappening.YES: 2}


class Page(Base):
    """An alarm that somebody must acknowledge. It rings again at `ring_at`; None once it has ended.

    `loudness` is that of its loudest report; louder ones do not fold into it. `alone` pages take nothing in.
    """

    __tablename__ = "page"
    __table_args__ = table(
        Index("ix_page_ring", "ended_at", "ring_at"),
        # Covers the figures of a year, so that they never read the pages themselves. The organisation does not come
        # first: what rings now would be looked for by it, among all pages that ever were.
        Index("ix_page_opened", "opened_at", "organisation_id", "alone"),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    codename: Mapped[str] = mapped_column(String(40))
    loudness: Mapped[int]
    alone: Mapped[bool] = mapped_column(default=False)
    drill: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    round: Mapped[int] = mapped_column(default=1)
    round_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(default=0)
    ring_at: Mapped[datetime | None]
    rang_at: Mapped[datetime | None]
    nobody_at: Mapped[datetime | None]
    quiet_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    entries: Mapped[list[PageEntry]] = relationship(back_populates="page", order_by="PageEntry.entry_id")
    acknowledgements: Mapped[list[Acknowledgement]] = relationship(order_by="Acknowledgement.id")


class PageEntry(Base):
    """An entry that rings in a page; in one page at the most. `answered_at` is when its first step came."""

    __tablename__ = "page_entry"
    __table_args__ = table(UniqueConstraint("entry_id"), Index("ix_page_entry_incident", "incident_id", "page_id"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    page_id: Mapped[int] = mapped_column(Key, ForeignKey("page.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    incident_id: Mapped[int | None] = mapped_column(Key, ForeignKey("incident.id"))
    rang_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]

    page: Mapped[Page] = relationship(back_populates="entries")
    entry: Mapped[Entry] = relationship()


class Acknowledgement(Base):
    """Somebody took the page: by a link sent to a mailbox, or signed in. It quiets until `until`, no longer."""

    __tablename__ = "acknowledgement"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    page_id: Mapped[int] = mapped_column(Key, ForeignKey("page.id"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(Key, ForeignKey("delivery.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    by_link: Mapped[bool]
    through_entry_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime]
    until: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")
    delivery: Mapped[delivery.Delivery | None] = relationship()


def ring_for(session: Session, entry: Entry, *, now: datetime) -> Page:
    """Let an entry ring: in a page that rings already if it is like it, in one of its own otherwise.

    A further report folds into an unacknowledged page that is at least as loud; any other entry joins only a
    page of its own incident, which rings at once if that makes it louder. Never across organisations, never into
    or out of a restricted incident.
    """
    incident = session.get(Incident, entry.incident_id) if entry.incident_id else None
    loudness = LOUDNESS[incident.still_happening] if incident else 2
    alone = incident is not None and rings_alone(incident)
    page = _ringing(session, entry, incident, loudness, alone)
    if page is not None and page.loudness < loudness:
        page.loudness, page.ring_at = loudness, now
    if page is None:
        page = Page(
            organisation_id=entry.organisation_id,
            token=secrets.token_hex(16),
            codename=incident.codename if incident else "Tocsin",
            loudness=loudness,
            alone=alone,
            drill=bool(incident and incident.drill),
            opened_at=now,
            round_at=now,
            ring_at=now,
        )
        session.add(page)
    # By the many-to-one side: a flood must not load the whole page for each report that joins it.
    session.add(
        PageEntry(organisation_id=entry.organisation_id, page=page, entry_id=entry.id, incident_id=entry.incident_id)
    )
    session.flush()
    return page


def rings_alone(incident: Incident) -> bool:
    """Whether an incident's entries never share a page with those of others."""
    return incident.restricted or incident.drill or incident.canary


def shared_page(session: Session, organisation_id: int, loudness: int) -> Page | None:
    """The page that a further report of this loudness joins: still ringing, not quieted, at least as loud.

    Locked, so that nobody takes it at this moment.
    """
    return _first(session, _open_pages(organisation_id, loudness).where(Page.alone.is_(False)))


def _ringing(session: Session, entry: Entry, incident: Incident | None, loudness: int, alone: bool) -> Page | None:
    """The page an entry may join."""
    if entry.kind is Kind.REPORTED and not alone:
        return shared_page(session, entry.organisation_id, loudness)
    # An incident that was restricted later has older entries in a page that it shares: not that one.
    own = select(PageEntry.page_id).where(PageEntry.incident_id == (incident.id if incident else 0))
    pages = _open_pages(entry.organisation_id, min(LOUDNESS.values()))
    return _first(session, pages.where(Page.id.in_(own), Page.alone.is_(alone)))


def _open_pages(organisation_id: int, loudness: int) -> Select[Page]:
    return select(Page).where(
        Page.organisation_id == organisation_id,
        Page.ended_at.is_(None),
        Page.quiet_until.is_(None),
        Page.loudness >= loudness,
    )


def _first(session: Session, pages: Select[Page]) -> Page | None:
    return session.scalars(pages.order_by(Page.id).limit(1).with_for_update(key_share=True)).first()


def due_pages(session: Session, *, limit: int = 100, now: datetime) -> list[Page]:
    """The pages that ring now, oldest first."""
    return list(
        session.scalars(
            select(Page)
            .where(Page.ended_at.is_(None), Page.ring_at <= now)
            .order_by(Page.ring_at, Page.id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
    )


def ring(session: Session, page: Page, *, waits: Waits, now: datetime) -> int:
    """Ring everybody whose turn it is; set when it rings again. Returns how many deliveries were queued.

    An empty step passes at once to the next. If no step has anybody, it waits `waits.empty_round` and stays red.
    """
    if page.quiet_until is not None:
        _ring_again(session, page, now=now)
    elapsed = now - page.round_at
    if elapsed >= waits.round:
        page.round, page.round_at, elapsed = page.round + 1, now, now - now
    reached = waits.step_at(elapsed)
    page.step = reached if page.round == 1 else max(reached, len(STEPS) - 1)
    contacts = _contacts_at(session, page)
    while not contacts and page.step < len(STEPS) - 1:
        page.step += 1
        contacts = _contacts_at(session, page)
    through = last_entry(session, page.id)
    queued = 0
    for contact in contacts:
        if delivery.waiting(session, page.id, contact.id) is not None:
            continue
        delivery.queue(
            session, contact, Purpose.RING, page_id=page.id, through_entry_id=through, step=page.step, now=now
        )
        queued += 1
    page.nobody_at = None if contacts else (page.nobody_at or now)
    wait = waits.repeat if contacts else waits.empty_round
    page.ring_at = min(now + wait, page.round_at + waits.next_change(elapsed))
    session.flush()
    return queued


def _contacts_at(session: Session, page: Page) -> list[Contact]:
    """The ways to all whom the page rings at its step. A person without any is not there."""
    people = people_at(session, page.organisation_id, page.step)
    return [contact for person in people for contact in contacts_of(session, person.id)]


def last_entry(session: Session, page_id: int) -> int:
    """The key of the last entry that rings in a page; 0 when there is none."""
    return session.scalar(select(func.max(PageEntry.entry_id)).where(PageEntry.page_id == page_id)) or 0


def _ring_again(session: Session, page: Page, *, now: datetime) -> None:
    """An acknowledgement ran out without a first step: the page starts a new round."""
    page.quiet_until = None
    page.round, page.round_at = page.round + 1, now
    for incident in _unanswered(session, page):
        record(
            session,
            incident.timeline,
            Kind.RINGS_AGAIN,
            by=SYSTEM,
            incident_id=incident.id,
            facts={"page": page.id, "round": page.round},
            now=now,
        )


def rang(session: Session, page_id: int, *, through_entry_id: int, now: datetime) -> None:
    """A channel accepted a ring: note it once on the timeline of each incident that it rang for.

    Entries after `through_entry_id` joined while the ring was under way; it did not speak of them.
    """
    page = hold_page(session, page_id)
    page.rang_at = page.rang_at or now
    fresh = [row for row in page.entries if row.rang_at is None and row.entry_id <= through_entry_id]
    for row in fresh:
        row.rang_at = now
    for incident in _incidents(session, {row.incident_id for row in fresh if row.incident_id}):
        record(
            session,
            incident.timeline,
            Kind.RANG,
            by=SYSTEM,
            incident_id=incident.id,
            facts={"page": page.id, "round": page.round},
            now=now,
        )


def hold_page(session: Session, page_id: int) -> Page:
    """Load a page to change it; on PostgreSQL others wait. Whoever changes its deliveries too locks it before them."""
    session.flush()
    locked = {"key_share": True} if is_postgresql(session) else None
    return session.get_one(Page, page_id, populate_existing=True, with_for_update=locked)


def acknowledge(
    session: Session,
    page_id: int,
    *,
    person: Person,
    through_entry_id: int,
    by_link: delivery.Delivery | None,
    waits: Waits,
    now: datetime,
) -> Acknowledgement:
    """Take a page, as far as the entries that were shown; later ones ring anew in a page of their own.

    Harmless when somebody has it already: the present acknowledgement is returned and nothing changes. Refuses
    when nothing of it was shown.
    """
    page = hold_page(session, page_id)
    held = holder(page, now=now)
    if held is not None or page.ended_at is not None:
        return held or (page.acknowledgements[-1] if page.acknowledgements else _ended(page, person, now))
    shown = [row.entry_id for row in page.entries if row.entry_id <= through_entry_id]
    if not shown:
        raise Refused(N_("This page has changed meanwhile. Load it again, then press the button."))
    through_entry_id = max(shown)
    _split_off_later(session, page, through_entry_id, now=now)
    page.quiet_until = page.ring_at = now + waits.quiet
    taken = Acknowledgement(
        organisation_id=page.organisation_id,
        page_id=page.id,
        delivery_id=by_link.id if by_link else None,
        person_id=person.id,
        by_link=by_link is not None,
        through_entry_id=through_entry_id,
        at=now,
        until=page.quiet_until,
    )
    page.acknowledgements.append(taken)
    taken.person = person
    if by_link is not None:
        by_link.acknowledged_at = now
    delivery.cancel_rings(session, page.id)
    _record_taken(session, page, taken, now=now)
    return taken


def _ended(page: Page, person: Person, now: datetime) -> Acknowledgement:
    """What to show for a page that ended by a first step alone; not stored."""
    return Acknowledgement(
        page_id=page.id, person_id=person.id, person=person, by_link=False, through_entry_id=0, at=now, until=now
    )


def _record_taken(session: Session, page: Page, taken: Acknowledgement, *, now: datetime) -> None:
    actor = person_as_actor(taken.person_id)
    for number, incident in enumerate(_unanswered(session, page)):
        record(
            session,
            incident.timeline,
            Kind.TAKEN,
            by=actor,
            incident_id=incident.id,
            facts={
                "page": page.id,
                "by_link": taken.by_link,
                "until": taken.until.isoformat(),
                "tells": number == 0,
            },
            now=now,
        )


def holder(page: Page, *, now: datetime) -> Acknowledgement | None:
    """The acknowledgement that quiets the page now, if there is one."""
    if page.quiet_until is None or page.quiet_until <= now or not page.acknowledgements:
        return None
    return page.acknowledgements[-1]


def _split_off_later(session: Session, page: Page, through_entry_id: int, *, now: datetime) -> None:
    """Entries that came after what the person was shown go to a page that rings at once."""
    later = [row for row in page.entries if row.entry_id > through_entry_id]
    if not later:
        return
    fresh = Page(
        organisation_id=page.organisation_id,
        token=secrets.token_hex(16),
        codename=page.codename,
        loudness=page.loudness,
        alone=page.alone,
        drill=page.drill,
        opened_at=now,
        round_at=now,
        ring_at=now,
    )
    session.add(fresh)
    session.flush()
    session.execute(update(PageEntry).where(PageEntry.id.in_([row.id for row in later])).values(page_id=fresh.id))
    session.expire(page, ["entries"])


def first_step_taken(session: Session, entry: Entry, *, now: datetime) -> None:
    """A signed-in first step answers what rang for its incident; a page with nothing left to answer ends."""
    concerned = (
        select(PageEntry.page_id)
        .join(Page, Page.id == PageEntry.page_id)
        .where(
            PageEntry.incident_id == entry.incident_id,
            PageEntry.entry_id < entry.id,
            PageEntry.answered_at.is_(None),
            Page.ended_at.is_(None),
        )
        .distinct()
    )
    for page_id in sorted(session.scalars(concerned)):
        page = hold_page(session, page_id)
        for row in page.entries:
            if row.incident_id == entry.incident_id and row.entry_id < entry.id and row.answered_at is None:
                row.answered_at = entry.written_at
        if all(row.answered_at is not None for row in page.entries):
            page.ended_at, page.ring_at, page.quiet_until = entry.written_at, None, None
            delivery.cancel_rings(session, page.id)
    session.flush()


def _unanswered(session: Session, page: Page) -> list[Incident]:
    """The incidents of a page that still wait for their first step."""
    return _incidents(session, {row.incident_id for row in page.entries if row.incident_id and row.answered_at is None})


def _incidents(session: Session, wanted: set[int]) -> list[Incident]:
    if not wanted:
        return []
    # Always in this order: their timelines are locked one after the other.
    return list(session.scalars(select(Incident).where(Incident.id.in_(wanted)).order_by(Incident.id)))
