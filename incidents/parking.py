""" "This can wait until …": a first step, within what the law, the clock and the facts allow."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from incidents.incident import Incident, StillHappening, hold
from incidents.obligations import OPEN, Obligation
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_

LONGEST = timedelta(hours=8)
"""Nothing waits longer than a night."""

PRESENT = timedelta(hours=12)
"""Who took the containment on longer ago than this is not taken to be at it still."""


def park(session: Session, incident_id: int, until: datetime, *, reason: str, by: Actor, now: datetime) -> Entry:
    """Let an incident wait: it rings again at `until` unless somebody goes on with it before. A first step.

    Refuses without a reason, more than eight hours, a time past the next limit that arises or may arise, and
    while it is or may be still happening unless it is contained or somebody present has taken the containment on.
    """
    if not reason.strip():
        raise Refused(N_("Write why this can wait. One sentence is enough."), field="reason")
    incident = hold(session, incident_id)
    if incident.closed_at is not None:
        raise Refused(N_("This incident is closed. Nothing of it has to wait."))
    if until <= now:
        raise Refused(N_("That time is over. Choose one that is still to come."), field="until")
    if until > now + LONGEST:
        raise Refused(N_("Nothing can wait for more than eight hours. Choose an earlier time."), field="until")
    limit = next_limit(session, incident, now=now)
    if limit is not None and until > limit:
        raise Refused(N_("A legal limit comes before that. Choose an earlier time."), field="until")
    if not may_wait(incident, now=now):
        raise Refused(
            N_(
                "It is, or may be, still happening. It can wait once it is contained, or once somebody here has taken "
                "the containment on."
            )
        )
    first_step(incident, by=by, now=now)
    incident.parked_until = until
    return record(
        session,
        incident.timeline,
        Kind.PARKED,
        by=by,
        incident_id=incident.id,
        facts={"until": until.isoformat()},
        prose={"reason": reason},
        now=now,
    )


def may_wait(incident: Incident, *, now: datetime) -> bool:
    """Whether the facts allow an incident to wait at all."""
    if incident.still_happening is StillHappening.NO or incident.contained_at is not None:
        return True
    owner, since = incident.containment_owner, incident.containment_owned_at
    return owner is not None and owner.left_at is None and since is not None and now - since < PRESENT


def next_limit(session: Session, incident: Incident, *, now: datetime) -> datetime | None:
    """The next legal limit that arises or may arise and has not passed; our own targets are none."""
    return session.scalar(
        select(func.min(Obligation.due_at)).where(
            Obligation.incident_id == incident.id,
            Obligation.standing.in_(OPEN),
            Obligation.is_target.is_(False),
            Obligation.due_at > now,
        )
    )


def take_containment_on(session: Session, incident_id: int, *, by: Actor, now: datetime) -> Entry:
    """Say that one is at the containment now. A first step."""
    incident = hold(session, incident_id)
    if incident.contained_at is not None:
        raise Refused(N_("It is contained already."))
    if by.person_id is None:
        raise Refused(N_("Only somebody who is signed in can take the containment on."))
    first_step(incident, by=by, now=now)
    incident.containment_owner_id, incident.containment_owned_at = by.person_id, now
    return record(session, incident.timeline, Kind.CONTAINMENT_OWNED, by=by, incident_id=incident.id, now=now)


def owner_left(session: Session, person_id: int, *, now: datetime) -> int:
    """Whoever had taken a containment on is not there any more: what waited on that alone waits no longer. How many."""
    left = session.scalars(
        select(Incident)
        .where(
            Incident.containment_owner_id == person_id,
            Incident.parked_until > now,
            Incident.contained_at.is_(None),
            Incident.still_happening != StillHappening.NO,
        )
        .order_by(Incident.id)
        .with_for_update(key_share=True, of=Incident)
    ).all()
    for incident in left:
        incident.parked_until = now
    session.flush()
    return len(left)


def end_parking(session: Session, *, limit: int = 100, now: datetime) -> int:
    """Let every incident ring again whose time to wait is over. Returns how many."""
    over = session.scalars(
        select(Incident)
        .where(Incident.parked_until <= now)
        .order_by(Incident.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True, of=Incident)
    ).all()
    for incident in over:
        until, incident.parked_until = incident.parked_until, None
        assert until is not None
        if incident.closed_at is None:
            record(
                session,
                incident.timeline,
                Kind.PARKING_ENDED,
                by=SYSTEM,
                incident_id=incident.id,
                happened_at=until,
                now=now,
            )
    session.flush()
    return len(over)
