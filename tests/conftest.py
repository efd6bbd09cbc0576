"""What the tests share: a real SQLite and a real PostgreSQL, an installation on each, a cast, a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from app import database
from app.config import Settings
from app.installation import Installation
from tests.makers import Cast, make_cast
from tests.plumbing import browser, postgres
from tests.plumbing.smtp import SmtpServer

# A busy machine is no fault of the code: no test fails on a time.
hypothesis.settings.register_profile("tocsin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tocsin")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday noon in winter, when London is on UTC."""


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "tocsin.sqlite"
    database.migrate(Settings(database_url=f"sqlite:///{path}", instance=path.parent), now=NOON)
    return path


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running() as cluster:
        yield cluster


def _migrate(url: str) -> None:
    database.migrate(Settings(database_url=url), now=NOON)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings for an empty, migrated database: every test that uses them runs on both."""
    base = Settings(instance=tmp_path, public_address="http://localhost:8000", smtp_host="")
    if request.param == "sqlite":
        source: Path = request.getfixturevalue("migrated_sqlite")
        shutil.copy(source, tmp_path / "tocsin.sqlite")
        yield base
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database(cluster.prepared("migrated", _migrate)) as url:
        yield replace(base, database_url=url)


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    opened = Installation.open(settings)
    yield opened
    opened.store.dispose()


@pytest.fixture
def cast(installation: Installation) -> Cast:
    """Rosa reports, Dana is DPO, Tariq deputises, Mina manages, Ivo investigates, Aude audits, Adam administers."""
    return make_cast(installation, now=NOON)


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
