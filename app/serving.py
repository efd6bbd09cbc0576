"""Serving: waitress and the worker in one process, ended cleanly by SIGTERM."""

from __future__ import annotations

import gc
import logging
import resource
import shutil
import signal
import time
from dataclasses import replace
from types import FrameType
from typing import Any

import click
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from app import create_app, database, setup_link
from app.config import Settings
from app.installation import Installation
from app.threads import KEPT, Threads
from app.worker import Worker
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.refusals import Refused
from incidents.words import N_

log = logging.getLogger(__name__)


CONNECTIONS = 1000
"""Open at once, at most: slow clients hold one each, so this is how many of them it takes to keep others out."""

BUFFERED = 1 << 30
"""Bytes of one answer that may wait for a slow reader, in a temporary file past the first million. A thread that has
written its answer is free; with less than the largest spreadsheet here, it would wait for the reader."""

ENDING = 10.0
"""Seconds that requests under way get to be answered once the end was asked for."""


class Server:
    """Waitress with threads kept for reporters, ended by a signal after it has answered what it has begun."""

    def __init__(self, app: Any, settings: Settings, *, longest: int) -> None:
        self._map: dict[int, Any] = {}
        self._threads = Threads()
        try:
            create_server(
                app,
                map=self._map,
                _dispatcher=self._threads,
                host=settings.host,
                port=settings.port,
                ident="Tocsin",
                asyncore_use_poll=True,  # select() ends at descriptor 1023
                connection_limit=_connections(),
                channel_timeout=120,
                outbuf_high_watermark=BUFFERED,
                max_request_body_size=longest,
                clear_untrusted_proxy_headers=False,  # ProxyFix decides what is believed
            )
        except (OSError, ValueError) as error:
            self._close()
            raise Refused(
                N_("Tocsin cannot listen on %(host)s, port %(port)s: %(cause)s. Set another host or port."),
                host=settings.host,
                port=settings.port,
                cause=database.cause(error),
            ) from error
        self._threads.set_thread_count(max(settings.threads, KEPT + 1))
        self._over = False

    def end(self) -> None:
        """Stop after what is under way; safe in a signal handler."""
        self._over = True
        for one in self._listeners():
            one.pull_trigger()

    def run(self) -> None:
        """Serve until `end`."""
        while not self._over:
            wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)
        for one in self._listeners():
            one.accepting = False
        ends = time.monotonic() + ENDING
        while time.monotonic() < ends and self._unanswered():
            wasyncore.loop(timeout=0.1, use_poll=True, map=self._map, count=1)
        self._threads.shutdown(timeout=0.5)
        self._close()

    def _listeners(self) -> list[BaseWSGIServer]:
        return [one for one in list(self._map.values()) if isinstance(one, BaseWSGIServer)]

    def _unanswered(self) -> bool:
        """Whether a complete request waits for its answer, or an answer for its reader."""
        channels = [one for one in list(self._map.values()) if isinstance(one, HTTPChannel)]
        return any(one.connected and (one.requests or one.total_outbufs_len) for one in channels)

    def _close(self) -> None:
        wasyncore.close_all(self._map, ignore_all=True)


def run(installation: Installation, *, worker: bool) -> None:
    """Serve until SIGTERM or SIGINT: requests under way are answered, sends under way are finished."""
    settings = installation.settings
    app = create_app(installation)
    server = Server(app, settings, longest=app.config["MAX_CONTENT_LENGTH"])
    beside = Worker(installation) if worker else None
    _end_on_signals(server)
    announce(installation, f"http://{settings.host}:{settings.port}")
    if beside is not None:
        beside.start()
    # What is loaded by now stays: a tenth of each request's time went into collections that found it still in use.
    gc.collect()
    gc.freeze()
    try:
        server.run()
    finally:
        if beside is not None:
            beside.stop()


def _connections() -> int:
    """CONNECTIONS, or as many as the operating system lets this process have files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS  # a connection may hold its body and its answer in files, too
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, max(50, soft // 4))


def _end_on_signals(server: Server) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        server.end()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def announce(installation: Installation, base: str) -> None:
    """Where it is, and the set-up link: at the public address, and on this machine where that is another."""
    settings = installation.settings
    public = settings.public_address.rstrip("/") or base
    with installation.store.reading() as session:
        link = setup_link.ensure(settings, the_organisation(session), public)
    click.echo(f"Tocsin is at {base}")
    if link:
        kept = settings.instance / setup_link.NAME
        click.echo(f"Set it up here (the link works once, and is kept in {kept}): {link}")
        if public != base:
            click.echo(f"Or, on this machine itself: {base}{link.removeprefix(public)}")


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
    try:
        run(installation, worker=True)
    finally:
        installation.store.dispose()
