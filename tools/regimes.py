"""The list of regimes in docs/regimes.md, so that it cannot grow stale.

    .venv/bin/python -m tools.regimes     writes the list anew

A test compares it with the files.
"""

from __future__ import annotations

from pathlib import Path

from incidents.law.regimes import Regime, Rule, load

PAGE = Path(__file__).resolve().parent.parent / "docs" / "regimes.md"
BEGIN, END = "<!-- list -->\n", "<!-- end of list -->\n"

HEAD = "| Regime | Where | Rules | Confirmed |\n|---|---|---|---|\n"
PENDING = "\nNot law, or not yet:\n\n"


def listed() -> str:
    """The list as it should stand in the page."""
    waiting = [f"- `{rule.id}`: {rule.status}\n" for rule in load().rules() if rule.status]
    return HEAD + "".join(_row(regime) for regime in load()) + PENDING + "".join(waiting)


def _row(regime: Regime) -> str:
    sure = sum(rule.confirmed for rule in regime.rules)
    rules = ", ".join(_named(rule) for rule in regime.rules)
    return f"| {regime.title} | {regime.jurisdiction} | {rules} | {sure} of {len(regime.rules)} |\n"


def _named(rule: Rule) -> str:
    return f"**`{rule.id}`**" if rule.by_itself else f"`{rule.id}`"


def written() -> str:
    """The list as it stands in the page."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(before + BEGIN + listed() + END + after, encoding="utf-8")
