"""`tocsin assess` as a script meets it: each line answered, wrong ones with what to write instead."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.assessfile import answered
from tests.house.source import ROOT

EXAMPLES = ROOT / "tests" / "data" / "advice" / "examples.jsonl"


def told(*arguments: str, typed: str = "", folder: Path | None = None) -> tuple[int, list[dict[str, Any]]]:
    """How `tocsin assess` ended, and its answers."""
    command = [sys.executable, "-m", "app.cli", "assess", *arguments]
    done = subprocess.run(
        command,
        input=typed.encode(),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TOCSIN_INSTANCE": str(folder or "/nowhere/at/all")},
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_every_known_case_is_answered_in_one_go_without_an_installation(tmp_path: Path) -> None:
    code, answers = told(str(EXAMPLES), folder=tmp_path / "instance")

    wanted = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
    assert code == 0
    assert [answer["id"] for answer in answers] == [case["id"] for case in wanted]
    for answer, case in zip(answers, wanted, strict=True):
        advice = answer["advice"]
        assert case["expect"]["authority"] in ("any", advice["authority"]["advice"])
        assert case["expect"]["people"] in ("any", advice["people"]["advice"])
    assert not (tmp_path / "instance").exists()


def test_a_wrong_line_is_answered_with_its_error_and_the_others_are_answered() -> None:
    lines = ['{"id": 1, "facts": {"exposure": "maybe"}}', "not json", '{"id": 3}', '{"id": 4, "facts": {}}']

    code, answers = told("-", typed="\n".join(lines))

    assert code == 1
    assert [answer["id"] for answer in answers] == [1, None, 3, 4]
    assert answers[0]["error"].startswith("exposure: 'maybe' is not one of confirmed, likely,")
    assert answers[2]["error"] == 'facts is missing. Write such as "facts": {"exposure": "confirmed"}.'
    assert answers[3]["advice"]["authority"]["advice"] == "undetermined"


def test_an_answer_has_the_published_form() -> None:
    facts = {
        "nature": ["confidentiality"],
        "exposure": "confirmed",
        "protection": "none",
        "cause": "external_malicious",
        "data": ["basic", "national_id"],
        "insight": "limited",
        "identification": "maximum",
        "recipients": {"kind": "hostile"},
    }

    advice = answered({"facts": facts})["advice"]

    assert set(advice) == {"record", "authority", "people", "severity", "missing"}
    assert advice["record"] is True
    assert (advice["authority"]["advice"], advice["people"]["advice"]) == ("notify", "communicate")
    assert all(set(reason) == {"rule", "because", "source"} for reason in advice["people"]["reasons"])
    assert advice["severity"] == {
        "method": "enisa-2013",
        "dpc": 1,
        "ei": 1.0,
        "cb": 1.0,
        "score": 2.0,
        "band": "medium",
    }
    assert advice["missing"] == []
