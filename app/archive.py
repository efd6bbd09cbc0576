"""What a backup is made of: one archive with a list of digests, written whole or not at all, read with suspicion."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from incidents.refusals import Refused
from incidents.words import N_

LIST = "contents.json"
KEYRING = "keyring.json"
FILES = "files"
_PIECE = re.compile(r"database\.(?:sqlite|dump)|keyring\.json|contents\.json|files/[0-9A-Za-z_-]{1,64}")
_LEVEL = 6
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, FileNotFoundError, FileExistsError)


@dataclass(frozen=True)
class Contents:
    """What an archive says of itself: `database` is the kind of its copy, `revision` that of the schema."""

    made_at: datetime
    database: str
    revision: str
    sha256: dict[str, str]

    @property
    def files(self) -> int:
        """How many files of reports are in it."""
        return sum(name.startswith(f"{FILES}/") for name in self.sha256)

    def write(self, path: Path) -> None:
        said = {"made_at": self.made_at.isoformat(), "database": self.database, "revision": self.revision}
        path.write_text(json.dumps({**said, "sha256": self.sha256}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Contents:
        """Raises ValueError when this is no list of ours."""
        said = json.loads(path.read_text(encoding="utf-8"))
        try:
            digests = {str(name): str(digest) for name, digest in said["sha256"].items()}
            return cls(datetime.fromisoformat(said["made_at"]), said["database"], said["revision"], digests)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a list of ours") from error


def pack(draft: Path, pieces: dict[str, Path], contents: Path) -> None:
    """Write an archive of these pieces by their names, durable on disk and readable by its owner only."""
    with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_LEVEL) as archive:
            for name, path in (*pieces.items(), (LIST, contents)):
                archive.add(path, arcname=name, recursive=False, filter=_plain)
        file.flush()
        os.fsync(file.fileno())


def unpack(source: Path, stage: Path) -> Contents:
    """Lay the pieces of an archive into `stage`, durable, each digest checked. Refuses all that is not ours."""
    try:
        digests = dict(_laid_out(source, stage))
        listed = Contents.read(stage / LIST)
    except _DAMAGED as error:
        raise Refused(
            N_("%(file)s is no backup of Tocsin, or it is damaged. Nothing was changed."), file=str(source)
        ) from error
    digests.pop(LIST, None)
    for name in sorted(listed.sha256.keys() | digests.keys()):
        if listed.sha256.get(name) != digests.get(name):
            raise Refused(N_("%(name)s in the backup is damaged. Nothing was changed."), name=name)
    sync_folder(stage)
    sync_folder(stage / FILES)
    return listed


def sha256(path: Path) -> str:
    """The digest of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _laid_out(source: Path, stage: Path) -> Iterator[tuple[str, str]]:
    """Write each piece and give its name with its digest. Nothing but plain files of known names gets out."""
    (stage / FILES).mkdir(mode=0o700)
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None or not _PIECE.fullmatch(member.name):
                raise ValueError(member.name)
            yield member.name, _written(content, stage / member.name)


def _written(content: IO[bytes], path: Path) -> str:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    return sha256(path)
