"""What moves a deadline, in a browser: a start that is recorded, a report that is attached, a holiday; and the feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.case import clocks
from incidents import anchors, obligations, owed, recount
from incidents.incident import Incident
from incidents.law.calendars import workdays_in
from incidents.law.clock import utcnow
from incidents.law.counting import Counting, Unit
from incidents.law.regimes import Regimes, load
from incidents.law.regimes.rule import ClockStart
from incidents.obligations import Obligation
from incidents.people import Role
from tests.browser.conftest import Opener, Served
from tests.browser.test_staff import EVERY_LOOK, sign_in
from tests.makers import make_report
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser

OURS = ("uk-gdpr-33-1", "eu-gdpr-33-1")
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Change = Callable[..., None]


@pytest.fixture
def law(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Let both GDPRs read otherwise for a test: no duty that waits for an event arises by itself today."""

    def change(**values: Any) -> None:
        regimes = load()
        changed = [
            replace(one, rules=tuple(replace(rule, **values) if rule.id in OURS else rule for rule in one.rules))
            for one in regimes
        ]
        for module in (obligations, owed, anchors, recount, clocks):
            monkeypatch.setattr(module, "load", lambda: Regimes(tuple(changed)))

    return change


def incident(looms: Served, *, hours_ago: int = 1) -> tuple[Incident, int]:
    """A new incident, and the key of its report."""
    made = make_report(looms.installation, "A list is gone", now=utcnow() - timedelta(hours=hours_ago))
    return made.report.incident, made.report.id


def passes(page: Page) -> None:
    assert axe(page) == []
    assert page.evaluate(WIDER) <= 0, "nothing is cut off on the side"


@EVERY_LOOK
def test_what_starts_a_clock_is_recorded_once_its_deadline_was_shown(
    looms: Served, opened: Opener, law: Change, size: str, scheme: str
) -> None:
    law(clock_start=ClockStart.DECISION)
    case, _report = incident(looms)
    with looms.installation.store.reading() as session:
        duty = session.scalars(select(Obligation.id).where(Obligation.incident_id == case.id).limit(1)).one()
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(f"{looms.address}/incident/{case.reference}/duty/{duty}/start")
    passes(page)

    page.get_by_role("button", name="Show the deadline").click()
    expect(page.get_by_role("alert")).to_contain_text("Write the date and the time")
    passes(page)
    page.get_by_label("When was that?").fill(f"{utcnow() - timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("What happened then").fill("The board called it material.")
    page.get_by_role("button", name="Show the deadline").click()
    expect(page.get_by_role("heading", name="What this does to the deadlines")).to_be_in_viewport()
    passes(page)
    page.get_by_role("button", name="Record it").click()

    expect(page.get_by_text("It is recorded. The deadline counts from it.")).to_be_visible()


@EVERY_LOOK
def test_a_report_that_brings_an_earlier_start_is_attached_with_a_reason(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    target, _report = incident(looms)
    origin, key = incident(looms, hours_ago=9)
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(f"{looms.address}/incident/{origin.reference}/report/{key}/attach")
    page.get_by_label("Reference of the incident").fill(target.reference)

    page.get_by_role("button", name="Attach it there").click()
    expect(page.get_by_role("heading", name=target.reference)).to_be_visible()
    expect(page.get_by_role("heading", name="What this does to the deadlines")).to_be_in_viewport()
    passes(page)
    page.get_by_role("button", name="Attach it there").click()
    expect(page.get_by_role("alert")).to_contain_text("Deadlines move with it")
    passes(page)
    page.get_by_label("Why does it belong there?").fill("One list")
    page.get_by_role("button", name="Attach it there").click()

    expect(page.get_by_text("The report belongs to this incident now.")).to_be_visible()
    expect(page.locator(".t-timeline").get_by_text("→").first).to_be_visible()
    passes(page)


@EVERY_LOOK
def test_a_holiday_that_moves_deadlines_is_saved_once_that_was_shown(
    looms: Served, opened: Opener, law: Change, size: str, scheme: str
) -> None:
    law(period=3, unit=Unit.WORKING_DAYS, counting=Counting.NATIONAL)
    incident(looms)
    ahead = (utcnow().date() + timedelta(days=number) for number in range(1, 9))
    with looms.installation.store.reading() as session:
        from incidents.holidays import corrections

        day = next(day for day in ahead if workdays_in("GB", corrections(session)).working(day))
    page = opened(size, scheme)
    sign_in(page, looms, Role.ADMINISTRATOR)
    page.goto(looms.address + "/settings/calendars?country=GB")
    passes(page)

    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Write the day like")
    passes(page)
    page.get_by_label("Day", exact=True).fill(str(day))
    page.get_by_label("Why?").first.fill(f"A proclamation, on a {size}, {scheme}")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("move that you may not see.")).to_be_visible()
    expect(page.get_by_role("heading", name="What this does to the deadlines")).to_be_in_viewport()
    passes(page)
    page.get_by_role("button", name="Save it all the same").click()

    expect(page.get_by_text("Open deadlines in working days are counted anew.")).to_be_visible()
    expect(page.get_by_text(f"A proclamation, on a {size}, {scheme}")).to_be_visible()


@EVERY_LOOK
def test_the_address_of_ones_deadlines_is_made_and_ended(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/deadlines/calendar")
    passes(page)

    page.get_by_role("button", name="Make an").click()
    expect(page.get_by_text("Here is the address.")).to_be_visible()
    passes(page)
    page.get_by_role("button", name="End this address").click()

    expect(page.get_by_text("The address no longer works.")).to_be_visible()
    passes(page)
