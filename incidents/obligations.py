"""What is owed under which rule, to whom and by when. `recompute()` alone stores deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, Part
from incidents.law.counting import TARGET, Unit
from incidents.law.profile import Contract
from incidents.law.regimes import Rule, load
from incidents.law.regimes.rule import Recipient
from incidents.organisation import Organisation
from incidents.orm import Base, Key, by_value, table
from incidents.owed import CONTRACT as CONTRACT
from incidents.owed import NO_BREACH, Wanted, towards_customers, wanted_by
from incidents.owed import OPEN as OPEN
from incidents.owed import Against as Against
from incidents.owed import Standing as Standing
from incidents.reckoning import Clocks, Reckoning, recorded_starts, start_key
from incidents.report import Report
from incidents.steps import Step, StepState, roles_concerned
from incidents.words import N_

AWARENESS_WITHIN = timedelta(hours=12)
"""So long after the first sign it should be decided since when we are aware."""

STAGES = (0.5, 0.75, 11 / 12, 1.0)
"""The parts of a period after which somebody hears of it: for 72 hours at 36, 54, 66 and 72."""


@dataclass(frozen=True)
class Targets:
    """The organisation's own targets for duties that the law puts no number on."""

    notice: timedelta = field(default=TARGET)


class Act(NamedTuple):
    """An open step with a due time: what `settle_next_act` chooses among, beside the duties.

    `owed` marks what the law wants, such as the reasons for a delay; the others are our own targets.
    """

    due_at: datetime
    position: int
    title: str
    owed: bool = False


