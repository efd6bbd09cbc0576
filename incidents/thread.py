"""The two-way thread with a reporter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import StillHappening, Urgency, hold
from incidents.refusals import Refused
from incidents.report import Direction, Message, Report
from incidents.timeline import REPORTER, Actor, Entry, Kind, readable, record
from incidents.triage import first_step, said_already, worst_answer
from incidents.words import N_


def add(session: Session, report: Report, text: str, *, now: datetime) -> Entry:
    """The reporter adds to the report. The handler is told; on a closed incident it pages."""
    if not text.strip():
        raise Refused(N_("Write what you want to add."), field="text")
    incident = hold(session, report.incident_id)
    entry = record(
        session,
        incident.timeline,
        Kind.ADDED,
        by=REPORTER,
        incident_id=incident.id,
        zone=report.zone,
        facts={"report": report.id, "closed": incident.closed_at is not None},
        prose={"text": readable(text)},
        now=now,
    )
    _say(session, report, entry, Direction.FROM_REPORTER, now=now)
    return entry


def now_happening(session: Session, report: Report, answer: StillHappening, *, now: datetime) -> Entry | None:
    """The reporter answers "still happening" anew; turning to yes makes it urgent and pages.

    The same answer again is nothing new: None.
    """
    incident = hold(session, report.incident_id)
    session.refresh(report)
    if report.still_happening is answer:
        return None
    before, report.still_happening = report.still_happening, answer
    session.flush()
    incident.still_happening = worst_answer(session, incident)
    if answer is not StillHappening.NO:
        incident.urgency = Urgency.URGENT
    return record(
        session,
        incident.timeline,
        Kind.STILL_HAPPENING,
        by=REPORTER,
        incident_id=incident.id,
        zone=report.zone,
        facts={"report": report.id, "before": before.value, "after": answer.value},
        now=now,
    )


def ask(session: Session, report: Report, text: str, *, by: Actor, now: datetime) -> Entry:
    """A handler asks the reporter back; the reporter sees it with the code. A first step."""
    if not text.strip():
        raise Refused(N_("Write what you want to ask or say."), field="text")
    incident = hold(session, report.incident_id)
    said = said_already(session, incident, Kind.ASKED, {"text": readable(text)}, by=by, now=now)
    if said is not None:
        return said
    first_step(incident, by=by, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.ASKED,
        by=by,
        incident_id=incident.id,
        facts={"report": report.id},
        prose={"text": readable(text)},
        now=now,
    )
    _say(session, report, entry, Direction.TO_REPORTER, now=now)
    return entry


def _say(session: Session, report: Report, entry: Entry, direction: Direction, *, now: datetime) -> None:
    session.add(
        Message(
            organisation_id=report.organisation_id,
            report_id=report.id,
            entry_id=entry.id,
            direction=direction,
            written_at=now,
        )
    )
    session.flush()
