"""Every setting is described, used, and nothing is described that is not there."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from app.config import BadSettings, Settings, load
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


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"WAIT_LEASE": "29", "SMTP_TIMEOUT": "15"}, "wait_lease must be at least twice smtp_timeout"),
        ({"WAIT_CLIMB": "900,600"}, "wait_climb must rise"),
        ({"SMTP_HOST": "mail.example"}, "smtp_sender is missing"),
        ({"TWILIO_ACCOUNT": "AC0123456789"}, "twilio_account, twilio_token and twilio_sender belong together"),
        ({"TWILIO_API": "http://twilio.example"}, "twilio_api must begin with https://"),
        ({"SMS_ADDRESS": "vonage://key:secret@1555/447700900123"}, "sms_address must have {number} once"),
        ({"ANSWER_SECRET": "short"}, "answer_secret must be whsec_"),
        ({"WAIT_LEASE": "never"}, "TOCSIN_WAIT_LEASE: write a number"),
        ({"WATCHDOG_URL": "http://hc.example.com/ping"}, "watchdog_url must be an https address"),
        ({"CANARY_WITHIN": "20"}, "canary_within must be at least 60"),
        ({"WAIT_LEES": "60"}, "TOCSIN_WAIT_LEES is no setting of Tocsin"),
    ],
)
def test_settings_that_would_do_harm_are_refused_by_name(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    environment = {"TOCSIN_INSTANCE": str(tmp_path)} | {f"TOCSIN_{name}": value for name, value in given.items()}

    with pytest.raises(BadSettings) as refused:
        load(environment)

    assert [fault.startswith(sentence) for fault in refused.value.faults] == [True]


def test_a_lease_of_twice_the_time_out_is_enough(tmp_path: Path) -> None:
    environment = {"TOCSIN_INSTANCE": str(tmp_path), "TOCSIN_WAIT_LEASE": "30", "TOCSIN_SMTP_TIMEOUT": "15"}

    assert load(environment).waits.lease == timedelta(seconds=30)
