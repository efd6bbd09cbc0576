"""What was sent to whom under an obligation, when, and what is still missing; or why nothing was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Lane, NotFound, hold
from incidents.law.regimes import load
from incidents.law.regimes.rule import Recipient
from incidents.obligations import (
    OPEN,
    Against,
    Obligation,
    Standing,
    Targets,
    cautious_anchor,
    recompute,
    settle_next_act,
)
from incidents.orm import Base, Key, table
from incidents.people import Role
from incidents.refusals import Refused
from incidents.steps import Step, StepState, add_step, settle_by_verb
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_


class Filing(Base):
    """One notification that was sent: when, to whom, and the reference it was given (None while awaited)."""

    __tablename__ = "filing"
    __table_args__ = table(Index("ix_filing_late", "organisation_id", "late", "delay_explained"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    obligation_id: Mapped[int] = mapped_column(Key, ForeignKey("obligation.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    sent_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str | None] = mapped_column(String(120))
    late: Mapped[bool]
    delay_explained: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    obligation: Mapped[Obligation] = relationship()
    entry: Mapped[Entry] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


NO_REFERENCE = "–"


@dataclass(frozen=True)
class Sent:
    """What a person records about a notification: the instant, the recipient, the reference or that it is awaited."""

    at: datetime
    zone: str
    recipient: str
    reference: str = ""
    awaited: bool = False
    delay_reasons: str = ""


def record_sent(
    session: Session, obligation_id: int, sent: Sent, *, by: Actor, targets: Targets, now: datetime
) -> Filing:
    """Record that a notification was sent.

    Past the deadline the reasons for the delay belong to it (Art. 33(1)); missing reasons never block the
    record, they leave a red step. It starts the clock of what comes after.
    Wants the reference, or the word that it is awaited (then a step stays open).
    """
    obligation = _hold_obligation(session, obligation_id)
    if obligation.towards_customer and not sent.reference.strip() and not sent.awaited:
        sent = replace(sent, reference=NO_REFERENCE)  # a customer gives none, and none is waited for
    _check(sent, now)
    if obligation.standing is Standing.MET:
        raise Refused(N_("That it was sent is recorded already. Add a note if you sent more."))
    known = (cautious_anchor(session, obligation.incident), obligation.incident.aware_at)
    if sent.at < min((at for at in known if at), default=sent.at):
        raise Refused(
            N_(
                "That is before anybody here knew of it. Check the date and time. If it was known earlier, enter that "
                "first: as a report with the time when it first reached anybody, attached to this incident."
            ),
            field="sent_at",
        )
    late = not obligation.is_target and obligation.due_at is not None and sent.at > obligation.due_at
    incident = obligation.incident
    first_step(incident, by=by, now=now)
    entry = _record_notified(session, obligation, sent, late, by=by, now=now)
    filing = Filing(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        obligation_id=obligation.id,
        entry_id=entry.id,
        sent_at=sent.at,
        zone=sent.zone,
        recipient=sent.recipient.strip()[:200],
        reference=sent.reference.strip()[:120] or None,
        late=late,
        delay_explained=bool(sent.delay_reasons.strip()) or not _wants_reasons(obligation),
    )
    session.add(filing)
    for met in (obligation, *_met_too(session, obligation)):
        met.standing, met.settled_at, met.next_warning_at = Standing.MET, sent.at, None
    session.flush()
    _leave_open(session, filing, now=now)
    settle_lane_step(session, obligation, entry)
    recompute(session, incident, targets=targets, now=now)
    return filing


def _wants_reasons(obligation: Obligation) -> bool:
    """Whether the law asks why it is late, as Art. 33(1) does of every authority; a contract does not."""
    rule = load().get(obligation.rule)
    return rule.by_itself and rule.recipient is Recipient.AUTHORITY


def _met_too(session: Session, obligation: Obligation) -> Sequence[Obligation]:
    """What the same notice meets: to tell a customer satisfies the law and the contract alike."""
    if not obligation.towards_customer:
        return ()
    query = select(Obligation).where(
        Obligation.incident_id == obligation.incident_id,
        Obligation.part_id == obligation.part_id,
        Obligation.id != obligation.id,
        Obligation.standing.in_(OPEN),
    )
    return [row for row in session.scalars(query) if row.towards_customer]


def _check(sent: Sent, now: datetime) -> None:
    if sent.at > now:
        raise Refused(N_("It cannot have been sent in the future. Check the time."), field="sent_at")
    if not sent.recipient.strip():
        raise Refused(N_("Write to whom it was sent."), field="recipient")
    if not sent.reference.strip() and not sent.awaited:
        raise Refused(N_("Write the reference you were given, or tick that it is awaited."), field="reference")


def _record_notified(
    session: Session, obligation: Obligation, sent: Sent, late: bool, *, by: Actor, now: datetime
) -> Entry:
    incident = obligation.incident
    return record(
        session,
        incident.timeline,
        Kind.NOTIFIED,
        by=by,
        incident_id=incident.id,
        happened_at=sent.at,
        zone=sent.zone,
        facts={
            "rule": obligation.rule,
            "obligation": obligation.id,
            "late": late,
            "awaited": not sent.reference.strip(),
            "met_too": [row.id for row in _met_too(session, obligation)],
            "due_at": obligation.due_at.isoformat() if obligation.due_at else None,
        },
        prose={
            "recipient": sent.recipient,
            "reference": sent.reference.strip(),
            "delay_reasons": sent.delay_reasons.strip(),
        },
        now=now,
    )


def _leave_open(session: Session, filing: Filing, *, now: datetime) -> None:
    """Open a step for each thing the record still lacks."""
    incident = filing.obligation.incident
    if filing.reference is None:
        add_step(
            session,
            incident,
            key=f"reference:{filing.id}",
            lane=Lane.NOTIFICATION,
            title=N_("Enter the reference that is awaited"),
            why=N_("It proves that the notification arrived, and follow-ups must name it."),
            owner=Role.DPO,
            due_at=None,
            obligation_id=filing.obligation_id,
        )
    if filing.late and not filing.delay_explained:
        add_step(
            session,
            incident,
            key=f"delay:{filing.id}",
            lane=Lane.NOTIFICATION,
            title=N_("Give the reasons for the delay"),
            why=N_("A notification after 72 hours must say why it is late (Art. 33(1))."),
            owner=Role.DPO,
            due_at=now,
            obligation_id=filing.obligation_id,
        )


def settle_lane_step(session: Session, obligation: Obligation, entry: Entry) -> None:
    """Settle the playbook's step once the last duty of its sort is settled."""
    key = step_of(obligation)
    stored = session.scalars(select(Obligation).where(Obligation.incident_id == obligation.incident_id)).all()
    if not any(other.is_open for other in stored if step_of(other) == key):
        settle_by_verb(session, obligation.incident, key, entry)


