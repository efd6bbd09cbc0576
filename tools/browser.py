"""A Chromium for the browser tests: the machine's own first, then Debian's, then Playwright's."""

from __future__ import annotations

import os
from pathlib import Path

from tools import machine
from tools.machine import failure, first_working

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)


def installed() -> str | None:
    """The path of a Chromium that answers; $BROWSER_EXE goes first."""
    # Asking for the version weeds out the stub that stands in for a snap.
    return first_working([os.environ.get("BROWSER_EXE"), *NAMES], "--version")


def find_or_install(python: Path) -> tuple[str | None, str | None]:
    """Find a Chromium, or install one; its path and None, or None and the reason with the cure.

    `python` is the interpreter that has Playwright.
    """
    if not _driver_starts(python) and not (
        machine.may_install() and machine.apt_install("libatomic1") and _driver_starts(python)
    ):
        return None, "Playwright does not start (Debian or Ubuntu: sudo apt-get install libatomic1)"
    found = installed() or _playwrights_own(python)
    if not found and machine.may_install() and machine.apt_install("chromium"):
        found = installed()
    if not found and _download(python):
        found = _playwrights_own(python)
    if found:
        return found, None
    return None, (
        "no Chromium was found or could be installed (Debian: sudo apt-get install chromium; "
        f"elsewhere: {python} -m playwright install --with-deps chromium; or set BROWSER_EXE)"
    )


def _driver_starts(python: Path) -> bool:
    # Asking the bundled node directly costs a tenth of `playwright --version`.
    nodes = python.parent.parent.glob("lib/python*/site-packages/playwright/driver/node")
    return all(failure(node, "--version", seconds=30) is None for node in nodes)


def _playwrights_own(python: Path) -> str | None:
    path = machine.answer(python, "-c", ASK_PLAYWRIGHT)
    return path if path and Path(path).exists() else None


def _download(python: Path) -> bool:
    machine.say("downloading Playwright's Chromium")
    system_libraries: list[str] = ["--with-deps"] if machine.may_install() else []
    install = ("-m", "playwright", "install", *system_libraries, "--only-shell", "chromium")
    cause = failure(python, *install, seconds=600)
    if cause:
        machine.say(f"Playwright could not: {cause}")
    return cause is None
