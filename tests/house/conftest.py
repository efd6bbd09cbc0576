"""A filled installation on each database, made once for the guards that walk through it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app import database
from app.config import Settings
from app.installation import Installation
from tests.conftest import NOON
from tests.plumbing.postgres import Cluster

Opening = Callable[[str], "contextmanager[Installation]"]


def _migrate(url: str) -> None:
    database.migrate(Settings(database_url=url), now=NOON)


@pytest.fixture(scope="module")
def open_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opening:
    """Opens an empty installation on `sqlite` or `postgresql`, for a whole module."""

    @contextmanager
    def opening(kind: str) -> Iterator[Installation]:
        folder = tmp_path_factory.mktemp(kind)
        settings = Settings(instance=folder, public_address="http://localhost:8000", smtp_host="")
        if kind == "sqlite":
            source: Path = request.getfixturevalue("migrated_sqlite")
            shutil.copy(source, folder / "tocsin.sqlite")
            yield from _opened(settings)
            return
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        with cluster.database(cluster.prepared("migrated", _migrate)) as url:
            yield from _opened(replace(settings, database_url=url))

    return opening  # type: ignore[return-value]


def _opened(settings: Settings) -> Iterator[Installation]:
    house = Installation.open(settings)
    try:
        yield house
    finally:
        house.store.dispose()
