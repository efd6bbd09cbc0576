"""The page: an alarm made of entries, and who has taken it."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, StillHappening, Urgency
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person, Role
from incidents.store import is_postgresql
from incidents.timeline import Entry
from notifications import delivery

LOUDNESS = {StillHappening.NO: 0, StillHappening.UNKNOWN: 1, StillHappening.YES: 2}
LOUDEST = 2


class Page(Base):
    """An alarm that somebody must acknowledge. It rings again at `ring_at`; None once it has ended.

    `code` are the digits that take it by phone. A summons rings only `summons_person_id` or `summons_role` at first.

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
    code: Mapped[str] = mapped_column(String(8), default="")
    urgency: Mapped[Urgency] = mapped_column(by_value(Urgency), default=Urgency.URGENT)
    summons_person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    summons_role: Mapped[Role | None] = mapped_column(by_value(Role))
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


class Snooze(Base):
    """ "Awake, give me ten minutes": quiets one person until `until`, not the page and not its climb."""

    __tablename__ = "snooze"
    __table_args__ = table(Index("ix_snooze_page", "page_id", "person_id"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    page_id: Mapped[int] = mapped_column(Key, ForeignKey("page.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    at: Mapped[datetime]
    until: Mapped[datetime]


def new_page(
    session: Session,
    *,
    organisation_id: int,
    codename: str,
    loudness: int,
    urgency: Urgency,
    alone: bool,
    now: datetime,
) -> Page:
    """A page that rings at once, not stored before the next flush."""
    page = Page(
        organisation_id=organisation_id,
        token=secrets.token_hex(16),
        codename=codename,
        code=new_code(session, organisation_id),
        loudness=loudness,
        urgency=urgency,
        alone=alone,
        opened_at=now,
        round_at=now,
        ring_at=now,
    )
    session.add(page)
    return page


def new_code(session: Session, organisation_id: int) -> str:
    """Four digits that no other open page has, so that an answer by phone needs no more than them."""
    session.flush()
    taken = set(session.connection().execute(_CODES, {"organisation_id": organisation_id}).scalars())
    free = [code for code in (f"{secrets.randbelow(10_000):04d}" for _ in range(50)) if code not in taken]
    return free[0] if free else f"{secrets.randbelow(10**8):08d}"


_CODES = select(Page.code).where(Page.organisation_id == bindparam("organisation_id"), Page.ended_at.is_(None))
LAST_ENTRY = select(func.max(PageEntry.entry_id)).where(PageEntry.page_id == bindparam("page_id"))


def hold_page(session: Session, page_id: int) -> Page:
    """Load a page to change it; on PostgreSQL others wait. Whoever changes its deliveries too locks it before them."""
    session.flush()
    locked = {"key_share": True} if is_postgresql(session) else None
    return session.get_one(Page, page_id, populate_existing=True, with_for_update=locked)


def end_page(session: Session, page: Page, *, now: datetime) -> None:
    """Nothing of it rings any more: it was answered, is over, or calls nobody. The caller holds the page."""
    for row in page.entries:
        row.answered_at = row.answered_at or now
    page.ended_at, page.ring_at, page.quiet_until = now, None, None
    delivery.cancel_rings(session, page.id)
    session.flush()


def last_entry(session: Session, page_id: int) -> int:
    """The key of the last entry that rings in a page; 0 when there is none."""
    session.flush()
    return session.connection().execute(LAST_ENTRY, {"page_id": page_id}).scalar() or 0


def holder(page: Page, *, now: datetime) -> Acknowledgement | None:
    """The acknowledgement that quiets the page now, if there is one."""
    if page.quiet_until is None or page.quiet_until <= now or not page.acknowledgements:
        return None
    return page.acknowledgements[-1]


def unanswered(session: Session, page: Page) -> list[Incident]:
    """The incidents of a page that still wait for their first step."""
    return incidents_of(
        session, {row.incident_id for row in page.entries if row.incident_id and row.answered_at is None}
    )


def incidents_of(session: Session, wanted: set[int]) -> list[Incident]:
    if not wanted:
        return []
    # Always in this order: their timelines are locked one after the other.
    return list(session.scalars(select(Incident).where(Incident.id.in_(wanted)).order_by(Incident.id)))


def is_summons(page: Page) -> bool:
    """Whether the page calls one person or role to an incident that somebody has already."""
    return page.summons_person_id is not None or page.summons_role is not None
