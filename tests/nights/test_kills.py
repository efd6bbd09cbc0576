"""Real nights: a process is killed while a real mail server holds its connection, and started again."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from sqlalchemy import select

from app.config import Settings
from app.installation import Installation
from notifications.delivery import Delivery, DeliveryState
from tests.makers import Cast
from tests.nights.truth import mail_server, server, until


def arrived(mails: Path) -> list[str]:
    """To whom mail was accepted."""
    lines = mails.read_text().splitlines() if mails.exists() else []
    return [json.loads(line)["to"][0] for line in lines]


def state(installation: Installation) -> DeliveryState | None:
    """What became of the first delivery."""
    with installation.store.reading() as session:
        return session.scalars(select(Delivery.state).order_by(Delivery.id)).first()


def test_killed_between_commit_and_send_it_rings_after_the_restart(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path
) -> None:
    mails = tmp_path / "mails"
    with mail_server(mails) as port:
        with server(settings, port, "--report", "I lost a laptop", "--die-at-commit") as doomed:
            assert doomed.wait(20) == -signal.SIGKILL
        assert arrived(mails) == []

        with server(settings, port):
            until(lambda: state(installation) is DeliveryState.ACCEPTED)

    assert arrived(mails) == ["dana@northwind.example"]


def test_killed_between_claim_and_send_it_rings_after_the_restart(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path
) -> None:
    mails = tmp_path / "mails"
    with mail_server(mails, "--hang-at", "data") as port, server(settings, port, "--report", "I lost it") as doomed:
        until(lambda: state(installation) is DeliveryState.SENDING)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(20)
    assert arrived(mails) == []

    with mail_server(mails) as port, server(settings, port):
        until(lambda: state(installation) is DeliveryState.ACCEPTED)

    assert arrived(mails) == ["dana@northwind.example"]
