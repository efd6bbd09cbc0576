"""A Tocsin of the run's own: migrated, set up through the domain's verbs, served in a process of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from subprocess import Popen

from app import database, passwords
from app.config import Settings, load
from app.installation import Installation
from incidents import accounts
from incidents.accounts import Identity
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Role
from incidents.timeline import SYSTEM, person_as_actor
from notifications.channels import ChannelKind
from notifications.contact import add_contact, verify
from tools.bench.processes import HOST, free_port, python, serving

PASSWORD = "eleven swans fly over the mill"  # noqa: S105 - of a database that is thrown away
PEOPLE = {"Dana": Role.DPO, "Tariq": Role.DEPUTY, "Mina": Role.MANAGEMENT}
SETTLE_WITHIN = 60.0


@dataclass(frozen=True)
class Instance:
    """Where it is kept and how it is reached; `mail_port` is that of the mail server it pages through."""

    folder: Path
    port: int
    mail_port: int

    @classmethod
    def make(cls, folder: Path, *, mail_port: int) -> Instance:
        """A new one in a folder, with an organisation and people whom a page reaches."""
        folder.mkdir(parents=True)
        made = cls(folder, free_port(), mail_port)
        database.migrate(made.settings, now=utcnow())
        with made.opened() as house:
            _set_up(house, made.address)
        return made

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as its process reads them."""
        values: dict[str, object] = {
            "instance": self.folder,
            "host": HOST,
            "port": self.port,
            "public_address": self.address,
            "smtp_host": HOST,
            "smtp_port": self.mail_port,
            "smtp_security": "none",
            "smtp_sender": "tocsin@northwind.example",
        }
        return {f"TOCSIN_{name.upper()}": str(value) for name, value in values.items()}

    @property
    def settings(self) -> Settings:
        return load(self.environment)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.folder / "tocsin.sqlite"

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        """The installation in this process, for filling it before it is served."""
        house = Installation.open(self.settings)
        try:
            yield house
        finally:
            house.store.dispose()

    @contextmanager
    def served(self) -> Iterator[Popen[str]]:
        """`tocsin serve` until the block ends."""
        log = self.folder / "serve.log"
        with serving(python("app.cli", "serve"), log, port=self.port, settings=self.environment) as process:
            yield process

    def settle(self) -> None:
        """Wait until paging has looked at every entry, so that its work is not in somebody else's figures."""
        limit = time.monotonic() + SETTLE_WITHIN
        while rows(self.file, "bell") and time.monotonic() < limit:
            time.sleep(0.05)


def rows(file: Path, table: str) -> int:
    """How many rows a table of an SQLite file has."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        return found


def mailbox(name: str) -> str:
    """The address that a person signs in with and is paged at."""
    return f"{name.lower()}@northwind.example"


def _set_up(house: Installation, address: str) -> None:
    now = utcnow() - timedelta(days=30)
    hashed = passwords.hashed(PASSWORD)
    identity = Identity("Northwind Looms", "GB", "Europe/London", "+44 20 7946 0123", address)
    with house.store.writing() as session:
        organisation = the_organisation(session)
        accounts.set_up(session, organisation, identity, now=now)
        for name, role in PEOPLE.items():
            person = accounts.add_person(session, organisation, name=name, email=mailbox(name), roles=[role], now=now)
            contact = add_contact(session, person, ChannelKind.EMAIL, person.email, by=SYSTEM, now=now)
            verify(session, contact, by=person_as_actor(person.id), now=now)
            accounts.accept(session, accounts.invite(session, person, now=now), hashed, now=now)
