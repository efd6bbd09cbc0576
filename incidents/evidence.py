"""Files that belong to a report: on disk with SHA-256, stored after the text, only ever downloaded."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import hold
from incidents.orm import Base, Key
from incidents.refusals import Refused
from incidents.report import Report
from incidents.timeline import Actor, Entry, Kind, record
from incidents.words import N_

BLOCK = 1 << 16


class Evidence(Base):
    """One stored file. Its name is prose of `entry`; `token` is its name on disk and in addresses."""

    __tablename__ = "evidence"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(Key, ForeignKey("report.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    token: Mapped[str] = mapped_column(String(32), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    stored_at: Mapped[datetime]

    entry: Mapped[Entry] = relationship()


@dataclass(frozen=True)
class Stored:
    """A file that is safe on disk and not yet in the database."""

    token: str
    size: int
    sha256: str


def put(folder: Path, stream: IO[bytes], *, most: int) -> Stored:
    """Write a file to disk, with fsync of file and folder. Refuses more than `most` bytes and an empty file.

    Done before any transaction opens, so that no database lock waits for a slow disk.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    draft, seen, size = folder / f".{token}", hashlib.sha256(), 0
    try:
        with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > most:
                    raise Refused(
                        N_("This file is larger than %(megabytes)s MB. Send a smaller one, or describe it."),
                        field="file",
                        megabytes=most // 1_000_000,
                    )
                seen.update(block)
                file.write(block)
            if size == 0:
                raise Refused(N_("This file is empty. Choose another, or describe it."), field="file")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / token)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return Stored(token, size, seen.hexdigest())


def add_file(session: Session, report: Report, stored: Stored, name: str, *, by: Actor, now: datetime) -> Evidence:
    """Record a stored file as part of a report. The handler is told."""
    incident = hold(session, report.incident_id)
    entry = record(
        session,
        incident.timeline,
        Kind.FILE_ADDED,
        by=by,
        incident_id=incident.id,
        zone=report.zone,
        facts={"size": stored.size, "sha256": stored.sha256, "closed": incident.closed_at is not None},
        prose={"name": safe_name(name)},
        now=now,
    )
    evidence = Evidence(
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        report_id=report.id,
        entry_id=entry.id,
        token=stored.token,
        size=stored.size,
        sha256=stored.sha256,
        stored_at=now,
    )
    session.add(evidence)
    session.flush()
    return evidence


def safe_name(name: str) -> str:
    """A file name fit to offer for download: no folders, no control characters, no direction tricks."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign for sign in name if sign.isprintable() and sign not in '<>:"|?*')
    return kept.strip(" .")[:150] or "file"
