"""PostgreSQL's own programs: which one is taken, and what they and their failures never show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import postgresql
from incidents.refusals import Refused
from tests.plumbing import postgres

PASSWORD = "wild horses"


@pytest.fixture
def url(postgres_cluster: postgres.Cluster) -> str:
    """An empty database, with a password in its address that the server does not ask for."""
    return postgres_cluster.fresh_database().replace("tocsin@", f"tocsin:{PASSWORD.replace(' ', '%20')}@")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is looked at for programs."""
    monkeypatch.setattr(postgresql, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, version: str, script: str = "") -> None:
    """A program that says that it is of this version."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{name} (PostgreSQL) {version}" && exit\n{script}\n')
    path.chmod(0o755)


def test_the_password_is_in_no_list_of_processes_and_in_no_sentence(url: str, programs: Path) -> None:
    program(programs, "pg_dump", "99.1", f'echo "$*" > {programs}/seen; echo "$PGPASSWORD" >> {programs}/seen; exit 1')

    with pytest.raises(Refused) as refused:
        postgresql.dump(url, programs / "dump")

    arguments, _, password = (programs / "seen").read_text().partition("\n")
    assert "user=tocsin" in arguments
    assert PASSWORD not in arguments
    assert password.strip() == PASSWORD
    assert str(refused.value) == "pg_dump failed: it ended with 1"


def test_programs_older_than_the_server_are_named_with_their_cure(url: str, programs: Path) -> None:
    program(programs, "pg_dump", "9.6.24")

    with pytest.raises(Refused, match=r"pg_dump here is version 9, the database server is \d\d\. Install the client"):
        postgresql.dump(url, programs / "dump")


def test_missing_programs_are_named_with_their_package(url: str, programs: Path) -> None:
    with pytest.raises(Refused, match=r"pg_dump was not found. Install .* postgresql-client"):
        postgresql.dump(url, programs / "dump")


def test_programs_beside_the_path_are_found_and_the_newest_is_taken(
    url: str, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(programs, "pg_dump", "9.6.24")
    for version in ("98", "99"):
        (programs / version / "bin").mkdir(parents=True)
        program(programs / version / "bin", "pg_dump", f"{version}.0", f"echo {version} > {programs}/taken")
    monkeypatch.setattr(postgresql, "FOLDERS", (f"{programs}/*/bin",))

    postgresql.dump(url, programs / "dump")

    assert (programs / "taken").read_text() == "99\n"


def test_a_newer_pg_restore_is_understood_by_an_older_server(url: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    head = "SET lock_timeout = 0;\nSET transaction_timeout = 0;\n"
    script.write_text(head + "\n" * 60 + "SET transaction_timeout = 1;\n")

    postgresql._forget_new_settings(script, 16)

    assert script.read_text() == "SET lock_timeout = 0;\n" + "\n" * 60 + "SET transaction_timeout = 1;\n"
    assert os.listdir(tmp_path) == ["script.sql"]
