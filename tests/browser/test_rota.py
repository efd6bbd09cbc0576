"""The rota in a real browser: by keyboard, at the width of a phone, in light and dark."""

from __future__ import annotations

from datetime import time

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Role, everybody
from incidents.timeline import SYSTEM
from notifications.rota import Rota, planning
from notifications.rota.override import Override, Reason
from notifications.rota.planning import Plan
from notifications.rota.publicdays import choose_regions, regions_of
from notifications.rota.shift import Shift, Weekly
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


def test_a_colleague_is_asked_and_accepts_by_keyboard_on_a_phone(looms: Served, opened: Opener) -> None:
    """Two people of the demo take turns by the week; the DPO asks for the turn after this one."""
    with looms.installation.store.writing() as session:
        mine, now = the_organisation(session), utcnow()
        by_role = {
            role: next(one for one in everybody(session, mine.id) if role in one.roles)
            for role in (Role.DPO, Role.DEPUTY)
        }
        names = {role: person.name for role, person in by_role.items()}
        rota = planning.begin_rota(session, mine, name="Asked", zone="Europe/London", by=SYSTEM, now=now)
        weekly = Weekly((0, 1, 2, 3, 4, 5, 6), time(9), 1, time(9))
        people = [by_role[Role.DPO].id, by_role[Role.DEPUTY].id]
        planning.add_shift(session, rota, Plan("Days", weekly, people), by=SYSTEM, now=now)
        key = rota.id
    page = opened("phone", "light")
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/rota")
    assert axe(page) == []
    press(page, "Ask a colleague")
    assert axe(page) == []
    assert fits(page)
    reach(page, "Whom do you ask?")
    page.keyboard.type(names[Role.DEPUTY][:5])
    press(page, "Ask")
    expect(page.get_by_role("heading", name=f"You asked {names[Role.DEPUTY]}")).to_be_visible()
    assert axe(page) == []
    assert fits(page)

    other = opened("phone", "dark")
    sign_in(other, looms, Role.DEPUTY)
    other.goto(looms.address + "/rota")
    expect(other.get_by_role("heading", name=f"{names[Role.DPO]} asks you to take a duty")).to_be_visible()
    assert axe(other) == []
    assert fits(other)
    press(other, "Accept")

    expect(other.get_by_text("This duty is yours now.")).to_be_visible()
    with looms.installation.store.reading() as session:
        row = session.scalars(select(Override).where(Override.rota_id == key)).one()
        assert (row.person_id, row.reason) == (people[1], Reason.TAKEN)


def test_a_policy_is_changed_by_keyboard_at_the_width_of_a_phone(looms: Served, opened: Opener) -> None:
    page = opened("phone", "light")
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/policy")
    assert axe(page) == []
    assert fits(page)
    press(page, "Change: Soon")
    assert axe(page) == []
    press(page, "Add a step")
    assert fits(page)
    for _step in range(3):
        reach(page, "Minutes after the start")
    reach(page, "Minutes after the start")
    page.keyboard.type("40")
    press(page, "Save the policy")
    expect(page.get_by_role("alert")).to_contain_text("Step 4 rings nobody.")
    assert axe(page) == []
    expect(page.get_by_label("Minutes after the start").last).to_have_value("40")

    for _step in range(4):
        reach(page, "How many people must acknowledge")
        if _step == 2:
            reach(page, "Minutes after the start")
            reach(page, "Responder")
            page.keyboard.press("Space")
    press(page, "Save the policy")

    expect(page.get_by_text("The policy is changed.")).to_be_visible()
    expect(page.get_by_text("no such step → after 40 min: Responder")).to_be_visible()
    assert axe(page) == []
    assert fits(page)


def test_the_holidays_of_a_region_are_chosen_by_keyboard_on_a_phone(looms: Served, opened: Opener) -> None:
    page = opened("phone", "dark")
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/rota/holidays")
    assert axe(page) == []
    assert fits(page)
    page.locator("main input[type=checkbox]").first.focus()
    page.keyboard.press("Space")
    press(page, "Save")

    expect(page.get_by_text("Saved. The page of the rota shows them.")).to_be_visible()
    with looms.installation.store.writing() as session:
        assert sum(map(len, regions_of(session).values())) == 1
        choose_regions(session, the_organisation(session), {}, by=SYSTEM, now=utcnow())
