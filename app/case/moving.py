"""What an act would do to the deadlines, shown before it is recorded; no script is needed for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import request
from sqlalchemy.orm import Session

from app import shown
from app.access import me
from app.case.act import Refusing, recording
from app.case.clocks import title_of
from incidents.anchors import Moved, explained, moves, tried
from incidents.incident import those_seen

CONFIRM = "confirm"


@dataclass(frozen=True)
class Row:
    """One duty as the page shows it: its deadline now, and what it would become."""

    title: str
    is_target: bool
    before: shown.Moment | None
    after: shown.Moment | None
    moves: bool


@dataclass(frozen=True)
class Lot:
    """The duties of one incident. It is named where there are several."""

    incident: str | None
    rows: Sequence[Row]


@dataclass
class Trial:
    """What was shown and has yet to be confirmed: nothing is recorded while there is something to confirm.

    `hidden` counts the incidents whose deadlines move and which the person may not see.
    """

    lots: Sequence[Lot] = ()
    hidden: int = 0
    seen: str = ""

    @property
    def rows(self) -> list[Row]:
        return [row for lot in self.lots for row in lot.rows]


def tried_or_done(
    form: Refusing,
    incident_ids: int | Sequence[int],
    act: Callable[[Session], object],
    *,
    reason: str | None = None,
) -> Trial:
    """Do what was confirmed, or what moves no deadline; otherwise give the rows to show, and record nothing.

    What was confirmed is what was shown: if the deadlines have moved meanwhile, they are shown anew. A `reason` that
    is empty is refused once deadlines move; None says that the act itself asks for one. Of several incidents those
    whose deadlines move are shown, each by its name, if the person may see it.
    """
    alone, trial = isinstance(incident_ids, int), Trial()
    keys = [incident_ids] if isinstance(incident_ids, int) else incident_ids
    with recording(form) as session:
        moved = tried(session, keys, act)
        seen = _digest(moved)
        if not moves(moved):
            act(session)
            return trial
        trial = Trial([Lot(None, _rows(moved))], 0, seen) if alone else _several(session, moved, seen)
        if request.form.get(CONFIRM) == seen:
            if reason is not None:
                explained(reason)
            act(session)
            trial = Trial()
    return trial


def _several(session: Session, moved: Sequence[Moved], seen: str) -> Trial:
    by_incident = {key: list(rows) for key, rows in groupby(moved, lambda one: one.obligation.incident_id)}
    moving = {key: rows for key, rows in by_incident.items() if any(one.before != one.after for one in rows)}
    known = {incident.id: incident for incident in those_seen(session, me(), list(moving))}
    lots = [Lot(known[key].reference, _rows(rows)) for key, rows in moving.items() if key in known]
    return Trial(lots, len(moving) - len(lots), seen)


def _rows(moved: Sequence[Moved]) -> list[Row]:
    return [_row(one) for one in moved]


def _row(one: Moved) -> Row:
    duty = one.obligation
    before, after = shown.moment(one.before), shown.moment(one.after)
    return Row(title_of(duty), duty.is_target, before, after, one.before != one.after)


def _digest(moved: Sequence[Moved]) -> str:
    words = ";".join(f"{one.obligation.id} {one.before} {one.after}" for one in moved)
    return hashlib.sha256(words.encode()).hexdigest()[:32]
