"""The scorecard of fire drills: how soon each person answers, over which way, and what was missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from notifications.channels import ChannelKind
from notifications.drills import Drill

REACHES_BACK = timedelta(days=365)


@dataclass(frozen=True)
class Score:
    """One person over one way; `channel` is None for who answered signed in, and for what was missed.

    `minutes` is the median until the acknowledgement, None when there is none.
    """

    person_id: int
    name: str
    channel: ChannelKind | None
    held: int
    minutes: float | None
    missed: int
    last_at: datetime


def scorecard(session: Session, organisation_id: int, *, now: datetime) -> list[Score]:
    """The drills of the last year that are over, by person and way, by name."""
    rows = session.scalars(
        select(Drill)
        .where(Drill.organisation_id == organisation_id, Drill.began_at > now - REACHES_BACK)
        .order_by(Drill.began_at)
    )
    groups: dict[tuple[str, int, ChannelKind | None, bool], list[Drill]] = {}
    for drill in rows:
        if drill.acknowledged_at is not None or drill.missed_at is not None:
            missed = drill.acknowledged_at is None
            groups.setdefault((drill.person.name, drill.person_id, drill.channel, missed), []).append(drill)
    scores = [
        _score(name, person_id, channel, drills) for (name, person_id, channel, _missed), drills in groups.items()
    ]
    return sorted(scores, key=lambda score: (score.name, score.missed, score.channel.value if score.channel else ""))


def _score(name: str, person_id: int, channel: ChannelKind | None, drills: list[Drill]) -> Score:
    took = [
        (drill.acknowledged_at - drill.began_at) / timedelta(minutes=1)
        for drill in drills
        if drill.acknowledged_at and drill.began_at
    ]
    return Score(
        person_id=person_id,
        name=name,
        channel=channel,
        held=len(took),
        minutes=median(took) if took else None,
        missed=len(drills) - len(took),
        last_at=max(drill.began_at for drill in drills if drill.began_at),
    )


def last_drills(session: Session, organisation_id: int) -> dict[int, datetime]:
    """For each person who ever had a drill, when the last one began."""
    rows = session.execute(
        select(Drill.person_id, Drill.began_at)
        .where(Drill.organisation_id == organisation_id, Drill.began_at.is_not(None))
        .order_by(Drill.began_at)
    )
    return {person_id: began_at for person_id, began_at in rows if began_at is not None}
