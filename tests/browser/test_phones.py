"""Ways to reach somebody, by keyboard and at the width of a phone; and the question after a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from incidents.law.clock import utcnow
from incidents.people import Person, Role
from incidents.timeline import SYSTEM
from notifications import delivery
from notifications.channels import ChannelKind
from notifications.contact import Contact, add_contact, contacts_of, remove_contact
from notifications.delivery import DeliveryState, Purpose
from notifications.messages import signed
from tests.browser.conftest import Opener, Served
from tests.browser.test_staff import EVERY_LOOK, email_of, sign_in
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser


def dpo(looms: Served) -> int:
    with looms.installation.store.reading() as session:
        return session.scalars(select(Person.id).where(Person.email == email_of(looms, Role.DPO))).one()


@contextmanager
def without_phones(looms: Served) -> Iterator[None]:
    """The other tests share this installation: what was added goes again. Here its address is the public one."""
    house, before = looms.installation, looms.installation.settings
    house.settings = replace(before, public_address=looms.address)
    try:
        yield
    finally:
        house.settings = before
        with house.store.writing() as session:
            for way in contacts_of(session, dpo(looms)):
                if way.channel is not ChannelKind.EMAIL:
                    remove_contact(session, way, by=SYSTEM, now=utcnow())


def press(page: Page, name: str) -> None:
    """Go to a button with the tab key, and press it with the space bar."""
    button = page.get_by_role("button", name=name).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Space")
            return
    raise AssertionError(f"the tab key never comes to {name}")


@EVERY_LOOK
def test_a_number_is_added_and_put_first_by_keyboard(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    with without_phones(looms):
        page.goto(looms.address + "/account")
        page.locator("summary", has_text="Add a phone number").focus()
        page.keyboard.press("Enter")
        page.get_by_label("Phone number", exact=True).focus()
        page.keyboard.type("+44 7700 900123")
        press(page, "Add the number")
        expect(page.get_by_role("alert")).to_contain_text("Choose SMS, call, or both.")
        assert axe(page) == []
        page.get_by_label("Call it, and read the page aloud").focus()
        page.keyboard.press("Space")
        press(page, "Add the number")
        expect(page.locator("main")).to_contain_text("+44 7700 900123")
        press(page, "Move up")

        expect(page.locator("main .t-card").first).to_contain_text("Voice call")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@EVERY_LOOK
def test_the_question_after_a_test_is_accessible(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    now = utcnow()
    with without_phones(looms):
        with looms.installation.store.writing() as session:
            person = session.get_one(Person, dpo(looms))
            way: Contact = add_contact(session, person, ChannelKind.APPRISE, "ntfys://…", by=SYSTEM, now=now)
            sent = delivery.queue(session, way, Purpose.TEST, now=now)
            sent.state = DeliveryState.ACCEPTED
            link = f"{looms.address}/p/{signed(looms.installation.keyring, sent.token)}"
        page = opened(size, scheme)
        page.goto(link)
        page.get_by_role("button", name="It reached me").click()
        expect(page.get_by_text("Did the locked, silenced phone ring?")).to_be_visible()
        assert axe(page) == []

        page.get_by_role("button", name="No, or I am not sure").click()

        expect(page.get_by_text("Let it through at night")).to_be_visible()
        assert axe(page) == []
