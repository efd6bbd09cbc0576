"""Style and types are part of the tests, so that one command says whether a change may land."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_code_is_formatted_and_free_of_lint() -> None:
    checked, formatted = run("ruff", "check", "--no-cache", "."), run("ruff", "format", "--no-cache", "--check", ".")

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, f"run `.venv/bin/ruff format .`\n{formatted.stdout}"


@pytest.mark.slow
def test_the_types_hold(tmp_path: Path) -> None:
    checked = run("mypy", "--cache-dir", str(tmp_path))

    assert checked.returncode == 0, checked.stdout
