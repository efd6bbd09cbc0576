"""The reporter on a phone: with script, without script, and after finishing."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import Opener, Served
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("scheme", ["light", "dark"])
EVERY_SIZE = pytest.mark.parametrize("size", ["phone", "desk"])


def file_report(page: Page, address: str, what: str = "I lost the key of the archive.") -> None:
    page.goto(address + "/")
    page.get_by_label("What happened?").fill(what)
    page.get_by_text("I don't know", exact=True).click()
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator(".t-code")).to_be_visible()


@BOTH
@EVERY_SIZE
def test_reporting_is_accessible_from_form_to_finish(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    page.goto(looms.address + "/")
    assert axe(page) == []

    page.get_by_role("button", name="Send the report").click()
    assert axe(page) == []

    page.locator("details summary").first.click()
    assert axe(page) == []

    file_report(page, looms.address)
    assert axe(page) == []

    page.get_by_role("button", name="Finish and clear this phone").click()
    assert axe(page) == []

    page.goto(looms.address + "/receipt")
    page.get_by_label("Your code").fill("12")
    page.get_by_role("button").click()
    assert axe(page) == []


def test_the_whole_reporter_side_works_without_script(looms: Served, opened: Opener) -> None:
    page = opened(script=False)
    file_report(page, looms.address, "No script here.")
    code = page.locator(".t-code").inner_text()
    page.get_by_label("What else, or your answer").fill("And one more thing.")
    page.get_by_role("button", name="Add this").click()
    expect(page.locator("body")).to_contain_text("And one more thing.")
    page.get_by_role("button", name="See what has happened since").click()
    expect(page.locator("body")).to_contain_text("We received your report")

    page.get_by_role("button", name="Finish and clear this phone").click()
    page.goto(looms.address + "/receipt")
    page.get_by_label("Your code").fill(code.replace("\n", "-"))
    page.get_by_role("button").click()

    expect(page.locator("body")).to_contain_text("And one more thing.")


@pytest.mark.parametrize("script", [True, False])
def test_back_after_finishing_shows_nothing(looms: Served, opened: Opener, script: bool) -> None:
    page = opened(script=script)
    file_report(page, looms.address, "A secret matter")
    page.get_by_role("button", name="Finish and clear this phone").click()
    expect(page.locator("h1")).to_contain_text("Finished")

    for _step in range(3):
        with contextlib.suppress(Error):  # the browser asks whether to send the form again, and shows nothing
            page.go_back()
        page.wait_for_timeout(300)
        seen = page.content() + "".join(box.input_value() for box in page.locator("textarea").all())
        assert "A secret matter" not in seen
        assert not re.search(r"<span>\d{4}</span>", seen)


def test_the_two_questions_and_the_button_fit_a_phone(looms: Served, opened: Opener) -> None:
    page = opened("phone")
    page.goto(looms.address + "/")

    box = page.get_by_role("button", name="Send the report").bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= 740
    assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_receipt_follows_what_happens_without_reloading(looms: Served, opened: Opener) -> None:
    from sqlalchemy import select

    from incidents import triage
    from incidents.law.clock import utcnow
    from incidents.people import Person
    from incidents.report import Report
    from incidents.timeline import person_as_actor

    page = opened("phone")
    file_report(page, looms.address, "Please look soon")
    expect(page.locator("body")).not_to_contain_text("Thank you for waiting")
    with looms.installation.store.writing() as session:
        report = session.scalars(select(Report).order_by(Report.id.desc()).limit(1)).one()
        person = session.scalars(select(Person).limit(1)).one()
        triage.look_at(session, report.incident_id, by=person_as_actor(person.id), now=utcnow())

    done = page.locator(".t-progress li[data-done]", has_text="It was looked at")

    expect(done).to_be_visible(timeout=15_000)
