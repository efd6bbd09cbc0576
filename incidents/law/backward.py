"""Working back from a deadline: when draft, sign-off and sending should be, and whether anybody is there then.

Advice, never a deadline: nothing here moves what the law wants.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from incidents.law.workdays import Workdays

QUARTER = timedelta(minutes=15)
Present = Callable[[datetime], bool]


class Stage(enum.Enum):
    """The work that comes before a deadline, in its order."""

    DRAFT = "draft"
    SIGN = "sign"
    SEND = "send"


# So much of the time from now to the deadline may have gone when each is done; a sixth is kept in reserve.
SHARES = {Stage.DRAFT: 0.5, Stage.SIGN: 0.7, Stage.SEND: 5 / 6}


@dataclass(frozen=True)
class Suggestion:
    """One stage. `somebody` is whether a person is there then; `authority_open` whether it is a working day there."""

    stage: Stage
    at: datetime
    somebody: bool
    authority_open: bool


def plan_back(
    now: datetime,
    due_at: datetime,
    *,
    present: Present,
    authority_zone: ZoneInfo,
    workdays: Workdays,
) -> Sequence[Suggestion]:
    """When each stage should be done, in UTC: each is moved earlier to a quarter of an hour at which somebody is there.

    Where nobody is there between the stage before and its time, it stays and says so. Nothing once the deadline
    has passed, nothing before now, nothing after the deadline, and always in order.
    """
    if due_at <= now:
        return ()
    now, due_at = now.astimezone(UTC), due_at.astimezone(UTC)
    found: list[Suggestion] = []
    earliest = now
    for stage, share in SHARES.items():
        wanted = max(now + (due_at - now) * share, earliest)
        at, somebody = _there(wanted, earliest, present)
        day = at.astimezone(authority_zone).date()
        found.append(Suggestion(stage, at, somebody, workdays.working(day)))
        earliest = at
    return tuple(found)


def _there(wanted: datetime, earliest: datetime, present: Present) -> tuple[datetime, bool]:
    at = wanted
    while at >= earliest:
        if present(at):
            return at, True
        at -= QUARTER
    return (earliest, True) if present(earliest) else (wanted, False)
