"""The memo on awareness: read on a phone and at a desk, and printed on one page."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from incidents.law.clock import utcnow
from incidents.people import Role
from tests.browser.conftest import Opener, Served
from tests.browser.test_assessment import breach, choose
from tests.browser.test_staff import EVERY_LOOK, sign_in
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser


def decide(page: Page, address: str, why: str, *, minutes: int) -> None:
    """Decide that one has been aware for so many minutes."""
    page.goto(f"{address}/awareness")
    since = utcnow().astimezone(ZoneInfo("Europe/London")) - timedelta(minutes=minutes)
    page.get_by_label("Since when were you reasonably certain?").fill(f"{since:%Y-%m-%dT%H:%M}")
    page.get_by_label("Why then, and not earlier?").fill(why)
    page.get_by_role("button", name="Show what it does to the deadlines").click()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("The decision is recorded.")).to_be_visible()


@EVERY_LOOK
def test_the_memo_on_awareness_is_read_and_printed(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    address = breach(looms)
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(f"{address}/awareness/memo")
    expect(page.get_by_text("Nobody has decided yet")).to_be_visible()
    assert axe(page) == []
    decide(page, address, "The log shows who had the file", minutes=3)
    page.goto(f"{address}/assessment")
    choose(page, "Which data?", "Name, date of birth", "National or social security number")
    decide(page, address, "The second log shows it too", minutes=1)

    page.goto(address)
    page.get_by_role("link", name="Read the memo").first.click()

    expect(page.get_by_role("heading", name="Memo 2")).to_be_visible()
    expect(page.get_by_text("Decided before")).to_be_visible()
    expect(page.get_by_text("Data protection officer").first).to_be_visible()
    assert axe(page) == []
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
