"""The rota in a real browser: by keyboard, at the width of a phone, in light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from incidents.people import Role
from notifications.rota import Rota
from notifications.rota.override import Override
from notifications.rota.shift import Shift
from tests.browser.conftest import Opener, Served
from tests.browser.test_staff import EVERY_LOOK, sign_in
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def reach(page: Page, words: str) -> None:
    """Go on by the Tab key until something of that name has the focus."""
    for _step in range(80):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(() => { const e = document.activeElement, named = e.labels && e.labels[0] ? e.labels[0] : e;"
            " return named.textContent.trim().replace(/\\s+/g, ' ') })()"
        )
        if str(said).startswith(words):
            return
    raise AssertionError(f"{words!r} is not reached by keyboard")


def press(page: Page, words: str) -> None:
    """Go on by keyboard to a button or a link, and follow it."""
    reach(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_a_rota_is_planned_by_keyboard_on_a_phone(looms: Served, opened: Opener) -> None:
    page = opened("phone", "light", script=False)
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/rota")
    press(page, "Begin a rota")
    reach(page, "Name")
    page.keyboard.type("By keyboard")
    press(page, "Begin it")

    expect(page.get_by_role("heading", name="Add a shift")).to_be_visible()
    assert fits(page)
    reach(page, "Name of the shift")
    page.keyboard.type("Weeks")
    for _person in range(2):
        reach(page, "Person")
        page.keyboard.press("ArrowDown")
        press(page, "Add this person")
    order = page.locator("ol.t-order strong")
    expect(order).to_have_count(2)
    before = order.all_inner_texts()
    press(page, "Down")
    expect(order.first).to_have_text(before[1])
    expect(page.get_by_label("Name of the shift")).to_have_value("Weeks")
    assert focused(page).startswith("Up"), "the focus stays on the person who was moved"
    press(page, "Save the shift")

    expect(page.get_by_role("heading", name="By keyboard", level=1)).to_be_visible()
    expect(page.get_by_text("The shift is added.")).to_be_visible()
    assert fits(page)
    with looms.installation.store.reading() as session:
        rota = session.scalars(select(Rota).where(Rota.name == "By keyboard")).one()
        shift = session.scalars(select(Shift).where(Shift.rota_id == rota.id)).one()
        assert len(shift.people) == 2


@EVERY_LOOK
def test_the_pages_of_the_rota_are_accessible_with_and_without_errors(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    page, name = opened(size, scheme), f"Looked at {size} {scheme}"
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/rota/new")
    page.get_by_role("button", name="Begin it").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Begin it").click()
    page.get_by_role("button", name="Save the shift").last.click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Name of the shift").fill("Days")
    page.get_by_role("button", name="Add this person").click()
    page.get_by_label("It ends on").select_option("1")
    page.get_by_role("button", name="Save the shift").last.click()
    plan = page.url
    assert axe(page) == []

    page.goto(f"{plan}/override")
    page.get_by_role("button", name="Write it down").click()
    assert axe(page) == []
    page.get_by_label("Who stands in?").select_option(index=1)
    page.get_by_label("From").fill("2027-06-01T09:00")
    page.get_by_label("Until").fill("2027-06-02T09:00")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("It is written down.")).to_be_visible()
    assert axe(page) == []
    assert fits(page)

    policy = looms.address + "/policy"
    for path in (f"{plan}/swap", f"{plan}/calendar", looms.address + "/rota", policy, f"{policy}/urgent"):
        page.goto(path)
        assert axe(page) == [], path
        assert fits(page), path
    with looms.installation.store.reading() as session:
        rota = session.scalars(select(Rota).where(Rota.name == name)).one()
        assert session.scalars(select(Override).where(Override.rota_id == rota.id)).one().ended_at is None


def test_a_duty_is_taken_with_one_tap(looms: Served, opened: Opener) -> None:
    page = opened("phone", "light")
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/rota/new")
    page.get_by_label("Name").fill("To be taken")
    page.get_by_role("button", name="Begin it").click()
    page.get_by_label("Name of the shift").fill("Weeks")
    own = str(page.locator(".t-person").first.text_content()).strip()
    others = page.get_by_label("Person", exact=True).locator("option").all_inner_texts()
    for who in (next(one for one in others if one != own), own):
        page.get_by_label("Person", exact=True).select_option(who)
        page.get_by_role("button", name="Add this person").click()
    page.get_by_role("button", name="Save the shift").last.click()

    page.goto(looms.address + "/rota")
    section = page.locator("section", has=page.get_by_role("heading", name="To be taken"))
    section.get_by_role("button", name="I take this duty").first.click()

    expect(page.get_by_text("This duty is yours now.")).to_be_visible()
    expect(section.get_by_text("took this duty")).to_be_visible()
