"""Factors of the score that somebody set by hand: kept with the worksheet, signed with a version.

A signed version is never changed, so it keeps the values alone; the comments are prose of its entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.assessments import Difference, Worksheet, Written, advised, part_of, sheet_for, worksheet
from incidents.incident import Incident, Part, hold
from incidents.law.adjusting import Adjustment, Factor, adjustment, factors
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import readable
from incidents.words import N_

NAMED = "severity."
"""How a factor is named among facts."""


@dataclass(frozen=True)
class SetByHand:
    """A factor that somebody set: the value and why, who, when, and what was counted then."""

    adjustment: Adjustment
    counted: float | None
    person: Person
    at: datetime


def adjust(
    session: Session,
    incident_id: int,
    factor: Factor,
    value: float | None,
    *,
    comment: str,
    part_id: int | None = None,
    seen: Mapping[str, object] | None = None,
    by: int,
    now: datetime,
) -> Worksheet:
    """Set a factor of the score by hand, with a comment; None takes that back to what is counted.

    `seen` is what stood there when the form was shown ({} for nothing): what somebody else set meanwhile is not
    overwritten unawares. Refuses what `law.adjusting.adjustment` refuses, and a comment on nothing.
    """
    checked = None if value is None else adjustment(factor, value, comment)
    incident = hold(session, incident_id)
    row = sheet_for(session, incident, part_of(session, incident, part_id), by=by, now=now)
    before = row.adjusted.get(factor.value, {})
    if checked is None and not before and comment.strip():
        raise Refused(N_("Choose the value too that your comment is about."), field="value")
    if _same(checked, before):
        return row
    if seen is not None and dict(seen) != before:
        raise Refused(
            N_("Meanwhile somebody else set this factor. Read what stands there, then save yours again to replace it.")
        )
    after = {name: one for name, one in row.adjusted.items() if name != factor.value}
    if checked is not None:
        counted = next(one.counted for one in factors(advised(row.facts).severity, {}) if one.factor is factor)
        given = {"value": checked.value, "comment": readable(checked.comment)}
        after[factor.value] = given | {"counted": counted, "by": by, "at": now.isoformat()}
    row.adjusted = after
    session.flush()
    return row


def _same(checked: Adjustment | None, before: Written) -> bool:
    """Whether it stands there already, as after a form that was sent twice."""
    given = (checked.value, checked.comment) if checked else (None, None)
    return given == (before.get("value"), before.get("comment"))


def adjusted_so_far(session: Session, incident: Incident, part: Part | None = None) -> dict[str, Any]:
    """What is set by hand so far, as it is stored."""
    row = worksheet(session, incident, part)
    return dict(row.adjusted) if row is not None else {}


def without_comments(adjusted: Written) -> dict[str, Any]:
    """What a signed version keeps of it."""
    return {name: {key: kept for key, kept in one.items() if key != "comment"} for name, one in adjusted.items()}


def comments(adjusted: Written) -> dict[str, str]:
    """What is prose of the entry with which a version is signed."""
    return {f"{NAMED}{name}": one["comment"] for name, one in adjusted.items()}


def values(adjusted: Written) -> dict[str, float]:
    """What the entry keeps as facts, so that its hash covers it."""
    return {name: one["value"] for name, one in adjusted.items()}


def set_by_hand(session: Session, adjusted: Written) -> dict[Factor, SetByHand]:
    """What is stored, with the people who set it."""
    if not adjusted:
        return {}
    keys = {one["by"] for one in adjusted.values()}
    people = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(keys)))}
    return {
        Factor(name): SetByHand(
            Adjustment(one["value"], one["comment"]),
            one["counted"],
            people[one["by"]],
            datetime.fromisoformat(one["at"]),
        )
        for name, one in adjusted.items()
    }


def differences(before: Written, after: Written) -> list[Difference]:
    """The factors that were set anew, or taken back, from one version to the next, in the order of the method."""
    was, is_ = values(before), values(after)
    return [
        Difference(f"{NAMED}{factor.value}", was.get(factor.value), is_.get(factor.value))
        for factor in Factor
        if was.get(factor.value) != is_.get(factor.value)
    ]
