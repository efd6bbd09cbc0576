"""Working the steps: done, skipped with a reason, opened again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import Incident, NotFound, hold
from incidents.obligations import settle_next_act
from incidents.refusals import Refused
from incidents.steps import Step, StepState
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_


def do(
    session: Session, step_id: int, *, by: Actor, done_at: datetime, zone: str, note: str = "", now: datetime
) -> Entry:
    """Record a step as done; `done_at` is when it was done, which may be before it is written. Refuses the future."""
    step = _open_step(session, step_id)
    if done_at > now:
        raise Refused(N_("A step cannot have been done in the future. Check the time."), field="done_at")
    return _settle(session, step, Kind.STEP_DONE, by=by, at=done_at, zone=zone, prose={"note": note}, now=now)


def skip(session: Session, step_id: int, *, by: Actor, reason: str, now: datetime) -> Entry:
    """Leave a step out, with the reason. Refuses without one."""
    if not reason.strip():
        raise Refused(N_("Write why this step is left out. One sentence is enough."), field="reason")
    step = _open_step(session, step_id)
    return _settle(session, step, Kind.STEP_SKIPPED, by=by, at=now, prose={"reason": reason}, now=now)


def reopen_step(session: Session, step_id: int, *, by: Actor, reason: str, now: datetime) -> Entry:
    """Open a settled step again. Its first settling stays in the timeline."""
    if not reason.strip():
        raise Refused(N_("Write why this step is open again."), field="reason")
    step, incident = _hold_step(session, step_id)
    if step.is_open:
        raise Refused(N_("This step is open already."))
    step.state, step.settled_at, step.entry_id = StepState.OPEN, None, None
    entry = _record(session, step, incident, Kind.STEP_REOPENED, by=by, at=now, prose={"reason": reason}, now=now)
    settle_next_act(session, incident)
    return entry


def _hold_step(session: Session, step_id: int) -> tuple[Step, Incident]:
    step = session.get(Step, step_id)
    if step is None:
        raise NotFound(N_("This step does not exist."))
    incident = hold(session, step.incident_id)
    session.refresh(step)
    return step, incident


def _open_step(session: Session, step_id: int) -> Step:
    step, _incident = _hold_step(session, step_id)
    if not step.is_open:
        raise Refused(N_("Somebody has settled this step already. Load the page again to see who."))
    return step


def _settle(
    session: Session,
    step: Step,
    kind: Kind,
    *,
    by: Actor,
    at: datetime,
    now: datetime,
    zone: str = "UTC",
    prose: dict[str, str],
) -> Entry:
    incident = step.incident
    first_step(incident, by=by, now=now)
    entry = _record(session, step, incident, kind, by=by, at=at, zone=zone, prose=prose, now=now)
    step.state = StepState.DONE if kind is Kind.STEP_DONE else StepState.SKIPPED
    step.settled_at, step.entry_id = at, entry.id
    settle_next_act(session, incident)
    return entry


def _record(
    session: Session,
    step: Step,
    incident: Incident,
    kind: Kind,
    *,
    by: Actor,
    at: datetime,
    now: datetime,
    zone: str = "UTC",
    prose: dict[str, str],
) -> Entry:
    return record(
        session,
        incident.timeline,
        kind,
        by=by,
        incident_id=incident.id,
        happened_at=at,
        zone=zone,
        facts={"step": step.id, "key": step.key, "lane": step.lane.value},
        prose=prose,
        now=now,
    )
