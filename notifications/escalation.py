"""The escalation policy of an urgency: whom a page rings, after how long, and how many must acknowledge."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Urgency
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person, Role, holders_of
from notifications.page import Page
from notifications.policy import STEPS, Waits
from notifications.rota.duty import on_duty


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


@dataclass(frozen=True)
class Aim:
    """One target of a step: the key that goes with its kind."""

    kind: TargetKind
    key: int | Role

    @property
    def written(self) -> str:
        """As forms and entries have it, such as `role:dpo` or `rota:3`."""
        return f"{self.kind.value}:{self.key.value if isinstance(self.key, Role) else self.key}"


@dataclass(frozen=True)
class Stage:
    """One step of a plan: reached `after` the start of a round; `wants` people must have acknowledged from here on."""

    after: timedelta
    aims: tuple[Aim, ...]
    wants: int = 1


@dataclass(frozen=True)
class Plan:
    """How a page climbs: its stages in order, how often it rings, and when a round starts again, for ever."""

    stages: tuple[Stage, ...]
    repeat: timedelta
    round: timedelta

    @property
    def last(self) -> int:
        return len(self.stages) - 1

    def step_at(self, elapsed: timedelta) -> int:
        """The step reached so long into a round, from 0."""
        return sum(1 for stage in self.stages[1:] if elapsed >= stage.after)

    def next_change(self, elapsed: timedelta) -> timedelta:
        """How far into the round the next climb, or the next round, comes."""
        changes = (*(stage.after for stage in self.stages[1:]), self.round)
        return next((at for at in changes if at > elapsed), self.round)

    def wants(self, step: int) -> int:
        """How many different people must have acknowledged a page that has come to this step."""
        return max(stage.wants for stage in self.stages[: step + 1])

    def aims(self, step: int) -> list[Aim]:
        """Everybody's turn up to a step, first choice first."""
        return [aim for stage in self.stages[: step + 1] for aim in stage.aims]


def shipped(waits: Waits) -> Plan:
    """The policy of an installation that has set none of its own."""
    afters = (timedelta(), *waits.climb)
    stages = tuple(
        Stage(after, tuple(Aim(TargetKind.ROLE, role) for role in roles))
        for after, roles in zip(afters, STEPS, strict=False)
    )
    return Plan(stages, waits.repeat, waits.round)


def plans_of(session: Session, organisation_id: int, *, waits: Waits) -> dict[Urgency, Plan]:
    """How pages of each urgency climb: as the organisation set it, or as shipped."""
    set_here = session.scalars(_SET, {"organisation_id": organisation_id})
    plans = dict.fromkeys(Urgency, shipped(waits))
    return plans | {policy.urgency: _plan(policy) for policy in set_here if policy.steps}


_SET = select(EscalationPolicy).where(EscalationPolicy.organisation_id == bindparam("organisation_id"))


def plan_of(session: Session, organisation_id: int, urgency: Urgency, *, waits: Waits) -> Plan:
    """How pages of this urgency climb."""
    return plans_of(session, organisation_id, waits=waits)[urgency]


def _plan(policy: EscalationPolicy) -> Plan:
    stages = tuple(
        Stage(timedelta(seconds=step.after_seconds), tuple(_aim(target) for target in step.targets), step.wants)
        for step in policy.steps
    )
    return Plan(stages, timedelta(seconds=policy.repeat_seconds), timedelta(seconds=policy.round_seconds))


def _aim(target: EscalationTarget) -> Aim:
    key = {TargetKind.PERSON: target.person_id, TargetKind.ROLE: target.role, TargetKind.ROTA: target.rota_id}
    found = key[target.kind]
    assert found is not None
    return Aim(target.kind, found)


def plan_for(session: Session, page: Page, *, waits: Waits) -> Plan:
    """How this page climbs. A summons rings whom it names first, and only then as a page of its urgency does."""
    plan = plan_of(session, page.organisation_id, page.urgency, waits=waits)
    if page.summons_person_id is not None:
        named = Aim(TargetKind.PERSON, page.summons_person_id)
    elif page.summons_role is not None:
        named = Aim(TargetKind.ROLE, page.summons_role)
    else:
        return plan
    first = Stage(timedelta(), (named,))
    grace = plan.stages[1].after if plan.last else plan.repeat
    later = tuple(replace(stage, after=stage.after + grace, wants=1) for stage in plan.stages)
    return replace(plan, stages=(first, *later), round=plan.round + grace)


def people_at(session: Session, organisation_id: int, plan: Plan, step: int, *, now: datetime) -> list[Person]:
    """Everybody whom a page rings at this step, those of earlier steps included, first choice first.

    A rota names whoever it has on call now; who has left, or has no role any more, is nowhere.
    """
    aims = plan.aims(step)
    held = holders_of(session, organisation_id, [aim.key for aim in aims if isinstance(aim.key, Role)])
    found: dict[int, Person] = {}
    for aim in aims:
        for person in people_of(session, aim, held, now=now):
            found.setdefault(person.id, person)
    return list(found.values())


def people_of(session: Session, aim: Aim, held: Mapping[Role, Sequence[Person]], *, now: datetime) -> Sequence[Person]:
    """Who one target is now; `held` are the holders of roles, read beforehand."""
    if isinstance(aim.key, Role):
        return held[aim.key]
    if aim.kind is TargetKind.ROTA:
        return on_duty(session, aim.key, now)
    person = session.get(Person, aim.key)
    return [person] if person is not None and person.out_since is None else []
