"""The register of every breach that Art. 33(5) GDPR asks for: facts, effects, remedial action, and the duties.

Complete for whoever may read it: a restricted incident stands in it with its facts, and without a word that
anybody wrote unless the reader is named on it. Never a report's text or a reporter's contact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from incidents.filing import Filing
from incidents.incident import Incident, OurRole, Part, What
from incidents.obligations import OPEN, Obligation, Standing
from incidents.owed import towards_customers
from incidents.people import Person
from incidents.signatures import KINDS, Signature, parts_named
from incidents.summaries import Year, named
from incidents.timeline import Entry, Kind, Prose

AnyRow = Row[*tuple[Any, ...]]

PAGE = 50
BATCH = 500

_WRITTEN = (
    *(Kind.TRIAGED, Kind.AWARE, Kind.CONTAINED, Kind.CLOSED),
    *(Kind.NOT_NOTIFIED, Kind.NOTIFIED, Kind.DELAY_EXPLAINED, Kind.CORRECTED),
)


@dataclass(frozen=True)
class Wanted:
    """Which incidents to show; None means all. The year is that of the opening, in the organisation's zone."""

    year: int | None = None
    what: What | None = None


@dataclass(frozen=True)
class Sent:
    """One notification that was sent. `recipient` and `reference` are None where they are withheld or missing."""

    sent_at: datetime
    recipient: str | None
    reference: str | None
    awaited: bool
    delay_explained: bool


@dataclass(frozen=True)
class Duty:
    """One duty of an incident. `late` is None while it is open and not due, and where no law sets a limit."""

    law: str
    article: str
    recipient: str | None
    standing: Standing
    is_target: bool
    due_at: datetime | None
    settled_at: datetime | None
    late: bool | None
    filings: tuple[Sent, ...]
    reason_against: str | None
    delay_reasons: str | None


@dataclass(frozen=True)
class Breach:
    """One row of the register. `withheld` says that what people wrote is kept from this reader."""

    reference: str
    opened_at: datetime
    what: What
    our_role: OurRole
    customers: int
    aware_at: datetime | None
    contained_at: datetime | None
    closed_at: datetime | None
    restricted: bool
    withheld: bool
    assessment: str | None
    awareness: str | None
    remedy: str | None
    outcome: str | None
    signed: tuple[Signature, ...]
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Leaf:
    """One page of the register; `after` is where the next one begins, None on the last."""

    breaches: tuple[Breach, ...]
    after: str | None


def leaf(
    session: Session,
    person: Person,
    wanted: Wanted,
    *,
    zone: ZoneInfo,
    after: str | None = None,
    size: int = PAGE,
    now: datetime,
) -> Leaf:
    """The breaches that follow the one of reference `after`, newest first; from the start if there is none."""
    query = _query(person, wanted, zone)
    start = _place(session, person, after) if after else None
    if start is not None:
        query = query.where(tuple_(Incident.opened_at, Incident.id) < tuple_(*start))
    rows = session.execute(query.limit(size + 1)).all()
    shown = tuple(_dressed(session, rows[:size], now=now))
    return Leaf(shown, shown[-1].reference if len(rows) > size else None)


def every(session: Session, person: Person, wanted: Wanted, *, zone: ZoneInfo, now: datetime) -> Iterator[Breach]:
    """Every breach, newest first, read from a cursor batch by batch."""
    result = session.execute(_query(person, wanted, zone), execution_options={"yield_per": BATCH})
    for rows in result.partitions():
        yield from _dressed(session, rows, now=now)


def totals(session: Session, person: Person, wanted: Wanted, *, zone: ZoneInfo) -> dict[What, int]:
    """How many of each sort the register holds for that year, restricted ones included."""
    rows = session.execute(
        select(Incident.what, func.count()).where(_registered(person), *_in_year(wanted, zone)).group_by(Incident.what)
    )
    found = dict(rows.all())
    return {what: found[what] for what in What if what in found}


