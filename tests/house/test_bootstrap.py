"""The two commands, as far as they can be held to their word without a network."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import bootstrap, environment, machine
from tools.environment import Environment

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def lines(name: str) -> list[str]:
    """One line for each distribution in requirements/NAME.txt."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return text.replace("\\\n", " ").splitlines()


def pins(name: str) -> dict[str, str]:
    """The pinned version of each distribution in requirements/NAME.txt."""
    return dict(line.split()[0].split("==") for line in lines(name))


def asked_for(requirements: list[str]) -> set[str]:
    names = (re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in requirements)
    return {name.lower().replace("_", "-") for name in names}


@pytest.fixture
def home(tmp_path: Path) -> Environment:
    """An environment that looks installed."""
    (tmp_path / "requirements").mkdir()
    for name in ("bootstrap", "run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    made = Environment(tmp_path, tmp_path / ".venv")
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    return made


@pytest.fixture
def ordinary_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither root nor CI, and no switch set."""
    for name in ("CI", "REQUIRE_BROWSER", "REQUIRE_POSTGRES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "may_install", lambda: False)


def test_nothing_is_installed_twice_until_a_pin_changes(home: Environment) -> None:
    assert not home.is_current("run")

    home.stamp("run").write_text(home.digest("run"))
    assert home.is_current("run")
    assert not home.is_current("dev")

    home.requirements("run").write_text("run==2\n")
    assert not home.is_current("run")


def test_what_the_tests_installed_is_enough_to_run(home: Environment) -> None:
    home.stamp("dev").write_text(home.digest("dev"))

    assert home.is_current("run")


def test_another_python_asks_for_a_new_environment(home: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    home.stamp("run").write_text(home.digest("run"))

    monkeypatch.setattr(environment, "ABI", "cpython-399-x86_64")

    assert not home.is_current("run")


def test_an_environment_whose_python_is_gone_is_not_current(home: Environment) -> None:
    home.stamp("run").write_text(home.digest("run"))

    home.python.unlink()

    assert not home.is_current("run")


def test_two_copies_install_one_after_the_other(home: Environment) -> None:
    door = os.open(home.home.parent, os.O_RDONLY)
    fcntl.flock(door, fcntl.LOCK_EX)
    code = (
        "import sys; from pathlib import Path; from tools.environment import Environment\n"
        "Environment(Path(sys.argv[1]), Path(sys.argv[2])).bring_up_to_date('run')"
    )
    command = [sys.executable, "-c", code, str(home.root), str(home.home)]

    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as second:
        assert second.stderr
        assert "another ./run is installing" in second.stderr.readline()
        home.stamp("run").write_text(home.digest("run"))
        os.close(door)

    assert second.returncode == 0, "the second copy must find the work done"


@pytest.mark.usefixtures("ordinary_machine")
def test_a_python_without_venv_is_refused_with_the_one_line_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "_has_ensurepip", lambda: False)
    monkeypatch.setattr("shutil.which", lambda name: None)

    with pytest.raises(SystemExit) as exit_:
        environment.venv_command()

    assert exit_.value.code == 3
    assert f"sudo apt-get install python3.{sys.version_info.minor}-venv" in capsys.readouterr().err


@pytest.mark.usefixtures("ordinary_machine")
def test_a_missing_browser_is_loud_at_home_and_an_error_in_ci(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = bootstrap.do_without("BROWSER TESTS", "REQUIRE_BROWSER", "no Chromium")

    assert reason == "no Chromium"
    assert "NOTICE: BROWSER TESTS WILL NOT RUN: no Chromium" in capsys.readouterr().err

    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit) as exit_:
        bootstrap.do_without("BROWSER TESTS", "REQUIRE_BROWSER", "no Chromium")
    assert exit_.value.code == 4


@pytest.mark.parametrize(
    ("asked", "ci", "given"),
    [
        ([], "", ["-n", "2", "--dist", "loadfile", "-m", "not slow"]),
        ([], "true", ["-n", "2", "--dist", "loadfile"]),
        (["--slow", "-x"], "", ["-n", "2", "--dist", "loadfile", "-x"]),
        (["-n0", "tests/app"], "false", ["-m", "not slow", "-n0", "tests/app"]),
        (["-m", "browser"], "", ["-n", "2", "--dist", "loadfile", "-m", "browser"]),
        (["a.py::test_b"], "", ["-n", "2", "--dist", "loadfile", "a.py::test_b"]),
    ],
)
def test_slow_tests_run_in_ci_or_when_asked(asked: list[str], ci: str, given: list[str]) -> None:
    assert bootstrap.pytest_options(asked, {"CI": ci}) == given


def test_a_failed_installation_is_told_in_the_tools_own_words() -> None:
    output = "Reading package lists...\nE: Unable to locate package chromium\n"

    assert machine.plain_cause(output, 100) == "E: Unable to locate package chromium"
    assert machine.plain_cause("", 7) == "exit code 7"


def test_every_dependency_is_pinned() -> None:
    groups = PROJECT["dependency-groups"]
    needed = asked_for(PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["postgres"])

    assert needed <= set(pins("run")), "run tools/lock"
    assert needed | asked_for(groups["test"] + groups["lint"]) <= set(pins("dev")), "run tools/lock"
    assert pins("run").items() <= pins("dev").items(), "run.txt and dev.txt disagree: run tools/lock"
    assert set(pins("bootstrap")) == {"uv"}


@pytest.mark.parametrize("name", ["run", "dev", "bootstrap"])
def test_every_pin_has_a_hash_and_no_file_names_an_address(name: str) -> None:
    without_hash = [line for line in lines(name) if not re.match(r"[^ ]+==.* --hash=sha256:[0-9a-f]{64}", line)]

    assert without_hash == []
    assert not re.search(r"://|index|find-links|^#", "\n".join(lines(name)), re.MULTILINE)


def test_ci_is_the_one_command_and_nothing_else() -> None:
    ci = ROOT / ".ci" / "run"

    assert ci.read_text().splitlines()[-1] == "CI=true ./run test"
    assert len(ci.read_text().splitlines()) == 4
    assert all(os.access(path, os.X_OK) for path in (ci, ROOT / "run", ROOT / "tools" / "lock"))
