"""The advice of the data protection officer and the decision of the organisation: what is signed, and what holds.

Telling never needs a second person. Staying below the advice does, and while that is unanswered the advice stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.assessments import Assessment, latest
from incidents.incident import Incident, find
from incidents.law.assessment import Says
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person, Right, Role, holders_of
from incidents.timeline import Entry, readable

TELLING = frozenset({Says.NOTIFY, Says.COMMUNICATE})


class Decision(Base):
    """What the organisation decided on one version. Rows are added, never changed; the last on a version counts."""

    __tablename__ = "decision"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(Key, ForeignKey("assessment.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    authority: Mapped[Says] = mapped_column(by_value(Says))
    people: Mapped[Says] = mapped_column(by_value(Says))
    below: Mapped[bool]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    delegation_id: Mapped[int | None] = mapped_column(Key, ForeignKey("delegation.id"))
    signed_at: Mapped[datetime]

    assessment: Mapped[Assessment] = relationship()
    entry: Mapped[Entry] = relationship()
    person: Mapped[Person] = relationship()

    @property
    def wants_second(self) -> bool:
        """Whether a second person is asked: whenever somebody is not told."""
        return self.below or not {self.authority, self.people} <= TELLING


class SecondOpinion(Base):
    """What a second person says to a decision not to tell somebody."""

    __tablename__ = "second_opinion"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    decision_id: Mapped[int] = mapped_column(Key, ForeignKey("decision.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    agrees: Mapped[bool]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    signed_at: Mapped[datetime]

    entry: Mapped[Entry] = relationship()
    person: Mapped[Person] = relationship()


class Delegation(Base):
    """Who may decide in somebody's place, written down beforehand: for one incident, or (without one) for all."""

    __tablename__ = "delegation"
    __table_args__ = table(Index("ix_delegation_to", "to_id", "until"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int | None] = mapped_column(Key, ForeignKey("incident.id"))
    from_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    to_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500))

    giver: Mapped[Person] = relationship(foreign_keys=[from_id])
    taker: Mapped[Person] = relationship(foreign_keys=[to_id])


@dataclass(frozen=True)
class InForce:
    """What holds now for one part: who is to be told, and what that rests on."""

    assessment: Assessment | None
    decision: Decision | None
    second: SecondOpinion | None
    authority: Says
    people: Says

    @property
    def decided(self) -> bool:
        """Whether the decision, and not only the advice, says so."""
        return self.decision is not None and (self.authority, self.people) == (
            self.decision.authority,
            self.decision.people,
        )


def in_force(session: Session, incident_id: int, part_id: int | None = None) -> InForce:
    """The advice of the last version; a decision on that version changes it, below the advice only when seconded."""
    assessment = latest(session, incident_id, part_id)
    if assessment is None:
        return InForce(None, None, None, Says.UNDETERMINED, Says.UNDETERMINED)
    decision = _last_decision(session, assessment)
    second = _second(session, decision) if decision is not None else None
    authority, people = assessment.advice
    if decision is not None and (not decision.below or (second is not None and second.agrees)):
        authority, people = decision.authority, decision.people
    elif decision is not None:
        # What it tells beyond the advice holds; what it leaves out waits for the second person.
        authority = decision.authority if decision.authority in TELLING else authority
        people = decision.people if decision.people in TELLING else people
    return InForce(assessment, decision, second, authority, people)


def _last_decision(session: Session, assessment: Assessment) -> Decision | None:
    query = select(Decision).where(Decision.assessment_id == assessment.id).order_by(Decision.id.desc()).limit(1)
    return session.scalars(query).first()


def _second(session: Session, decision: Decision) -> SecondOpinion | None:
    query = select(SecondOpinion).where(SecondOpinion.decision_id == decision.id).order_by(SecondOpinion.id.desc())
    return session.scalars(query.limit(1)).first()


def delegation_for(session: Session, person: Person, incident: Incident, *, now: datetime) -> Delegation | None:
    """The delegation with which this person may decide on this incident now."""
    return session.scalars(_delegations(incident, now).where(Delegation.to_id == person.id).limit(1)).first()


def _delegations(incident: Incident, now: datetime) -> Select[Delegation]:
    return (
        select(Delegation)
        .where(
            Delegation.organisation_id == incident.organisation_id,
            or_(Delegation.incident_id.is_(None), Delegation.incident_id == incident.id),
            Delegation.since <= now,
            or_(Delegation.until.is_(None), Delegation.until > now),
            Delegation.ended_at.is_(None),
        )
        .order_by(Delegation.incident_id.desc(), Delegation.id)
    )


def delegations(session: Session, organisation_id: int, *, now: datetime) -> Sequence[Delegation]:
    """Every delegation that holds now or will, the oldest first."""
    query = select(Delegation).where(
        Delegation.organisation_id == organisation_id,
        or_(Delegation.until.is_(None), Delegation.until > now),
        Delegation.ended_at.is_(None),
    )
    return session.scalars(query.order_by(Delegation.id)).all()


def deciders(
    session: Session, incident: Incident, *, management: Sequence[Person] | None = None, now: datetime
) -> list[Person]:
    """Who may decide on an incident now: management, and whom they delegated it to.

    `management` spares a query where it is known already.
    """
    if management is None:
        management = holders_of(session, incident.organisation_id, (Role.MANAGEMENT,))[Role.MANAGEMENT]
    found = {person.id: person for person in management}
    for row in session.scalars(_delegations(incident, now)):
        if row.taker.left_at is None:
            found[row.to_id] = row.taker
    return list(found.values())


def may_decide(session: Session, person: Person, incident: Incident, *, now: datetime) -> bool:
    """Whether this person may sign for the organisation on this incident."""
    return Right.SIGN in person.rights or delegation_for(session, person, incident, now=now) is not None


def find_to_sign(session: Session, person: Person, reference: str) -> Incident:
    """The incident whose decision sheet this person may read: whoever may see it, and whoever signs, unless restricted.

    Refuses alike what does not exist and what this person may not see.
    """
    query = select(Incident).where(
        Incident.reference == readable(reference).strip().upper(),
        Incident.organisation_id == person.organisation_id,
        Incident.restricted.is_(False),
        Incident.canary.is_(False),
    )
    if Right.SIGN in person.rights and (found := session.scalars(query).first()) is not None:
        return found
    return find(session, person, reference)
