"""What starts a clock, and what moving a start would do to each deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.incident import Incident, NotFound, hold
from incidents.law.regimes import load
from incidents.moved import moved_since, open_deadlines
from incidents.obligations import Obligation, Targets, recompute
from incidents.reckoning import BY_AWARENESS, clock_start_of, start_key
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import said_already
from incidents.words import N_


@dataclass(frozen=True)
class Moved:
    """One duty's deadline before and after; None where it has none."""

    obligation: Obligation
    before: datetime | None
    after: datetime | None


class _Undone(Exception):
    """Ends a trial: nothing of it is kept."""


def tried(session: Session, incident_ids: Sequence[int], act: Callable[[Session], object]) -> list[Moved]:
    """What `act` would do to each open deadline of some incidents. It is done and undone: nothing is stored.

    The act's own refusals come through.
    """
    before, after = open_deadlines(session, *incident_ids), dict[int, datetime | None]()
    try:
        with session.begin_nested():
            act(session)
            session.flush()
            after = open_deadlines(session, *incident_ids)
            raise _Undone
    except _Undone:
        session.expire_all()
    wanted = Obligation.id.in_({*before, *after})
    rows = session.scalars(select(Obligation).where(wanted).order_by(Obligation.incident_id, Obligation.id))
    return [Moved(row, before.get(row.id), after.get(row.id)) for row in rows]


def moves(moved: Sequence[Moved]) -> bool:
    """Whether any deadline moves. One whose duty goes on in another incident, due there no later, does not."""
    return any(one.before != one.after and not _goes_on(one, moved) for one in moved)


def _goes_on(ended: Moved, moved: Sequence[Moved]) -> bool:
    if ended.before is None or ended.after is not None:
        return False
    same = (ended.obligation.rule, ended.obligation.recipient)
    return any(
        other.after is not None and other.after <= ended.before
        for other in moved
        if (other.obligation.rule, other.obligation.recipient) == same
    )


def explained(reason: str) -> None:
    """Refuse to move a deadline without a word of why."""
    if not reason.strip():
        raise Refused(N_("Write why. Deadlines move with it."), field="reason")


def waits_for_event(duty: Obligation) -> bool:
    """Whether a duty's clock starts with an event that people record: a decision, a fix, an earlier filing."""
    return clock_start_of(load().get(duty.rule), duty.terms) not in BY_AWARENESS


def start_clock(
    session: Session,
    obligation_id: int,
    started_at: datetime,
    *,
    zone: str,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Entry:
    """Record when the event was that starts the clock of a duty. May be recorded anew; the last word counts.

    Refuses the future, a missing reason, and a duty whose clock starts with awareness.
    """
    duty = session.get(Obligation, obligation_id)
    if duty is None:
        raise NotFound(N_("This duty does not exist."))
    if not reason.strip():
        raise Refused(N_("Write what happened then. One sentence is enough."), field="reason")
    if started_at > now:
        raise Refused(N_("It cannot have happened in the future. Check the date and time."), field="started_at")
    if not waits_for_event(duty):
        raise Refused(N_("The clock of this duty starts when you become aware. Decide that instead."))
    incident: Incident = hold(session, duty.incident_id)
    said = said_already(session, incident, Kind.CLOCK_STARTED, {"reason": reason}, by=by, now=now)
    key = start_key(duty.rule, duty.part_id)
    if said is not None and said.facts["clock"] == key and said.happened_at == started_at:
        return said
    deadlines = open_deadlines(session, incident.id)
    recompute(session, incident, targets=targets, event=(key, started_at), now=now)
    return record(
        session,
        incident.timeline,
        Kind.CLOCK_STARTED,
        by=by,
        incident_id=incident.id,
        happened_at=started_at,
        zone=zone,
        facts={
            "clock": key,
            "rule": duty.rule,
            "obligation": duty.id,
            "deadlines": moved_since(session, incident.id, deadlines),
        },
        prose={"reason": reason},
        now=now,
    )
