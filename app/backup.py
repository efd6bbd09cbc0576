"""Backup and restore: database, keyring and files in one archive, with a list of digests to check them by."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from app import database
from app.config import Settings
from incidents.refusals import Refused
from incidents.words import N_

LIST = "contents.json"


def backup(settings: Settings, target: Path, *, now: datetime) -> Iterator[str]:
    """Write an archive to `target`, whole or not at all. It holds the keyring: guard it like the reports."""
    if target.exists():
        raise Refused(N_("%(file)s exists already. Choose another name."), file=str(target))
    if not settings.keyring_file.exists():
        raise Refused(N_("There is nothing to back up here: no keyring was found."))
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        stage = Path(folder)
        stored = _dump(settings, stage)
        shutil.copy(settings.keyring_file, stage / "keyring.json")
        # After the database: a file that a row names is on disk before the row is.
        if settings.files.exists():
            shutil.copytree(settings.files, stage / "files", ignore=shutil.ignore_patterns(".*"))
        contents = {str(path.relative_to(stage)): _sha256(path) for path in sorted(stage.rglob("*")) if path.is_file()}
        (stage / LIST).write_text(json.dumps({"made_at": now.isoformat(), "database": stored, "sha256": contents}))
        draft = stage / "archive.tar.gz"
        with tarfile.open(draft, "w:gz") as archive:
            for name in (*contents, LIST):
                archive.add(stage / name, arcname=name)
        draft.chmod(0o600)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(target)
    yield f"Backed up to {target}: database, keyring and {sum(name.startswith('files/') for name in contents)} files."
    yield "It holds the keys. Keep it where only those may read it who may read every report."


def restore(settings: Settings, source: Path, *, now: datetime) -> Iterator[str]:
    """Put an archive in place, after checking every digest. What was there is moved aside first."""
    with tempfile.TemporaryDirectory(dir=settings.instance) as folder:
        stage = Path(folder)
        try:
            with tarfile.open(source, "r:gz") as archive:
                archive.extractall(stage, filter="data")
            listed = json.loads((stage / LIST).read_text())
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            raise Refused(N_("%(file)s is no backup of Tocsin, or it is damaged."), file=str(source)) from error
        for name, digest in listed["sha256"].items():
            if not (stage / name).is_file() or _sha256(stage / name) != digest:
                raise Refused(N_("%(name)s in the backup is damaged. Nothing was changed."), name=name)
        aside = settings.instance / f"before-restore-{now:%Y%m%dT%H%M%SZ}"
        yield from _put_back(settings, stage, str(listed["database"]), aside)
    yield f"Restored the backup of {listed['made_at']}."


def _dump(settings: Settings, stage: Path) -> str:
    """Copy the database into the stage; returns what kind of copy it is."""
    path = database.sqlite_path(settings.database)
    if path is not None:
        database.copy_sqlite(path, stage / "database.sqlite")
        return "sqlite"
    _postgres_tool("pg_dump", "--format=custom", f"--file={stage / 'database.dump'}", settings=settings)
    return "postgresql"


def _put_back(settings: Settings, stage: Path, kind: str, aside: Path) -> Iterator[str]:
    path = database.sqlite_path(settings.database)
    if (kind == "sqlite") != (path is not None):
        raise Refused(
            N_("The backup is of a %(kind)s database, the settings name another kind. Change TOCSIN_DATABASE_URL."),
            kind=kind,
        )
    aside.mkdir()
    if path is not None:
        for present in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            if present.exists():
                present.rename(aside / present.name)
        (stage / "database.sqlite").rename(path)
    else:
        dump = aside / "database.dump"
        _postgres_tool("pg_dump", "--format=custom", f"--file={dump}", settings=settings)
        _postgres_tool(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--single-transaction",
            str(stage / "database.dump"),
            settings=settings,
        )
    for name, present in (("keyring.json", settings.keyring_file), ("files", settings.files)):
        if present.exists():
            present.rename(aside / present.name)
        if (stage / name).exists():
            (stage / name).rename(present)
    yield f"What was there is in {aside}. Delete it once you are sure."


def _postgres_tool(tool: str, *arguments: str, settings: Settings) -> None:
    """Run one of PostgreSQL's own tools on the database of the settings."""
    url = make_url(settings.database).set(drivername="postgresql").render_as_string(hide_password=False)
    program = shutil.which(tool)
    if program is None:
        raise Refused(
            N_("%(tool)s was not found. Install PostgreSQL's client programs (Debian: postgresql-client)."), tool=tool
        )
    option = [f"--dbname={url}"]
    done = subprocess.run([program, *option, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Refused(N_("%(tool)s failed: %(cause)s"), tool=tool, cause=done.stderr.strip()[-400:])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
