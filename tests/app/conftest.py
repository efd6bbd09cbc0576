"""What the tests of the handlers' pages begin with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine

from app.installation import Installation
from tests.app.visitor import Visitor
from tests.makers import Cast


@pytest.fixture
def at_noon(now: datetime) -> Iterator[None]:
    """Time stands still at noon."""
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def dana(installation: Installation, cast: Cast) -> Visitor:
    """The DPO, signed in."""
    return Visitor(installation).come_in(installation, cast.dana)
