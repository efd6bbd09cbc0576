"""Triage: a first look, what it is and in which role it concerns us, and which reports belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import EllipsisType

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from incidents.incident import Incident, OurRole, Part, StillHappening, Urgency, What, hold
from incidents.moved import moved_since, open_deadlines
from incidents.obligations import Targets, recompute
from incidents.refusals import Refused
from incidents.report import Report
from incidents.steps import reopen_by_verb, settle_by_verb
from incidents.timeline import Actor, Entry, Kind, record
from incidents.words import N_
from incidents.words.enums import words_for

TWICE = timedelta(minutes=2)
"""The same words by the same person within this time are one act sent twice, not two."""


def first_step(incident: Incident, *, by: Actor, now: datetime) -> None:
    """Note that somebody signed in has begun: it ends the pages that ring for this incident."""
    incident.parked_until = None  # whoever parked it, somebody goes on with it
    if incident.first_step_at is None:
        incident.first_step_at = now
    if incident.handler_id is None:
        incident.handler_id = by.person_id


def said_already(
    session: Session, incident: Incident, kind: Kind, prose: Mapping[str, str], *, by: Actor, now: datetime
) -> Entry | None:
    """The entry that this very act has just made: a double tap, or a form sent again over a lost network."""
    last = session.scalars(
        select(Entry).where(Entry.incident_id == incident.id, Entry.kind == kind).order_by(Entry.seq.desc()).limit(1)
    ).first()
    if last is None or last.person_id != by.person_id or now - last.written_at > TWICE:
        return None
    return last if {field: last.text(field) or "" for field in prose} == dict(prose) else None


def look_at(session: Session, incident_id: int, *, by: Actor, now: datetime) -> Entry:
    """A handler has looked at the reports and takes the incident on. A first step."""
    incident = hold(session, incident_id)
    first_step(incident, by=by, now=now)
    return record(session, incident.timeline, Kind.LOOKED_AT, by=by, incident_id=incident.id, now=now)


def triage(
    session: Session,
    incident_id: int,
    what: What,
    our_role: OurRole,
    *,
    reason: str,
    customers: Sequence[str] = (),
    seen: datetime | EllipsisType | None = ...,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Entry:
    """Say what it is and in which role it concerns us, with the reason. May be said anew as facts come in.

    As a processor each affected customer is named: there is one duty towards each (Art. 33(2) GDPR). `seen` is when
    the triage was recorded that its author knew of: it refuses to replace a later one unawares.
    """
    if what is What.UNDECIDED:
        raise Refused(N_("Choose what it is. It can be changed later."), field="what")
    if not reason.strip():
        raise Refused(N_("Write why. One sentence is enough."), field="reason")
    named = [name.strip()[:200] for name in customers if name.strip()]
    if our_role in (OurRole.PROCESSOR, OurRole.BOTH) and not named and what is What.PERSONAL_DATA_BREACH:
        raise Refused(
            N_("Name the customers whose data it is, one a line. Write “not known yet” if nobody knows."),
            field="customers",
        )
    incident = hold(session, incident_id)
    prose = {"reason": reason, "customers": "\n".join(named)}
    said = said_already(session, incident, Kind.TRIAGED, prose, by=by, now=now)
    if said is not None and (incident.what, incident.our_role) == (what, our_role):
        return said
    if seen is not ... and incident.triaged_at != seen:
        raise Refused(
            N_("Meanwhile somebody recorded: %(what)s. To change that, press the button again."),
            what=words_for(incident.what),
        )
    before = {"what": incident.what.value, "our_role": incident.our_role.value}
    incident.what, incident.our_role, incident.triaged_at = what, our_role, now
    _settle_parts(session, incident, our_role, named, now=now)
    first_step(incident, by=by, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.TRIAGED,
        by=by,
        incident_id=incident.id,
        facts={"what": what.value, "our_role": our_role.value, "before": before, "customers": len(named)},
        prose=prose,
        now=now,
    )
    settle_by_verb(session, incident, "triage", entry)
    recompute(session, incident, targets=targets, now=now)
    return entry


def _settle_parts(
    session: Session, incident: Incident, our_role: OurRole, customers: Sequence[str], *, now: datetime
) -> None:
    wanted: set[tuple[OurRole, str]] = set()
    if our_role in (OurRole.CONTROLLER, OurRole.BOTH):
        wanted.add((OurRole.CONTROLLER, ""))
    if our_role in (OurRole.PROCESSOR, OurRole.BOTH):
        wanted |= {(OurRole.PROCESSOR, name) for name in customers}
    for part in incident.parts:
        if part.is_own and our_role is not OurRole.PROCESSOR:
            continue  # named apart from triage, which says only that we are controller
        key = (part.role, part.customer)
        part.dropped_at = None if key in wanted else (part.dropped_at or now)
        wanted.discard(key)
    for role, customer in sorted(wanted, key=lambda pair: (pair[0].value, pair[1])):
        incident.parts.append(
            Part(
                organisation_id=incident.organisation_id,
                legal_entity_id=incident.legal_entity_id,
                role=role,
                customer=customer,
                added_at=now,
            )
        )
    session.flush()


def attach(
    session: Session,
    report: Report,
    target_id: int,
    *,
    reason: str = "",
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Incident:
    """Move a report to another incident; the earliest anchor and the gravest answer win there.

    Attaching it back undoes this: both incidents are as urgent as the reports that they have.
    A closed incident that a report joins is open again. One that its last report leaves is closed.
    The entries say how the deadlines have moved on either side.
    """
    first, second = sorted((report.incident_id, target_id))
    held = {first: hold(session, first), second: hold(session, second)}
    origin, target = held[report.incident_id], held[target_id]
    if origin.id == target.id:
        raise Refused(N_("The report already belongs to this incident."), field="reference")
    if origin.organisation_id != target.organisation_id:
        raise Refused(N_("A report cannot move to another organisation."), field="reference")
    before = {incident.id: open_deadlines(session, incident.id) for incident in (origin, target)}
    report.incident = target
    session.flush()
    opened, closed = _open_again(session, target), _left_empty(session, origin, now)
    for incident, kind in ((origin, Kind.DETACHED), (target, Kind.ATTACHED)):
        recompute(session, incident, targets=targets, now=now)
        facts = {"report": report.id, "from": origin.reference, "to": target.reference}
        facts["deadlines"] = moved_since(session, incident.id, before[incident.id])
        prose = {"reason": reason.strip()}
        record(session, incident.timeline, kind, by=by, incident_id=incident.id, facts=facts, prose=prose, now=now)
    if opened:
        rings: dict[str, object] = {"report": report.id, "rings": target.first_step_at is None}
        record(session, target.timeline, Kind.REOPENED, by=by, incident_id=target.id, facts=rings, now=now)
    if closed:
        ended = {"what": origin.what.value, "to": target.reference}
        record(session, origin.timeline, Kind.CLOSED, by=by, incident_id=origin.id, facts=ended, now=now)
    for incident in (target, origin):
        _heed_reports(session, incident, report, by=by, now=now)
    return target


def _open_again(session: Session, target: Incident) -> bool:
    """Open the incident that a report joins, if it was closed. Says whether it was."""
    if target.closed_at is None:
        return False
    target.closed_at = None
    if target.dismissed:
        target.what = What.UNDECIDED
        reopen_by_verb(session, target, "triage")
    return True


def _left_empty(session: Session, origin: Incident, now: datetime) -> bool:
    """Close the incident that its last report has left. Says whether it was open."""
    left = session.scalars(select(Report.id).where(Report.incident_id == origin.id)).first()
    if left is not None or origin.closed_at is not None:
        return False
    origin.closed_at = now
    return True


def _heed_reports(session: Session, incident: Incident, moved: Report, *, by: Actor, now: datetime) -> None:
    """Let an incident be as its reports say, now that one has come or gone; it pages if that turns it to "yes"."""
    reports = session.scalars(select(Report).where(Report.incident_id == incident.id)).all()
    if not reports:
        return  # its last report has left: it is closed as it was
    before, after = incident.still_happening, worst_answer(session, incident)
    urgent = any(answer is not StillHappening.NO for answer in _ever_said(session, incident, reports))
    incident.still_happening, incident.urgency = after, Urgency.URGENT if urgent else Urgency.SOON
    if after is not before:
        facts: dict[str, object] = {"report": moved.id, "before": before.value, "after": after.value}
        record(session, incident.timeline, Kind.STILL_HAPPENING, by=by, incident_id=incident.id, facts=facts, now=now)


def _ever_said(session: Session, incident: Incident, reports: Sequence[Report]) -> Iterator[StillHappening]:
    """What these reports say now, said at first and meanwhile: a "no" later on does not take the urgency away."""
    yield from (report.still_happening for report in reports)
    keys = {report.id for report in reports}
    first = Entry.id.in_([report.entry_id for report in reports])
    later = and_(Entry.incident_id == incident.id, Entry.kind == Kind.STILL_HAPPENING)
    for entry in session.scalars(select(Entry).where(or_(first, later))):
        if entry.kind is Kind.REPORTED or entry.facts["report"] in keys:
            yield StillHappening(entry.facts.get("after") or entry.facts["still_happening"])


def worst_answer(session: Session, incident: Incident) -> StillHappening:
    """The most urgent answer among the reports of an incident: one "no" does not outvote another's "yes"."""
    given = set(session.scalars(select(Report.still_happening).where(Report.incident_id == incident.id)))
    order = (StillHappening.YES, StillHappening.UNKNOWN, StillHappening.NO)
    return next((answer for answer in order if answer in given), incident.still_happening)


def settle_noticed(
    session: Session, report: Report, counts: bool, reason: str, *, by: Actor, targets: Targets, now: datetime
) -> Entry:
    """Answer whether the "noticed" time, more than 72 h back, is when the organisation first knew."""
    if not reason.strip():
        raise Refused(N_("Write why. One sentence is enough."), field="reason")
    if report.noticed_at is None:
        raise Refused(N_("This report names no time when it was noticed."))
    incident = hold(session, report.incident_id)
    report.noticed_counts = counts
    deadlines = open_deadlines(session, incident.id)
    recompute(session, incident, targets=targets, now=now)
    return record(
        session,
        incident.timeline,
        Kind.ANCHOR_MOVED,
        by=by,
        incident_id=incident.id,
        happened_at=report.noticed_at,
        zone=report.zone,
        facts={
            "report": report.id,
            "counts": counts,
            "deadlines": moved_since(session, incident.id, deadlines),
        },
        prose={"reason": reason},
        now=now,
    )
