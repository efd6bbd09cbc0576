"""Backup and restore on both databases: whole or not at all, and what was there is never lost."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool

from app import archive, database, postgresql
from app.backup import backup
from app.config import Settings
from app.installation import Installation
from app.restore import finish, restore
from incidents import evidence, intake
from incidents.evidence import Evidence
from incidents.keyring import Keyring
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, Timeline, verify
from tests.conftest import NOON
from tests.makers import make_report
from tests.plumbing import postgres

SECRET = "the password of the mail server"
FILE = os.urandom(300_000)


@dataclass(frozen=True)
class Filed:
    """A report with a file, its receipt code, and something sealed."""

    code: str
    sealed: str


def file_report(installation: Installation, what: str = "I lost a laptop") -> Filed:
    """A report with a file."""
    made = make_report(installation, what, now=NOON)
    stored = evidence.put(installation.settings.files, io.BytesIO(FILE), most=1_000_000)
    with installation.store.writing() as session:
        report = intake.by_code(session, made.code, keyring=installation.keyring)
        assert report is not None
        evidence.add_file(session, report, stored, "list.csv", by=SYSTEM, now=NOON)
    return Filed(made.code, installation.keyring.seal(SECRET))


@pytest.fixture
def filed(settings: Settings) -> Filed:
    """One report in an installation that is not open any more."""
    installation = Installation.open(settings)
    made = file_report(installation)
    installation.store.dispose()
    return made


@pytest.fixture
def kept(settings: Settings, filed: Filed, tmp_path: Path) -> Path:
    """A backup of `filed`."""
    (tmp_path / "kept").mkdir()
    target = tmp_path / "kept" / "tocsin.tar.gz"
    list(backup(settings, target, now=NOON))
    return target


@pytest.fixture
def elsewhere(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: an empty folder and, on PostgreSQL, an empty database."""
    new = replace(settings, instance=tmp_path / "elsewhere")
    new.instance.mkdir()
    if settings.database.startswith("sqlite"):
        yield new
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database() as url:
        yield replace(new, database_url=url)


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """The installation as the program would open it."""
    database.migrate(settings, now=NOON)
    installation = Installation.open(settings)
    yield installation
    installation.store.dispose()


def assert_whole(settings: Settings, filed: Filed) -> None:
    """The code opens the report, all files are there byte for byte, keys fit, and every chain is as written."""
    with opened(settings) as installation, installation.store.reading() as session:
        report = intake.by_code(session, filed.code, keyring=installation.keyring)
        assert report is not None
        assert report.entry.text("what") == "I lost a laptop"
        assert installation.keyring.unseal(filed.sealed) == SECRET
        for row in session.scalars(select(Evidence)):
            content = (settings.files / row.token).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row.sha256
            assert content == FILE
        assert session.scalar(select(Evidence.id).where(Evidence.report_id == report.id)) is not None
        for timeline in session.scalars(select(Timeline)):
            assert verify(session, timeline) is None


def run_sql(settings: Settings, *statements: str) -> list[object]:
    """Run statements as a console would; the first column of the last one, if it has rows."""
    engine = create_engine(settings.database, poolclass=NullPool)
    with engine.begin() as connection:
        done = [connection.execute(text(statement)) for statement in statements][-1]
        found = list(done.scalars()) if done.returns_rows else []
    engine.dispose()
    return found


