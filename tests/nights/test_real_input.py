"""A real server, and real texts sent to it through the public form."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.installation import Installation
from incidents import intake
from incidents.incident import Incident
from incidents.report import Report
from tests.makers import Cast
from tests.nights.truth import answers, free_port, mail, mail_server, tocsin, until
from tools import send_reports

TEXTS = [" a blank at each end ", "two\r\nlines", "emoji 📱 and مرحبا", "<b>markup</b> & more", "the same", "the same"]


@pytest.mark.slow
def test_texts_sent_through_the_form_are_stored_byte_for_byte_and_ring_once(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, mails, codes, source = free_port(), tmp_path / "mails", tmp_path / "codes", tmp_path / "texts.jsonl"
    source.write_text("".join(f"{json.dumps(text)}\n" for text in TEXTS), encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    with mail_server(mails) as smtp, tocsin(settings, "serve", PORT=port, PUBLIC_ADDRESS=url, **mail(smtp)) as server:
        try:
            until(lambda: answers(url), seconds=60)
            assert send_reports.main([str(source), url, "--codes", str(codes)]) == 0
            until(lambda: mails.exists() and mails.read_text().count("\n") >= 1)
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0

    assert "receipts   6, different codes: 6" in capsys.readouterr().out
    with installation.store.reading() as session:
        for code, text in zip(codes.read_text().splitlines(), TEXTS, strict=True):
            report = intake.by_code(session, code, keyring=installation.keyring)
            assert report is not None
            assert report.entry.text("what") == text
        for report in session.scalars(select(Report)):
            assert session.get_one(Incident, report.incident_id).law_due_at == report.received_at + timedelta(hours=72)
    assert mails.read_text().count("\n") == 1


def test_a_code_is_found_in_a_receipt_and_nowhere_else() -> None:
    page = "<p>Call +44 20 7946 0000 now</p><code>1234 <span>5678</span>&nbsp;9012\n3456</code>"

    assert send_reports.code_in(page) == "1234 5678 9012 3456"
    assert send_reports.code_in("<p>12345678901234567</p>") is None


def test_it_sends_to_this_machine_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert send_reports.main(["no-such-file", "http://breach.example.org"]) == 2
    assert "only http(s) to this machine" in capsys.readouterr().err
