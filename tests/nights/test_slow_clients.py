"""Slow clients and long pages, more of them than there are threads: whoever reports does not notice."""

from __future__ import annotations

import http.client
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, Response
from sqlalchemy import func, select, text

from app import create_app, database, serving
from app.access import public
from app.config import Settings
from app.demo import fill_many
from app.extensions import read_session
from app.installation import Installation
from app.serving import Server
from incidents.law.clock import utcnow
from incidents.report import Report
from tests.app.visitor import BASE, Visitor
from tests.conftest import NOON
from tests.makers import make_cast
from tests.nights.truth import free_port, until

MANY = 12
"""More than the eight threads."""

SLOWLORIS = 150
"""More connections than waitress takes by default."""

FILLED = 400
"""Incidents, for a register of 300 kB."""

LARGE = 20_000_000
"""Bytes, more than waitress lets an answer wait for its reader by default."""

GENEROUS = 10.0
"""Seconds: what a thread that has to wait would exceed, and a busy machine does not."""


@dataclass
class LongPage:
    """Pages for staff: one that reads for as long as we want, and one with a large answer."""

    entered: int = 0
    may_end: threading.Event = field(default_factory=threading.Event)
    written: threading.Event = field(default_factory=threading.Event)

    def add_to(self, app: Flask) -> None:
        @app.get("/long")
        @public
        def long() -> str:
            read_session().execute(text("SELECT count(*) FROM incident"))
            self.entered += 1
            assert self.may_end.wait(60)
            return "at last"

        @app.get("/large")
        @public
        def large() -> Response:
            def rows() -> Iterator[bytes]:
                for _ in range(LARGE // 100_000):
                    yield b"x" * 100_000
                self.written.set()

            return Response(rows())


@dataclass
class House:
    """A served installation."""

    installation: Installation
    port: int
    page: LongPage
    auditor: str
    server: Server
    thread: threading.Thread

    def post(self, what: str) -> float:
        """Report as a browser would; the seconds until the whole receipt was there."""
        begun = time.monotonic()
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        wire.request("POST", "/", urlencode({"what": what}), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = wire.getresponse()
        body = answer.read().decode()
        wire.close()
        assert answer.status == 200
        assert re.search(r"\d{4}\s*(<[^>]*>\s*)*\d{4}", body), "the receipt shows its code"
        return time.monotonic() - begun

    def connect(self, sent: bytes) -> socket.socket:
        """A client that has sent this and takes next to nothing."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def reports(self) -> int:
        with self.installation.store.reading() as session:
            return session.scalar(select(func.count(Report.id))) or 0


@pytest.fixture
def house(tmp_path: Path, migrated_sqlite: Path) -> Iterator[House]:
    settings = Settings(instance=tmp_path, port=free_port(), public_address=BASE)
    (tmp_path / "tocsin.sqlite").write_bytes(migrated_sqlite.read_bytes())
    database.migrate(settings, now=NOON)
    installation = Installation.open(settings)
    cast = make_cast(installation, now=NOON)
    fill_many(installation, FILLED, now=utcnow())
    visitor = Visitor(installation).come_in(installation, cast.aude)
    cookie = visitor.client.get_cookie("tocsin", domain="localhost")
    assert cookie
    app, page = create_app(installation), LongPage()
    page.add_to(app)
    server = Server(app, settings, longest=10_000_000)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield House(installation, settings.port, page, f"tocsin={cookie.value}", server, thread)
    finally:
        page.may_end.set()
        server.end()
        thread.join(30)
        installation.store.dispose()
    assert not thread.is_alive()


def request(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost:8000", *lines, "", ""]).encode()


@contextmanager
def at_work(house: House, clients: list[socket.socket], work: Callable[[socket.socket], object]) -> Iterator[None]:
    """Something that the slow clients go on doing meanwhile."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.05):
            for client in clients:
                work(client)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def begin_download(house: House) -> socket.socket:
    """Ask for the register until it is being made for us, and take the first byte."""
    while True:
        client = house.connect(request("/register.csv", f"Cookie: {house.auditor}"))
        start = client.recv(12)
        if start == b"HTTP/1.1 200":
            return client
        assert start == b"HTTP/1.1 409", start
        client.close()
        time.sleep(0.1)


def rest(client: socket.socket) -> bytes:
    """Read to the end, as fast as it comes."""
    client.settimeout(60)
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


def test_slow_clients_and_long_pages_do_not_slow_down_a_report(house: House) -> None:
    before = [house.post(f"before {number}") for number in range(10)]
    half = urlencode({"what": "sent slowly"}).encode()
    upload = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(half)
    )
    with ExitStack() as stack:
        readers = [stack.enter_context(begin_download(house)) for _ in range(MANY)]
        senders = [stack.enter_context(house.connect(upload + half[:3])) for _ in range(MANY)]
        for _ in range(SLOWLORIS):
            stack.enter_context(house.connect(b"GET / HTTP/1.1\r\nX-Slow: "))
        pages = [stack.enter_context(house.connect(request("/long", "Connection: close"))) for _ in range(MANY)]
        until(lambda: house.page.entered)

        with at_work(house, readers, lambda reader: reader.recv(1)):
            during = [house.post(f"during {number}") for number in range(10)]

        assert max(during) < GENEROUS
        assert house.reports() == 20 + FILLED, "nothing of what was sent half was stored"
        for page in pages:
            page.setblocking(False)
            with pytest.raises(BlockingIOError):
                page.recv(1)
        house.page.may_end.set()
        for page in pages:
            assert rest(page).endswith(b"at last")
        sizes = {len(rest(reader)) // 1000 for reader in readers}
        for sender in senders:
            sender.sendall(half[3:])
        assert all(b"HTTP/1.1 200" in rest(sender) for sender in senders)
    assert min(sizes) > 200, "what the slow readers had not taken is far more than a socket holds"
    assert house.reports() == 20 + FILLED + MANY
    print(f"median of a report: {statistics.median(before):.3f} s before, {statistics.median(during):.3f} s during")


def test_a_large_answer_holds_no_thread_while_its_reader_sleeps(house: House) -> None:
    with house.connect(request("/large", "Connection: close")) as reader:
        assert house.page.written.wait(30)

        assert len(rest(reader)) > LARGE


def test_a_page_that_never_ends_does_not_hold_up_the_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ENDING", 0.5)
    with house.connect(request("/long")) as hanging, house.connect(b"POST / HTTP/1.1\r\nContent-Le"):
        until(lambda: house.page.entered)

        house.server.end()

        until(lambda: not house.thread.is_alive())
        assert hanging.recv(1) == b""
