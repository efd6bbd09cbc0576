"""Where people and systems are, parts of our own and duties taken on, as a DPO uses them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from incidents.people import Role
from tests.browser.conftest import Opener, Served
from tests.browser.test_assessment import breach
from tests.browser.test_staff import EVERY_LOOK, sign_in
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser


@EVERY_LOOK
def test_places_are_told_a_part_is_set_apart_and_a_duty_is_taken_on(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    address = breach(looms)
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)

    page.goto(f"{address}/situation")
    page.get_by_label("Country or state 1", exact=True).first.fill("Frnace")
    page.get_by_label("How many people (1)").fill("120")
    assert axe(page) == []
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Did you mean France?")
    assert axe(page) == []
    page.get_by_label("Country or state 1", exact=True).first.fill("France")
    page.get_by_label("Country or state 2", exact=True).first.fill("Bayern, Germany")
    page.get_by_text("These are all of them: nobody affected lives elsewhere").click()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved. The duties are worked out anew.")).to_be_visible()
    expect(page.get_by_role("heading", name="Duties as things stand")).to_be_visible()
    expect(page.get_by_text("informatique et des libertés").first).to_be_visible()
    assert axe(page) == []

    page.get_by_role("link", name="Weigh and decide the people of one country by themselves").click()
    page.get_by_label("In which country do these people live?").fill("France")
    assert axe(page) == []
    page.get_by_role("button", name="Add this part").click()
    expect(page.get_by_role("heading", name="France")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name=re.compile("The decision.*France")).click()
    expect(page.get_by_text("Decided apart:")).to_be_visible()
    assert axe(page) == []

    page.goto(f"{address}/take-on/uk-insurer")
    page.get_by_label("How many hours does it give?").fill("48")
    page.get_by_label("Why is it owed?").fill("Policy, clause 9")
    assert axe(page) == []
    page.get_by_role("button", name="Take it on").click()
    expect(page.get_by_text("The duty is taken on.")).to_be_visible()
    assert axe(page) == []
