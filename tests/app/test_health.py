"""What a watcher of the server reads."""

from __future__ import annotations

from datetime import timedelta

from app.installation import Installation
from incidents.law.clock import utcnow
from notifications.engine import Heartbeat
from tests.app.visitor import Visitor
from tests.makers import Cast


def beat(installation: Installation, ago: timedelta) -> None:
    at = utcnow() - ago
    with installation.store.writing() as session:
        session.add(Heartbeat(worker="w1", started_at=at, beat_at=at))


def test_it_is_ready_when_the_database_takes_writes_and_a_worker_ticks(installation: Installation) -> None:
    beat(installation, timedelta(seconds=5))

    visitor = Visitor(installation).open("/readyz")

    assert (visitor.status, visitor.page) == (200, "database writable\nengine ticking\n")


def test_it_is_not_ready_without_a_worker_but_the_process_answers(installation: Installation) -> None:
    visitor = Visitor(installation)

    assert visitor.open("/readyz").status == 503
    assert "engine never" in visitor.page
    beat(installation, timedelta(minutes=5))
    assert "engine stale" in visitor.open("/readyz").page
    assert visitor.open("/healthz").status == 200


def test_it_tells_no_name_to_anybody(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation)

    assert "Northwind" not in visitor.open("/readyz").page + visitor.open("/healthz").page
    assert "Set-Cookie" not in visitor.response.headers
