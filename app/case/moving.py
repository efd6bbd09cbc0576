"""What an act would do to the deadlines, shown before it is recorded; no script is needed for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from app import shown
from app.case.act import recording
from app.case.clocks import title_of
from app.case.typed import StaffForm
from incidents.anchors import Moved, tried

CONFIRM = "confirm"


@dataclass(frozen=True)
class Row:
    """One duty as the page shows it: its deadline now, and what it would become."""

    title: str
    is_target: bool
    before: shown.Moment | None
    after: shown.Moment | None
    moves: bool


@dataclass
class Trial:
    """What was shown and has yet to be confirmed: nothing is recorded while there are rows."""

    rows: Sequence[Row] = ()
    seen: str = ""


def tried_or_done(form: StaffForm, incident_id: int, act: Callable[[Session], object]) -> Trial:
    """Do what was confirmed, or what moves no deadline; otherwise give the rows to show, and record nothing.

    What was confirmed is what was shown: if the deadlines have moved meanwhile, they are shown anew.
    """
    trial = Trial()
    with recording(form) as session:
        moved = tried(session, incident_id, act)
        seen = _digest(moved)
        if any(one.before != one.after for one in moved) and request.form.get(CONFIRM) != seen:
            trial = Trial([_row(one) for one in moved], seen)
        else:
            act(session)
    return trial


def _row(one: Moved) -> Row:
    duty = one.obligation
    before, after = shown.moment(one.before), shown.moment(one.after)
    return Row(title_of(duty), duty.is_target, before, after, one.before != one.after)


def _digest(moved: Sequence[Moved]) -> str:
    words = ";".join(f"{one.obligation.id} {one.before} {one.after}" for one in moved)
    return hashlib.sha256(words.encode()).hexdigest()[:32]
