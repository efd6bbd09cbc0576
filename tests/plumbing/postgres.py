"""A private PostgreSQL for one test run, shared by its workers and gone when the last of them is.

Every worker holds a shared lock on one file. A keeper, in a session of its own, waits for that lock alone:
it gets it when all workers have ended, however they ended, then stops the server and removes every trace.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tools import postgres

USER = "tocsin"
STARTING_TAKES = 60.0  # seconds, at most, on a busy machine
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}


def missing() -> str | None:
    """Why tests on PostgreSQL cannot run here, or None."""
    reason = os.environ.get("POSTGRES_MISSING")
    if reason or postgres.installed():
        return reason
    return "no PostgreSQL was found; ./run test says how to get one"


@dataclass(frozen=True)
class Cluster:
    """A running server, reached through the socket in its `home`."""

    home: Path

    def url(self, database: str) -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.home / 'socket'}"

    def fresh_database(self, template: str = "template0") -> str:
        """Make a new database, empty or a copy of `template`; its address."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._create(name, template)
        return self.url(name)

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """A new database for one test, dropped afterwards with every connection to it."""
        url = self.fresh_database(template)
        try:
            yield url
        finally:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Remove a database and cut off whoever uses it."""
        name = url.rpartition("?")[0].rpartition("/")[2]
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def prepared(self, name: str, build: Callable[[str], object]) -> str:
        """Make the template `name` with `build(url)` once for all workers; its name.

        `build` must leave no connection open, or the template cannot be copied.
        """
        done = self.home / f"{name}.prepared"
        with _locked(self.home / "templates.lock"):
            if not done.exists():
                self._administer(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
                self._create(name, "template0")
                build(self.url(name))
                done.touch()
        return name

    def _create(self, name: str, template: str) -> None:
        # Copying files is ten times as fast here as the default, which writes the copy to the log.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _administer(self, statement: sql.Composed) -> None:
        address = {"host": str(self.home / "socket"), "user": USER, "dbname": "postgres"}
        with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute(statement)


@contextlib.contextmanager
def running(run: str | None = None) -> Iterator[Cluster]:
    """Share the server of this test run, and start it if nobody has; `run` names the run."""
    home = _home(run or os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"pid{os.getpid()}")
    with _at_the_door(home):
        presence = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(presence, fcntl.LOCK_SH)
        try:
            if not (home / "ready").exists():
                _start_keeper(home)
        except BaseException:
            os.close(presence)
            raise
    try:
        yield Cluster(home)
    finally:
        os.close(presence)


def _home(run: str) -> Path:
    # Not $TMPDIR: a socket's path may be 103 bytes long at most, and the server's user must get in.
    return Path("/tmp") / f"tocsin-pg-{os.getuid()}-{run[:32]}"


@contextlib.contextmanager
def _at_the_door(home: Path) -> Iterator[None]:
    """Enter the home alone; makes it, also when a keeper removed it while we waited."""
    while True:
        home.mkdir(exist_ok=True)
        try:
            home.chmod(0o755)  # whatever the umask: the server's user must get in
            door = os.open(home / "door.lock", os.O_RDWR | os.O_CREAT)
        except FileNotFoundError:
            continue
        fcntl.flock(door, fcntl.LOCK_EX)
        if _is_still(home / "door.lock", door):
            break
        os.close(door)
    try:
        yield
    finally:
        os.close(door)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _start_keeper(home: Path) -> None:
    programs = postgres.installed()
    if programs is None:
        raise RuntimeError(missing())
    command = [sys.executable, "-m", "tests.plumbing.postgres", str(home), str(programs)]
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"PostgreSQL did not start: {done.stderr}")


def keep(home: Path, programs: Path) -> None:
    """Split off the keeper; return when the server answers, exit with the reason if it does not."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as line:
            word = line.read()
        if word != "ready":
            sys.exit(word or "the keeper died")
        return
    os.close(reading)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    _watch(home, programs, writing)
    os._exit(0)


def _watch(home: Path, programs: Path, writing: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server: subprocess.Popen[bytes] | None = None
    try:
        _initialise(home, programs)
        server = _start(home, programs)
        (home / "ready").touch()
        os.write(writing, b"ready")
        os.close(writing)
        _wait_until_deserted(home)
    except Exception as error:
        with contextlib.suppress(OSError):
            os.write(writing, f"{error}\n{_end_of_log(home)}".encode())
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _initialise(home: Path, programs: Path) -> None:
    owner = _server_user()
    for name in ("data", "socket"):
        (home / name).mkdir(mode=0o700)
        if owner:
            os.chown(home / name, owner.pw_uid, owner.pw_gid)
    options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-locale", "--no-sync"]
    command: list[str | Path] = [programs / "initdb", *options, "--pgdata", home / "data"]
    with (home / "log").open("ab") as log:
        subprocess.run(command, stdout=log, stderr=log, check=True, **_as_server_user(home))


def _start(home: Path, programs: Path) -> subprocess.Popen[bytes]:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command: list[str | Path] = [programs / "postgres", "-D", home / "data", "-k", home / "socket", *settings]
    with (home / "log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, **_as_server_user(home))
    status = home / "data" / "postmaster.pid"
    give_up_at = time.monotonic() + STARTING_TAKES
    while server.poll() is None and time.monotonic() < give_up_at:
        # The eighth line of this file is the server's own word on how far it is.
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return server
        time.sleep(0.01)
    server.kill()
    server.wait()
    raise RuntimeError("the server ended or took too long")


def _wait_until_deserted(home: Path) -> None:
    users = os.open(home / "users.lock", os.O_RDWR)
    door = os.open(home / "door.lock", os.O_RDWR)
    while True:
        fcntl.flock(users, fcntl.LOCK_EX)
        try:
            # Kept until the process ends: whoever waits at this door finds the home gone and makes a new one.
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(0.05)
        else:
            return


def _end_of_log(home: Path) -> str:
    log = home / "log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else ""


def _server_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else who is already on the machine."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _as_server_user(home: Path) -> dict[str, Any]:
    owner = _server_user()
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    return {"cwd": home, "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **user}


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
