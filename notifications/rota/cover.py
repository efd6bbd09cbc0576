"""Cover: somebody stands in, takes a duty, or swaps with somebody else."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, instant
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.change import AHEAD, Change, changing
from notifications.rota.duty import Duty, duties
from notifications.rota.override import Override, Reason, standing
from notifications.rota.planning import present_person
from notifications.rota.shift import in_force

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=2 * 366)
MOST_STANDING = 2000


def override(
    session: Session,
    rota: Rota,
    person_id: int,
    begins_at: datetime,
    ends_at: datetime,
    *,
    by: Actor,
    now: datetime,
) -> Override:
    """Somebody instead of whoever the shifts have. Counts from now at the earliest; over earlier overrides too."""
    _refuse_times(begins_at, ends_at, now)
    with changing(session, rota, Change.OVERRIDDEN, by=by, now=now) as detail:
        row = add(session, rota, person_id, begins_at, ends_at, Reason.PLANNED, by=by, now=now)
        detail.facts["cover"] = _as_facts(row)
    return row


def add(
    session: Session,
    rota: Rota,
    person_id: int,
    begins_at: datetime,
    ends_at: datetime,
    reason: Reason,
    *,
    by: Actor,
    now: datetime,
    pair: str | None = None,
    uid: str | None = None,
    recurrence: str | None = None,
) -> Override:
    """Store one override, inside a `changing`."""
    row = Override(
        organisation_id=rota.organisation_id,
        rota_id=rota.id,
        person_id=present_person(session, rota, person_id, field="person").id,
        begins_at=begins_at,
        ends_at=ends_at,
        reason=reason,
        made_at=now,
        made_by_id=by.person_id,
        pair=pair,
        uid=uid,
        recurrence=recurrence,
    )
    session.add(row)
    session.flush()
    return row


def end_override(session: Session, rota: Rota, row: Override, *, by: Actor, now: datetime) -> None:
    """Back to what the shifts say, from now on; both halves of a swap go together."""
    if row.ended_at is not None or row.ends_at <= now:
        raise Refused(N_("This is over already. Load the page again."))
    with changing(session, rota, Change.OVERRIDE_ENDED, by=by, now=now) as detail:
        detail.facts["cover"] = _as_facts(row)
        for each in standing(session, rota, now=now):
            if each.id == row.id or (row.pair is not None and each.pair == row.pair):
                each.ended_at = now


def members(session: Session, rota: Rota, *, now: datetime) -> set[int]:
    """The keys of those who take turns in a shift that has not ended, or stand in."""
    turning = {key for shift in in_force(session, rota, now) for key in shift.people}
    return turning | {row.person_id for row in standing(session, rota, now=now)}


def take(session: Session, rota: Rota, person: Person, begins_at: datetime, *, by: Actor, now: datetime) -> Override:
    """Take the duty that begins, or runs, at an instant. Only somebody on the rota may, and not their own."""
    if person.id not in members(session, rota, now=now):
        raise Refused(N_("Only people on this rota can take a duty of it. Ask whoever plans it."))
    duty = _duty_at(session, rota, begins_at, now)
    if duty.person is not None and duty.person.id == person.id:
        raise Refused(N_("This duty is yours already."))
    with changing(session, rota, Change.TAKEN, by=by, now=now):
        return add(session, rota, person.id, duty.begins_at, duty.ends_at, Reason.TAKEN, by=by, now=now)


def swap(
    session: Session, rota: Rota, one_begins_at: datetime, other_begins_at: datetime, *, by: Actor, now: datetime
) -> tuple[Override, Override]:
    """Two people exchange two of their duties, named by their beginnings."""
    one, other = _duty_at(session, rota, one_begins_at, now), _duty_at(session, rota, other_begins_at, now)
    if one.person is None or other.person is None:
        raise Refused(N_("Nobody has one of these duties. Let somebody stand in instead."), field="other")
    if one.person.id == other.person.id:
        raise Refused(N_("Both duties are of the same person. Choose duties of two people."), field="other")
    pair = secrets.token_hex(16)
    given = {"reason": Reason.SWAPPED, "pair": pair, "by": by, "now": now}
    with changing(session, rota, Change.SWAPPED, by=by, now=now):
        first = add(session, rota, other.person.id, one.begins_at, one.ends_at, **given)  # type: ignore[arg-type]
        second = add(session, rota, one.person.id, other.begins_at, other.ends_at, **given)  # type: ignore[arg-type]
    return first, second


def override_of(session: Session, rota: Rota, key: int) -> Override | None:
    """The override with that key, if it is of this rota."""
    return session.scalars(select(Override).where(Override.id == key, Override.rota_id == rota.id)).first()


def _as_facts(row: Override) -> dict[str, Any]:
    """When somebody stands in, for the entry: it may lie beyond the turns that are compared."""
    return {"from": instant(row.begins_at), "until": instant(row.ends_at), "person": row.person_id}


def _duty_at(session: Session, rota: Rota, at: datetime, now: datetime) -> Duty:
    """The duty that begins at an instant, as it stands; the one that runs now may have begun earlier."""
    for duty in duties(session, rota.id, now, now + AHEAD):
        if duty.begins_at == at or (at <= now and duty.begins_at == now):
            return duty
    raise Refused(N_("The rota has changed meanwhile: there is no such duty any more. Load the page again."))


def _refuse_times(begins_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= begins_at:
        raise Refused(N_("The end is not after the beginning. Choose a later end."), field="ends_at")
    if ends_at <= now:
        raise Refused(N_("This lies in the past. Choose an end that is still to come."), field="ends_at")
    if ends_at - begins_at > LONGEST:
        raise Refused(N_("This is longer than a year. Change the shift instead."), field="ends_at")
    if begins_at > now + FURTHEST:
        raise Refused(N_("This is more than two years ahead. Choose an earlier time."), field="begins_at")