def first_year(session: Session, person: Person, *, zone: ZoneInfo, now: datetime) -> int:
    """The year of the earliest incident; this year while there is none."""
    earliest = session.scalar(
        select(func.min(Incident.opened_at)).where(Incident.organisation_id == person.organisation_id)
    )
    return (earliest or now).astimezone(zone).year


def _registered(person: Person) -> ColumnElement[bool]:
    return and_(
        Incident.organisation_id == person.organisation_id,
        Incident.drill.is_(False),
        Incident.canary.is_(False),
    )


def _in_year(wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    return [] if wanted.year is None else [Year.numbered(wanted.year, zone).has(Incident.opened_at)]


def _query(person: Person, wanted: Wanted, zone: ZoneInfo) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Incident.id,
            Incident.reference,
            Incident.opened_at,
            Incident.what,
            Incident.our_role,
            Incident.aware_at,
            Incident.contained_at,
            Incident.closed_at,
            Incident.restricted,
            and_(Incident.restricted, ~named(person)).label("withheld"),
        )
        .where(_registered(person), *_in_year(wanted, zone))
        .order_by(Incident.opened_at.desc(), Incident.id.desc())
    )
    return query if wanted.what is None else query.where(Incident.what == wanted.what)


def _place(session: Session, person: Person, reference: str) -> tuple[datetime, int] | None:
    found = session.execute(
        select(Incident.opened_at, Incident.id).where(_registered(person), Incident.reference == reference)
    ).first()
    return (found[0], found[1]) if found else None


@dataclass
class _Words:
    """What was written about one incident: the latest of each sort, and by duty."""

    latest: dict[Kind, str] = field(default_factory=dict)
    against: dict[int, str] = field(default_factory=dict)
    delay_when_sent: dict[int, str] = field(default_factory=dict)
    delay_since: dict[int, str] = field(default_factory=dict)
    signed: list[Signature] = field(default_factory=list)

    def delay(self, filing: AnyRow) -> Iterator[str]:
        """The reasons given with a filing, and those given later."""
        for text in (self.delay_when_sent.get(filing.entry_id), self.delay_since.get(filing.id)):
            if text:
                yield text


def _dressed(session: Session, rows: Sequence[AnyRow], *, now: datetime) -> Iterator[Breach]:
    """Put duties, filings and words to a batch of incidents, with one query for each."""
    ids = [row.id for row in rows]
    open_words = [row.id for row in rows if not row.withheld]
    duties, filings = _duties(session, ids), _filings(session, ids)
    customers, words = _customers(session, ids), _words(session, open_words)
    parts = parts_named(session, (one for said in words.values() for one in said.signed))
    for row in rows:
        said = words[row.id]
        yield Breach(
            reference=row.reference,
            opened_at=row.opened_at,
            what=row.what,
            our_role=row.our_role,
            customers=customers.get(row.id, 0),
            aware_at=row.aware_at,
            contained_at=row.contained_at,
            closed_at=row.closed_at,
            restricted=row.restricted,
            withheld=row.withheld,
            assessment=said.latest.get(Kind.TRIAGED),
            awareness=said.latest.get(Kind.AWARE),
            remedy=said.latest.get(Kind.CONTAINED),
            outcome=said.latest.get(Kind.CLOSED),
            signed=tuple(one.with_part(parts) for one in said.signed),
            duties=tuple(_duty(duty, filings[duty.id], said, row.withheld, now) for duty in duties[row.id]),
        )


