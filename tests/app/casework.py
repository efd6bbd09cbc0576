"""What the tests of the handlers' pages share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from app.installation import Installation
from incidents import decisions, filing, thread, triage
from incidents.filing import Sent
from incidents.incident import Incident, OurRole, What
from incidents.obligations import Obligation
from incidents.report import Report
from incidents.steps import Step
from incidents.timeline import Entry, Kind, person_as_actor
from tests.makers import Cast, make_report


@contextmanager
def queries(installation: Installation) -> Iterator[list[str]]:
    """Every statement that the reading engine runs meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    # On PostgreSQL reading is an option of the writing engine, and shares its events.
    engine = installation.store.read_engine if installation.store.sqlite else installation.store.write_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def reported(installation: Installation, now: datetime, **told: Any) -> Incident:
    return make_report(installation, now=now, **told).report.incident


def busy(installation: Installation, cast: Cast, now: datetime) -> Incident:
    """An incident with much in it: reports, a thread, triage, duties, a late filing, notes."""
    by, early = person_as_actor(cast.dana), now - timedelta(hours=80)
    first = make_report(installation, now=early, words={"contact": "rosa@home.example", "not_for": "Mina"})
    second = make_report(installation, "The same laptop", now=early + timedelta(hours=1))
    with installation.store.writing() as session:
        report = session.get_one(Report, second.report.id)
        key, targets = first.report.incident_id, installation.targets
        triage.attach(session, report, key, by=by, targets=targets, now=now)
        triage.triage(
            session,
            key,
            What.PERSONAL_DATA_BREACH,
            OurRole.BOTH,
            reason="Customers' files",
            customers=["Acorn", "Birch"],
            by=by,
            targets=targets,
            now=now,
        )
        thread.ask(session, session.get_one(Report, first.report.id), "Was it locked?", by=by, now=now)
        thread.add(session, session.get_one(Report, first.report.id), "Yes", now=now)
        duty = next(row for row in session.scalars(select(Obligation).order_by(Obligation.id)) if not row.part_id)
        sent = Sent(now, "Europe/London", "The authority", awaited=True)
        filing.record_sent(session, duty.id, sent, by=by, targets=targets, now=now)
        for number in range(5):
            decisions.note(session, key, f"Note {number}", by=by, now=now + timedelta(minutes=3 * number))
        return session.get_one(Incident, key)


def entries(installation: Installation, incident: Incident, kind: Kind) -> list[Entry]:
    """An incident's entries of a kind, with their prose."""
    with installation.store.reading() as session:
        found = session.scalars(
            select(Entry).where(Entry.incident_id == incident.id, Entry.kind == kind).order_by(Entry.seq)
        ).all()
        for entry in found:
            _ = entry.prose
        return list(found)


def duties(installation: Installation, incident: Incident) -> list[Obligation]:
    """An incident's duties."""
    with installation.store.reading() as session:
        query = select(Obligation).where(Obligation.incident_id == incident.id).order_by(Obligation.id)
        return list(session.scalars(query))


def step(installation: Installation, incident: Incident, key: str) -> Step:
    """An incident's step by its name in the playbook."""
    with installation.store.reading() as session:
        return session.scalars(select(Step).where(Step.incident_id == incident.id, Step.key.startswith(key))).one()


def again(installation: Installation, incident: Incident) -> Incident:
    """The incident as it stands now."""
    with installation.store.reading() as session:
        return session.get_one(Incident, incident.id)
