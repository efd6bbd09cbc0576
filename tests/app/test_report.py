"""The public form: save first, route later."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app import create_app
from app.installation import Installation
from incidents.incident import StillHappening, Urgency
from incidents.intake import by_code
from incidents.law.clock import utcnow
from incidents.report import Report
from tests.makers import Cast


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    app = create_app(installation)
    app.testing = True
    return app.test_client(use_cookies=False)


def code_in(page: str) -> str:
    return "".join(re.findall(r"<span>(\d{4})</span>", page))


def only_report(installation: Installation) -> Report:
    with installation.store.reading() as session:
        report = session.scalars(select(Report)).one()
        _ = report.entry.prose, report.incident
        return report


def test_a_report_is_taken_before_set_up_without_cookie_or_token(
    installation: Installation, client: FlaskClient
) -> None:
    form = client.get("/")
    answer = client.post("/", data={"what": "A folder is missing"})

    assert form.status_code == answer.status_code == 200
    assert "Set-Cookie" not in form.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(code_in(answer.text)) == 16
    assert only_report(installation).entry.text("what") == "A folder is missing"


@pytest.mark.parametrize(
    ("typed", "urgency"),
    [
        ("yes", Urgency.URGENT),
        ("no", Urgency.SOON),
        ("unknown", Urgency.URGENT),
        ("", Urgency.URGENT),
        ("?", Urgency.URGENT),
    ],
)
def test_urgency_comes_from_the_answer_and_unknown_counts_as_urgent(
    installation: Installation, client: FlaskClient, typed: str, urgency: Urgency
) -> None:
    client.post("/", data={"what": "Something", "still_happening": typed})

    assert only_report(installation).incident.urgency is urgency


def test_text_is_kept_byte_for_byte_with_its_edge_blanks(installation: Installation, client: FlaskClient) -> None:
    text = "\r\n  \tLaptop gone – Zug nach Łódź 🚆 \u202eabc\r\n\r\n "

    client.post("/", data={"what": text})

    assert only_report(installation).entry.text("what") == text


def test_a_very_long_text_is_taken(installation: Installation, client: FlaskClient) -> None:
    text = "one line of a long log\n" * 60_000

    answer = client.post("/", data={"what": text})

    assert answer.status_code == 200
    assert only_report(installation).entry.text("what") == text


def test_an_empty_report_is_refused_with_everything_else_still_in_the_form(client: FlaskClient) -> None:
    answer = client.post("/", data={"what": "  ", "still_happening": "no", "where": "Hall <3>", "relation": "staff"})

    assert answer.status_code == 422
    assert "Write what happened. A few words are enough." in answer.text
    assert "Hall &lt;3&gt;" in answer.text
    assert re.search(r'checked[^>]*value="no"|value="no"[^>]*checked', answer.text)


def test_a_time_that_cannot_be_read_never_costs_a_report(installation: Installation, client: FlaskClient) -> None:
    answer = client.post("/", data={"what": "x", "noticed_at": "yesterday-ish", "occurred_at": "2999-01-01T10:00"})

    report = only_report(installation)
    assert answer.status_code == 200
    assert (report.noticed_at, report.occurred_at) == (None, None)
    assert report.entry.text("noticed_typed") == "yesterday-ish"
    assert report.entry.text("occurred_typed") == "2999-01-01T10:00"


def test_sending_the_same_form_twice_stores_one_report_and_shows_the_same_code(
    installation: Installation, client: FlaskClient
) -> None:
    form = {"what": "Sent twice", "form_token": "a-token-of-this-form"}

    first, second = client.post("/", data=form), client.post("/", data=form)

    assert code_in(first.text) == code_in(second.text) != ""
    with installation.store.reading() as session:
        assert session.scalar(select(func.count(Report.id))) == 1


def test_the_receipt_says_whom_to_call_and_names_the_organisation(client: FlaskClient, cast: Cast) -> None:
    form = client.get("/").text
    page = client.post("/", data={"what": "Help", "still_happening": "yes"}).text

    assert "Northwind Looms" in form
    assert "Write in your own language." in form
    assert "tel:+442079460000" in page
    assert "Data protection officer" in page
    assert "Dana" not in page


def test_noticed_in_local_time_moves_the_cautious_clock(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    noticed = (utcnow() - timedelta(hours=5)).replace(second=0, microsecond=0)

    from zoneinfo import ZoneInfo

    local = noticed.astimezone(ZoneInfo("Europe/London"))
    client.post("/", data={"what": "x", "noticed_at": f"{local:%Y-%m-%dT%H:%M}", "relation": "staff"})

    report = only_report(installation)
    assert report.noticed_at == noticed
    assert report.incident.law_due_at == noticed + timedelta(hours=72)
    assert report.still_happening is StillHappening.UNKNOWN


def test_a_reference_that_is_taken_is_not_given_again(
    installation: Installation, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["TCN-AAAA-AA", "TCN-AAAA-AA", "TCN-CCCC-CC"])
    monkeypatch.setattr("incidents.intake.new_reference", lambda: next(drawn))

    codes = [code_in(client.post("/", data={"what": what}).text) for what in ("A letter", "A parcel")]

    with installation.store.reading() as session:
        found = [by_code(session, code, keyring=installation.keyring) for code in codes]
        references = [report.incident.reference for report in found if report is not None]
    assert references == ["TCN-AAAA-AA", "TCN-CCCC-CC"]


def test_a_database_that_is_down_gives_503_with_the_text_kept_and_no_code(
    installation: Installation, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr("app.pages.report.intake.receive", full)

    answer = client.post("/", data={"what": "Typed with care", "still_happening": "yes"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Typed with care" in answer.text
    assert code_in(answer.text) == ""


def test_the_page_allows_no_inline_script_and_no_framing(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
