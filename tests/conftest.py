"""What the tests share: a real SQLite and a real PostgreSQL, an installation on each, a cast, a browser."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import select

from app import database
from app.config import Settings
from app.installation import Installation
from incidents.people import Person
from tests.makers import Cast, make_cast
from tests.plumbing import browser, postgres
from tests.plumbing.smtp import SmtpServer

# A busy machine is no fault of the code: no test fails on a time.
hypothesis.settings.register_profile("tocsin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tocsin")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday noon in winter, when London is on UTC."""


class Compiled(BytecodeCache):
    """Templates compiled once a run: otherwise each test would compile each page it opens anew, for its own app."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key + bucket.checksum in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key + bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": Compiled()}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "tocsin.sqlite"
    database.migrate(Settings(database_url=f"sqlite:///{path}", instance=path.parent), now=NOON)
    return path


@pytest.fixture(scope="session")
def peopled_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peopled")
    shutil.copy(migrated_sqlite, folder)
    _people(Settings(instance=folder))
    return folder / "tocsin.sqlite"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running() as cluster:
        yield cluster


def _migrate(url: str) -> None:
    database.migrate(Settings(database_url=url), now=NOON)


def _migrate_and_people(url: str) -> None:
    _migrate(url)
    with tempfile.TemporaryDirectory() as folder:
        _people(Settings(instance=Path(folder), database_url=url))


def _people(settings: Settings) -> None:
    """Make the cast once for all tests: the verbs that do it cost more than many a test."""
    _give_keyring(settings.instance)
    installation = Installation.open(settings)
    make_cast(installation, now=NOON)
    installation.store.dispose()


def _give_keyring(folder: Path) -> None:
    """The same one everywhere: with it the contacts of the cast were sealed."""
    (folder / "keyring.json").write_text(json.dumps({"keys": {"kept": base64.b64encode(bytes(32)).decode()}}))


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings for a migrated database, empty but for the cast: every test that uses them runs on both."""
    base = Settings(instance=tmp_path, public_address="http://localhost:8000", smtp_host="")
    peopled = "cast" in request.fixturenames
    if peopled:
        _give_keyring(tmp_path)
    if request.param == "sqlite":
        source: Path = request.getfixturevalue("peopled_sqlite" if peopled else "migrated_sqlite")
        shutil.copy(source, tmp_path / "tocsin.sqlite")
        yield base
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    template = ("peopled", _migrate_and_people) if peopled else ("migrated", _migrate)
    with cluster.database(cluster.prepared(*template)) as url:
        yield replace(base, database_url=url)


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    opened = Installation.open(settings)
    yield opened
    opened.store.dispose()


@pytest.fixture
def cast(installation: Installation) -> Cast:
    """Rosa reports, Dana is DPO, Tariq deputises, Mina manages, Ivo investigates, Aude audits, Adam administers."""
    with installation.store.reading() as session:
        return Cast(**{person.name.lower(): person.id for person in session.scalars(select(Person))})


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **browser.launch_options()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = browser.missing()
    for item in items:
        if reason and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for name in ("BROWSER_MISSING", "POSTGRES_MISSING"):
        if reason := os.environ.get(name):
            terminalreporter.section(name.replace("_", " "), bold=True)
            terminalreporter.line(reason)
