"""Decisions on an incident: since when we are aware, contained, closed, opened again; notes and corrections."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, What, hold
from incidents.memo import signed_in
from incidents.moved import moved_since, open_deadlines
from incidents.obligations import (
    OPEN,
    Obligation,
    Targets,
    recompute,
    settle_next_act,
)
from incidents.orm import Base, Key
from incidents.refusals import Refused
from incidents.steps import reopen_by_verb, settle_by_verb
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import TWICE, first_step, said_already
from incidents.words import N_


class Awareness(Base):
    """The recorded decision "we became aware at …, because …". Rows are added, never changed; the last counts."""

    __tablename__ = "awareness"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    aware_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime]

    entry: Mapped[Entry] = relationship()


def become_aware(
    session: Session,
    incident_id: int,
    aware_at: datetime,
    *,
    zone: str,
    reason: str,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Entry:
    """Record since when the organisation is aware, with a reasonable degree of certainty, and why.

    The decided deadline then counts; the cautious one stays visible. Deciding anew adds a row. Refuses the
    future and a missing reason. (Art. 33(1) GDPR; EDPB Guidelines 9/2022.)
    """
    if not reason.strip():
        raise Refused(N_("Write why you were, or were not yet, reasonably certain at that time."), field="reason")
    if aware_at > now:
        raise Refused(N_("Nobody can have become aware in the future. Check the date and time."), field="aware_at")
    incident = hold(session, incident_id)
    said = said_already(session, incident, Kind.AWARE, {"reason": reason}, by=by, now=now)
    if said is not None and incident.aware_at == aware_at:
        return said
    before, incident.aware_at = incident.aware_at, aware_at
    facts = {"aware_at": aware_at.isoformat(), "before": before.isoformat() if before else None}
    deadlines = open_deadlines(session, incident.id)
    first_step(incident, by=by, now=now)
    recompute(session, incident, targets=targets, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.AWARE,
        by=by,
        incident_id=incident.id,
        happened_at=aware_at,
        zone=zone,
        facts=facts | signed_in(session, incident, by) | {"deadlines": moved_since(session, incident.id, deadlines)},
        prose={"reason": reason},
        now=now,
    )
    session.add(
        Awareness(
            organisation_id=incident.organisation_id,
            incident_id=incident.id,
            entry_id=entry.id,
            aware_at=aware_at,
            zone=zone,
            decided_at=now,
        )
    )
    settle_by_verb(session, incident, "awareness", entry)
    settle_next_act(session, incident)
    return entry


def contain(
    session: Session,
    incident_id: int,
    contained_at: datetime,
    *,
    zone: str,
    how_known: str,
    by: Actor,
    now: datetime,
) -> Entry:
    """Record since when nothing more leaks, and how that is known."""
    if not how_known.strip():
        raise Refused(N_("Write how you know that it is contained."), field="reason")
    if contained_at > now:
        raise Refused(N_("It cannot have been contained in the future. Check the time."), field="contained_at")
    incident = hold(session, incident_id)
    said = said_already(session, incident, Kind.CONTAINED, {"reason": how_known}, by=by, now=now)
    if said is not None and incident.contained_at and abs(contained_at - incident.contained_at) <= TWICE:
        return said
    incident.contained_at = contained_at
    first_step(incident, by=by, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.CONTAINED,
        by=by,
        incident_id=incident.id,
        happened_at=contained_at,
        zone=zone,
        prose={"reason": how_known},
        now=now,
    )
    settle_by_verb(session, incident, "contained", entry)
    settle_next_act(session, incident)
    return entry


def note(
    session: Session,
    incident_id: int,
    text: str,
    *,
    by: Actor,
    happened_at: datetime | None = None,
    zone: str = "UTC",
    now: datetime,
) -> Entry:
    """Write a fact into the timeline in one's own words; `happened_at` when it happened, if not now."""
    if not text.strip():
        raise Refused(N_("Write the note."), field="text")
    if happened_at is not None and happened_at > now:
        raise Refused(N_("A note tells what has happened. Check the time."), field="happened_at")
    incident = hold(session, incident_id)
    said = said_already(session, incident, Kind.NOTED, {"text": text}, by=by, now=now)
    if said is not None:
        return said
    return record(
        session,
        incident.timeline,
        Kind.NOTED,
        by=by,
        incident_id=incident.id,
        happened_at=happened_at,
        zone=zone,
        prose={"text": text},
        now=now,
    )


def correct(session: Session, entry_id: int, text: str, *, by: Actor, now: datetime) -> Entry:
    """Correct an entry with a new one that names it. The first one stays as it is."""
    if not text.strip():
        raise Refused(N_("Write what is right instead."), field="text")
    wrong = session.get(Entry, entry_id)
    if wrong is None or wrong.incident_id is None:
        raise Refused(N_("Only entries of an incident can be corrected here."))
    incident = hold(session, wrong.incident_id)
    said = said_already(session, incident, Kind.CORRECTED, {"text": text}, by=by, now=now)
    if said is not None and said.corrects_id == wrong.id:
        return said
    return record(
        session,
        incident.timeline,
        Kind.CORRECTED,
        by=by,
        incident_id=incident.id,
        facts={"corrects": wrong.seq},
        prose={"text": text},
        corrects=wrong,
        now=now,
    )


def close(session: Session, incident_id: int, *, reason: str, by: Actor, now: datetime) -> Entry:
    """Close an incident, with the outcome in words. Refuses before triage and while a duty is open."""
    if not reason.strip():
        raise Refused(N_("Write how it ended. One sentence is enough."), field="reason")
    incident = hold(session, incident_id)
    if incident.closed_at is not None:
        raise Refused(N_("This incident is closed already."))
    if incident.what is What.UNDECIDED:
        raise Refused(N_("Say first what it is: triage is open."), field="reason")
    if _open_duties(session, incident):
        raise Refused(
            N_("A duty is still open. Record that it was met, or decide against it with a reason, then close."),
            field="reason",
        )
    incident.closed_at = now
    entry = record(
        session,
        incident.timeline,
        Kind.CLOSED,
        by=by,
        incident_id=incident.id,
        facts={"what": incident.what.value},
        prose={"reason": reason},
        now=now,
    )
    settle_next_act(session, incident)
    return entry


def reopen(session: Session, incident_id: int, *, reason: str, by: Actor, targets: Targets, now: datetime) -> Entry:
    """Open a closed or dismissed incident again. It keeps its old anchor: the clock does not start anew."""
    if not reason.strip():
        raise Refused(N_("Write why it is open again."), field="reason")
    incident = hold(session, incident_id)
    if incident.closed_at is None:
        raise Refused(N_("This incident is open."))
    incident.closed_at = None
    if incident.dismissed:
        incident.what = What.UNDECIDED
        reopen_by_verb(session, incident, "triage")
    deadlines = open_deadlines(session, incident.id)
    recompute(session, incident, targets=targets, now=now)
    return record(
        session,
        incident.timeline,
        Kind.REOPENED,
        by=by,
        incident_id=incident.id,
        facts={"deadlines": moved_since(session, incident.id, deadlines)},
        prose={"reason": reason},
        now=now,
    )


def _open_duties(session: Session, incident: Incident) -> bool:
    return (
        session.scalars(
            select(Obligation.id).where(Obligation.incident_id == incident.id, Obligation.standing.in_(OPEN))
        ).first()
        is not None
    )
