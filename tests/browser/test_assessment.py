"""The guided assessment, the decision sheet and the second look, as a DPO and a manager use them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from incidents.people import Role
from tests.browser.conftest import Opener, Served
from tests.browser.test_staff import EVERY_LOOK, sign_in
from tests.makers import make_report
from tests.plumbing.browser import axe

pytestmark = pytest.mark.browser


def breach(looms: Served) -> str:
    """The address of a new breach of one's own data."""
    from incidents import triage
    from incidents.incident import OurRole, What
    from incidents.law.clock import utcnow
    from incidents.timeline import SYSTEM

    house, now = looms.installation, utcnow()
    incident = make_report(house, "The pay file went to the wrong list", now=now).report.incident
    with house.store.writing() as session:
        triage.triage(
            session,
            incident.id,
            What.PERSONAL_DATA_BREACH,
            OurRole.CONTROLLER,
            reason="Pay data",
            by=SYSTEM,
            targets=house.targets,
            now=now,
        )
    return f"{looms.address}/incident/{incident.reference}"


def choose(page: Page, question: str, *answers: str) -> None:
    """Answer the question with that title, and save it."""
    card = page.locator("details", has=page.locator("summary", has_text=question))
    if card.get_attribute("open") is None:
        card.locator("summary").click()
    for answer in answers:
        card.locator("label", has_text=answer).first.click()
    card.get_by_role("button", name="Save and go on").click()


@EVERY_LOOK
def test_a_breach_is_assessed_advised_on_decided_and_seconded(
    looms: Served, opened: Opener, size: str, scheme: str
) -> None:
    address = breach(looms)
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(f"{address}/assessment")
    expect(page.get_by_text("What would settle it:")).to_be_visible()
    assert axe(page) == []

    choose(page, "What was hurt?", "Somebody saw or got data who must not")
    expect(page.locator("#next summary")).to_contain_text("What happened?")
    choose(page, "Which data?", "Name, date of birth", "National or social security number")
    choose(page, "Who could see it?", "Yes", "Somebody who means harm")
    choose(page, "Could the data be read?", "In the clear")
    expect(page.get_by_text("enough to pass for somebody else").first).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Sign your advice").click()
    page.get_by_role("button", name="Sign it").click()
    expect(page.get_by_role("alert")).to_contain_text("what happened")
    page.get_by_label("What happened, in a sentence or two?").fill("The pay file is in strange hands.")
    assert axe(page) == []
    page.get_by_role("button", name="Sign it").click()
    expect(page.get_by_text("Your advice is signed.")).to_be_visible()

    _decided_below(looms, opened(size, scheme), address)

    page.goto(f"{looms.address}/second-look")
    assert axe(page) == []
    page.locator(f"a[href='{address.removeprefix(looms.address)}/decision']").click()
    page.get_by_role("link", name="Give a second opinion").click()
    page.get_by_label("Yes, I agree").check()
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("So it was decided.")).to_be_visible()


def _decided_below(looms: Served, decider: Page, address: str) -> None:
    """Management leaves the people out, with a reason."""
    sign_in(decider, looms, Role.MANAGEMENT)
    decider.goto(f"{address}/decision")
    expect(decider.get_by_text("The pay file is in strange hands.")).to_be_visible()
    expect(decider.get_by_text("hours are left of the legal deadline")).to_be_visible()
    assert axe(decider) == []
    decider.get_by_role("link", name="Sign the decision").click()
    decider.get_by_label("Not required").nth(1).check()
    decider.get_by_role("button", name="Sign the decision").click()
    expect(decider.get_by_role("alert")).to_contain_text("below the advice")
    decider.get_by_label("Why?").fill("It was a test file")
    assert axe(decider) == []
    decider.get_by_role("button", name="Sign the decision").click()
    expect(decider.get_by_text("Until a second person agrees, the advice stands.")).to_be_visible()


@EVERY_LOOK
def test_asking_delegating_and_the_list_of_delegations(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    address = breach(looms)
    page = opened(size, scheme)
    sign_in(page, looms, Role.MANAGEMENT)

    page.goto(f"{address}/decision/ask")
    page.get_by_label("What do you want to know?").fill("Who has the file?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("Your question is sent.")).to_be_visible()
    page.get_by_role("link", name="Let somebody else decide").click()
    assert axe(page) == []
    page.get_by_label("Who decides instead of you?").select_option(index=1)
    page.get_by_label("Why?").fill("I am on a plane")
    page.get_by_role("button", name="Delegate it").click()
    expect(page.get_by_text("It is delegated.")).to_be_visible()

    page.goto(f"{looms.address}/delegations")
    expect(page.get_by_text("I am on a plane").first).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="End it").first.click()
    expect(page.get_by_text("The delegation has ended.")).to_be_visible()


def test_a_number_that_is_none_is_said_and_kept(looms: Served, opened: Opener) -> None:
    page = opened("phone", "light")
    sign_in(page, looms, Role.DPO)
    page.goto(f"{breach(looms)}/assessment?question=people")

    page.get_by_label("How many people").fill("a lot")
    page.get_by_role("button", name="Save and go on").first.click()

    expect(page.get_by_role("alert")).to_contain_text("write a number")
    expect(page.get_by_label("How many people")).to_have_value("a lot")


@EVERY_LOOK
def test_a_factor_of_the_score_is_set_by_hand(looms: Served, opened: Opener, size: str, scheme: str) -> None:
    page = opened(size, scheme)
    sign_in(page, looms, Role.DPO)
    page.goto(f"{breach(looms)}/assessment")
    page.get_by_text("ENISA's score, beside it").click()
    page.locator("#score-dpc > summary").click()
    assert axe(page) == []

    factor = page.locator("#score-dpc")
    factor.get_by_label("4:").check()
    factor.get_by_role("button", name="Save the factor").click()
    expect(page.get_by_role("alert")).to_contain_text("Write why the factor is set by hand.")
    expect(factor.get_by_label("4:")).to_be_checked()
    assert axe(page) == []
    factor.get_by_label("Why is it set by hand?").fill("Some of them are judges")
    factor.get_by_role("button", name="Save the factor").click()

    expect(factor.locator("summary")).to_contain_text("set to 4 by")
    expect(factor.locator("summary")).to_contain_text("Some of them are judges")
    assert axe(page) == []
