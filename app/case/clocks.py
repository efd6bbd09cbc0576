"""The clock card of an incident: what the law wants by when, and how that was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app import shown
from app.language import gettext as _
from incidents.law.counting import Count, count
from incidents.law.regimes import load
from incidents.obligations import Obligation, Targets


@dataclass(frozen=True)
class Counted:
    """How one deadline was counted, in sentences."""

    title: str
    steps: Sequence[str]


@dataclass(frozen=True)
class Clock:
    """Duties that fall due together. `cautious` is shown beside a decided deadline, `ceiling` is never a target."""

    titles: Sequence[str]
    left: shown.Left
    due: shown.Moment | None
    late: bool
    is_target: bool
    basis: str
    decided: bool
    cautious: shown.Moment | None
    cautious_left: shown.Left | None
    ceiling: shown.Moment | None
    counted: Sequence[Counted]


def clocks_of(duties: Sequence[Obligation], targets: Targets, now: datetime) -> list[Clock]:
    """The open duties with a time, nearest first; those that fall due together share a card."""
    together: dict[tuple[datetime, bool], list[Obligation]] = {}
    for duty in sorted((duty for duty in duties if duty.is_open and duty.due_at), key=lambda duty: duty.id):
        if duty.due_at is not None:
            together.setdefault((duty.due_at, duty.is_target), []).append(duty)
    return [_clock(due_at, together[due_at, target], targets, now) for due_at, target in sorted(together)]


def _clock(due_at: datetime, duties: Sequence[Obligation], targets: Targets, now: datetime) -> Clock:
    first, zone = duties[0], shown.zone()
    counts = [(duty, _counted(duty, targets, zone)) for duty in duties]
    ceilings = [duty.ceiling_at for duty in duties if duty.ceiling_at]
    left = shown.left(due_at, now)
    if left is None:
        raise ValueError("a clock needs an instant")
    decided = first.decided_due_at is not None
    return Clock(
        titles=[title_of(duty) for duty in duties],
        left=left,
        due=shown.moment(due_at),
        late=due_at < now,
        is_target=first.is_target,
        basis=", ".join(dict.fromkeys(basis_of(duty) for duty in duties)),
        decided=decided,
        cautious=shown.moment(first.cautious_due_at) if decided else None,
        cautious_left=shown.left(first.cautious_due_at, now) if decided else None,
        ceiling=shown.moment(min(ceilings)) if ceilings else None,
        counted=[Counted(title_of(duty), _steps(found)) for duty, found in counts if found],
    )


def title_of(duty: Obligation) -> str:
    """What is owed to whom."""
    title = _(str(duty.terms["title"]))
    return f"{title}: {duty.recipient}" if duty.part_id else title


def basis_of(duty: Obligation) -> str:
    """The place in the law."""
    regime = load().regime_of(duty.rule)
    return _("%(law)s Art. %(article)s", law=_(regime.short_title), article=duty.terms["article"])


def _counted(duty: Obligation, targets: Targets, zone: ZoneInfo) -> Count | None:
    if duty.started_at is None:
        return None
    return count(load().get(duty.rule).terms, duty.started_at, zone=zone, target=targets.notice)


def _steps(found: Count) -> list[str]:
    return [step.words(_, _shown) for step in found.steps]


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        local = shown.moment(value)
        return f"{local.local} ({local.utc})" if local else ""
    return shown.day(value) if isinstance(value, date) else str(value)
