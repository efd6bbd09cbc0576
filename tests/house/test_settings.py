"""Every setting is described, used, and nothing is described that is not there."""

from __future__ import annotations

import ast
import re
from dataclasses import fields

from app.config import Settings
from tests.house.source import ROOT, sources, told

GUIDE = ROOT / "docs" / "operating.md"
NAMES = {field.name for field in fields(Settings)}


def described() -> set[str]:
    """The names in the first column of the table under "Settings"."""
    section = GUIDE.read_text(encoding="utf-8").partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def used() -> set[str]:
    """The names that are read somewhere: as an attribute, or by name through getattr."""
    found = set()
    for source in sources("app", "tools"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
    return found


def test_every_setting_is_described_for_the_operator() -> None:
    missing = sorted(NAMES - described())

    assert not missing, told("Describe these in the table of docs/operating.md, with default and meaning:", missing)


def test_nothing_is_described_that_cannot_be_set() -> None:
    unknown = sorted(described() - NAMES)

    assert not unknown, told("docs/operating.md describes settings that app/config.py does not know:", unknown)


def test_every_setting_is_used() -> None:
    idle = sorted(NAMES - used())

    assert not idle, told("Nothing reads these settings. Use them or take them out of app/config.py:", idle)


def test_a_setting_named_in_the_code_exists() -> None:
    wrong = [
        f"{source.at(node)}: {node.value}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"\bTOCSIN_([A-Z][A-Z_]*[A-Z])\b", node.value)
        if name.lower().removesuffix("_file") not in NAMES | {"venv"}
    ]

    assert not wrong, told("There is no such setting in app/config.py:", wrong)
