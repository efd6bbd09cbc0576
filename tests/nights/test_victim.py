"""Nights on which mail, or another service, is the victim: nobody waits for it, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.installation import Installation
from app.worker import Worker
from notifications.channels import ChannelKind, Outcome, Verdict
from tests.app.telephony import DANA, give_phone, with_twilio
from tests.app.visitor import Visitor
from tests.conftest import NOON
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night, add_way
from tests.nights.truth import until
from tests.notifications.channels.doubles import Web
from tests.plumbing.smtp import Moment, SmtpServer

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


@contextmanager
def working(installation: Installation, smtp: SmtpServer, web: Web) -> Iterator[Installation]:
    """The real worker with the real mail server and Twilio's double; the form is served beside it."""
    house = with_twilio(installation)
    house = replace(
        house,
        settings=replace(
            house.settings,
            smtp_host="127.0.0.1",
            smtp_port=smtp.port,
            smtp_security="none",
            smtp_sender="tocsin@northwind.example",
            smtp_timeout=1.5,
            wait_lease=4.0,
            twilio_api=f"http://127.0.0.1:{web.port}",
            tick=0.2,
            canary=False,
        ),
    )
    worker = Worker(house)
    worker.start()
    try:
        yield house
    finally:
        worker.stop(5.0)


def report(house: Installation) -> float:
    """Through the public form; how long its answer took, in seconds."""
    begun = time.monotonic()
    assert Visitor(house).open("/").send(what="I lost a laptop", still_happening="yes").status == 200
    return time.monotonic() - begun


@pytest.mark.parametrize("moment", ["connect", "data"])
def test_while_mail_hangs_the_text_is_there_at_once_and_all_mail_within_seconds_of_its_return(
    installation: Installation, cast: Cast, smtp: SmtpServer, web: Web, moment: Moment
) -> None:
    give_phone(installation, cast.dana, DANA, ChannelKind.SMS, now=NOON)
    smtp.manners.hang_at = moment
    with working(installation, smtp, web) as house:
        report(house)
        asked = time.monotonic()
        until(lambda: web.requests, seconds=60)
        texted = time.monotonic() - asked
        until(lambda: smtp.connections >= 2, seconds=30)  # it was tried again meanwhile
        assert smtp.mails == []

        smtp.manners.hang_at = None
        back = time.monotonic()
        until(lambda: smtp.mails, seconds=30)
        mailed = time.monotonic() - back

    assert [mail.recipients for mail in smtp.mails] == [("dana@northwind.example",)], "once, and not lost"
    assert "laptop" not in str(web.requests)
    print(f"SMS handed over after {texted:.2f} s; mail out {mailed:.2f} s after its return")


def test_a_server_that_refuses_greylists_or_dies_costs_no_page(
    installation: Installation, cast: Cast, smtp: SmtpServer, web: Web
) -> None:
    give_phone(installation, cast.dana, DANA, ChannelKind.SMS, now=NOON)
    smtp.manners.refusals["*"] = "451 4.7.1 Greylisted, try again later"
    with working(installation, smtp, web) as house:
        report(house)
        until(lambda: smtp.connections, seconds=30)
        until(lambda: web.requests, seconds=30)
        smtp.manners.refusals.clear()
        smtp.manners.drop_at = "data"
        until(lambda: smtp.connections >= 3, seconds=30)
        smtp.manners.drop_at = None
        until(lambda: smtp.mails, seconds=30)
        assert len(smtp.mails) == 1
