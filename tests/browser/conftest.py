"""A served Tocsin for a real Chromium: the demo organisation, and one that is not set up yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from waitress.server import create_server

from app import create_app, database, demo, setup_link
from app.config import Settings
from app.installation import Installation
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation

SIZES = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}


@dataclass(frozen=True)
class Served:
    """A running Tocsin: its address, and its installation to look behind the pages."""

    address: str
    installation: Installation
    set_up_link: str | None = None


@contextmanager
def serving(folder: Path, *, filled: bool) -> Iterator[Served]:
    """Serve an installation on a free port of this machine."""
    settings = Settings(instance=folder, demo=True, public_address="http://127.0.0.1:1")
    database.migrate(settings, now=utcnow())
    installation = Installation.open(settings)
    if filled:
        demo.fill(installation, now=utcnow())
    app = create_app(installation)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    address = f"http://127.0.0.1:{server.effective_port}"
    link = None
    if not filled:
        with installation.store.reading() as session:
            link = setup_link.ensure(settings, the_organisation(session), address)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Served(address, installation, link)
    server.close()
    thread.join(5)
    installation.store.dispose()


@pytest.fixture(scope="session")
def looms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo organisation with its incidents."""
    with serving(tmp_path_factory.mktemp("looms"), filled=True) as served:
        yield served


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """An installation before its set-up."""
    with serving(tmp_path, filled=False) as served:
        yield served


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens a page of a given size and colour scheme; fails the test on a console error or a policy violation."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(size: str = "phone", scheme: str = "light", *, script: bool = True) -> Page:
        context = browser.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
