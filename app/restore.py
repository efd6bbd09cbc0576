"""Restore: an archive put in place of what is there, which is moved aside and never deleted.

Nothing is changed until the archive lies unpacked and checked beside the data. From then on a note in the instance
folder says what goes where; every step can be taken twice, so a restore that is cut off is finished by the next start.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app import archive, database, postgresql
from app.backup import COPIES, POSTGRESQL, SQLITE, kind
from app.config import Settings
from incidents.refusals import Refused
from incidents.words import N_

STAGE = ".restore-"


@dataclass(frozen=True)
class Note:
    """What the note says: where the new lies, where the old goes, and what kind of database it is about."""

    stage: Path
    aside: Path
    database: str
    made_at: str


def restore(settings: Settings, source: Path, *, now: datetime) -> Iterator[str]:
    """Put an archive in place, after checking every digest. The caller holds the lock of the folder."""
    for left in settings.instance.glob(f"{STAGE}*"):
        shutil.rmtree(left)  # of a restore that was cut off before it changed anything
    stage = Path(tempfile.mkdtemp(dir=settings.instance, prefix=STAGE))
    aside = _new_folder(settings.instance / f"before-restore-{now:%Y%m%dT%H%M%SZ}")
    try:
        listed = _checked(settings, source, stage)
        if listed.database == POSTGRESQL:
            postgresql.dump(settings.database, aside / COPIES[POSTGRESQL])
        archive.sync_folder(aside)
        yield f"What is here now goes to {aside}. If this is cut off, the next start of Tocsin finishes it."
        _write_note(settings, Note(stage, aside, listed.database, listed.made_at.isoformat()))
    except OSError as error:
        _remove(stage, aside)
        raise Refused(N_("Nothing was changed: %(cause)s."), cause=database.cause(error)) from error
    except BaseException:
        _remove(stage, aside)
        raise
    yield from finish(settings)


def finish(settings: Settings) -> Iterator[str]:
    """Take every step of the note that was not taken yet. Nothing happens without a note."""
    path = database.unfinished(settings)
    if path is None:
        return
    note = _read_note(path)
    if note.database != kind(settings):
        raise _another_kind(note.database)
    try:
        _swap(settings, note)
    except OSError as error:
        raise Refused(
            N_(
                "The restore stopped half-way: %(cause)s. Mend that and start Tocsin, which finishes it. "
                "The old is in %(aside)s, the new in %(stage)s."
            ),
            cause=database.cause(error),
            aside=str(note.aside),
            stage=str(note.stage),
        ) from error
    path.unlink()
    archive.sync_folder(settings.instance)
    shutil.rmtree(note.stage, ignore_errors=True)
    yield f"Restored the backup of {note.made_at}."
    yield f"What was there before is in {note.aside}. Delete it once you are sure."
    yield from _way_back(settings, note)


def _checked(settings: Settings, source: Path, stage: Path) -> archive.Contents:
    """Unpack the archive; refuse one that this program and these settings cannot use."""
    listed = archive.unpack(source, stage)
    if listed.database not in COPIES or not {COPIES[listed.database], archive.KEYRING} <= listed.sha256.keys():
        raise Refused(N_("%(file)s is no backup of Tocsin, or it is damaged. Nothing was changed."), file=str(source))
    if listed.database != kind(settings):
        raise _another_kind(listed.database)
    if listed.revision not in database.revisions():
        raise Refused(
            N_(
                "The backup is of a later version of Tocsin (%(revision)s). Install that one first. "
                "Nothing was changed."
            ),
            revision=listed.revision,
        )
    if listed.database == POSTGRESQL:
        postgresql.check_dump(stage / COPIES[POSTGRESQL])
        others = postgresql.others(settings.database)
        if others:
            raise Refused(
                N_("The database is in use by %(number)s other connections. Stop every server and worker first."),
                number=others,
            )
    return listed


def _swap(settings: Settings, note: Note) -> None:
    """The database first: if PostgreSQL refuses it, nothing was changed at all."""
    copy = note.stage / COPIES[note.database]
    if note.database == POSTGRESQL and copy.exists():
        try:
            postgresql.put_back(settings.database, copy)
        except Refused as refused:
            _note(settings).unlink()
            _remove(note.stage, note.aside)
            raise Refused(N_("%(cause)s. Nothing was changed."), cause=str(refused)) from refused
        copy.unlink()
    path = database.sqlite_path(settings.database)
    if note.database == SQLITE and path is not None and copy.exists():
        # With the file that holds the last commits: either alone would be another database.
        for suffix in ("-wal", "-shm"):
            _put_aside(path.with_name(path.name + suffix), note.aside)
        _replace(path, copy, note.aside)
    keyring = note.stage / archive.KEYRING
    if keyring.exists() and settings.keyring_file.exists() and _same(keyring, settings.keyring_file):
        # Left where it is: it may be a secret that a container has mounted and that cannot be moved.
        shutil.copy2(keyring, note.aside / settings.keyring_file.name)
        keyring.unlink()
    for name, present in ((archive.KEYRING, settings.keyring_file), (archive.FILES, settings.files)):
        if (note.stage / name).exists():
            _replace(present, note.stage / name, note.aside)


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _replace(present: Path, new: Path, aside: Path) -> None:
    """Put what is present aside and the new in its place. May be done again from any point at which it was cut off."""
    _put_aside(present, aside)
    present.parent.mkdir(parents=True, exist_ok=True)
    _move(new, present)


def _put_aside(present: Path, aside: Path) -> None:
    if not present.exists():
        return
    if (aside / present.name).exists():
        _delete(present)  # moved already, to another disk, and cut off before it was deleted here
    else:
        _move(present, aside / present.name)


def _move(source: Path, target: Path) -> None:
    """Rename, or where the target is on another disk copy whole, then delete."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f".{target.name}.moving")
        _delete(draft)
        if source.is_dir():
            shutil.copytree(source, draft)
        else:
            shutil.copy2(source, draft)
        draft.rename(target)
        archive.sync_folder(target.parent)
        _delete(source)
    archive.sync_folder(target.parent)
    archive.sync_folder(source.parent)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _way_back(settings: Settings, note: Note) -> Iterator[str]:
    if note.database == POSTGRESQL:
        command = postgresql.way_back(settings.database, note.aside / COPIES[POSTGRESQL])
        yield f"The way back: make an empty database, run {command}"
        yield f"name it in TOCSIN_DATABASE_URL, and move keyring.json and files from {note.aside} into their places."
    else:
        path = database.sqlite_path(settings.database)
        yield f"The way back: stop Tocsin, delete {path}-wal and {path}-shm if they are there,"
        yield f"and move all that is in {note.aside} into its place again."


def _new_folder(wanted: Path) -> Path:
    """A folder of that name, or with a number behind it when there is one."""
    for number in range(2, 1000):
        path = wanted if number == 2 else wanted.with_name(f"{wanted.name}-{number - 1}")
        if not path.exists():
            path.mkdir(mode=0o700)
            return path
    raise FileExistsError(errno.EEXIST, "too many folders of this name", str(wanted))


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _another_kind(found: str) -> Refused:
    return Refused(
        N_(
            "The backup is of a %(kind)s database, the settings name another kind. "
            "Change TOCSIN_DATABASE_URL. Nothing was changed."
        ),
        kind=found,
    )


def _note(settings: Settings) -> Path:
    return settings.instance / database.NOTE


def _write_note(settings: Settings, note: Note) -> None:
    said = {"stage": str(note.stage), "aside": str(note.aside), "database": note.database, "made_at": note.made_at}
    draft = _note(settings).with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(said, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(_note(settings))
    archive.sync_folder(settings.instance)


def _read_note(path: Path) -> Note:
    said = json.loads(path.read_text(encoding="utf-8"))
    return Note(Path(said["stage"]), Path(said["aside"]), said["database"], said["made_at"])