def snapshot(settings: Settings) -> dict[str, object]:
    """All that an installation is: its files, and on PostgreSQL the reports in the database."""
    found: dict[str, object] = {
        str(path.relative_to(settings.instance)): path.read_bytes()
        for path in sorted(settings.instance.rglob("*"))
        if path.is_file() and path.suffix != ".gz" and not path.name.endswith("-shm")
    }
    if not settings.database.startswith("sqlite"):
        found["reports"] = run_sql(settings, "SELECT code_digest FROM report ORDER BY id")
        found["tables"] = run_sql(settings, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return found


def test_a_backup_made_while_people_report_comes_back_whole(settings: Settings, tmp_path: Path) -> None:
    target, over = tmp_path / "tocsin.tar.gz", threading.Event()
    with opened(settings) as installation:
        filed = file_report(installation)

        def go_on_reporting() -> None:
            while not over.is_set():
                file_report(installation, "another")

        people = threading.Thread(target=go_on_reporting)
        people.start()
        try:
            said = list(backup(settings, target, now=NOON))
        finally:
            over.set()
            people.join()
        late = file_report(installation, "after the backup")
    run_sql(settings, "CREATE TABLE later (id integer)")
    settings.keyring_file.unlink()
    shutil.rmtree(settings.files)

    done = list(restore(settings, target, now=NOON))

    assert str(target) in said[0]
    assert target.stat().st_mode & 0o777 == 0o600
    assert any(str(settings.instance / "before-restore-20261123T120000Z") in line for line in done)
    assert_whole(settings, filed)
    with opened(settings) as installation, installation.store.reading() as session:
        assert intake.by_code(session, late.code, keyring=installation.keyring) is None
    with pytest.raises(Exception, match="later"):
        run_sql(settings, "SELECT id FROM later")
    assert not list(settings.instance.glob(".*")), "no working folder is left"


def test_what_was_there_can_be_put_back(settings: Settings, kept: Path, request: pytest.FixtureRequest) -> None:
    with opened(settings) as installation:
        late = file_report(installation)

    list(restore(settings, kept, now=NOON))
    aside = settings.instance / "before-restore-20261123T120000Z"

    if settings.database.startswith("sqlite"):
        back = replace(settings, instance=aside)
    else:
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        back = replace(settings, instance=aside, database_url=cluster.fresh_database())
        way = postgresql.way_back(settings.database, aside / "database.dump").split()
        program, address = shutil.which(way[0]), back.database.replace("+psycopg", "")
        assert program
        assert os.spawnv(os.P_WAIT, program, [word.replace("EMPTY_DATABASE", address) for word in way]) == 0
    assert_whole(back, late)


def test_a_new_machine_takes_the_backup_of_another(elsewhere: Settings, kept: Path, filed: Filed) -> None:
    list(restore(elsewhere, kept, now=NOON))

    assert_whole(elsewhere, filed)


def forged(kept: Path, change: Callable[[tarfile.TarFile, dict[str, bytes]], None]) -> None:
    """Write the archive anew, changed."""
    with tarfile.open(kept) as read:
        pieces = {member.name: read.extractfile(member).read() for member in read}  # type: ignore[union-attr]
    with tarfile.open(kept, "w:gz") as write:
        change(write, pieces)
        for name, content in pieces.items():
            put(write, name, content)


def put(write: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    write.addfile(member, io.BytesIO(content))


def a_link(write: tarfile.TarFile, _pieces: dict[str, bytes]) -> None:
    member = tarfile.TarInfo("files/" + "a" * 32)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    write.addfile(member)


def another_tar(_write: tarfile.TarFile, pieces: dict[str, bytes]) -> None:
    pieces.clear()
    pieces["holiday/beach.jpg"] = b"sand"


def flip(kept: Path) -> None:
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 255
    kept.write_bytes(content)


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "bytes changed on the way": (flip, "damaged"),
    "cut short": (lambda kept: os.truncate(kept, kept.stat().st_size // 2), "damaged"),
    "no archive": (lambda kept: kept.write_text("Dear all,"), "is no backup of Tocsin"),
    "empty": (lambda kept: kept.write_bytes(b""), "is no backup of Tocsin"),
    "another archive": (lambda kept: forged(kept, another_tar), "is no backup of Tocsin"),
    "with a link out": (lambda kept: forged(kept, a_link), "is no backup of Tocsin"),
    "out of its folder": (
        lambda kept: forged(kept, lambda write, _pieces: put(write, "../../x", b"")),
        "is no backup of Tocsin",
    ),
    "another keyring put in": (
        lambda kept: forged(kept, lambda _write, pieces: pieces.update({"keyring.json": b"{}"})),
        "keyring.json in the backup is damaged",
    ),
    "a file more": (
        lambda kept: forged(kept, lambda write, _pieces: put(write, "files/abc", b"more")),
        "files/abc in the backup is damaged",
    ),
    "without its keyring": (lambda kept: forged(kept, no_keyring), "is no backup of Tocsin"),
    "of a later version": (lambda kept: forged(kept, later), "of a later version of Tocsin"),
}


def no_keyring(_write: tarfile.TarFile, pieces: dict[str, bytes]) -> None:
    listed = json.loads(pieces[archive.LIST])
    del pieces[archive.KEYRING], listed["sha256"][archive.KEYRING]
    pieces[archive.LIST] = json.dumps(listed).encode()


def later(_write: tarfile.TarFile, pieces: dict[str, bytes]) -> None:
    pieces[archive.LIST] = json.dumps(json.loads(pieces[archive.LIST]) | {"revision": "9999"}).encode()


def test_a_spoiled_archive_is_refused_and_nothing_is_changed(settings: Settings, kept: Path) -> None:
    before, good = snapshot(settings), kept.read_bytes()

    for how, (spoil, words) in SPOILED.items():
        kept.write_bytes(good)
        spoil(kept)
        with pytest.raises(Refused, match=words):
            list(restore(settings, kept, now=NOON))

        assert snapshot(settings) == before, how


def test_the_backup_of_the_other_kind_of_database_is_refused(
    settings: Settings, kept: Path, tmp_path: Path, postgres_cluster: postgres.Cluster
) -> None:
    sqlite = settings.database.startswith("sqlite")
    with postgres_cluster.database() as url:
        other = replace(settings, instance=tmp_path / "other", database_url=url if sqlite else "")
        other.instance.mkdir()

        with pytest.raises(Refused, match=r"Change TOCSIN_DATABASE_URL. Nothing was changed"):
            list(restore(other, kept, now=NOON))

        assert not list(other.instance.iterdir())


def test_a_restore_beside_a_server_on_postgresql_is_refused(settings: Settings, kept: Path) -> None:
    if settings.database.startswith("sqlite"):
        pytest.skip("on SQLite the lock of the folder says so")
    with opened(settings) as installation, installation.store.reading() as session:
        session.execute(text("SELECT 1"))

        with pytest.raises(Refused, match="in use by 1 other connections"):
            list(restore(settings, kept, now=NOON))


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file can grow beyond `room` bytes: the same error path as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_that_cannot_be_written_leaves_no_file(settings: Settings, filed: Filed, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    room = 250_000 if settings.database.startswith("sqlite") else 100_000
    with full_disk(room), pytest.raises(Refused, match=r"could not be made: .+\. No file was left|pg_dump failed: "):
        list(backup(settings, folder / "tocsin.tar.gz", now=NOON))
    assert not list(folder.iterdir())

    with pytest.raises(Refused, match=r"The folder .* is not there. Make it first"):
        list(backup(settings, folder / "missing" / "tocsin.tar.gz", now=NOON))
    (folder / "there").touch()
    with pytest.raises(Refused, match=r"exists already. Choose another name"):
        list(backup(settings, folder / "there", now=NOON))
    assert (folder / "there").read_bytes() == b""


def test_a_restore_without_room_changes_nothing(settings: Settings, kept: Path) -> None:
    before = snapshot(settings)

    with full_disk(100_000), pytest.raises(Refused, match=r"Nothing was changed: File too large\."):
        list(restore(settings, kept, now=NOON))

    assert snapshot(settings) == before


def test_nothing_is_backed_up_where_nothing_is(elsewhere: Settings, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to back up"):
        list(backup(elsewhere, tmp_path / "tocsin.tar.gz", now=NOON))

    assert not list(elsewhere.instance.iterdir())


class Cut(BaseException):
    """The process ends here."""


@dataclass
class Scissors:
    """Cuts at the nth renaming of a file or folder."""

    at: int
    seen: int = 0
    renamed = Path.rename

    def rename(self, path: Path, target: Path) -> Path:
        self.seen += 1
        if self.seen == self.at:
            raise Cut
        return Scissors.renamed(path, target)

    def cut(self, settings: Settings, kept: Path) -> bool:
        """Restore; False when it came to its end uncut."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Path, "rename", lambda path, target: self.rename(path, target))
            try:
                list(restore(settings, kept, now=NOON))
            except Cut:
                return True
        return False


def test_a_restore_cut_off_anywhere_is_finished_or_never_began(settings: Settings, kept: Path, filed: Filed) -> None:
    other_keys = settings.instance / "other.json"
    Keyring.open(other_keys)
    stride = 1 if settings.database.startswith("sqlite") else 2  # on PostgreSQL each restore takes a second
    old, at, cut = settings.files / "old", 1 - stride, True
    while cut:
        at += stride
        shutil.copy(other_keys, settings.keyring_file)  # so that the keyring has to move, too
        shutil.rmtree(settings.files)
        settings.files.mkdir()
        old.write_text("old")

        cut = Scissors(at).cut(settings, kept)
        began = database.unfinished(settings) is not None
        list(finish(settings))

        if cut and not began:
            assert old.exists()
            assert settings.keyring_file.read_bytes() == other_keys.read_bytes()
            continue
        aside = max(settings.instance.glob("before-restore-*"), key=lambda path: path.stat().st_ctime)
        assert not old.exists()
        assert (aside / "files" / "old").read_text() == "old"
        assert (aside / "keyring.json").read_bytes() == other_keys.read_bytes()
        assert next(aside.glob("tocsin.sqlite"), None) or next(aside.glob("database.dump"))
        assert not list(settings.instance.glob(".restore-*"))
        assert_whole(settings, filed)
    assert at > 5
