"""Serving: waitress and the worker in one process, ended cleanly by SIGTERM."""

from __future__ import annotations

import logging
import shutil
import signal
from dataclasses import replace
from types import FrameType

import click
from waitress.server import create_server

from app import create_app, database, setup_link
from app.config import Settings
from app.installation import Installation
from app.worker import Worker
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation

log = logging.getLogger(__name__)


def run(installation: Installation, *, worker: bool) -> None:
    """Serve until SIGTERM or SIGINT: requests under way are answered, sends under way are finished."""
    settings = installation.settings
    app = create_app(installation)
    server = create_server(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        ident="Tocsin",
        channel_timeout=120,
        max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
        clear_untrusted_proxy_headers=False,  # ProxyFix decides what is believed
    )
    beside = Worker(installation) if worker else None
    _end_on_signals(server)
    base = f"http://{settings.host}:{settings.port}"
    _say(installation, base)
    if beside is not None:
        beside.start()
    try:
        server.run()
    finally:
        server.close()
        if beside is not None:
            beside.stop()
        installation.store.dispose()


def _end_on_signals(server: object) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        # Waitress leaves its loop on SystemExit and lets its threads finish.
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def _say(installation: Installation, base: str) -> None:
    with installation.store.reading() as session:
        link = setup_link.ensure(installation.settings, the_organisation(session), base)
    click.echo(f"Tocsin is at {base}")
    if link:
        click.echo(f"Set it up here (the link works once, and is kept in instance/setup-link): {link}")


def run_demo(settings: Settings, port: int | None) -> None:
    """A throw-away organisation in `instance/demo`, made anew at each start; nothing leaves the machine."""
    from app.demo import fill

    folder = settings.instance / "demo"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    chosen = port or settings.port
    thrown_away = replace(
        Settings(),
        instance=folder,
        demo=True,
        port=chosen,
        host=settings.host,
        public_address=f"http://{settings.host}:{chosen}",
    )
    now = utcnow()
    database.migrate(thrown_away, now=now)
    installation = Installation.open(thrown_away)
    for line in fill(installation, now=now):
        click.echo(line)
    run(installation, worker=True)
