"""Imports go app → notifications → incidents, and each package keeps to what it may use."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

import pytest

from app.pages import PAGES
from tests.house.source import REVISIONS, ROOT, Source, called, sources, told

OURS = {"incidents": (), "notifications": ("incidents",), "app": ("notifications", "incidents")}
"""Which of our packages each of them may import, besides itself."""

LIBRARIES = {
    "incidents": {"sqlalchemy", "cryptography", "holidays"},
    "notifications": {
        *("sqlalchemy", "jinja2", "itsdangerous", "babel"),
        *("apprise", "requests", "urllib3", "idna", "cryptography", "standardwebhooks", "imap_tools", "phonenumbers"),
        *("holidays", "icalendar"),
    },
}
"""What each may use beyond the standard library; `app` may use everything that is installed."""

NETWORK = {"asyncio", "ftplib", "http", "imaplib", "poplib", "select", "selectors", "smtplib", "socket", "ssl"}
SQL = {"select", "text", "insert", "update", "delete", "exists"}
SQL_ALLOWED = {
    "app.database": "migrates",
    "app.commands": "checks the database itself",
    "app.demo.rows": "writes a hundred thousand rows for the bench, which verbs would take an hour for",
    "app.demo.insert": "the same, for that",
}
"""Who may write SQL nevertheless, and why."""


def imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every module that a source imports, wherever in it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.at(node)}: write the whole name instead of a relative import"
            yield node, node.module or ""
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("package", OURS)
def test_imports_go_one_way(package: str) -> None:
    others = {*OURS, "tests", "tools"} - {package, *OURS[package]}

    wrong = [
        f"{source.at(node)}: {source.name} imports {name}"
        for source in sources(package)
        for node, name in imported(source)
        if name.partition(".")[0] in others
    ]

    advice = "Imports go app → notifications → incidents. Hand in what is needed, or move it to where it belongs:"
    assert not wrong, told(advice, wrong)


@pytest.mark.parametrize("package", LIBRARIES)
def test_domain_and_paging_use_only_the_libraries_of_their_field(package: str) -> None:
    known = sys.stdlib_module_names | LIBRARIES[package] | set(OURS)

    wrong = [
        f"{source.at(node)}: {name}"
        for source in sources(package)
        for node, name in imported(source)
        if name.partition(".")[0] not in known
    ]

    assert not wrong, told(
        f"{package}/ may not use these. Use them in app/, or add the library here with an ADR:", wrong
    )


def test_the_domain_talks_to_no_network() -> None:
    wrong = [
        f"{source.at(node)}: {name}"
        for source in sources("incidents")
        for node, name in imported(source)
        if name.partition(".")[0] in NETWORK or name.startswith("urllib.request")
    ]

    assert not wrong, told("The domain never talks to a network. Do it in notifications/channels/:", wrong)


def test_pages_do_not_import_each_other() -> None:
    wrong = [
        f"{source.at(node)}: {source.name} imports {name}"
        for source in sources("app")
        for node, name in imported(source)
        if name.startswith("app.pages.") and name != "app.pages.blueprints" and source.name != "app.pages"
    ]

    assert not wrong, told(
        "Link to a page with url_for; what two pages share goes into a module beside app/pages/:", wrong
    )


def test_every_page_is_registered_under_its_own_name() -> None:
    written = {path.stem for path in (ROOT / "app" / "pages").glob("*.py")} - {"__init__"}

    wrong = [
        f"{source.at(node)}: {source.name}"
        for source in sources("app/pages")
        for node in source.calls
        if called(node) == "Blueprint" and ast.literal_eval(node.args[0]) != source.name.rpartition(".")[2]
    ]

    assert written == set(PAGES), "app/pages/__init__.py must list every page in PAGES, and no other"
    assert not wrong, told("A blueprint has the name of its module:", wrong)


def test_there_is_no_sql_in_the_web_application() -> None:
    wrong = [
        f"{source.at(node)}: {name}"
        for source in sources("app")
        if source.name not in SQL_ALLOWED
        for node, name in imported(source)
        if name.startswith("sqlalchemy.") and name.rpartition(".")[2] in SQL
    ]

    advice = "No SQL in app/. Write a function that takes a session, in incidents/ or notifications/, and call it:"
    assert not wrong, told(advice, wrong)


def test_old_migrations_never_import_new_code() -> None:
    folder = ROOT / REVISIONS.replace(".", "/") / "versions"

    wrong = [
        f"{path.name}: {line.strip()}"
        for path in sorted(folder.glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("from incidents", "from notifications", "from app", "import incidents", "import app"))
    ]

    assert not wrong, told("A migration is written once and never changes: copy what it needs into it:", wrong)


def test_mocks_stand_only_at_the_edge_of_the_world() -> None:
    edge = "tests.notifications.channels"

    wrong = [
        f"{source.at(node)}: {name}"
        for source in sources("tests")
        if not source.name.startswith(edge)
        for node, name in imported(source)
        if name.startswith("unittest.mock") or name.partition(".")[0] == "mock"
    ]

    advice = "Use the real database, the real templates and a real server on loopback. Only channel edges are mocked:"
    assert not wrong, told(advice, wrong)
