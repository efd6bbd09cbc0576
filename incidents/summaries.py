"""Figures for management: no name, no word of a report, and nothing that is restricted to others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, exists, extract, func, or_, select
from sqlalchemy.orm import Session

from incidents.filing import Filing
from incidents.incident import Access, Incident, What
from incidents.obligations import Obligation, Standing
from incidents.owed import towards_customers
from incidents.people import Person
from incidents.store import is_postgresql


@dataclass(frozen=True)
class Year:
    """A calendar year in the organisation's zone; `bounds` are the thirteen instants at which its months begin."""

    number: int
    bounds: tuple[datetime, ...]

    @classmethod
    def of(cls, now: datetime, zone: ZoneInfo) -> Year:
        """The year that it is now in that zone."""
        return cls.numbered(now.astimezone(zone).year, zone)

    @classmethod
    def numbered(cls, number: int, zone: ZoneInfo) -> Year:
        """The year of that number in that zone."""
        starts = [datetime(number, month, 1, tzinfo=zone) for month in range(1, 13)]
        starts.append(datetime(number + 1, 1, 1, tzinfo=zone))
        return cls(number, tuple(start.astimezone(UTC) for start in starts))

    def has(self, instant: ColumnElement[Any] | Any) -> ColumnElement[bool]:
        """The condition that an instant lies in this year."""
        return and_(instant >= self.bounds[0], instant < self.bounds[12])

    def month(self, instant: Any) -> ColumnElement[int]:
        """The month of an instant of this year, 1 to 12."""
        ends = [(instant < end, number) for number, end in enumerate(self.bounds[1:12], start=1)]
        return case(*ends, else_=12)


@dataclass(frozen=True)
class Medians:
    """The median of `count` lengths of time over the year, and by month; None where there was nothing."""

    count: int
    year: timedelta | None
    months: tuple[timedelta | None, ...]


@dataclass(frozen=True)
class Duties:
    """What became of the year's duties towards an authority, those that have a legal limit.

    `unsent` ones are owed and overdue with nothing sent and no decision; `ahead` are not due yet, or may not arise.
    """

    in_time: int
    late: int
    unsent: int
    against: int
    ahead: int

    @property
    def judged(self) -> int:
        """How many the share in time is a share of: all that were sent or should have been."""
        return self.in_time + self.late + self.unsent


@dataclass(frozen=True)
class OpenIncident:
    """An open incident as management may see it. The reference is for links only."""

    codename: str
    reference: str
    what: What
    next_due_at: datetime | None
    next_act: str | None
    next_is_law: bool
    law_due_at: datetime | None


@dataclass(frozen=True)
class Summary:
    """What a summary says at one instant to one person; incidents of `year` are those opened in it.

    `overdue` counts open incidents past a legal limit, `unexplained` late notifications without their reasons.
    """

    year: Year
    open: int
    overdue: int
    unexplained: int
    kinds: tuple[tuple[What, int], ...]
    duties: Duties
    first_step: Medians


def summarise(session: Session, person: Person, *, zone: ZoneInfo, now: datetime) -> Summary:
    """The figures this person may read. `zone` decides when a year and a month begin."""
    year = Year.of(now, zone)
    still_open, overdue = _open(session, person, now)
    return Summary(
        year=year,
        open=still_open,
        overdue=overdue,
        unexplained=_unexplained(session, person),
        kinds=_kinds(session, person, year),
        duties=_duties(session, person, year, now),
        first_step=_first_step(session, person, year),
    )


def counted(person: Person) -> ColumnElement[bool]:
    """Which incidents count for this person: no drill, no canary, none restricted to others."""
    return and_(
        Incident.organisation_id == person.organisation_id,
        Incident.drill.is_(False),
        Incident.canary.is_(False),
        or_(Incident.restricted.is_(False), named(person)),
    )


def named(person: Person) -> ColumnElement[bool]:
    """Whether the person is named on an incident."""
    return exists().where(Access.incident_id == Incident.id, Access.person_id == person.id)


def open_incidents(session: Session, person: Person, *, limit: int | None = None) -> Iterator[OpenIncident]:
    """Open incidents, the nearest act due first, those without one last. Read from a cursor, row by row."""
    query = (
        select(
            Incident.codename,
            Incident.reference,
            Incident.what,
            Incident.next_due_at,
            Incident.next_act,
            Incident.next_is_law,
            Incident.law_due_at,
        )
        .where(counted(person), Incident.closed_at.is_(None))
        .order_by(Incident.next_due_at, Incident.id)
    )
    # Two ordered queries, because the databases differ on where NULL sorts and an index gives each its order.
    found = 0
    for wanted in (Incident.next_due_at.is_not(None), Incident.next_due_at.is_(None)):
        if limit is not None and found >= limit:
            return
        part = query.where(wanted).limit(None if limit is None else limit - found)
        for row in session.execute(part, execution_options={"yield_per": 500}):
            found += 1
            yield OpenIncident(*row)


