"""The pages for people who sign in, with demo data and with errors shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from app.demo import PASSWORD
from incidents.law.clock import utcnow
from incidents.people import Person, Role, SignIn
from notifications.delivery import Delivery, Purpose
from notifications.messages import signed
from notifications.page import Page as Ringing
from tests.browser.conftest import Opener, Served
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser

LOOKS = [
    ("phone", "dark"),
    ("desk", "light"),
    # Size and colours have no rule of the style sheet in common: the two above see them all.
    pytest.param("phone", "light", marks=pytest.mark.slow),
    pytest.param("desk", "dark", marks=pytest.mark.slow),
]
EVERY_LOOK = pytest.mark.parametrize(("size", "scheme"), LOOKS)


def email_of(looms: Served, role: Role) -> str:
    with looms.installation.store.reading() as session:
        return next(person.email for person in session.scalars(select(Person)) if role in person.roles)


def sign_in(page: Page, looms: Served, role: Role) -> None:
    page.goto(looms.address + "/sign-in")
    sign_in_here(page, looms, role)


def sign_in_here(page: Page, looms: Served, role: Role) -> None:
    page.get_by_label("E-mail").fill(email_of(looms, role))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").last.click()
    page.wait_for_url(lambda address: "sign-in" not in address)


@EVERY_LOOK
def test_the_handlers_pages_are_accessible(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/desk")
    assert axe(page) == []
    links = page.locator("main a[href^='/incident/']").evaluate_all("all => [...new Set(all.map(a => a.pathname))]")
    assert len(links) >= 6

    for link in links:
        page.goto(looms.address + link)
        assert axe(page) == [], link
    for path in ("/enter", "/register", "/account"):
        page.goto(looms.address + path)
        assert axe(page) == [], path


@EVERY_LOOK
def test_triage_is_accessible_with_errors_shown(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/desk")
    incident = page.locator("main a[href^='/incident/']").first.get_attribute("href")
    page.goto(f"{looms.address}{incident}/triage")
    assert axe(page) == []

    page.locator("main form button[type=submit]").last.click()

    expect(page.locator(".t-error-summary, [role=alert]").first).to_be_visible()
    assert axe(page) == []


@pytest.mark.parametrize("how", ["lost", "aged"])
def test_what_was_typed_is_there_again_after_signing_in_anew(looms: Served, opened: Opener, how: str) -> None:
    page, words = opened("desk"), f"Called the help desk ({how})"
    sign_in(page, looms, Role.DPO)
    page.goto(looms.address + "/desk")
    incident = str(page.locator("main a[href^='/incident/']").first.get_attribute("href")).partition("#")[0]
    page.goto(f"{looms.address}{incident}/note")
    page.get_by_label("Note", exact=True).fill(words)

    if how == "lost":
        page.context.clear_cookies()
    else:
        with looms.installation.store.writing() as session:
            session.execute(update(SignIn).values(started_at=utcnow() - timedelta(days=1)))
    page.get_by_role("button", name="Write it into the timeline").click()
    expect(page).to_have_url(looms.address + "/sign-in")
    sign_in_here(page, looms, Role.DPO)

    expect(page).to_have_url(f"{looms.address}{incident}/note")
    expect(page.get_by_label("Note", exact=True)).to_have_value(words)
    expect(page.get_by_text("This form was not sent. What you had typed is back.")).to_be_visible()
    page.get_by_role("button", name="Write it into the timeline").click()
    expect(page.get_by_text("The note is in the timeline.")).to_be_visible()
    expect(page.locator("main").get_by_text(words)).to_be_visible()


@EVERY_LOOK
def test_the_summary_is_accessible(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.MANAGEMENT)
    page.goto(looms.address + "/summary")

    assert axe(page) == []


@EVERY_LOOK
def test_the_administrators_pages_are_accessible(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.ADMINISTRATOR)

    for path in ("/people", "/settings", "/settings/bounces", "/settings/phones", "/outbox", "/account"):
        page.goto(looms.address + path)
        assert axe(page) == [], path


@EVERY_LOOK
def test_the_page_behind_a_link_is_accessible_before_and_after(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    with looms.installation.store.reading() as session:
        rings = (
            select(Delivery)
            .join(Ringing, Ringing.id == Delivery.page_id)
            .where(Delivery.purpose == Purpose.RING, Ringing.ended_at.is_(None))
        )
        ring = session.scalars(rings.order_by(Delivery.id.desc()).limit(1)).one()
        link = f"{looms.address}/p/{signed(looms.installation.keyring, ring.token)}"
    page = opened(size, scheme)

    page.goto(link)
    assert axe(page) == []
    if page.get_by_role("button", name="I have it").count():
        page.get_by_role("button", name="I have it").click()
    assert axe(page) == []


@EVERY_LOOK
def test_set_up_is_accessible_with_errors_shown(fresh: Served, opened: Opener, size: str, scheme: str) -> None:
    assert fresh.set_up_link is not None
    page = opened(size, scheme)
    page.goto(fresh.set_up_link)
    assert axe(page) == []

    page.locator("main form button[type=submit]").last.click()

    assert axe(page) == []


@EVERY_LOOK
def test_the_readiness_page_is_accessible_and_fits(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)

    page.goto(looms.address + "/readiness")

    assert axe(page) == []
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "only the table of hours scrolls sideways, not the page"
    expect(page.get_by_role("rowheader").first).to_be_visible()


def test_the_readiness_page_is_used_by_keyboard_and_without_script(looms: Served, opened: Opener) -> None:
    page = opened("phone", script=False)
    page.goto(looms.address + "/sign-in")
    page.get_by_label("E-mail").fill(email_of(looms, Role.DPO))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "sign-in" not in address)

    page.goto(looms.address + "/readiness")
    page.get_by_role("region", name="The next 14 days").last.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Never").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Each week")).to_be_checked()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_the_profile_is_filled_in_and_the_incident_tells_what_may_be_owed(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    page = opened(size, scheme, script=False)
    sign_in(page, looms, Role.ADMINISTRATOR)
    page.goto(looms.address + "/settings/profile")
    page.get_by_role("link", name="Add a contract").click()
    customer = f"Contoso on a {size}"
    page.get_by_label("Customer").fill(customer)
    page.get_by_label("Hours").fill("8")
    page.get_by_role("button", name="Save the contract").click()
    expect(page.get_by_role("heading", name=customer)).to_be_visible()
    page.get_by_label("financial entity").check()
    page.get_by_role("button", name="Save what it is and offers").click()
    expect(page.get_by_label("financial entity")).to_be_checked()

    reader = opened(size, scheme)
    sign_in(reader, looms, Role.ADMINISTRATOR)
    for address in ("/settings/profile", "/settings/profile/entity", "/settings/profile/contract"):
        reader.goto(looms.address + address)
        assert axe(reader) == [], address

    keeper = opened(size, scheme)
    sign_in(keeper, looms, Role.DPO)
    keeper.goto(looms.address + "/desk")
    keeper.locator("main a[href^='/incident/']").first.click()
    expect(keeper.get_by_role("heading", name="What may be owed")).to_be_visible()
    keeper.locator("summary", has_text="more may arise").click()
    expect(keeper.get_by_role("heading", name=f"Contract: tell {customer}")).to_be_visible()
    keeper.locator("summary", has_text="not arise").click()
    assert axe(keeper) == []
    wide = keeper.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "nothing is cut off on the side"
