"""Tocsin as it is installed: real processes that serve, send, end and share one database."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.config import Settings
from app.installation import Installation
from incidents import intake
from incidents.report import Report
from tests.makers import Cast
from tests.nights.truth import answers, free_port, mail, mail_server, post, reporters, tocsin, until

LIMIT = 25.0
"""Seconds: ten for requests, ten for sends, and a busy machine."""


def test_asked_to_end_it_answers_what_is_under_way_and_ends_well(
    settings: Settings, installation: Installation, cast: Cast
) -> None:
    port = free_port()
    with tocsin(settings, "serve", PORT=port) as server:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)

        with (
            socket.create_connection(("127.0.0.1", port)) as slow,
            reporters(port) as codes,
        ):
            slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nwhat=sent+too+slowly")
            until(lambda: len(codes) >= 12, seconds=60)
            asked = time.monotonic()
            server.send_signal(signal.SIGTERM)
            code = server.wait(LIMIT)
            took = time.monotonic() - asked
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

    # So slow a tick that only the word of the other process can have woken the one that sends.
    with (
        mail_server(mails) as smtp_port,
        tocsin(settings, "worker", TICK=3600, **mail(smtp_port)) as worker,
        tocsin(settings, "serve", "--no-worker", PORT=port, **mail(smtp_port)) as pages,
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
