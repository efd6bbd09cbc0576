"""After an upgrade the duties of open incidents follow the rules of the new version, by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.installation import Installation
from app.worker import Worker
from incidents.obligations import Obligation
from incidents.recount import differences
from incidents.timeline import Kind
from tests.app.casework import entries, reported
from tests.makers import Cast


def test_duties_that_are_not_as_the_rules_say_are_worked_out_anew_and_it_is_told(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident = reported(installation, now - timedelta(hours=1))
    with installation.store.writing() as session:
        rows = session.query(Obligation).where(Obligation.incident_id == incident.id).order_by(Obligation.id).all()
        rows[0].due_at = now + timedelta(days=300)
        session.delete(rows[1])
    with installation.store.reading() as session:
        assert len(list(differences(session, targets=installation.targets))) == 2

    Worker(installation).follow_rules()

    with installation.store.reading() as session:
        assert list(differences(session, targets=installation.targets)) == []
    (entry,) = entries(installation, incident, Kind.DUTIES_CHANGED)
    assert entry.facts["arisen"] == [rows[1].rule]
