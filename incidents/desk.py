"""What handlers read: the list of incidents by nearest act due, and one incident with all that belongs to it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload, lazyload, selectinload

from incidents.evidence import Evidence
from incidents.filing import Filing
from incidents.incident import Incident, NotFound, What, visible
from incidents.kinds import CALLS
from incidents.obligations import Obligation
from incidents.orm import UTCDateTime
from incidents.people import Person
from incidents.report import Report
from incidents.steps import Step
from incidents.timeline import Entry
from incidents.words import N_

SHEET = 50
"""How many incidents the desk shows at once."""

Belonging = TypeVar("Belonging", Step, Obligation, Filing, Report)


class Drawer(enum.Enum):
    """Which incidents lie on the desk. Dismissed ones were closed because triage said that it is nothing."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Mark:
    """Where a sheet ended: its last incident, and the instant that one is sorted by (None: no act is due)."""

    reference: str
    at: datetime | None = None


@dataclass(frozen=True)
class Sheet:
    """Some incidents in order; `more` is the mark after which the next sheet begins."""

    incidents: Sequence[Incident]
    more: Mark | None


def on_desk(session: Session, person: Person, drawer: Drawer, *, after: Mark | None = None, most: int = SHEET) -> Sheet:
    """The incidents of a drawer that this person may see: open by nearest act due, others last closed first.

    Open ones without any act due come last, by a second query that is made only when they are reached.
    """
    listed = visible(person).options(joinedload(Incident.handler).options(lazyload(Person.grants)))
    if drawer is not Drawer.OPEN:
        return _sheet(
            session.scalars(_closed(listed, drawer, after).limit(most + 1)), most, lambda last: last.closed_at
        )
    found: list[Incident] = []
    if after is None or after.at is not None:
        found += session.scalars(_due(listed, after).limit(most + 1))
    if len(found) <= most:
        idle = _idle(listed, after if after is not None and after.at is None else None)
        found += session.scalars(idle.limit(most + 1 - len(found)))
    return _sheet(found, most, lambda last: last.next_due_at)


def _sheet(found: Iterable[Incident], most: int, sorted_by: Callable[[Incident], datetime | None]) -> Sheet:
    incidents = list(found)
    shown, last = incidents[:most], incidents[most - 1] if len(incidents) > most else None
    return Sheet(shown, Mark(last.reference, sorted_by(last)) if last else None)


def _key_of(mark: Mark) -> Select[int]:
    return select(Incident.id).where(Incident.reference == mark.reference)


def _due(listed: Select[Incident], after: Mark | None) -> Select[Incident]:
    # In the order of ix_incident_desk, so that a sheet costs the same among ten incidents and a hundred thousand.
    query = listed.where(Incident.closed_at.is_(None), Incident.next_due_at.is_not(None))
    if after is not None:
        reached = tuple_(literal(after.at, UTCDateTime()), _key_of(after).scalar_subquery())
        query = query.where(tuple_(Incident.next_due_at, Incident.id) > reached)
    return query.order_by(Incident.next_due_at, Incident.id)


def _idle(listed: Select[Incident], after: Mark | None) -> Select[Incident]:
    query = listed.where(Incident.closed_at.is_(None), Incident.next_due_at.is_(None))
    if after is not None:
        query = query.where(Incident.id > _key_of(after).scalar_subquery())
    return query.order_by(Incident.id)


def _closed(listed: Select[Incident], drawer: Drawer, after: Mark | None) -> Select[Incident]:
    nothing = Incident.what == What.NOTHING if drawer is Drawer.DISMISSED else Incident.what != What.NOTHING
    query = listed.where(Incident.closed_at.is_not(None), nothing)
    if after is not None:
        reached = tuple_(literal(after.at, UTCDateTime()), _key_of(after).scalar_subquery())
        query = query.where(tuple_(Incident.closed_at, Incident.id) < reached)
    return query.order_by(Incident.closed_at.desc(), Incident.id.desc())


@dataclass(frozen=True)
class Casefile:
    """One incident with all that belongs to it, loaded in few queries; `names` are people's by their keys.

    The rows hold each other: reports know their messages and contacts, entries their prose.
    """

    incident: Incident
    reports: Sequence[Report]
    steps: Sequence[Step]
    duties: Sequence[Obligation]
    filings: Sequence[Filing]
    files: Sequence[Evidence]
    entries: Sequence[Entry]
    told: Mapping[int, Entry]
    """The entries of its reports and their thread by key; some may belong to the incident a report came from."""
    names: Mapping[int, str]


