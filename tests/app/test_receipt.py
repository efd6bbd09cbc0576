"""The reporter comes back with the code."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, TestResponse

from app import create_app
from app.installation import Installation
from incidents import thread, triage
from incidents.evidence import Evidence
from incidents.incident import StillHappening
from incidents.law.clock import utcnow
from incidents.report import Report
from incidents.timeline import Entry, Kind, person_as_actor
from tests.makers import Cast


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    app = create_app(installation)
    app.testing = True
    return app.test_client(use_cookies=False)


def filed(client: FlaskClient) -> tuple[str, str]:
    """The code and the key of a fresh report."""
    page = client.post("/", data={"what": "A USB stick is gone", "still_happening": "no"}).text
    return "".join(re.findall(r"<span>(\d{4})</span>", page)), key_in(page)


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def uploaded(client: FlaskClient, key: str, name: str, body: bytes) -> TestResponse:
    """Send a file as a browser would, and close what the test client spooled it to."""
    builder = EnvironBuilder("/receipt/file", method="POST", data={"key": key, "file": (io.BytesIO(body), name)})
    environ = builder.get_environ()
    try:
        return client.open(environ)
    finally:
        environ["wsgi.input"].close()
        builder.close()


@pytest.mark.parametrize("style", ["{0}{1}{2}{3}", "{0} {1} {2} {3}", " {0}-{1}–{2}.{3} "])
def test_the_code_opens_the_report_however_it_was_noted(client: FlaskClient, style: str) -> None:
    code, _ = filed(client)
    typed = style.format(code[:4], code[4:8], code[8:12], code[12:])

    page = client.post("/receipt", data={"code": typed})

    assert page.status_code == 200
    assert "What has happened since" in page.text
    assert code not in page.text.replace(" ", "")


def test_only_a_keyed_digest_of_the_code_is_stored(installation: Installation, client: FlaskClient) -> None:
    code, _ = filed(client)

    with installation.store.reading() as session:
        stored = session.scalars(select(Report.code_digest)).one()

    assert stored not in (code, hashlib.sha256(code.encode()).hexdigest())
    assert stored == installation.keyring.mac("receipt code", code)


def test_a_wrong_code_gets_a_helpful_answer(client: FlaskClient) -> None:
    short = client.post("/receipt", data={"code": "1234"})
    unknown = client.post("/receipt", data={"code": "1234 5678 9012 3456"})

    assert short.status_code == 422
    assert "16 digits in four groups" in short.text
    assert unknown.status_code == 404
    assert "digit by digit" in unknown.text


def test_guessing_is_slowed_but_the_owner_is_let_in_at_once(client: FlaskClient) -> None:
    code, _ = filed(client)
    for guess in range(4):
        client.post("/receipt", data={"code": f"{guess:016d}"})

    started = utcnow()
    answer = client.post("/receipt", data={"code": code})

    assert answer.status_code == 200
    assert utcnow() - started < timedelta(seconds=1)


def test_the_reporter_adds_and_answers_and_sees_it(installation: Installation, client: FlaskClient, cast: Cast) -> None:
    _, key = filed(client)
    with installation.store.writing() as session:
        report = session.scalars(select(Report)).one()
        thread.ask(session, report, "Was it encrypted?", by=person_as_actor(cast.ivo), now=utcnow())

    page = client.post("/receipt/add", data={"key": key, "text": "Yes, <b>it was</b>."}).text

    assert "Was it encrypted?" in page
    assert "Yes, &lt;b&gt;it was&lt;/b&gt;." in page
    assert "Ivo" not in page


def test_still_happening_turned_to_yes_becomes_an_entry_that_pages(
    installation: Installation, client: FlaskClient
) -> None:
    _, key = filed(client)

    client.post("/receipt/add", data={"key": key, "text": "", "still_happening": "yes"})

    with installation.store.reading() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == Kind.STILL_HAPPENING)).one()
        assert (entry.facts["before"], entry.facts["after"]) == ("no", "yes")
        assert session.scalars(select(Report)).one().still_happening is StillHappening.YES


def test_an_empty_addition_is_refused_with_a_sentence(client: FlaskClient) -> None:
    _, key = filed(client)

    answer = client.post("/receipt/add", data={"key": key, "text": "  "})

    assert answer.status_code == 422
    assert "Write what you want to add." in answer.text


def test_a_file_is_on_disk_with_its_digest_and_too_large_ones_are_refused(
    installation: Installation, client: FlaskClient
) -> None:
    _, key = filed(client)
    body = b"MZ" + bytes(range(256)) * 50
    name = "..\\..\\evil\u202egpj.exe"

    good = uploaded(client, key, name, body)
    large = uploaded(client, key, "big.bin", b"x" * 26_000_000)

    assert good.status_code == 200
    assert large.status_code == 422
    assert "larger than 25 MB" in large.text
    with installation.store.reading() as session:
        stored = session.scalars(select(Evidence)).one()
        assert stored.sha256 == hashlib.sha256(body).hexdigest()
        assert (installation.settings.files / stored.token).read_bytes() == body
        assert stored.entry.text("name") == "evilgpj.exe"
    assert [path.name for path in installation.settings.files.iterdir()] == [stored.token]


def test_finish_ends_the_view_and_the_same_form_sent_again_shows_no_code(client: FlaskClient) -> None:
    form = {"what": "Shared phone", "form_token": "one-form"}
    key = key_in(client.post("/", data=form).text)

    finished = client.post("/receipt/finish", data={"key": key})
    looked = client.post("/receipt/look", data={"key": key})
    again = client.post("/", data=form)

    assert finished.headers["Clear-Site-Data"] == '"cache"'
    assert looked.status_code == again.status_code == 410
    assert "Shared phone" not in looked.text + again.text
    assert not re.findall(r"<span>\d{4}</span>", again.text)


def test_a_view_ends_after_fifteen_idle_minutes_but_a_typed_text_is_kept(client: FlaskClient) -> None:
    code, key = filed(client)
    with time_machine.travel(utcnow() + timedelta(minutes=16), tick=False):
        polled = client.post("/receipt/look", data={"key": key}, headers={"X-Fragment": "1"})
        added = client.post("/receipt/add", data={"key": key, "text": "typed slowly"})
        sent = client.post("/receipt", data={"code": code, "text": "typed slowly"})

    assert polled.status_code == 410
    assert added.status_code == 410
    assert "typed slowly" in added.text
    assert "typed slowly" in sent.text
    assert "We have what you added." in sent.text


def test_typing_keeps_the_view_open(client: FlaskClient) -> None:
    _, key = filed(client)
    start = utcnow()
    for minutes in (10, 20, 30):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            headers = {"X-Fragment": "1", "X-Touched": "1"}
            assert client.post("/receipt/look", data={"key": key}, headers=headers).status_code == 200


def test_after_fifteen_minutes_without_a_person_the_number_is_louder(
    installation: Installation, client: FlaskClient, cast: Cast
) -> None:
    code, _ = filed(client)
    later = utcnow() + timedelta(minutes=15, seconds=1)

    with time_machine.travel(later, tick=False):
        unheard = client.post("/receipt", data={"code": code}).text
    with installation.store.writing() as session:
        incident_id = session.scalars(select(Report.incident_id)).one()
        triage.look_at(session, incident_id, by=person_as_actor(cast.dana), now=later)
    with time_machine.travel(later, tick=False):
        heard = client.post("/receipt", data={"code": code}).text

    assert "Nobody has taken it yet. Call now:" in unheard
    assert "Nobody has taken it yet" not in heard


def test_the_code_stays_on_the_page_while_the_reporter_adds(client: FlaskClient) -> None:
    code, key = filed(client)

    added = client.post("/receipt/add", data={"key": key, "code": code, "text": "And a bag"}).text
    forged = client.post("/receipt/add", data={"key": key, "code": "1" * 16, "text": "And a coat"}).text

    groups = [f"<span>{code[start : start + 4]}</span>" for start in range(0, 16, 4)]
    assert all(group in added for group in groups)
    assert "<span>1111</span>" not in forged
