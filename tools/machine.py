"""What the bootstrap may ask of the machine: say something, run a command, install a Debian package."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

CANNOT_SET_UP = 3
MISSING_IN_CI = 4
TELLING = ("e:", "error", "cause", "×", "could not", "warning: retrying")


def say(message: str) -> None:
    """Tell the person at the terminal, apart from the program's own output."""
    print(f"[run] {message}", file=sys.stderr, flush=True)


def banner(message: str) -> None:
    """Say something that must not scroll past unseen."""
    rule = "=" * 78
    say(f"{rule}\n[run] NOTICE: {message}\n[run] {rule}")


def give_up(message: str, code: int = CANNOT_SET_UP) -> NoReturn:
    """Say why it cannot go on, and exit with `code`."""
    say(f"ERROR: {message}")
    raise SystemExit(code)


def is_set(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a switch such as CI is on; empty, 0, false and no mean off."""
    return environ.get(name, "").strip().lower() not in ("", "0", "false", "no")


def failure(*command: str | Path, seconds: float | None = None, **extra_env: str) -> str | None:
    """Run a command quietly; None if it succeeded, else the plain cause."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env={**os.environ, **extra_env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else plain_cause(done.stdout, done.returncode)


def plain_cause(output: str, code: int) -> str:
    """Pick the few lines that say what went wrong out of a tool's output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(TELLING)] or lines[-3:]
    # pip's first complaint names the trouble with the line; its last ones only say that nothing was found.
    return "; ".join(dict.fromkeys([*telling[:1], *telling[-2:]])) or f"exit code {code}"


def may_install() -> bool:
    """Tell whether this process is root on a machine with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> bool:
    """Install Debian packages without the recommended ones; False, and apt's reason said, if it could not."""
    say("apt-get install " + " ".join(packages))
    _refresh_package_lists()
    command = ("apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")
    cause = failure(*command, *packages, DEBIAN_FRONTEND="noninteractive")
    if cause:
        say(f"apt-get could not: {cause}")
    return cause is None


@functools.cache
def _refresh_package_lists() -> None:
    cause = failure("apt-get", "update", "-o", "DPkg::Lock::Timeout=300")
    if cause:
        say(f"apt-get update: {cause}")


def answer(*command: str | Path) -> str | None:
    """What a command printed, trimmed; None if it failed."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def first_working(candidates: list[str | None], *probe: str) -> str | None:
    """Find the first program that is there and answers `probe`."""
    for candidate in candidates:
        path = shutil.which(candidate) if candidate else None
        if path and failure(path, *probe, seconds=30) is None:
            return path
    return None