def seconds_between(session: Session, later: Any, earlier: Any) -> ColumnElement[int]:
    """The whole seconds from one stored instant to another."""
    if is_postgresql(session):
        return cast(func.floor(extract("epoch", later - earlier)), Integer)
    # Days as numbers are read twice as fast as seconds as text; the millisecond is more than their rounding.
    return cast((func.julianday(later) - func.julianday(earlier)) * 86400 + 0.001, Integer)


def medians(session: Session, lengths: Select[int, int]) -> Medians:
    """The medians of a query of (month, seconds). The database counts equal lengths, so that few rows travel.

    From ten minutes on lengths are cut to whole minutes, as people read them.
    """
    # The offset keeps the databases from working the length out anew wherever it is named.
    rows = lengths.offset(0).subquery()
    month, exact = rows.c[0], rows.c[1]
    seconds = case((exact < 600, exact), else_=exact - exact % 60).label("seconds")
    histogram = session.execute(select(month, seconds, func.count()).group_by(month, seconds).order_by(seconds)).all()
    months = [[(length, times) for at, length, times in histogram if at == number] for number in range(1, 13)]
    everything = [(length, times) for _month, length, times in histogram]
    return Medians(
        count=sum(times for _length, times in everything),
        year=median(everything),
        months=tuple(median(one) for one in months),
    )


def median(histogram: Sequence[tuple[int, int]]) -> timedelta | None:
    """The median of (seconds, how often) pairs in rising order; of an even number the mean of the middle two."""
    total = sum(times for _seconds, times in histogram)
    if not total:
        return None
    wanted = sorted({(total - 1) // 2, total // 2})
    found: list[int] = []
    seen = 0
    for seconds, times in histogram:
        seen += times
        while len(found) < len(wanted) and seen > wanted[len(found)]:
            found.append(seconds)
    return timedelta(seconds=sum(found) / len(found))


def _open(session: Session, person: Person, now: datetime) -> tuple[int, int]:
    row = session.execute(
        select(func.count(), func.count().filter(Incident.law_due_at < now)).where(
            counted(person), Incident.closed_at.is_(None)
        )
    ).one()
    return row[0], row[1]


def _kinds(session: Session, person: Person, year: Year) -> tuple[tuple[What, int], ...]:
    rows = session.execute(
        select(Incident.what, func.count()).where(counted(person), year.has(Incident.opened_at)).group_by(Incident.what)
    )
    found = dict(rows.all())
    return tuple((what, found.get(what, 0)) for what in What)


def _duties(session: Session, person: Person, year: Year, now: datetime) -> Duties:
    met = Obligation.standing == Standing.MET
    owed = Obligation.standing == Standing.OWED
    overdue = and_(owed, Obligation.due_at < now)
    row = session.execute(
        select(
            func.count().filter(met, Obligation.settled_at <= Obligation.due_at),
            func.count().filter(met, Obligation.settled_at > Obligation.due_at),
            func.count().filter(overdue),
            func.count().filter(Obligation.standing == Standing.DECIDED_AGAINST),
            func.count().filter(or_(Obligation.standing == Standing.MAY_ARISE, and_(owed, Obligation.due_at >= now))),
        )
        .select_from(Obligation)
        .join(Incident, Incident.id == Obligation.incident_id)
        .where(
            counted(person),
            year.has(Incident.opened_at),
            Obligation.is_target.is_(False),
            Obligation.rule.not_in(towards_customers()),
        )
    ).one()
    return Duties(*row)


def _unexplained(session: Session, person: Person) -> int:
    # From the few late filings to their incidents, never the other way round.
    return session.scalars(
        select(func.count(Filing.id)).where(
            Filing.organisation_id == person.organisation_id,
            Filing.late.is_(True),
            Filing.delay_explained.is_(False),
            exists().where(Incident.id == Filing.incident_id, counted(person)),
        )
    ).one()


def _first_step(session: Session, person: Person, year: Year) -> Medians:
    took = seconds_between(session, Incident.first_step_at, Incident.opened_at)
    return medians(
        session,
        select(year.month(Incident.opened_at), took).where(
            counted(person), year.has(Incident.opened_at), Incident.first_step_at.is_not(None)
        ),
    )
