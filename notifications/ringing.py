"""What rings now, as far as a person may know of it, and who has taken what rang."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, distinct, func, or_, select
from sqlalchemy.orm import Session, lazyload

from incidents.incident import Incident, Urgency, visible
from incidents.people import Person, Role
from incidents.summaries import counted
from incidents.timeline import Entry, Kind
from notifications import drills
from notifications.page import Acknowledgement, Page, PageEntry


@dataclass(frozen=True)
class Ringing:
    """A page that rings; `through_entry_id` is the last entry shown, which an acknowledgement carries.

    `has` people have taken it already, where the policy wants more of them.
    """

    page: Page
    incidents: Sequence[Incident]
    through_entry_id: int
    has: int = 0


def ringing(
    session: Session, person: Person, *, now: datetime, token: str | None = None, only: Incident | None = None
) -> list[Ringing]:
    """The unacknowledged pages of incidents that this person may see, oldest first.

    With `token` at most that page, with `only` at most those in which that incident rings.
    """
    # EXISTS, not IN: a list of all that one may see would be built anew whenever anything rings.
    mine = visible(person).where(Incident.id == PageEntry.incident_id).exists()
    query = (
        select(Page, func.max(PageEntry.entry_id), func.count(distinct(Acknowledgement.person_id)))
        .join(PageEntry, PageEntry.page_id == Page.id)
        .outerjoin(Acknowledgement, and_(Acknowledgement.page_id == Page.id, Acknowledgement.until > now))
        .where(
            Page.organisation_id == person.organisation_id,
            Page.ended_at.is_(None),
            PageEntry.answered_at.is_(None),
            or_(Page.quiet_until.is_(None), Page.quiet_until <= now),
            # A summons is for whom it calls: taken by somebody else it would never reach them.
            or_(
                and_(Page.summons_person_id.is_(None), Page.summons_role.is_(None)),
                Page.summons_person_id == person.id,
                Page.summons_role.in_(person.roles),
                Page.step > 0,  # nobody came: it rings the others too
            ),
            or_(PageEntry.incident_id.is_(None), mine),
            or_(PageEntry.incident_id.is_not(None), Page.drill.is_(False), drills.of_person(person.id)),
        )
        .group_by(Page.id)
        .order_by(Page.opened_at, Page.id)
    )
    if token is not None:
        query = query.where(Page.token == token)
    if only is not None:
        query = query.where(Page.id.in_(select(PageEntry.page_id).where(PageEntry.incident_id == only.id)))
    found = session.execute(query).all()
    if not found:
        return []
    named = _named(session, person, [page.id for page, _through, _has in found])
    return [Ringing(page, named.get(page.id, []), through, has) for page, through, has in found]


def _named(session: Session, person: Person, page_ids: list[int]) -> dict[int, list[Incident]]:
    """For each page, the incidents that still wait in it and that this person may see."""
    rows = session.execute(
        visible(person)
        .join(PageEntry, PageEntry.incident_id == Incident.id)
        .where(PageEntry.page_id.in_(page_ids), PageEntry.answered_at.is_(None))
        .order_by(PageEntry.entry_id)
        .with_only_columns(PageEntry.page_id, Incident)
    )
    named: dict[int, dict[int, Incident]] = {}
    for page_id, incident in rows:
        named.setdefault(page_id, {})[incident.id] = incident
    return {page_id: list(found.values()) for page_id, found in named.items()}


@dataclass(frozen=True)
class Loud:
    """A page that rings now, as somebody may know of it who reads no report. `has` people have taken it already, where
    the policy wants more of them.
    """

    codename: str
    since: datetime
    has: int


def loud(session: Session, person: Person, *, now: datetime) -> list[Loud]:
    """The unacknowledged pages of incidents that count in this person's summary, oldest first."""
    rings = (
        select(PageEntry.id)
        .join(Incident, Incident.id == PageEntry.incident_id)
        .where(PageEntry.page_id == Page.id, PageEntry.answered_at.is_(None), counted(person))
        .exists()
    )
    rows = session.execute(
        select(Page.codename, Page.opened_at, func.count(distinct(Acknowledgement.person_id)))
        .outerjoin(Acknowledgement, and_(Acknowledgement.page_id == Page.id, Acknowledgement.until > now))
        .where(
            Page.organisation_id == person.organisation_id,
            Page.ended_at.is_(None),
            or_(Page.quiet_until.is_(None), Page.quiet_until <= now),
            rings,
        )
        .group_by(Page.id, Page.codename, Page.opened_at)
        .order_by(Page.opened_at, Page.id)
    )
    return [Loud(*row) for row in rows]


