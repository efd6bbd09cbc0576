"""Working the steps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents.steps import StepState
from incidents.timeline import Kind
from tests.app.casework import again, entries, reported, step
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


def test_a_step_is_done_with_a_note_from_the_incident_page(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    capture = step(installation, incident, "capture")

    dana.open(f"/incident/{incident.reference}").send(f"/step/{capture.id}/done", note="Logs saved")

    found = step(installation, incident, "capture")
    assert (found.state, found.settled_at) == (StepState.DONE, now)
    assert "Logs saved" in dana.page
    assert "Done Mon 23 Nov 2026, 12:00 GMT by Dana" in dana.page
    assert again(installation, incident).handler_id == cast.dana
    assert again(installation, incident).first_step_at == now


def test_a_step_done_earlier_keeps_its_own_time(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now - timedelta(hours=5))
    capture = step(installation, incident, "capture")

    dana.open(f"/incident/{incident.reference}/step/{capture.id}").send("/done", done_at="23/11/2026 08:00")

    done = entries(installation, incident, Kind.STEP_DONE)[0]
    assert (done.happened_at, done.written_at) == (now - timedelta(hours=4), now)


def test_leaving_out_and_opening_again_want_a_reason(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now)
    capture = step(installation, incident, "capture")
    page = f"/incident/{incident.reference}/step/{capture.id}"

    dana.open(page).send("/skip", reason="")
    assert dana.status == 422
    assert "Write why this step is left out." in dana.problems()[0]
    dana.send("/skip", reason="Nothing to capture")
    assert step(installation, incident, "capture").state is StepState.SKIPPED
    dana.open(page).send("/reopen", reason="There is a log after all")

    assert step(installation, incident, "capture").is_open
    assert "There is a log after all" in dana.page


def test_a_step_that_somebody_settled_meanwhile_is_not_settled_twice(
    installation: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now)
    capture = step(installation, incident, "capture")
    dana.open(f"/incident/{incident.reference}/step/{capture.id}")
    first, form = dana.fields("/done"), f"/incident/{incident.reference}/step/{capture.id}/done"

    for _ in range(2):
        answer = dana.client.post(form, data=first | {"note": "Saved"}, base_url="http://localhost:8000")

    assert answer.status_code == 422
    assert "Somebody has settled this step already." in answer.text
    assert len(entries(installation, incident, Kind.STEP_DONE)) == 1
