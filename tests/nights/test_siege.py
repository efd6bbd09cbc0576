"""Killed again and again while reports come in: no receipt is lost, and each has a page that reached the phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings
from app.installation import Installation
from tests.makers import Cast
from tests.nights.siege import Siege

KILLS, REPORTS = 8, 40


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_siege_loses_no_report_and_no_page(
    settings: Settings, installation: Installation, cast: Cast, tmp_path: Path
) -> None:
    workers = 0 if installation.store.sqlite else 2

    left = Siege(settings, KILLS, REPORTS, workers).run(tmp_path)

    assert (left.kills, left.receipts >= REPORTS) == (KILLS, True)
    assert (left.unstored, left.unrung, left.bells) == (0, 0, 0), left.words()
    assert left.mails >= left.pages > 0
