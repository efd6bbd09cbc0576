"""The steps of each lane, as a playbook lays them out and as an incident keeps them."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, Lane, OurRole
from incidents.orm import Base, Key, by_value, table
from incidents.people import Role
from incidents.timeline import Entry


class StepState(enum.Enum):
    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"


class Step(Base):
    """One thing to do in a lane. Its words are a copy, so that a running incident keeps its playbook.

    `obligation_id` ties a step to a duty that a missing reference or reason keeps red.
    """

    __tablename__ = "step"
    __table_args__ = table(Index("ix_step_incident", "incident_id", "position"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    obligation_id: Mapped[int | None] = mapped_column(Key, ForeignKey("obligation.id"))
    playbook: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(60))
    lane: Mapped[Lane] = mapped_column(by_value(Lane))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(String(500), default="")
    owner: Mapped[Role] = mapped_column(by_value(Role))
    only_for: Mapped[OurRole | None] = mapped_column(by_value(OurRole))
    due_at: Mapped[datetime | None]
    state: Mapped[StepState] = mapped_column(by_value(StepState), default=StepState.OPEN)
    settled_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(Key, ForeignKey("entry.id"))
    version: Mapped[int] = mapped_column(default=1)

    incident: Mapped[Incident] = relationship()
    entry: Mapped[Entry | None] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def is_open(self) -> bool:
        return self.state is StepState.OPEN

    def is_ours(self, our_role: OurRole) -> bool:
        """Whether it is for us in this role: a controller has no customers to tell, a processor no authority."""
        return our_role in roles_concerned(self.only_for)


def roles_concerned(only_for: OurRole | None) -> tuple[OurRole, ...]:
    """The roles in which a step is to be done, that of which we are not sure yet included."""
    return tuple(OurRole) if only_for is None else (only_for, OurRole.BOTH, OurRole.UNKNOWN)


@dataclass(frozen=True)
class PlannedStep:
    """A step as a playbook plans it; `target` is counted from the report, `only_for` is the role that owes it."""

    key: str
    lane: Lane
    title: str
    why: str
    owner: Role
    target: timedelta | None
    only_for: OurRole | None


@cache
def playbook(name: str) -> tuple[PlannedStep, ...]:
    """The steps of a shipped playbook, in order."""
    text = resources.files("incidents").joinpath("playbooks", f"{name}.toml").read_text(encoding="utf-8")
    return tuple(
        PlannedStep(
            key=step["key"],
            lane=Lane(step["lane"]),
            title=step["title"],
            why=step["why"],
            owner=Role(step["owner"]),
            target=timedelta(hours=step["target_hours"]) if "target_hours" in step else None,
            only_for=OurRole(step["only_for"]) if "only_for" in step else None,
        )
        for step in tomllib.loads(text)["steps"]
    )


def messages() -> Iterator[str]:
    """Every sentence of the shipped playbooks, for the catalogue."""
    for step in playbook("general"):
        yield step.title
        yield step.why


def planned(incident: Incident, name: str, started_at: datetime) -> list[dict[str, Any]]:
    """The rows that a playbook gives an incident, with due times counted from its opening.

    Where the clock runs since earlier, at `started_at`, later targets move forward with it: none lies behind the
    deadline that it prepares. Whatever is left, there is an hour for it.
    """
    return [
        {
            "organisation_id": incident.organisation_id,
            "playbook": name,
            "key": step.key,
            "lane": step.lane,
            "position": position,
            "title": step.title,
            "why": step.why,
            "owner": step.owner,
            "only_for": step.only_for,
            "due_at": _due(incident.opened_at, started_at, step.target),
            "state": StepState.OPEN,
            "version": 1,
        }
        for position, step in enumerate(playbook(name))
    ]


AN_HOUR = timedelta(hours=1)


def _due(opened_at: datetime, started_at: datetime, target: timedelta | None) -> datetime | None:
    if target is None:
        return None
    return min(opened_at + target, max(started_at + target, opened_at + AN_HOUR))


def add_step(
    session: Session,
    incident: Incident,
    *,
    key: str,
    lane: Lane,
    title: str,
    why: str,
    owner: Role,
    due_at: datetime | None,
    obligation_id: int | None = None,
) -> Step:
    """Put one more step into a lane, after those that are there."""
    count = len(session.scalars(select(Step.id).where(Step.incident_id == incident.id)).all())
    step = Step(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        obligation_id=obligation_id,
        playbook="",
        key=key,
        lane=lane,
        position=count,
        title=title,
        why=why,
        owner=owner,
        due_at=due_at,
    )
    session.add(step)
    session.flush()
    return step


def settle_by_verb(session: Session, incident: Incident, key: str, entry: Entry) -> None:
    """Mark the step done that a decision fulfils, such as triage; the decision's own entry is its proof.

    Decided anew, the latest decision is the proof.
    """
    for step in session.scalars(
        select(Step).where(Step.incident_id == incident.id, Step.key == key, Step.state != StepState.SKIPPED)
    ):
        step.state, step.settled_at, step.entry_id = StepState.DONE, entry.happened_at, entry.id
    session.flush()


def reopen_by_verb(session: Session, incident: Incident, key: str) -> None:
    """Open the step again whose decision was taken back, such as triage; that entry is in the timeline already."""
    for step in session.scalars(
        select(Step).where(Step.incident_id == incident.id, Step.key == key, Step.state == StepState.DONE)
    ):
        step.state, step.settled_at, step.entry_id = StepState.OPEN, None, None
    session.flush()
