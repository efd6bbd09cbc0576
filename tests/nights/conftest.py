"""A night on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.installation import Installation
from tests.app.telephony import with_twilio
from tests.makers import Cast
from tests.nights.night import Night
from tests.notifications.channels.doubles import Web, web_server

TWO = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""Two o'clock on a Tuesday night, when London is on UTC."""


@pytest.fixture
def night(installation: Installation, cast: Cast) -> Night:
    return Night(installation, TWO)


@pytest.fixture
def web() -> Iterator[Web]:
    """Twilio's double, which takes whatever it is given."""
    with web_server() as running:
        running.status, running.body = 201, b'{"sid": "CA1", "status": "queued"}'
        yield running


@pytest.fixture
def house(installation: Installation) -> Installation:
    """The same house with an account at Twilio."""
    return with_twilio(installation)


@pytest.fixture
def client(house: Installation) -> FlaskClient:
    """Whoever calls back."""
    app = create_app(house)
    app.testing = True
    return app.test_client(use_cookies=False)
