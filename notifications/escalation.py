"""The escalation policy of an urgency: whom a page rings, after how long, and how many must acknowledge."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from incidents.incident import Urgency
from incidents.orm import Base, Key, by_value, table
from incidents.people import Role


class TargetKind(enum.Enum):
    """What a step may ring: one person, whoever holds a role, or whoever a rota has on call at that moment."""

    PERSON = "person"
    ROLE = "role"
    ROTA = "rota"


class EscalationPolicy(Base):
    """How pages of one urgency climb. `round_seconds` is where it starts again, for ever; without a row the shipped
    policy holds.
    """

    __tablename__ = "escalation_policy"
    __table_args__ = table(UniqueConstraint("organisation_id", "urgency"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    urgency: Mapped[Urgency] = mapped_column(by_value(Urgency))
    repeat_seconds: Mapped[int]
    round_seconds: Mapped[int]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    steps: Mapped[list[EscalationStep]] = relationship(
        order_by="EscalationStep.position", cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class EscalationStep(Base):
    """One step, `after_seconds` from the start of a round; those of earlier steps keep being rung.

    `wants` is how many different people must acknowledge before a page that has come this far is quiet.
    """

    __tablename__ = "escalation_step"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    policy_id: Mapped[int] = mapped_column(Key, ForeignKey("escalation_policy.id"), index=True)
    position: Mapped[int]
    after_seconds: Mapped[int]
    wants: Mapped[int] = mapped_column(default=1)

    targets: Mapped[list[EscalationTarget]] = relationship(
        order_by="EscalationTarget.id", cascade="all, delete-orphan", lazy="selectin"
    )


class EscalationTarget(Base):
    """Whom a step rings: exactly one of the three keys is set, that of its kind."""

    __tablename__ = "escalation_target"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    step_id: Mapped[int] = mapped_column(Key, ForeignKey("escalation_step.id"), index=True)
    kind: Mapped[TargetKind] = mapped_column(by_value(TargetKind))
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    role: Mapped[Role | None] = mapped_column(by_value(Role))
    rota_id: Mapped[int | None] = mapped_column(Key, ForeignKey("rota.id"))
