"""Working back from a deadline: when draft, sign-off and sending should be, and whether anybody is there then.

Advice, never a deadline: nothing here moves what the law wants.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
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
    """One stage. `somebody` is whether anybody whose work it is is there then, and so before the deadline at all.

    `late` says that it is later than its share of the time, because nobody is there earlier. `authority_open` is
    whether it is a working day there.
    """

    stage: Stage
    at: datetime
    somebody: bool
    authority_open: bool
    late: bool = False


def plan_back(
    now: datetime,
    due_at: datetime,
    *,
    present: Mapping[Stage, Present],
    authority_zone: ZoneInfo,
    workdays: Workdays,
) -> Sequence[Suggestion]:
    """When each stage should be done, in UTC, by `present`: whether anybody whose work that stage is is there.

    From the last stage back each is put at the latest quarter of an hour that leaves the next one its time; where
    nobody is there so early, at the first one later. Where nobody is there before the deadline at all, it stays
    and says so. Nothing once the deadline has passed, nothing before now or from the deadline on, always in order.
    """
    if due_at <= now:
        return ()
    now, due_at = now.astimezone(UTC), due_at.astimezone(UTC)
    shares = {stage: now + (due_at - now) * share for stage, share in SHARES.items()}
    latest = _backward(now, shares, present)
    found: list[Suggestion] = []
    earliest = now
    for stage, share in shares.items():
        wanted = max(latest[stage], earliest)
        there = _before(wanted, earliest, present[stage]) or _after(wanted, due_at, present[stage])
        at = there or max(share, earliest)
        open_there = workdays.working(at.astimezone(authority_zone).date())
        found.append(Suggestion(stage, at, there is not None, open_there, late=there is not None and at > share))
        earliest = at + QUARTER if at + QUARTER < due_at else at
    return tuple(found)


def _backward(
    now: datetime, shares: Mapping[Stage, datetime], present: Mapping[Stage, Present]
) -> Mapping[Stage, datetime]:
    """The latest time of each stage at which somebody is there and that leaves the next its time; else its share."""
    found: dict[Stage, datetime] = {}
    limit: datetime | None = None
    for stage, share in reversed(list(shares.items())):
        wanted = min(share, limit) if limit else share
        there = _before(wanted, now, present[stage])
        found[stage] = there or share
        if there is not None:
            limit = max(there - QUARTER, now)
    return found


def _before(wanted: datetime, earliest: datetime, present: Present) -> datetime | None:
    """The last time up to `wanted` at which somebody is there."""
    at = wanted
    while at >= earliest:
        if present(at):
            return at
        at -= QUARTER
    return earliest if present(earliest) else None


def _after(wanted: datetime, due_at: datetime, present: Present) -> datetime | None:
    """The first time after `wanted` and before the deadline, on the quarter of an hour, at which somebody is there."""
    at = wanted.replace(minute=wanted.minute // 15 * 15, second=0, microsecond=0) + QUARTER
    while at < due_at:
        if present(at):
            return at
        at += QUARTER
    return None
