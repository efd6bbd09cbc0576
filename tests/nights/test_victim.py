"""Nights on which one service asks for time, and another works."""

from __future__ import annotations

from datetime import timedelta

from app.installation import Installation
from notifications.channels import Outcome, Verdict
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night, add_way

BUSY = Outcome(Verdict.TRY_AGAIN, "Too many messages.", retry_after=timedelta(minutes=2))


def test_a_service_that_asked_for_time_is_left_alone_and_the_next_way_rings_at_once(
    night: Night, installation: Installation, cast: Cast
) -> None:
    add_way(installation, "dana", "dana@sms", now=TWO)
    add_way(installation, "dana", "dana@call", now=TWO)
    night.phone.answers["dana@sms"] = BUSY

    night.report()
    night.wait(step=5, seconds=110)
    tries = {row.contact_id: row.attempts for row in night.deliveries()}

    assert night.ways("dana") == [(0, "email"), (0, "apprise")]
    assert set(tries.values()) == {1}, "nobody is asked again before the time that they named"
