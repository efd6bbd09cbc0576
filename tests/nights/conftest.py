"""A night on each database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.installation import Installation
from tests.makers import Cast
from tests.nights.night import Night

TWO = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""Two o'clock on a Tuesday night, when London is on UTC."""


@pytest.fixture
def night(installation: Installation, cast: Cast) -> Night:
    return Night(installation, TWO)
