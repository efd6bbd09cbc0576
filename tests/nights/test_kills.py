"""Real nights: Tocsin is killed, while a real mail server holds its connection too, and started again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen

from sqlalchemy import func, select

from app.config import Settings
from app.installation import Installation
from incidents import intake
from incidents.report import Report
from incidents.timeline import Bell
from notifications.delivery import Delivery, DeliveryState
from notifications.page import PageEntry
from tests.makers import Cast
from tests.nights.truth import answers, free_port, mail, post, reporters, tocsin, until
from tests.plumbing.smtp import SmtpServer


@contextmanager
def serving(settings: Settings, port: int, smtp: SmtpServer, module: str = "app.cli") -> Iterator[Popen[str]]:
    """Pages and worker in one process, with short leases."""
    waits = {"SMTP_TIMEOUT": 1.5, "WAIT_LEASE": 3, "TICK": 0.2}
    with tocsin(settings, "serve", module=module, PORT=port, **waits, **mail(smtp.port)) as server:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)
        yield server


def kill(server: Popen[str]) -> None:
    server.send_signal(signal.SIGKILL)
    assert server.wait(20) == -signal.SIGKILL


def states(installation: Installation) -> list[DeliveryState]:
    """What became of the deliveries, oldest first."""
    with installation.store.reading() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_killed_between_commit_and_send_it_rings_after_the_restart(
    settings: Settings, installation: Installation, cast: Cast, smtp: SmtpServer
) -> None:
    port = free_port()
    with serving(settings, port, smtp, "tests.nights.server") as doomed:
        assert post(port, "I lost a laptop") is None
        assert doomed.wait(20) == -signal.SIGKILL
    assert (states(installation), smtp.connections) == ([], 0)

    with serving(settings, port, smtp):
        until(lambda: states(installation) == [DeliveryState.ACCEPTED])

    assert [mail.recipients for mail in smtp.mails] == [("dana@northwind.example",)]


def test_killed_between_claim_and_send_it_rings_after_the_restart(
    settings: Settings, installation: Installation, cast: Cast, smtp: SmtpServer
) -> None:
    port = free_port()
    smtp.manners.hang_at = "data"
    with serving(settings, port, smtp) as doomed:
        assert post(port, "I lost it")
        until(lambda: smtp.connections)
        kill(doomed)
    assert (states(installation), smtp.mails) == ([DeliveryState.SENDING], [])

    smtp.manners.hang_at = None
    with serving(settings, port, smtp):
        until(lambda: states(installation) == [DeliveryState.ACCEPTED])

    assert [mail.recipients for mail in smtp.mails] == [("dana@northwind.example",)]


def test_killed_among_many_reports_it_has_all_whose_code_was_read_and_rings_for_each_that_it_has(
    settings: Settings, installation: Installation, cast: Cast, smtp: SmtpServer
) -> None:
    port = free_port()
    with serving(settings, port, smtp) as doomed, reporters(port) as codes:
        until(lambda: sum(code is not None for code in codes) >= 15, seconds=60)
        kill(doomed)
    read = [code for code in codes if code]

    def count(*columns: object) -> list[int | None]:
        with installation.store.reading() as session:
            return [session.scalar(select(func.count(column))) for column in columns]  # type: ignore[arg-type]

    with serving(settings, port, smtp):
        until(lambda: count(Bell.id) == [0])

    with installation.store.reading() as session:
        assert all(intake.by_code(session, code, keyring=installation.keyring) for code in read)
    stored, rung = count(Report.id, PageEntry.id)
    assert stored == rung
    assert len(read) <= (stored or 0) <= len(read) + 4, "at most one for each who was not answered any more"
