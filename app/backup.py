"""Backup: database, keyring and files in one archive, consistent while the server runs."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app import archive, database, postgresql
from app.config import Settings
from incidents.refusals import Refused
from incidents.words import N_

SQLITE, POSTGRESQL = "sqlite", "postgresql"
COPIES = {SQLITE: "database.sqlite", POSTGRESQL: "database.dump"}
"""The kinds of database, and the name of the copy of each in an archive."""


def backup(settings: Settings, target: Path, *, now: datetime) -> Iterator[str]:
    """Write an archive to `target`, whole or not at all. It holds the keyring: guard it like the reports."""
    target = target.absolute()
    if target.exists():
        raise Refused(N_("%(file)s exists already. Choose another name."), file=str(target))
    if not target.parent.is_dir():
        raise Refused(N_("The folder %(folder)s is not there. Make it first."), folder=str(target.parent))
    if database.unfinished(settings):
        raise Refused(N_("A restore was cut off. Start Tocsin once, which finishes it, before you back up."))
    revision = database.revision(settings)
    if revision is None or not settings.keyring_file.exists():
        raise Refused(
            N_("There is nothing to back up here: no database or no keyring was found in %(folder)s."),
            folder=str(settings.instance),
        )
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            contents = _collect(settings, Path(folder), revision, target, now)
    except (OSError, sqlite3.Error) as error:
        raise Refused(
            N_("The backup could not be made: %(cause)s. No file was left."), cause=database.cause(error)
        ) from error
    yield f"Backed up to {target}: database, keyring and {contents.files} files."
    yield "It holds the keys. Keep it where only those may read it who may read every report."


def copy_database(settings: Settings, target: Path) -> Path:
    """A consistent copy of the database in `target`, while others write."""
    path = database.sqlite_path(settings.database)
    if path is None:
        postgresql.dump(settings.database, target)
        return target
    return database.copy_sqlite(path, target)


def kind(settings: Settings) -> str:
    """Which of COPIES the database of the settings is."""
    return POSTGRESQL if database.sqlite_path(settings.database) is None else SQLITE


def _collect(settings: Settings, stage: Path, revision: str, target: Path, now: datetime) -> archive.Contents:
    """Copy what changes, take the files as they lie, and put the archive in its place in one step."""
    name = COPIES[kind(settings)]
    pieces = {name: copy_database(settings, stage / name)}
    # After the database: keys are only ever added, and a file that a row names is on disk before the row is.
    pieces[archive.KEYRING] = Path(shutil.copy(settings.keyring_file, stage / archive.KEYRING))
    if settings.files.is_dir():
        stored = sorted(path for path in settings.files.iterdir() if path.is_file() and path.name[0] != ".")
        pieces |= {f"{archive.FILES}/{path.name}": path for path in stored}
    contents = archive.Contents(
        now, kind(settings), revision, {name: archive.sha256(path) for name, path in pieces.items()}
    )
    contents.write(stage / archive.LIST)
    draft = stage / "archive.tar.gz"
    archive.pack(draft, pieces, stage / archive.LIST)
    draft.rename(target)
    archive.sync_folder(target.parent)
    return contents