def _duty(duty: AnyRow, filings: Sequence[AnyRow], said: _Words, withheld: bool, now: datetime) -> Duty:
    explained = [text for filing in filings for text in said.delay(filing)]
    return Duty(
        law=duty.terms["law"],
        article=duty.terms["article"],
        # The recipient of a processor's notice is a customer's name; of a filing it names only the law's authority.
        recipient=None if withheld and duty.rule in towards_customers() else duty.recipient,
        standing=duty.standing,
        is_target=duty.is_target,
        due_at=duty.due_at,
        settled_at=duty.settled_at,
        late=_late(duty, now),
        filings=tuple(
            Sent(
                sent_at=filing.sent_at,
                recipient=None if withheld else filing.recipient,
                reference=None if withheld else filing.reference,
                awaited=filing.reference is None,
                delay_explained=filing.delay_explained,
            )
            for filing in filings
        ),
        reason_against=said.against.get(duty.id),
        delay_reasons="\n".join(explained) or None,
    )


def _late(duty: AnyRow, now: datetime) -> bool | None:
    if duty.is_target or duty.due_at is None:
        return None
    if duty.standing is Standing.MET:
        return bool(duty.settled_at > duty.due_at)
    return True if duty.standing in OPEN and duty.due_at < now else None


def _grouped(rows: Iterable[AnyRow], by: str) -> defaultdict[int, list[AnyRow]]:
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[getattr(row, by)].append(row)
    return found


def _duties(session: Session, ids: Sequence[int]) -> defaultdict[int, list[AnyRow]]:
    rows = session.execute(
        select(
            Obligation.id,
            Obligation.incident_id,
            Obligation.rule,
            Obligation.terms,
            Obligation.recipient,
            Obligation.standing,
            Obligation.is_target,
            Obligation.due_at,
            Obligation.settled_at,
        )
        .where(Obligation.incident_id.in_(ids))
        .order_by(Obligation.id)
    )
    return _grouped(rows, "incident_id")


def _filings(session: Session, ids: Sequence[int]) -> defaultdict[int, list[AnyRow]]:
    rows = session.execute(
        select(
            Filing.id,
            Filing.obligation_id,
            Filing.entry_id,
            Filing.sent_at,
            Filing.recipient,
            Filing.reference,
            Filing.delay_explained,
        )
        .where(Filing.incident_id.in_(ids))
        .order_by(Filing.id)
    )
    return _grouped(rows, "obligation_id")


def _customers(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(Part.incident_id, func.count())
        .where(Part.incident_id.in_(ids), Part.role == OurRole.PROCESSOR, Part.dropped_at.is_(None))
        .group_by(Part.incident_id)
    )
    return dict(rows.all())


def _words(session: Session, ids: Sequence[int]) -> defaultdict[int, _Words]:
    """Reasons that handlers wrote, with their corrections. Blanked ones are gone."""
    query = (
        select(Entry.id, Entry.incident_id, Entry.kind, Entry.facts, Entry.corrects_id, Prose.field, Prose.text)
        .outerjoin(
            Prose,
            and_(
                Prose.entry_id == Entry.id,
                Prose.field.in_(("reason", "delay_reasons", "text")),
                Prose.text.is_not(None),
            ),
        )
        .where(Entry.incident_id.in_(ids), Entry.kind.in_((*_WRITTEN, *KINDS)))
        .order_by(Entry.incident_id, Entry.seq)
    )
    rows = session.execute(query).all() if ids else []
    corrections: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        if row.kind is Kind.CORRECTED and row.text:
            corrections[row.corrects_id].append(row.text)
    found: defaultdict[int, _Words] = defaultdict(_Words)
    for row in rows:
        text = "\n→ ".join([row.text, *corrections[row.id]]) if row.text else ""
        if row.kind in KINDS:
            found[row.incident_id].signed.append(Signature(row.kind, row.facts, text or None))
        elif text:
            _keep(found[row.incident_id], row, text)
    return found


def _keep(said: _Words, row: AnyRow, text: str) -> None:
    if row.kind is Kind.DELAY_EXPLAINED:
        said.delay_since[row.facts["filing"]] = text
    elif row.field == "delay_reasons":
        said.delay_when_sent[row.id] = text
    elif row.kind is Kind.NOT_NOTIFIED:
        said.against[row.facts["obligation"]] = text
    elif row.kind is not Kind.CORRECTED:
        said.latest[row.kind] = text
