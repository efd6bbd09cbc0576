"""The test plumbing itself: a server that lies would make every other test lie."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from tests.plumbing import browser, postgres
from tests.plumbing.smtp import HOST, Manners, SmtpServer

ROOT = Path(__file__).parent.parent.parent
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'"
UNLABELLED = "<html lang='en'><title>Report</title><main><h1>Report</h1><input></main></html>"

needs_postgres = pytest.mark.skipif(bool(postgres.missing()), reason=postgres.missing() or "")
needs_browser = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "")


def mail(to: str = "dana@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@example.org", to, "Příliš žluťoučký"
    message.set_content("A breach was reported.")
    return message


def send(server: SmtpServer, message: EmailMessage | None = None, timeout: float = 5) -> None:
    with smtplib.SMTP(HOST, server.port, local_hostname="localhost", timeout=timeout) as client:
        client.send_message(message or mail())


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def test_the_mail_server_keeps_what_it_accepts(server: SmtpServer) -> None:
    send(server)

    (kept,) = server.wait_for(1)
    assert (kept.sender, kept.recipients) == ("tocsin@example.org", ("dana@example.org",))
    assert kept.subject == "Příliš žluťoučký"
    assert kept.text == "A breach was reported.\n"


def test_the_mail_server_refuses_a_recipient_with_the_code_it_was_given(server: SmtpServer) -> None:
    server.manners.refusals["ivo@example.org"] = "550 5.1.1 No such person"

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server, mail(to="ivo@example.org"))

    assert refused.value.recipients["ivo@example.org"] == (550, b"5.1.1 No such person")
    assert server.mails == []


@pytest.mark.parametrize("moment", ["connect", "rcpt", "data"])
def test_the_mail_server_hangs_when_told_and_recovers(server: SmtpServer, moment: str) -> None:
    server.manners.hang_at = moment  # type: ignore[assignment]

    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(server, timeout=0.2)

    server.manners.hang_at = None
    send(server)
    assert len(server.wait_for(1)) == 1
    assert server.connections == 2


@pytest.mark.parametrize("moment", ["connect", "rcpt", "data"])
def test_the_mail_server_drops_the_line_when_told(server: SmtpServer, moment: str) -> None:
    server.manners.drop_at = moment  # type: ignore[assignment]

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(server)

    assert server.mails == []


def test_the_mail_server_comes_back_on_the_same_port(server: SmtpServer) -> None:
    port = server.port
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        send(server)

    server.start()
    send(server)
    assert server.port == port
    assert len(server.wait_for(1)) == 1


def test_the_mail_server_takes_nothing_without_its_login() -> None:
    with SmtpServer(manners=Manners(login=("tocsin", "secret"))) as server:
        with pytest.raises(smtplib.SMTPResponseException, match="530"):
            send(server)
        with smtplib.SMTP(HOST, server.port, local_hostname="localhost", timeout=5) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("tocsin", "wrong")
            client.login("tocsin", "secret")
            client.send_message(mail())

        assert [kept.login for kept in server.wait_for(1)] == ["tocsin"]


def test_the_mail_server_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    outfile = tmp_path / "mails.jsonl"
    command = [sys.executable, "-m", "tests.plumbing.smtp", "0", str(outfile)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline().rpartition(":")[2])

        with smtplib.SMTP(HOST, port, local_hostname="localhost", timeout=5) as client:
            client.send_message(mail())
        process.terminate()

    assert process.returncode == 0
    (line,) = outfile.read_text().splitlines()
    assert json.loads(line)["to"] == ["dana@example.org"]


@needs_postgres
def test_each_fresh_database_is_a_copy_of_what_was_prepared_once() -> None:
    built = []

    def build(url: str) -> None:
        built.append(url)
        with connect(url) as connection:
            connection.execute("CREATE TABLE bell (id int)")

    with postgres.running() as cluster:
        name = f"prepared_{os.getpid()}"
        for _ in range(2):
            with cluster.database(cluster.prepared(name, build)) as url, connect(url) as connection:
                connection.execute("INSERT INTO bell VALUES (1)")
                assert connection.execute("SELECT count(*) FROM bell").fetchone() == (1,)

    assert len(built) == 1


@needs_postgres
def test_the_database_server_goes_when_its_last_user_is_killed() -> None:
    run = f"killed{os.getpid()}"
    code = (
        "import time; from tests.plumbing import postgres\n"
        f"with postgres.running({run!r}) as cluster: print(cluster.home, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout
        home = Path(user.stdout.readline().strip())
        server = int((home / "data" / "postmaster.pid").read_text().splitlines()[0])
        user.send_signal(signal.SIGKILL)

    wait_until_gone(home)
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


@needs_browser
@pytest.mark.browser
def test_axe_names_a_field_without_a_label_under_a_strict_policy(page: Page) -> None:
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=UNLABELLED, content_type="text/html", headers={"Content-Security-Policy": STRICT}
        ),
    )
    page.goto("http://tocsin.test/")

    violations = browser.axe(page)

    assert [violation.rule for violation in violations] == ["label"]
    assert "input" in str(violations[0])


@pytest.mark.parametrize("manifest", ["app/static/vendor/manifest.toml", "tests/data/axe/manifest.toml"])
def test_every_vendored_file_is_the_one_in_its_manifest(manifest: str) -> None:
    folder = (ROOT / manifest).parent
    assets = tomllib.loads((ROOT / manifest).read_text())["asset"]

    for asset in assets:
        digest = hashlib.sha256((folder / asset["file"]).read_bytes()).hexdigest()
        assert digest == asset["sha256"], f"{asset['file']} was changed: take it from its origin again"
        assert (folder / asset["licence_file"]).read_text().strip()
    listed = {asset[key] for asset in assets for key in ("file", "licence_file")}
    assert {path.name for path in folder.iterdir()} == {"manifest.toml", *listed}


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def wait_until_gone(home: Path) -> None:
    give_up_at = time.monotonic() + 20
    while home.exists() and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert not home.exists()
