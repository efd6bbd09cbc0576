"""Upgrades of the schema, from and to a revision made for the test: copied first, all or nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from app import database, postgresql
from app.backup import backup
from app.config import Settings
from app.restore import restore
from incidents.refusals import Refused
from tests.app.test_backup import Filed, assert_whole, file_report, opened
from tests.conftest import NOON
from tests.plumbing import postgres

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{later}", "{present}"

def upgrade():
    op.create_table("novelty", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("report") as batch:
        batch.add_column(sa.Column("novel", sa.Integer))
    {then}
"""
PRESENT, LATER = database.head(), "9999"
FAILS = 'op.execute("SELECT * FROM nowhere")'


@pytest.fixture
def filed(settings: Settings) -> Filed:
    with opened(settings) as installation:
        return file_report(installation)


def next_version(monkeypatch: pytest.MonkeyPatch, folder: Path, then: str = "pass") -> None:
    """From now on this program is a later one, with one more revision."""
    target = folder / "migrations"
    shutil.copytree(database.MIGRATIONS, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "versions" / "9999_a_novelty.py").write_text(REVISION.format(then=then, later=LATER, present=PRESENT))
    monkeypatch.setattr(database, "MIGRATIONS", target)


def tables(settings: Settings) -> set[str]:
    engine = create_engine(settings.database, poolclass=NullPool)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def copies(settings: Settings) -> list[Path]:
    return [path for path in settings.instance.iterdir() if path.name.startswith(("before-", ".before-"))]


def test_before_an_upgrade_the_database_is_copied_and_the_copy_is_a_way_back(
    settings: Settings, filed: Filed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    said: list[str] = []
    with monkeypatch.context() as later:
        next_version(later, tmp_path / "later")
        database.migrate(settings, now=NOON, say=said.append)
        assert database.revision(settings) == LATER
        assert "novelty" in tables(settings)
    with pytest.raises(Refused, match=rf"of a later version of Tocsin \({LATER}\)"):
        database.migrate(settings, now=NOON)

    [copy] = copies(settings)
    assert str(copy) in said[0]
    assert "The way back: stop Tocsin" in said[1]
    path = database.sqlite_path(settings.database)
    if path is not None:
        for suffix in ("-wal", "-shm"):
            assert f"{path}{suffix}" in said[1]
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(copy, path)
        back = settings
    else:
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        back = replace(settings, database_url=cluster.fresh_database())
        postgresql.put_back(back.database, copy)
        assert postgresql.way_back(settings.database, copy) in said[1]
    assert database.revision(back) == PRESENT
    assert_whole(back, filed)


def test_an_upgrade_that_fails_changes_nothing(
    settings: Settings, filed: Filed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(settings)
    with monkeypatch.context() as later:
        next_version(later, tmp_path / "later", then=FAILS)

        with pytest.raises(Refused, match=r"failed and nothing was changed: .*nowhere.* Start the earlier version"):
            database.migrate(settings, now=NOON)

    assert tables(settings) == before
    assert database.revision(settings) == PRESENT
    assert copies(settings) == [], "a start that is tried again and again does not fill the disk"
    assert_whole(settings, filed)


def test_without_a_copy_there_is_no_upgrade_unless_told(
    settings: Settings, filed: Filed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings.database.startswith("sqlite"):
        pytest.skip("an SQLite file is copied without any program")
    next_version(monkeypatch, tmp_path / "later")
    monkeypatch.setattr(postgresql, "FOLDERS", ())
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Refused, match=r"pg_dump was not found.* set TOCSIN_MIGRATE_WITHOUT_COPY=true"):
        database.migrate(settings, now=NOON)
    assert database.revision(settings) == PRESENT

    database.migrate(replace(settings, migrate_without_copy=True), now=NOON)
    assert database.revision(settings) == LATER
    assert copies(settings) == []


def test_a_backup_of_an_earlier_version_is_upgraded_after_its_restore(
    settings: Settings, filed: Filed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.tar.gz"
    list(backup(settings, kept, now=NOON))
    next_version(monkeypatch, tmp_path / "later")
    database.migrate(settings, now=NOON)

    list(restore(settings, kept, now=NOON))

    assert database.revision(settings) == PRESENT
    assert "novelty" not in tables(settings)
    assert_whole(settings, filed)
    assert database.revision(settings) == LATER
    assert len(copies(settings)) == 2, "what was there before the restore, and the copy before the upgrade"


def test_looking_at_a_database_makes_none(tmp_path: Path) -> None:
    nothing = Settings(instance=tmp_path)

    assert database.revision(nothing) is None
    assert database.unready(nothing) == ["There is no database yet. Start Tocsin once, which makes it."]
    assert not list(tmp_path.iterdir())
