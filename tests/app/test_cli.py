"""The `tocsin` command, as typed: what it prints, how it ends, and what it leaves alone."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool

from app import cli, database
from app.config import Settings
from app.installation import Installation
from app.worker import OneServer
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person
from tests.app.visitor import Visitor
from tests.conftest import NOON
from tests.makers import Cast, make_cast, make_report
from tests.plumbing.smtp import SmtpServer

Typed = Callable[..., tuple[int, str]]
SQLITE_ALONE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""For what is the same on every database."""


@pytest.fixture
def tocsin(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    """Type a command; its exit code, and all that it printed. Settings of the environment are given by name."""
    for name in list(os.environ):
        if name.startswith("TOCSIN_"):
            monkeypatch.delenv(name)

    def typed(*words: str, **environment: str) -> tuple[int, str]:
        given = {"INSTANCE": str(settings.instance), "DATABASE_URL": settings.database_url} | environment
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(f"TOCSIN_{name}", value)
            patched.setattr(sys, "argv", ["tocsin", *words])
            with pytest.raises(SystemExit) as ended:
                cli.run()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(ended.value.code or 0), out + err

    before = os.umask(0o022)
    yield typed
    os.umask(before)


def mail(port: int) -> dict[str, str]:
    """The settings of a mail server on loopback."""
    return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none", "SMTP_SENDER": "t@x.example"}


def test_check_ends_with_nought_only_when_somebody_can_be_paged(
    tocsin: Typed, installation: Installation, cast: Cast, smtp: SmtpServer
) -> None:
    installation.engine().tick(utcnow())

    code, said = tocsin("check", **mail(smtp.port))
    assert (code, "People who have proved that a page reaches them: 3." in said) == (0, True), said

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, said = tocsin("check", **mail(port))
    assert code == 1
    assert "Mail server: " in said

    code, said = tocsin("check")
    assert code == 1
    assert "Dana cannot be reached: no mail server is set up." in said

    with installation.store.writing() as session:
        the_organisation(session).public_address = ""
    code, said = tocsin("check", **mail(smtp.port))
    assert code == 1
    assert "No public address is set" in said


def test_check_names_those_who_have_proved_nothing(tocsin: Typed, installation: Installation, smtp: SmtpServer) -> None:
    make_cast(installation, now=NOON, verified=False)
    installation.engine().tick(utcnow())

    code, said = tocsin("check", **mail(smtp.port))

    assert code == 1
    assert "Dana was never sent a test page. Send one." in said
    assert "People who have proved that a page reaches them: 0." in said


def test_check_and_person_add_never_upgrade_a_database_beside_a_server(tocsin: Typed, settings: Settings) -> None:
    engine = create_engine(settings.database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    engine.dispose()

    for words in (("check",), ("person", "add", "Ann", "ann@x.example", "--role", "dpo")):
        code, said = tocsin(*words)

        assert code == 1
        assert "it has the schema 0000, this program wants" in said
        assert database.revision(settings) == "0000"
    assert {path.suffix for path in settings.instance.iterdir()} <= {".sqlite", ".sqlite-wal", ".sqlite-shm"}


@SQLITE_ALONE
def test_check_makes_nothing(tocsin: Typed, settings: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, said = tocsin("check", INSTANCE=str(empty), DATABASE_URL="")
    assert (code, "There is no database yet. Start Tocsin once" in said) == (1, True)
    assert not list(empty.iterdir())

    code, said = tocsin("check")
    assert code == 1
    assert f"The keyring {settings.keyring_file} is missing" in said
    assert not settings.keyring_file.exists()


def test_a_person_added_comes_in_by_the_printed_link(tocsin: Typed, installation: Installation) -> None:
    code, said = tocsin(
        "person", "add", "Ann Other", "Ann@Northwind.example", "--role", "dpo", "--role", "administrator"
    )

    assert code == 0
    link = re.fullmatch(r"http://127\.0\.0\.1:8000(/invitation/\S+)\n", said)
    assert link, said
    visitor = Visitor(installation).open(link[1])
    visitor.send(password="a long enough pass phrase", again="a long enough pass phrase")
    assert visitor.status == 200
    again = Visitor(installation).sign_in("ann@northwind.example", "a long enough pass phrase")
    assert "Ann Other" in again.page
    with installation.store.reading() as session:
        ann = session.scalars(select(Person)).one()
        assert {role.value for role in ann.roles} == {"dpo", "administrator"}


def test_a_person_who_cannot_be_added_is_refused_in_a_sentence(tocsin: Typed, installation: Installation) -> None:
    assert tocsin("person", "add", "Ann", "ann@x.example", "--role", "dpo")[0] == 0

    for words, code, sentence in (
        (("Bob", "ANN@x.example", "--role", "dpo"), 1, "Somebody with this e-mail address has an account already."),
        (("Bob", "bob at x", "--role", "dpo"), 1, "Write an e-mail address, such as nora@example.com."),
        (("Bob", "bob@x.example", "--role", "king"), 2, "'king' is not one of 'responder', 'dpo'"),
        ((" ", "bob@x.example", "--role", "dpo"), 1, "Write the person's name."),
        (("Bob", "bob@x.example"), 2, "Missing option '--role'"),
    ):
        ended, said = tocsin("person", "add", *words)

        assert (ended, sentence in said) == (code, True), said
    with installation.store.reading() as session:
        assert [person.name for person in session.scalars(select(Person))] == ["Ann"]


@SQLITE_ALONE
def test_check_says_that_a_keyring_is_not_that_of_the_database(tocsin: Typed, settings: Settings) -> None:
    tocsin("tick")
    assert "is not that of this database" not in tocsin("check")[1]

    settings.keyring_file.rename(settings.keyring_file.with_name("old.json"))
    tocsin("tick")
    code, said = tocsin("check")

    assert code == 1
    assert f"The keyring {settings.keyring_file} is not that of this database" in said


def test_a_tick_by_hand_sends_what_is_due(
    tocsin: Typed, settings: Settings, installation: Installation, cast: Cast, smtp: SmtpServer
) -> None:
    make_report(installation, now=utcnow())

    with OneServer(settings.instance):
        code, said = tocsin("tick", **mail(smtp.port))
        assert (code, "Tocsin runs already on this folder." in said) == (1, True)
        assert smtp.mails == []

    code, said = tocsin("tick", **mail(smtp.port))
    assert (code, said) == (0, "")
    assert [mail.recipients for mail in smtp.mails] == [("dana@northwind.example",)]


@SQLITE_ALONE
def test_a_port_in_use_and_a_folder_that_cannot_be_are_sentences(
    tocsin: Typed, installation: Installation, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = tocsin("serve", PORT=port)
    assert code == 1
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use. Set another host or port." in said

    (tmp_path / "file").touch()
    for words in (("serve",), ("check",), ("tick",), ("backup", "x.tar.gz")):
        code, said = tocsin(*words, INSTANCE=str(tmp_path / "file" / "instance"), DATABASE_URL="")
        assert code == 1, words
        assert said.startswith(("tocsin: ", "There is no database yet")), said


@SQLITE_ALONE
def test_a_database_that_does_not_answer_is_a_sentence_without_its_password(tocsin: Typed) -> None:
    url = "postgresql://tocsin:horses@127.0.0.1:1/tocsin"

    for words in (("serve",), ("check",), ("backup", "x.tar.gz")):
        code, said = tocsin(*words, DATABASE_URL=url)

        assert code == 1
        assert "tocsin: The database cannot be used: " in said
        assert "horses" not in said


@SQLITE_ALONE
def test_what_is_made_can_be_read_by_its_owner_only(tocsin: Typed, settings: Settings, tmp_path: Path) -> None:
    new = replace(settings, instance=tmp_path / "new", database_url="")

    assert (
        tocsin("person", "add", "A", "a@x.example", "--role", "dpo", INSTANCE=str(new.instance), DATABASE_URL="")[0]
        == 0
    )
    code, said = tocsin("backup", str(tmp_path / "b.tar.gz"), INSTANCE=str(new.instance), DATABASE_URL="")
    assert code == 0, said
    with OneServer(new.instance):
        code, said = tocsin("restore", str(tmp_path / "b.tar.gz"), INSTANCE=str(new.instance), DATABASE_URL="")
        assert (code, "Tocsin runs already on this folder. Stop it first" in said) == (1, True)
    code, said = tocsin("restore", str(tmp_path / "b.tar.gz"), INSTANCE=str(new.instance), DATABASE_URL="")
    assert code == 0, said
    assert "The way back: stop Tocsin" in said

    open_to_others = [path for path in new.instance.rglob("*") if path.stat().st_mode & 0o077]
    assert not open_to_others
