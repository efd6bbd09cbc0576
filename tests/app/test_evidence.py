"""Files are downloaded, never shown."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

import pytest

from app.installation import Installation
from incidents import evidence
from incidents.incident import Access, Incident
from incidents.report import Report
from incidents.timeline import REPORTER
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report

pytestmark = pytest.mark.usefixtures("at_noon")


def stored(installation: Installation, name: str, now: datetime) -> tuple[Incident, str]:
    """A report with a file that a browser would like to draw."""
    made = make_report(installation, now=now)
    saved = evidence.put(installation.settings.files, BytesIO(b"<svg onload=alert(1)>"), most=1000)
    with installation.store.writing() as session:
        report = session.get_one(Report, made.report.id)
        file = evidence.add_file(session, report, saved, name, by=REPORTER, now=now)
        return made.report.incident, file.token


def test_a_file_comes_as_a_nameless_attachment_in_a_sandbox(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident, token = stored(installation, "Bildschirm Grüße.svg", now)

    assert f"/evidence/{token}" in dana.open(f"/incident/{incident.reference}").page
    assert "Bildschirm Grüße.svg" in dana.page
    headers = dana.open(f"/evidence/{token}").response.headers

    assert dana.response.data == b"<svg onload=alert(1)>"
    dana.response.close()
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''Bildschirm%20Gr%C3%BC%C3%9Fe.svg" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "no-store"


def test_a_file_of_a_restricted_incident_is_not_there_for_others(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident, token = stored(installation, "a.txt", now)
    with installation.store.writing() as session:
        session.get_one(Incident, incident.id).restricted = True
        session.add(
            Access(
                organisation_id=incident.organisation_id, incident_id=incident.id, person_id=cast.dana, granted_at=now
            )
        )
    ivo = Visitor(installation).come_in(installation, cast.ivo)

    assert dana.open(f"/evidence/{token}").status == 200
    dana.response.close()
    assert ivo.open(f"/evidence/{token}").status == 404
    assert ivo.open("/evidence/unknown").status == 404
