""" "This can wait until …"."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents.incident import StillHappening
from incidents.timeline import Kind
from tests.app.casework import again, entries, reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


def test_what_is_over_can_wait_with_a_reason(installation: Installation, dana: Visitor, now: datetime) -> None:
    incident = reported(installation, now, still_happening=StillHappening.NO)

    dana.open(f"/incident/{incident.reference}/wait").send(until="2026-11-23 17:30", reason="It is locked away.")

    assert again(installation, incident).parked_until == now + timedelta(hours=5, minutes=30)
    assert entries(installation, incident, Kind.PARKED)[0].text("reason") == "It is locked away."
    assert "It waits until" in dana.page
    assert "Waits" in dana.open("/desk").page


def test_what_goes_on_cannot_and_nothing_typed_is_lost(
    installation: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(installation, now, still_happening=StillHappening.YES)
    page = dana.open(f"/incident/{incident.reference}/wait")
    assert "Not yet." in page.page

    page.send("/wait", until="2026-11-23 17:30", reason="I am tired.")

    assert dana.status == 422
    assert "still happening" in dana.problems()[0]
    fields = dana.fields("/wait")
    assert (fields["until"], fields["reason"]) == ("2026-11-23 17:30", "I am tired.")

    dana.send("/containment")
    assert again(installation, incident).containment_owner_id == cast.dana
    assert "Dana is at the containment since Mon 23 Nov 2026, 12:00 GMT." in dana.page
    dana.open(f"/incident/{incident.reference}/wait").send("/wait", until="2026-11-23 17:30", reason="Ivo is at it.")
    assert again(installation, incident).parked_until is not None


@pytest.mark.parametrize(
    ("until", "reason", "why"),
    [
        ("", "Later", "Write the date and the time"),
        ("tomorrow", "Later", "like 2026-10-25 01:30"),
        ("2026-11-23 11:00", "Later", "That time is over"),
        ("2026-11-24 12:00", "Later", "more than eight hours"),
        ("2026-11-23 13:00", " ", "Write why this can wait"),
    ],
)
def test_a_bad_time_or_no_reason_is_refused_in_a_sentence(
    installation: Installation, dana: Visitor, now: datetime, until: str, reason: str, why: str
) -> None:
    incident = reported(installation, now, still_happening=StillHappening.NO)

    dana.open(f"/incident/{incident.reference}/wait").send("/wait", until=until, reason=reason)

    assert dana.status == 422
    assert why in dana.problems()[0]
    assert dana.fields("/wait")["until"] == until
