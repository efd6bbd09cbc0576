"""`./run`: make the virtual environment, find what the tests need, then hand over.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from tools import browser, postgres
from tools.environment import Environment
from tools.machine import MISSING_IN_CI, banner, give_up, is_set

ROOT = Path(__file__).resolve().parent.parent
OWN_WORKERS = re.compile(r"-n|--numprocesses|--pdb|--trace")
OWN_CHOICE = re.compile(r"-m|--slow$|.*::")


def main(arguments: list[str]) -> NoReturn:
    """Bring everything up to date and become Tocsin (`COMMAND ...`, else `serve`) or pytest (`test ...`)."""
    os.chdir(ROOT)
    environment = Environment(ROOT, Path(os.environ.get("TOCSIN_VENV") or ROOT / ".venv").absolute())
    if arguments[:1] == ["test"]:
        environment.bring_up_to_date("dev")
        become(environment, ["pytest", *pytest_options(arguments[1:])], what_tests_need(environment))
    environment.bring_up_to_date("run")
    become(environment, ["app.cli", *(arguments or ["serve"])], {})


def become(environment: Environment, module: list[str], extra: Mapping[str, str]) -> NoReturn:
    """Replace this process, so that signals and the exit code are the program's own."""
    command = [str(environment.python), "-m", *module]
    os.execve(command[0], command, {**os.environ, **extra})  # noqa: S606


def pytest_options(asked: list[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Add two workers to what was `asked`; slow tests stay out unless CI, --slow, -m or a node id asks."""
    workers = [] if any(map(OWN_WORKERS.match, asked)) else ["-n", "2", "--dist", "loadfile"]
    everything = is_set("CI", environ) or any(map(OWN_CHOICE.match, asked))
    quick = [] if everything else ["-m", "not slow"]
    return [*workers, *quick, *(word for word in asked if word != "--slow")]


def what_tests_need(environment: Environment) -> dict[str, str]:
    """Find Chromium and PostgreSQL for the tests, or say loudly what is skipped; in CI that ends the run."""
    extra: dict[str, str] = {}
    executable, no_browser = browser.find_or_install(environment.python)
    if executable:
        extra["BROWSER_EXE"] = executable
    if no_browser:
        extra["BROWSER_MISSING"] = do_without("BROWSER TESTS", "REQUIRE_BROWSER", no_browser)
    programs, no_postgres = postgres.find_or_install()
    if programs:
        extra["POSTGRES_BIN"] = str(programs)
    if no_postgres:
        extra["POSTGRES_MISSING"] = do_without("POSTGRESQL TESTS", "REQUIRE_POSTGRES", no_postgres)
    return extra


def do_without(tests: str, switch: str, reason: str) -> str:
    """Announce that `tests` are skipped and return the reason; refuse in CI or where `switch` is set."""
    if is_set("CI") or is_set(switch):
        give_up(reason, MISSING_IN_CI)
    banner(f"{tests} WILL NOT RUN: {reason}")
    return reason


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