@dataclass(frozen=True)
class Alarm:
    """What a page says to whoever it wakes: the incident with the nearest legal limit, and how many wait in it."""

    first: Incident | None
    waiting: int

    @property
    def urgent(self) -> bool:
        return self.first is None or self.first.urgency is Urgency.URGENT


def alarm(session: Session, page_id: int) -> Alarm:
    """What a page rings for now. Once all of it is answered `first` is what it rang for, and nothing waits."""
    first, waiting = session.execute(_ALARM, {"page_id": page_id}).one_or_none() or (None, 0)
    return Alarm(first, waiting)


# Several entries of one incident are one alarm to whoever reads this.
_WAITING = select(func.count(distinct(PageEntry.incident_id))).where(
    PageEntry.page_id == bindparam("page_id"), PageEntry.answered_at.is_(None)
)
_ALARM = (
    select(Incident, _WAITING.scalar_subquery())
    .join(PageEntry, PageEntry.incident_id == Incident.id)
    .where(PageEntry.page_id == bindparam("page_id"))
    .order_by(
        PageEntry.answered_at.is_not(None),
        Incident.law_due_at.nulls_last(),
        Incident.next_due_at.nulls_last(),
        Incident.id,
    )
    .limit(1)
)


def belated(session: Session, page_id: int) -> tuple[int, str] | None:
    """For how many warnings of deadlines a page rings as one, and since when they were due: none was told in time.

    The instant is in ISO 8601. None where each came in its time, or was answered.
    """
    facts = session.scalars(_WARNINGS, {"page_id": page_id}).all()
    late = [each for each in facts if "since" in each]
    return (sum(each["stages"] for each in late), min(each["since"] for each in late)) if late else None


_WARNINGS = (
    select(Entry.facts)
    .join(PageEntry, PageEntry.entry_id == Entry.id)
    .where(
        PageEntry.page_id == bindparam("page_id"),
        PageEntry.answered_at.is_(None),
        Entry.kind.in_((Kind.DEADLINE_NEAR, Kind.DEADLINE_PASSED)),
    )
)


@dataclass(frozen=True)
class Called:
    """Somebody who was called to an incident: a person by name, or a role; `answered_at` is None while it rings.

    `hands_over` when they are to take it over, not to help.
    """

    name: str | None
    role: Role | None
    at: datetime
    answered_at: datetime | None
    hands_over: bool = False


def called_to(session: Session, incident_id: int) -> list[Called]:
    """Who was called to an incident, first to last."""
    rows = session.execute(
        select(Page, Person.name, Entry.kind)
        .join(PageEntry, PageEntry.page_id == Page.id)
        .join(Entry, Entry.id == PageEntry.entry_id)
        .outerjoin(Person, Person.id == Page.summons_person_id)
        .where(
            PageEntry.incident_id == incident_id,
            or_(Page.summons_person_id.is_not(None), Page.summons_role.is_not(None)),
        )
        .order_by(Page.id)
    )
    return [
        Called(name, page.summons_role, page.opened_at, page.ended_at, kind is Kind.HANDED_OVER)
        for page, name, kind in rows
    ]


@dataclass(frozen=True)
class Taken:
    """Who acknowledged last, when, until when it quiets, and whether only through a link."""

    person_id: int
    name: str
    at: datetime
    until: datetime
    by_link: bool


def taken_by(session: Session, incident_ids: Iterable[int]) -> dict[int, Taken]:
    """For each of these incidents, the last acknowledgement that covered an entry of it."""
    wanted = list(incident_ids)
    if not wanted:
        return {}
    rows = session.execute(
        select(PageEntry.incident_id, Person.name, Acknowledgement)
        .join(Acknowledgement, Acknowledgement.page_id == PageEntry.page_id)
        .join(Person, Person.id == Acknowledgement.person_id)
        .join(Page, Page.id == PageEntry.page_id)
        .where(
            PageEntry.incident_id.in_(wanted),
            PageEntry.entry_id <= Acknowledgement.through_entry_id,
            Page.summons_person_id.is_(None),
            Page.summons_role.is_(None),
        )
        .options(lazyload(Acknowledgement.person))
        .order_by(Acknowledgement.id)
    )
    return {
        incident_id: Taken(given.person_id, name, given.at, given.until, given.by_link)
        for incident_id, name, given in rows
        if incident_id is not None
    }