def _duties_with_filings(session: Session, incident: Incident) -> tuple[list[Obligation], list[Filing]]:
    """What is owed and what was sent, each in order, in one query."""
    query = (
        select(Obligation, Filing)
        .outerjoin(Filing, Filing.obligation_id == Obligation.id)
        .where(Obligation.incident_id == incident.id)
        .order_by(Obligation.id, Filing.id)
    )
    rows = session.execute(query).all()
    filings = sorted((filing for _duty, filing in rows if filing is not None), key=lambda one: one.id)
    return list(dict.fromkeys(duty for duty, _filing in rows)), filings


def casefile(session: Session, incident: Incident) -> Casefile:
    """All that belongs to an incident. The caller has made sure that the reader may see it."""
    reports = session.scalars(
        select(Report)
        .where(Report.incident_id == incident.id)
        .options(selectinload(Report.messages), selectinload(Report.contacts))
        .order_by(Report.received_at, Report.id)
    ).all()
    entries = session.scalars(
        select(Entry).where(Entry.incident_id == incident.id).options(selectinload(Entry.prose)).order_by(Entry.seq)
    ).all()
    files = _files(session, incident)
    known = {entry.id: entry for entry in entries}
    known |= _from_elsewhere(session, reports, files, known)
    steps = session.scalars(select(Step).where(Step.incident_id == incident.id).order_by(Step.position, Step.id))
    # Loaded so that the duties find their parts without asking one by one.
    _ = incident.parts
    duties, filings = _duties_with_filings(session, incident)
    return Casefile(
        incident=incident,
        reports=reports,
        steps=steps.all(),
        duties=duties,
        filings=filings,
        files=files,
        entries=entries,
        told=known,
        names=_names(session, incident, reports, known.values()),
    )


def _files(session: Session, incident: Incident) -> Sequence[Evidence]:
    """The files of its reports, wherever these were when a file came, and those that belong to no report."""
    own = and_(Evidence.report_id.is_(None), Evidence.incident_id == incident.id)
    return session.scalars(
        select(Evidence)
        .outerjoin(Report, Report.id == Evidence.report_id)
        .where(or_(Report.incident_id == incident.id, own))
        .order_by(Evidence.id)
    ).all()


def _from_elsewhere(
    session: Session, reports: Iterable[Report], files: Iterable[Evidence], known: Mapping[int, Entry]
) -> dict[int, Entry]:
    """The entries of reports that were attached from other incidents."""
    wanted = {file.entry_id for file in files}
    for report in reports:
        wanted.add(report.entry_id)
        wanted.update(message.entry_id for message in report.messages)
        wanted.update(contact.entry_id for contact in report.contacts)
    missing = wanted - known.keys()
    if not missing:
        return {}
    found = session.scalars(select(Entry).where(Entry.id.in_(missing)).options(selectinload(Entry.prose)))
    return {entry.id: entry for entry in found}


def _names(session: Session, incident: Incident, reports: Iterable[Report], entries: Iterable[Entry]) -> dict[int, str]:
    keys = {entry.person_id for entry in entries} | {report.entered_by_id for report in reports} | {incident.handler_id}
    keys |= {entry.facts["person"] for entry in entries if entry.kind in CALLS and "person" in entry.facts}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(keys - {None})))
    return {row.id: row.name for row in rows}


def belonging(session: Session, kind: type[Belonging], incident: Incident, key: int) -> Belonging:
    """The row of that key if it belongs to this incident. Refuses every other one alike."""
    row = session.get(kind, key)
    if row is None or row.incident_id != incident.id:
        raise NotFound(N_("This does not belong to the incident. Go back and load the incident again."))
    return row


def entry_of(session: Session, incident: Incident, seq: int) -> Entry:
    """An incident's entry by its place in the timeline."""
    entry = session.scalars(select(Entry).where(Entry.incident_id == incident.id, Entry.seq == seq)).first()
    if entry is None:
        raise NotFound(N_("This incident has no such entry."))
    return entry


def file_for(session: Session, person: Person, token: str) -> Evidence:
    """A stored file, if this person may see the incident that its report belongs to now."""
    mine = visible(person).with_only_columns(Incident.id)
    file = session.scalars(
        select(Evidence)
        .outerjoin(Report, Report.id == Evidence.report_id)
        .where(
            Evidence.token == token,
            or_(Report.incident_id.in_(mine), and_(Evidence.report_id.is_(None), Evidence.incident_id.in_(mine))),
        )
    ).first()
    if file is None:
        raise NotFound(N_("There is no such file for you to see."))
    return file