class Obligation(Base):
    """One duty under one rule towards one recipient. The rule's terms are copied when it arises.

    `due_at` is what counts now: from awareness once that is decided (`decided_due_at`), until then from the
    cautious anchor (`cautious_due_at`). `is_target` says that no law puts a number on it. `towards` tells apart
    recipients of the same duty, such as the authorities of two countries. `taken_on` says that a person found that
    it is owed, where the rules alone could not tell.
    """

    __tablename__ = "obligation"
    __table_args__ = table(
        UniqueConstraint("incident_id", "rule", "part_id", "towards"),
        Index("ix_obligation_warning", "standing", "next_warning_at"),
        Index(
            "ix_obligation_incident",
            *("incident_id", "is_target", "part_id", "standing", "due_at", "settled_at"),
        ),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    part_id: Mapped[int | None] = mapped_column(Key, ForeignKey("part.id"))
    rule: Mapped[str] = mapped_column(String(60))
    terms: Mapped[dict[str, Any]]
    recipient: Mapped[str] = mapped_column(String(200))
    towards: Mapped[str] = mapped_column(String(60), default="")
    taken_on: Mapped[bool] = mapped_column(default=False)
    standing: Mapped[Standing] = mapped_column(by_value(Standing))
    is_target: Mapped[bool]
    cautious_due_at: Mapped[datetime | None]
    decided_due_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ceiling_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    next_warning_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    against: Mapped[Against | None] = mapped_column(by_value(Against))

    incident: Mapped[Incident] = relationship()
    part: Mapped[Part | None] = relationship()

    @property
    def is_open(self) -> bool:
        return self.standing in OPEN

    @property
    def towards_people(self) -> bool:
        """Whether it is owed to the people concerned (Art. 34), not to an authority or a customer."""
        return load().get(self.rule).recipient is Recipient.PEOPLE

    @property
    def towards_customer(self) -> bool:
        """Whether it is owed to a customer, as whose processor we are concerned: by law or by contract."""
        return self.rule in towards_customers()


_FIRST = (
    *("organisation_id", "part_id", "rule", "terms", "recipient", "towards", "taken_on", "standing", "is_target"),
    *("cautious_due_at", "decided_due_at", "due_at", "ceiling_at", "started_at", "next_warning_at"),
)
"""The columns of a duty that has just arisen; the incident's key comes when it is stored."""


@dataclass(frozen=True)
class _Told:
    """An open duty as it stood: for this period the next warning was due then, or (None) its end was told."""

    started_at: datetime | None
    due_at: datetime | None
    next_warning_at: datetime | None


def recompute(
    session: Session,
    incident: Incident,
    *,
    targets: Targets,
    event: tuple[str, datetime] | None = None,
    now: datetime,
) -> None:
    """Work out every obligation of an incident from its anchors and facts, and store the result.

    With `first_duties` the only function that stores deadlines; call it in the transaction that moves an anchor
    or a fact. `event` is a start of a clock that is about to be recorded (`reckoning.start_key`, and when it was).
    """
    organisation = session.get_one(Organisation, incident.organisation_id)
    rows = session.scalars(select(Obligation).where(Obligation.incident_id == incident.id)).all()
    cautious = cautious_anchor(session, incident)
    clocks = clocks_of(session, incident, organisation, targets, cautious, rows, event)
    for row, duty in matched(rows, wanted_by(session, incident, organisation) if cautious else []):
        told = _Told(row.started_at, row.due_at, row.next_warning_at) if row is not None and row.is_open else None
        if row is None and duty is not None:
            row = _arise(incident, duty)
            if row.towards_people:
                row.terms |= {"since": now.isoformat()}  # it arises with the finding, not with the breach
            session.add(row)
        elif row is not None and not _stand_anew(row, duty):
            continue
        if row is not None:
            _set_deadlines(row, clocks)
            row.next_warning_at = _next_warning(row, told, now) if row.is_open else None
    session.flush()
    if incident.awareness_asked_at is not None and cautious:
        incident.awareness_asked_at = None if incident.aware_at else cautious + AWARENESS_WITHIN
    settle_next_act(session, incident)


def owing(session: Session, organisation_id: int) -> Sequence[int]:
    """The incidents that are open or still owe something, by key."""
    owes = exists().where(Obligation.incident_id == Incident.id, Obligation.standing.in_(OPEN))
    query = select(Incident.id).where(
        Incident.organisation_id == organisation_id, or_(Incident.closed_at.is_(None), owes)
    )
    return session.scalars(query.order_by(Incident.id)).all()


def matched(rows: Iterable[Obligation], wanted: Sequence[Wanted]) -> Iterator[tuple[Obligation | None, Wanted | None]]:
    """Each duty that the facts give with the row that stands for it, and each row that they no longer give.

    A row that was stored before it was known which authority it is owed to stands for the first of them.
    """
    present = {(row.rule, row.part_id, row.towards): row for row in rows}
    met = {(key[0], key[2]) for key, row in present.items() if key[1] is None and row.standing is Standing.MET}
    keys = [(duty.rule.id, duty.part.id if duty.part else None, duty.towards) for duty in wanted]
    for key, duty in zip(keys, wanted, strict=True):
        row = present.pop(key, None)
        if row is None and (nobody_yet := (*key[:2], "")) not in keys:
            row = present.pop(nobody_yet, None)
        if row is None and duty.shared and {(key[0], key[2]), (key[0], "")} & met:
            continue  # told already, before the part was set apart
        yield row, duty
    yield from ((row, None) for row in present.values())


def _stand_anew(row: Obligation, duty: Wanted | None) -> bool:
    """Let a stored duty stand as the facts say; whether its deadlines are still to be counted.

    What was settled stays settled, and what a person took on stays owed.
    """
    if duty is not None:
        if row.standing not in (Standing.MET, Standing.DECIDED_AGAINST):
            row.standing = duty.standing
        row.towards, row.recipient = duty.towards, duty.recipient[:200]
        return True
    if row.taken_on and row.incident.what not in NO_BREACH:
        if row.standing is Standing.DOES_NOT_ARISE:
            row.standing = Standing.OWED
        return True
    if row.is_open:
        row.standing, row.next_warning_at = Standing.DOES_NOT_ARISE, None
    return False


def first_duties(
    session: Session,
    incident: Incident,
    report: Report,
    *,
    targets: Targets,
    organisation: Organisation,
    first_steps: Sequence[Act],
    now: datetime,
) -> list[dict[str, Any]]:
    """The duties of a new incident with its first report, as rows; sets the incident's next act. Stores nothing."""
    clocks = Clocks(Reckoning(session, organisation, notice=targets.notice), earliest([report]), None, {}, {})
    if clocks.cautious:
        incident.awareness_asked_at = clocks.cautious + AWARENESS_WITHIN
    duties = []
    for duty in wanted_by(session, incident, organisation):
        row = _arise(incident, duty)
        _set_deadlines(row, clocks)
        row.next_warning_at = next_stage(row, now)
        duties.append(row)
    _choose_next(incident, duties, first_steps)
    return [{name: getattr(duty, name) for name in _FIRST} for duty in duties]


def open_duties(session: Session, incident: Incident) -> Sequence[Obligation]:
    """What is owed or may be, by deadline; what has none yet comes last."""
    query = select(Obligation).where(Obligation.incident_id == incident.id, Obligation.standing.in_(OPEN))
    return session.scalars(query.order_by(Obligation.due_at.is_(None), Obligation.due_at, Obligation.id)).all()


def deadline_of_decision(session: Session, incident: Incident, part_id: int | None) -> datetime | None:
    """The nearest legal deadline of what a decision on this part is about: authorities and people, no customers."""
    mine = [
        row for row in open_duties(session, incident) if row.due_at and not row.is_target and row.part_id == part_id
    ]
    return next((row.due_at for row in mine if not row.towards_customer), None)


def any_met(session: Session, incident: Incident) -> bool:
    """Whether anybody was told yet."""
    met = exists().where(Obligation.incident_id == incident.id, Obligation.standing == Standing.MET)
    return bool(session.scalar(select(met)))


def cautious_anchor(session: Session, incident: Incident) -> datetime | None:
    """The earliest of: report received, first known to anybody here, and a "noticed" time that counts."""
    return earliest(session.scalars(select(Report).where(Report.incident_id == incident.id)))


def earliest(reports: Iterable[Report]) -> datetime | None:
    """The earliest instant that these reports give for the cautious clock."""
    instants: list[datetime] = []
    for report in reports:
        instants.append(report.received_at)
        if report.first_known_at:
            instants.append(report.first_known_at)
        if report.noticed_at and report.noticed_counts:
            instants.append(report.noticed_at)
    return min(instants, default=None)


def _arise(incident: Incident, duty: Wanted) -> Obligation:
    return Obligation(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        part_id=duty.part.id if duty.part else None,
        rule=duty.rule.id,
        terms=copied(duty.rule, duty.contract, duty.target),
        recipient=duty.recipient[:200],
        towards=duty.towards,
        taken_on=False,
        standing=duty.standing,
        is_target=duty.rule.period is None and (duty.contract is None or duty.contract.hours is None),
    )


def copied(rule: Rule, contract: Contract | None = None, target: timedelta | None = None) -> dict[str, Any]:
    """The terms of a rule, or of a customer's contract, as they stand today, for the obligation to keep."""
    terms = contract.terms if contract else rule.terms
    kept: dict[str, Any] = {
        "law": rule.law,
        "article": rule.article,
        "title": rule.title,
        "period": terms.period,
        "unit": terms.unit.value,
        "counting": terms.counting.value,
        "checked": rule.checked.isoformat(),
    }
    if contract is not None:
        kept |= {"starts": contract.starts.value, "contact": contract.contact, "channel": contract.channel}
    if target is not None and terms.unit is Unit.NO_FIXED_PERIOD:
        kept["target_hours"] = int(target / timedelta(hours=1))
    return kept


def clocks_of(
    session: Session,
    incident: Incident,
    organisation: Organisation,
    targets: Targets,
    cautious: datetime | None,
    duties: Iterable[Obligation],
    event: tuple[str, datetime] | None = None,
) -> Clocks:
    """The starts of an incident's clocks as they are stored, and `event` beside them."""
    return Clocks(
        Reckoning(session, organisation, notice=targets.notice),
        cautious,
        incident.aware_at,
        recorded_starts(session, incident) | dict([event] if event else []),
        filed_at(duties),
    )


def _set_deadlines(row: Obligation, clocks: Clocks) -> None:
    found = clocks.count(load().get(row.rule), row.terms, row.part_id)
    row.cautious_due_at = found.cautious.due_at if found.cautious else None
    row.decided_due_at = found.decided.due_at if found.decided else None
    row.started_at = found.started_at
    row.due_at = found.in_force.due_at if found.in_force else None
    row.ceiling_at = found.in_force.ceiling_at if found.in_force else None


def filed_at(duties: Iterable[Obligation]) -> dict[str, datetime]:
    """When each duty that was met was met, by `start_key`."""
    met = (row for row in duties if row.standing is Standing.MET)
    return {start_key(row.rule, row.part_id): row.settled_at for row in met if row.settled_at}


def _next_warning(row: Obligation, told: _Told | None, now: datetime) -> datetime | None:
    """When somebody hears of the deadline next. What was told once is not told again because a fact was added."""
    if told is not None and (row.started_at, row.due_at) == (told.started_at, told.due_at):
        return told.next_warning_at
    end_was_told = told is not None and told.due_at is not None and told.next_warning_at is None
    if end_was_told and row.due_at is not None and row.due_at <= now:
        return None
    return next_stage(row, now)


def next_stage(row: Obligation, after: datetime) -> datetime | None:
    """The next instant at which somebody hears of this deadline; None once its end was told.

    Of several stages that fell due at once only the last is told.
    """
    if row.due_at is None or row.started_at is None:
        return None
    return next((stage for stage in stages(row.started_at, row.due_at) if stage > after), row.due_at)


def stages(started_at: datetime, due_at: datetime) -> list[datetime]:
    """The instants within a period at which somebody hears of its end."""
    return [started_at + (due_at - started_at) * part for part in STAGES]


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
        select(Step.due_at, Step.position, Step.title, Step.obligation_id, Step.only_for).where(
            Step.incident_id == incident.id, Step.state == StepState.OPEN, Step.due_at.is_not(None)
        )
    ).all()
    acts = [
        Act(row.due_at, row.position, row.title, row.obligation_id is not None)
        for row in steps
        if incident.our_role in roles_concerned(row.only_for)
    ]
    _choose_next(incident, duties, acts)
    session.flush()


def _choose_next(incident: Incident, duties: Sequence[Obligation], steps: Sequence[Act]) -> None:
    # Sorted by instant; of acts due together the law's come first, then the playbook's order.
    acts = [(row.due_at, row.is_target, 0, str(row.terms["title"])) for row in duties if row.due_at and row.is_open]
    law = (row.due_at for row in duties if row.due_at and row.is_open and not row.is_target and row.rule != CONTRACT)
    incident.law_due_at = min(law, default=None)
    acts += [(step.due_at, not step.owed, 1 + step.position, step.title) for step in steps]
    if incident.closed_at is not None or incident.dismissed or not acts:
        # The targets of a dismissed incident's steps do not matter any more; it only wants closing.
        idle = N_("Close it: triage says that it is nothing") if incident.dismissed and not incident.closed_at else None
        incident.next_due_at, incident.next_is_law, incident.next_act = None, False, idle
    else:
        incident.next_due_at, is_target, _order, incident.next_act = min(acts)
        incident.next_is_law = not is_target
