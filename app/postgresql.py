"""PostgreSQL's own programs: a copy of the database into a file, and the file back into the database.

The password goes to them in their environment, never in the list of processes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from incidents.refusals import Refused
from incidents.words import N_

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/*postgresql*/bin",
    "/opt/homebrew/opt/libpq/bin",
)
"""Where systems keep them beside PATH; several versions may stand there."""

PLAIN = ("--no-owner", "--no-privileges")
"""A copy may be put back by another database user, on another machine."""

CLEAR = """
SET lock_timeout = '30s';
DO $$
DECLARE
  one record;
  place oid := (SELECT oid FROM pg_namespace WHERE nspname = current_schema());
BEGIN
  FOR one IN SELECT oid::regclass AS name, relkind FROM pg_class AS thing WHERE relnamespace = place
    AND relkind IN ('r', 'p', 'v', 'm')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = thing.oid AND deptype = 'e')
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', CASE one.relkind WHEN 'v' THEN 'VIEW'
      WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, one.name);
  END LOOP;
  FOR one IN SELECT oid::regprocedure AS name FROM pg_proc AS thing WHERE pronamespace = place
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = thing.oid AND deptype = 'e')
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
  END LOOP;
END $$;
"""
"""Everything of ours goes, also what a later version made: pg_restore --clean would leave that standing."""

_UNKNOWN_BEFORE_17 = "SET transaction_timeout = "


def dump(url: str, target: Path) -> None:
    """Copy the database of `url` into `target`, consistent while others write. Refuses with the plain cause."""
    schema, version = _server(url)
    _run("pg_dump", "--format=custom", *PLAIN, f'--schema="{schema}"', f"--file={target}", url=url, oldest=version)


def put_back(url: str, source: Path) -> None:
    """Replace what is in the database by a dump, in one transaction: all of it, or nothing is changed."""
    schema, version = _server(url)
    clear, script = source.with_suffix(".clear.sql"), source.with_suffix(".sql")
    clear.write_text(CLEAR)
    try:
        _run("pg_restore", *PLAIN, f"--schema={schema}", f"--file={script}", str(source))
        _forget_new_settings(script, version)
        steps = (f"--file={clear}", f"--file={script}")
        _run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", *steps, url=url)
    finally:
        clear.unlink(missing_ok=True)
        script.unlink(missing_ok=True)


def check_dump(source: Path) -> None:
    """Refuse a dump that the programs here cannot read, before anything is changed."""
    _run("pg_restore", "--list", str(source))
    _program("psql", 0)


def others(url: str) -> int:
    """How many other connections this database user has open on the database: servers, workers, consoles."""
    return int(
        _asked(
            url,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )[0]
    )


def way_back(url: str, copy: Path) -> str:
    """The command that puts a dump into an empty database; a sentence's part, in plain shell."""
    schema = _server(url)[0]
    return f"pg_restore {' '.join(PLAIN)} --schema={schema} --dbname=EMPTY_DATABASE {copy}"


def _server(url: str) -> tuple[str, int]:
    """The schema that our tables are in, and the server's major version."""
    schema, version = _asked(url, "SELECT current_schema(), current_setting('server_version_num')::int / 10000")
    return str(schema), int(version)


def _asked(url: str, query: str) -> Any:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql(query).one()
    finally:
        engine.dispose()


def _run(tool: str, *arguments: str, url: str | None = None, oldest: int = 0) -> None:
    """Run a program, on the database of `url` if one is given. Refuses with what it said."""
    environment = {**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "15"}
    target: tuple[str, ...] = ()
    if url is not None:
        address, password = _address(url)
        target = ("--no-password", f"--dbname={address}")
        if password:
            environment["PGPASSWORD"] = password
    command = [_program(tool, oldest), *target, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)  # noqa: S603
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        cause = " ".join(said)[-400:] or f"it ended with {done.returncode}"
        raise Refused(N_("%(tool)s failed: %(cause)s"), tool=tool, cause=cause)


def _address(url: str) -> tuple[str, str | None]:
    """What libpq understands, and the password apart from it."""
    from psycopg.conninfo import make_conninfo

    parsed = make_url(url)
    _none, named = parsed.get_dialect()().create_connect_args(parsed)
    named.pop("context", None)
    password = named.pop("password", None)
    return make_conninfo("", **named), password


def _program(tool: str, oldest: int) -> str:
    """The first on PATH or where systems keep them that is new enough for the server; `oldest` 0 takes any."""
    found = list(dict.fromkeys(_candidates(tool)))
    if not found:
        raise Refused(
            N_("%(tool)s was not found. Install PostgreSQL's client programs (Debian: postgresql-client)."), tool=tool
        )
    versions = [(_version(program), program) for program in found]
    for version, program in versions:
        if version >= oldest:
            return program
    raise Refused(
        N_(
            "%(tool)s here is version %(here)s, the database server is %(server)s. "
            "Install the client programs of version %(server)s or newer (Debian: postgresql-client-%(server)s)."
        ),
        tool=tool,
        here=max(versions)[0],
        server=oldest,
    )


def _candidates(tool: str) -> Iterator[str]:
    on_path = shutil.which(tool)
    if on_path:
        yield on_path
    for pattern in FOLDERS:
        folders = sorted(Path("/").glob(pattern.lstrip("/")), key=lambda folder: _numbers(str(folder)), reverse=True)
        yield from (str(folder / tool) for folder in folders if os.access(folder / tool, os.X_OK))


def _version(program: str) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return (_numbers(said) or [0])[0]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _forget_new_settings(script: Path, server: int) -> None:
    """Take out the one line of a newer pg_restore that an older server would stumble over."""
    if server >= 17:
        return
    draft = script.with_suffix(".old")
    with script.open("rb") as lines, draft.open("wb") as kept:
        for number, line in enumerate(lines):
            # Only the head of the script: what follows may be data.
            if number > 40 or not line.startswith(_UNKNOWN_BEFORE_17.encode()):
                kept.write(line)
    draft.replace(script)
