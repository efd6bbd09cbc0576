"""What tests of the rota begin with."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.installation import Installation
from tests.makers import Cast
from tests.notifications.rota.desk import Desk


@pytest.fixture
def desk(installation: Installation, cast: Cast, now: datetime) -> Desk:
    return Desk(installation, cast, now)
