"""Tocsin as it is installed: real processes that serve, send, end and share one database."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from app.config import Settings
from app.installation import Installation
from incidents import intake
from incidents.report import Report
from tests.makers import Cast
from tests.nights.test_real_input import answers, free_port
from tests.nights.truth import ROOT, mail_server, until

CODE = re.compile(r"\b\d{4}(?: \d{4}){3}\b")
LIMIT = 25.0
"""Seconds: ten for requests, ten for sends, and a busy machine."""


@contextmanager
def tocsin(settings: Settings, *words: str, **environment: object) -> Iterator[subprocess.Popen[str]]:
    """A command of Tocsin in a process of its own."""
    given = {"INSTANCE": settings.instance, "DATABASE_URL": settings.database, **environment}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "app.cli", *words]
    clean |= {f"TOCSIN_{name}": str(value) for name, value in given.items()}
    with subprocess.Popen(command, cwd=ROOT, env=clean, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def post(port: int, what: str) -> str | None:
    """The code that a report was answered with; None when it was not answered."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        wire.request("POST", "/", urlencode({"what": what}), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = wire.getresponse()
        said = re.sub(r"<[^>]+>", " ", answer.read().decode())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        wire.close()
    code = CODE.search(" ".join(said.split()))
    return code[0] if answer.status == 200 and code else None


def test_asked_to_end_it_answers_what_is_under_way_and_ends_well(
    settings: Settings, installation: Installation, cast: Cast
) -> None:
    port, codes, over = free_port(), [], threading.Event()
    with tocsin(settings, "serve", PORT=port) as server:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)

        def go_on_reporting(who: int) -> None:
            number = 0
            while not over.is_set():
                number += 1
                codes.append(post(port, f"{who} {number}"))

        people = [threading.Thread(target=go_on_reporting, args=(who,)) for who in range(4)]
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nwhat=sent+too+slowly")
            for person in people:
                person.start()
            until(lambda: len(codes) >= 12, seconds=60)
            asked = time.monotonic()
            server.send_signal(signal.SIGTERM)
            code = server.wait(LIMIT)
            took = time.monotonic() - asked
            over.set()
            for person in people:
                person.join(30)
        errors = server.stderr.read() if server.stderr else ""

    assert code == 0
    assert "Traceback" not in errors
    receipts = [code for code in codes if code]
    assert len(receipts) >= 10
    with installation.store.reading() as session:
        found = [intake.by_code(session, code, keyring=installation.keyring) for code in receipts]
        stored = session.scalar(select(func.count(Report.id)))
    assert all(found), "a receipt is never shown for what was not stored"
    assert stored == len(receipts), "and whatever was stored got its receipt"
    print(f"{len(receipts)} receipts; it ended {took:.2f} s after SIGTERM")


def test_a_report_at_one_process_is_mailed_by_another_at_once(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path
) -> None:
    if installation.store.sqlite:
        pytest.skip("on SQLite pages and worker are one process")
    port, mails = free_port(), tmp_path / "mails"

    def arrived() -> int:
        return len(mails.read_text().splitlines()) if mails.exists() else 0

    with mail_server(mails) as smtp_port:
        # So slow a tick that only the word of the other process can have woken this one.
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": smtp_port, "SMTP_SECURITY": "none", "SMTP_SENDER": "t@x.example"}
        with (
            tocsin(settings, "worker", TICK=3600, **mail) as worker,
            tocsin(settings, "serve", "--no-worker", PORT=port, **mail) as pages,
        ):
            until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), seconds=60)

            begun = time.monotonic()
            assert post(port, "I lost a laptop")
            until(lambda: arrived() == 1)
            took = time.monotonic() - begun

            for process in (worker, pages):
                process.send_signal(signal.SIGTERM)
                assert process.wait(LIMIT) == 0
    print(f"{took * 1000:.0f} ms from the form to the mail server of another process")
