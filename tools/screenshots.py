"""Makes docs/screenshots from the demo: `.venv/bin/python -m tools.screenshots`. Needs the test requirements."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import select

from app.config import Settings
from app.installation import Installation
from notifications.delivery import Delivery, Purpose
from notifications.messages import signed
from notifications.page import Page as Ringing
from tests.plumbing import browser as plumbing

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"
PHONE: ViewportSize = {"width": 390, "height": 760}
DESK: ViewportSize = {"width": 1280, "height": 860}
PEOPLE = {
    "dpo": "dana@northwindlooms.example",
    "management": "mina@northwindlooms.example",
}


def demo(folder: Path) -> subprocess.Popen[str]:
    """Start the demo in a folder and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--port", str(PORT)],
        cwd=ROOT,
        env={**os.environ, "TOCSIN_INSTANCE": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    for _attempt in range(400):
        try:
            urllib.request.urlopen(BASE + "/healthz")  # noqa: S310 - our own address
            return process
        except OSError:
            time.sleep(0.3)
    raise SystemExit("the demo did not come up")


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto(BASE + "/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").last.click()
    page.get_by_role("button", name="Sign out").first.wait_for(state="attached")


def phone(browser: Browser) -> None:
    """The reporter's two pages."""
    page = browser.new_context(viewport=PHONE, device_scale_factor=2).new_page()
    page.goto(BASE + "/")
    page.get_by_label("What happened?").fill(
        "I sent the list of night shifts, with names and phones, to the wrong supplier."
    )
    page.get_by_text("I don't know", exact=True).click()
    page.screenshot(path=TARGET / "report.png")
    page.get_by_role("button", name="Send the report").click()
    page.wait_for_selector(".t-code")
    page.screenshot(path=TARGET / "receipt.png")


def staff(browser: Browser, people: dict[str, str], password: str) -> None:
    """The pages for the DPO and for management."""
    page = browser.new_context(viewport=DESK).new_page()
    sign_in(page, people["dpo"], password)
    page.goto(BASE + "/desk")
    page.screenshot(path=TARGET / "desk.png")
    page.locator("a[href^='/incident/']").nth(3).click()
    page.screenshot(path=TARGET / "incident.png")
    page.goto(BASE + "/desk")
    listed = page.locator("a[href^='/incident/']").evaluate_all("found => found.map(one => one.getAttribute('href'))")
    for address in dict.fromkeys(one.partition("#")[0] for one in listed):
        page.goto(f"{BASE}{address}/situation")
        if page.get_by_text("Ireland · United Kingdom").count():
            break
    page.screenshot(path=TARGET / "situation.png")
    page.goto(BASE + "/rota")
    page.screenshot(path=TARGET / "rota.png")
    page = browser.new_context(viewport=DESK).new_page()
    sign_in(page, people["management"], password)
    page.goto(BASE + "/summary")
    page.screenshot(path=TARGET / "summary.png")


def paged(browser: Browser, folder: Path) -> None:
    """The page behind a paging link that nobody has acknowledged."""
    installation = Installation.open(Settings(instance=folder / "demo", demo=True))
    with installation.store.reading() as session:
        token = session.scalars(
            select(Delivery.token)
            .join(Ringing, Ringing.id == Delivery.page_id)
            .where(Delivery.purpose == Purpose.RING, Ringing.ended_at.is_(None), Ringing.quiet_until.is_(None))
            .limit(1)
        ).one()
    link = f"{BASE}/p/{signed(installation.keyring, token)}"
    installation.store.dispose()
    page = browser.new_context(viewport=PHONE, device_scale_factor=2).new_page()
    page.goto(link)
    page.screenshot(path=TARGET / "page.png")


def main() -> None:
    """Start the demo, take every picture, end the demo."""
    from app.demo import PASSWORD

    folder = Path(tempfile.mkdtemp(prefix="tocsin-screenshots-"))
    process = demo(folder)
    try:
        with sync_playwright() as started:
            browser = started.chromium.launch(**plumbing.launch_options())
            TARGET.mkdir(parents=True, exist_ok=True)
            staff(browser, PEOPLE, PASSWORD)
            paged(browser, folder)
            phone(browser)
            browser.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


if __name__ == "__main__":
    main()
