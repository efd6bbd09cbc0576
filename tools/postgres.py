"""PostgreSQL's programs for the tests that run on it: found where systems keep them, or Debian's."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools import machine

OLDEST = 15
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
CLUSTER_POLICY = Path("/etc/postgresql-common/createcluster.conf")


def installed() -> Path | None:
    """The folder that holds initdb and postgres, version 15 or newer; $POSTGRES_BIN goes first."""
    return next((folder for folder in _candidates() if major_version(folder) >= OLDEST), None)


def find_or_install() -> tuple[Path | None, str | None]:
    """Find PostgreSQL, or install it; its folder and None, or None and the reason with the cure."""
    found = installed()
    if not found and machine.may_install() and _install():
        found = installed()
    if found:
        return found, None
    return None, (
        f"no PostgreSQL {OLDEST} or newer was found or could be installed (Debian or Ubuntu: "
        "sudo apt-get install postgresql; macOS: brew install postgresql; "
        "or set POSTGRES_BIN to the folder that holds initdb)"
    )


def major_version(folder: Path) -> int:
    """The version of the server in `folder`; 0 if there is none that answers."""
    if not (os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK)):
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", machine.answer(folder / "postgres", "--version") or "")
    return int(match[1]) if match else 0


def _candidates() -> Iterator[Path]:
    if os.environ.get("POSTGRES_BIN"):
        yield Path(os.environ["POSTGRES_BIN"])
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in FOLDERS:
        found = Path("/").glob(pattern.lstrip("/"))
        yield from sorted(found, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)


def _install() -> bool:
    # The common part first: it brings the policy file, and the server's own set-up obeys it.
    if not machine.apt_install("postgresql-common"):
        return False
    with _no_cluster_made():
        return machine.apt_install("postgresql")


@contextlib.contextmanager
def _no_cluster_made() -> Iterator[None]:
    """Keep Debian from making and starting a database server that nobody asked for."""
    before = CLUSTER_POLICY.read_text() if CLUSTER_POLICY.exists() else None
    CLUSTER_POLICY.parent.mkdir(parents=True, exist_ok=True)
    CLUSTER_POLICY.write_text(f"{before or ''}\ncreate_main_cluster = false\n")
    try:
        yield
    finally:
        if before is None:
            CLUSTER_POLICY.unlink()
        else:
            CLUSTER_POLICY.write_text(before)