def step_of(obligation: Obligation) -> str:
    """The playbook's step in which a duty is met."""
    if obligation.towards_customer:
        return "tell-customers"
    return "tell-people" if obligation.towards_people else "notify"


def decide_against(
    session: Session,
    obligation_id: int,
    *,
    reason: str,
    ground: Against = Against.DOES_NOT_APPLY,
    by: Actor,
    now: datetime,
) -> Entry:
    """Record that a duty does not apply here, with the reason. Refuses without one.

    That a risk is unlikely is no ground here: the assessment says it, and whoever decides for the organisation.
    """
    if not reason.strip():
        raise Refused(N_("Write why nothing is sent. The authority may ask for this reason."), field="reason")
    obligation = _hold_obligation(session, obligation_id)
    if ground is Against.RISK_UNLIKELY:
        raise Refused(
            N_("A processor does not weigh the risk: tell the customer.")
            if obligation.towards_customer
            else N_(
                "Assess the risk and sign your advice first. Then the organisation decides, and this duty follows."
            ),
            field="ground",
        )
    if not obligation.is_open:
        raise Refused(N_("This duty is settled already. Load the page again to see how."))
    incident = obligation.incident
    first_step(incident, by=by, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.NOT_NOTIFIED,
        by=by,
        incident_id=incident.id,
        facts={"rule": obligation.rule, "obligation": obligation.id},
        prose={"reason": reason},
        now=now,
    )
    obligation.standing, obligation.settled_at, obligation.next_warning_at = Standing.DECIDED_AGAINST, now, None
    obligation.against = ground
    session.flush()
    settle_lane_step(session, obligation, entry)
    settle_next_act(session, incident)
    return entry


def complete(
    session: Session, filing_id: int, *, reference: str = "", delay_reasons: str = "", by: Actor, now: datetime
) -> Entry:
    """Enter later what a filing lacked: its reference, or the reasons for the delay."""
    filing = session.get(Filing, filing_id)
    if filing is None:
        raise NotFound(N_("This notification does not exist."))
    incident = hold(session, filing.incident_id)
    session.refresh(filing)
    reference, delay_reasons = reference.strip(), delay_reasons.strip()
    if not reference and not delay_reasons:
        raise Refused(N_("Enter the reference, or the reasons for the delay."), field="reference")
    kind = Kind.REFERENCE_RECEIVED if reference else Kind.DELAY_EXPLAINED
    entry = record(
        session,
        incident.timeline,
        kind,
        by=by,
        incident_id=incident.id,
        facts={"filing": filing.id},
        prose={"reference": reference, "delay_reasons": delay_reasons},
        now=now,
    )
    if reference:
        filing.reference = reference[:120]
        _close_step(session, f"reference:{filing.id}", filing.incident_id, entry)
    if delay_reasons:
        filing.delay_explained = True
        _close_step(session, f"delay:{filing.id}", filing.incident_id, entry)
    settle_next_act(session, incident)
    return entry


def _close_step(session: Session, key: str, incident_id: int, entry: Entry) -> None:
    step = session.scalars(
        select(Step).where(Step.incident_id == incident_id, Step.key == key, Step.state == StepState.OPEN)
    ).first()
    if step is not None:
        step.state, step.settled_at, step.entry_id = StepState.DONE, entry.written_at, entry.id
    session.flush()


def _hold_obligation(session: Session, obligation_id: int) -> Obligation:
    obligation = session.get(Obligation, obligation_id)
    if obligation is None:
        raise NotFound(N_("This duty does not exist."))
    hold(session, obligation.incident_id)
    session.refresh(obligation)
    return obligation
