"""What is owed under which rule, to whom and by when. `recompute()` alone stores deadlines."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, OurRole, Part, What
from incidents.law.counting import TARGET, Count, count
from incidents.law.regimes import Capacity, Rule, laws_for, load
from incidents.law.regimes.rule import Recipient
from incidents.organisation import LegalEntity, Organisation
from incidents.orm import Base, Key, by_value, table
from incidents.report import Report
from incidents.steps import Step, StepState
from incidents.timeline import SYSTEM, Kind, record


class Standing(enum.Enum):
    """Where an obligation stands."""

    MAY_ARISE = "may-arise"
    OWED = "owed"
    MET = "met"
    DECIDED_AGAINST = "decided-against"
    DOES_NOT_ARISE = "does-not-arise"


OPEN = (Standing.MAY_ARISE, Standing.OWED)

STAGES = (0.5, 0.75, 11 / 12, 1.0)
"""The parts of a period after which somebody hears of it: for 72 hours at 36, 54, 66 and 72."""


@dataclass(frozen=True)
class Targets:
    """The organisation's own targets for duties that the law puts no number on."""

    notice: timedelta = field(default=TARGET)


class Obligation(Base):
    """One duty under one rule towards one recipient. The rule's terms are copied when it arises.

    `due_at` is what counts now: from awareness once that is decided (`decided_due_at`), until then from the
    cautious anchor (`cautious_due_at`). `is_target` says that no law puts a number on it.
    """

    __tablename__ = "obligation"
    __table_args__ = table(
        UniqueConstraint("incident_id", "rule", "part_id"),
        Index("ix_obligation_warning", "standing", "next_warning_at"),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    part_id: Mapped[int | None] = mapped_column(Key, ForeignKey("part.id"))
    rule: Mapped[str] = mapped_column(String(60))
    terms: Mapped[dict[str, Any]]
    recipient: Mapped[str] = mapped_column(String(200))
    standing: Mapped[Standing] = mapped_column(by_value(Standing))
    is_target: Mapped[bool]
    cautious_due_at: Mapped[datetime | None]
    decided_due_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ceiling_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    next_warning_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    incident: Mapped[Incident] = relationship()
    part: Mapped[Part | None] = relationship()

    @property
    def is_open(self) -> bool:
        return self.standing in OPEN


@dataclass(frozen=True)
class _Wanted:
    rule: Rule
    part: Part | None
    standing: Standing
    recipient: str


def recompute(
    session: Session,
    incident: Incident,
    *,
    targets: Targets,
    now: datetime,
    organisation: Organisation | None = None,
    reports: Sequence[Report] | None = None,
) -> None:
    """Work out every obligation of an incident from its anchors and facts, and store the result.

    The only function that stores deadlines; call it in the transaction that moves an anchor or a fact.
    """
    organisation = organisation or session.get_one(Organisation, incident.organisation_id)
    present = {
        (row.rule, row.part_id): row
        for row in session.scalars(select(Obligation).where(Obligation.incident_id == incident.id))
    }
    cautious = _cautious_anchor(session, incident, reports)
    wanted = list(_wanted(session, incident, organisation, now)) if cautious else []
    for duty in wanted:
        key = (duty.rule.id, duty.part.id if duty.part else None)
        row = present.pop(key, None)
        if row is None:
            row = _arise(incident, duty)
            session.add(row)
        elif row.standing not in (Standing.MET, Standing.DECIDED_AGAINST):
            row.standing = duty.standing
        _set_deadlines(row, duty.rule, cautious, incident, organisation, targets, now)
    for row in present.values():
        if row.is_open:
            row.standing, row.next_warning_at = Standing.DOES_NOT_ARISE, None
    session.flush()
    settle_next_act(session, incident)


def cautious_anchor(session: Session, incident: Incident) -> datetime | None:
    """The earliest of: report received, first known to anybody here, and a "noticed" time that counts."""
    return _cautious_anchor(session, incident, None)


def _cautious_anchor(session: Session, incident: Incident, reports: Sequence[Report] | None) -> datetime | None:
    if reports is None:
        reports = session.scalars(select(Report).where(Report.incident_id == incident.id)).all()
    instants: list[datetime] = []
    for report in reports:
        instants.append(report.received_at)
        if report.first_known_at:
            instants.append(report.first_known_at)
        if report.noticed_at and report.noticed_counts:
            instants.append(report.noticed_at)
    return min(instants, default=None)


def _laws(session: Session, organisation: Organisation) -> tuple[str, ...]:
    entities = session.scalars(select(LegalEntity.country).where(LegalEntity.organisation_id == organisation.id)).all()
    return laws_for(organisation.country, entities)


def _wanted(session: Session, incident: Incident, organisation: Organisation, now: datetime) -> Iterator[_Wanted]:
    if incident.what in (What.SECURITY_INCIDENT, What.NEAR_MISS, What.NOTHING):
        return
    sure = Standing.OWED if incident.what is What.PERSONAL_DATA_BREACH else Standing.MAY_ARISE
    laws, today, regimes = _laws(session, organisation), now.date(), load()
    if incident.our_role is not OurRole.PROCESSOR:
        standing = Standing.MAY_ARISE if incident.our_role is OurRole.UNKNOWN else sure
        for rule in regimes.owed_by(Capacity.CONTROLLER, today, laws):
            if rule.recipient is Recipient.AUTHORITY:
                yield _Wanted(rule, None, standing, rule.short_title)
    if incident.our_role in (OurRole.PROCESSOR, OurRole.BOTH):
        # One notice to each customer satisfies each law; the one of our own country names the duty.
        rules = regimes.owed_by(Capacity.PROCESSOR, today, laws)
        rule = next(rule for rule in rules if rule.recipient is Recipient.CONTROLLER)
        for part in incident.parts:
            if part.role is OurRole.PROCESSOR and part.dropped_at is None:
                yield _Wanted(rule, part, sure, part.customer)


def _arise(incident: Incident, duty: _Wanted) -> Obligation:
    return Obligation(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        part_id=duty.part.id if duty.part else None,
        rule=duty.rule.id,
        terms=_copied(duty.rule),
        recipient=duty.recipient[:200],
        standing=duty.standing,
        is_target=duty.rule.period is None,
    )


def _copied(rule: Rule) -> dict[str, Any]:
    """The terms of a rule as they stand today, for the obligation to keep."""
    return {
        "law": rule.law,
        "article": rule.article,
        "title": rule.title,
        "period": rule.period,
        "unit": rule.unit.value,
        "counting": rule.counting.value,
        "checked": rule.checked.isoformat(),
    }


def _set_deadlines(
    row: Obligation,
    rule: Rule,
    cautious: datetime | None,
    incident: Incident,
    organisation: Organisation,
    targets: Targets,
    now: datetime,
) -> None:
    zone = ZoneInfo(organisation.zone)

    def counted(start: datetime | None) -> Count | None:
        return count(rule.terms, start, zone=zone, target=targets.notice) if start else None

    careful, decided = counted(cautious), counted(incident.aware_at)
    row.cautious_due_at = careful.due_at if careful else None
    row.decided_due_at = decided.due_at if decided else None
    in_force = decided or careful
    row.started_at = incident.aware_at or cautious
    row.due_at = in_force.due_at if in_force else None
    row.ceiling_at = in_force.ceiling_at if in_force else None
    row.next_warning_at = next_stage(row, now) if row.is_open else None


def next_stage(row: Obligation, after: datetime) -> datetime | None:
    """The next instant at which somebody hears of this deadline; None once its end was told.

    Of several stages that fell due at once only the last is told.
    """
    if row.due_at is None or row.started_at is None:
        return None
    period = row.due_at - row.started_at
    stages = [row.started_at + period * part for part in STAGES]
    return next((stage for stage in stages if stage > after), row.due_at)


def strike(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Turn every deadline stage that has been reached into an entry. Returns how many."""
    due = session.scalars(
        select(Obligation)
        .join(Incident, Incident.id == Obligation.incident_id)
        .where(
            Obligation.standing.in_(OPEN),
            Obligation.next_warning_at <= now,
            Incident.closed_at.is_(None),
        )
        .order_by(Obligation.next_warning_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Obligation)
    ).all()
    for row in due:
        passed = row.due_at is not None and now >= row.due_at
        record(
            session,
            row.incident.timeline,
            Kind.DEADLINE_PASSED if passed else Kind.DEADLINE_NEAR,
            by=SYSTEM,
            incident_id=row.incident_id,
            happened_at=row.next_warning_at,
            facts={
                "rule": row.rule,
                "obligation": row.id,
                "due_at": _iso(row.due_at),
                "last": not passed and next_stage(row, now) == row.due_at,
                "is_target": row.is_target,
            },
            now=now,
        )
        row.next_warning_at = None if passed else next_stage(row, now)
    session.flush()
    return len(due)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def settle_next_act(session: Session, incident: Incident) -> None:
    """Store the nearest act due, among open obligations and open steps, and the nearest legal limit."""
    duties = session.scalars(
        select(Obligation).where(
            Obligation.incident_id == incident.id,
            Obligation.standing.in_(OPEN),
            Obligation.due_at.is_not(None),
        )
    ).all()
    steps = session.execute(
        select(Step.due_at, Step.position, Step.title).where(
            Step.incident_id == incident.id, Step.state == StepState.OPEN, Step.due_at.is_not(None)
        )
    ).all()
    # Sorted by instant; of acts due together the law's come first, then the playbook's order.
    acts = [(row.due_at, row.is_target, 0, str(row.terms["title"])) for row in duties if row.due_at]
    acts += [(due_at, True, 1 + position, title) for due_at, position, title in steps if due_at]
    incident.law_due_at = min((act[0] for act in acts if not act[1]), default=None)
    if incident.closed_at is not None or not acts:
        incident.next_due_at, incident.next_is_law, incident.next_act = None, False, None
    else:
        incident.next_due_at, is_target, _order, incident.next_act = min(acts)
        incident.next_is_law = not is_target
    session.flush()


@dataclass(frozen=True)
class Difference:
    """A stored deadline that is not what its anchors give."""

    incident: str
    rule: str
    stored: datetime | None
    computed: datetime | None


def differences(session: Session, *, targets: Targets) -> Iterator[Difference]:
    """Recompute every open deadline from its anchors and yield those that differ from what is stored."""
    query = select(Obligation).where(Obligation.standing.in_(OPEN)).execution_options(yield_per=500)
    zones: dict[int, ZoneInfo] = {}
    for row in session.scalars(query):
        zone = zones.setdefault(
            row.organisation_id,
            ZoneInfo(session.get_one(Organisation, row.organisation_id).zone),
        )
        start = row.incident.aware_at or cautious_anchor(session, row.incident)
        rule = load().get(row.rule)
        due = count(rule.terms, start, zone=zone, target=targets.notice).due_at if start else None
        if due != row.due_at:
            yield Difference(row.incident.reference, row.rule, row.due_at, due)
