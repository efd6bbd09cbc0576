"""How the tests start Chromium, and how they ask axe what is wrong with a page."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tools import browser

AXE = Path(__file__).parent.parent / "data" / "axe" / "axe.min.js"
WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SILENT = (
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
)
RUN_AXE = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"


@dataclass(frozen=True)
class Violation:
    """One accessibility rule that a page breaks, and where."""

    rule: str
    impact: str
    advice: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.advice} at " + " | ".join(self.places)


def missing() -> str | None:
    """Why browser tests cannot run here, or None."""
    reason = os.environ.get("BROWSER_MISSING")
    if reason or executable():
        return reason
    return "no Chromium was found; ./run test says how to get one"


@functools.cache
def executable() -> str | None:
    """The Chromium that `./run test` chose, else the first one that answers."""
    return os.environ.get("BROWSER_EXE") or browser.installed()


def launch_options() -> dict[str, Any]:
    """What to hand to `chromium.launch`: the machine's browser, silent towards its maker."""
    # Chromium's sandbox refuses to work for root; for everybody else it stays on.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return {"executable_path": executable(), "args": [*SILENT, *sandbox]}


def axe(page: Page) -> list[Violation]:
    """Every way in which the page, as it is now, breaks WCAG 2.2 AA; works under a strict CSP."""
    page.evaluate(_axe_source())
    found = page.evaluate(RUN_AXE, list(WCAG_22_AA))
    return [
        Violation(
            each["id"],
            each["impact"] or "unknown",
            each["help"],
            tuple(" ".join(map(str, node["target"])) for node in each["nodes"]),
        )
        for each in found["violations"]
    ]


@functools.cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")
