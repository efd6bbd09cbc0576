"""The pieces of `./run bench`, on numbers so small that they say nothing. No test here fails on a time."""

from __future__ import annotations

import json
import math
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.figures import percentile, spread, table
from tools.bench.handoff import handoff
from tools.bench.intake import both
from tools.bench.machine import sync_cost
from tools.bench.plan import QUICK
from tools.bench.processes import HOST, ROOT, environment, resident
from tools.bench.sink import sinking


def test_percentiles_are_samples_that_were_measured() -> None:
    ordered = [float(number) for number in range(1, 101)]

    assert [percentile(ordered, wanted) for wanted in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7.0
    assert math.isnan(spread([]).p50)


def test_a_table_is_markdown() -> None:
    assert table(("what", "ms"), [["list", "3.0"]]) == "| what | ms |\n| :-- | --: |\n| list | 3.0 |"


def test_the_settings_of_whoever_runs_it_do_not_reach_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_HOST", "mail.example")

    assert "TOCSIN_SMTP_HOST" not in environment({"TOCSIN_PORT": "1"})


def test_making_a_block_durable_is_timed(tmp_path: Path) -> None:
    assert len(sync_cost(tmp_path, 3)) == 3
    assert not list(tmp_path.iterdir())


def test_the_sink_takes_every_mail_and_says_when(tmp_path: Path) -> None:
    with sinking(tmp_path) as sink, smtplib.SMTP(HOST, sink.port, "bench.example") as wire:
        for number in (1, 2):
            sent = f"Message-ID: <mail{number}@bench.example>\r\n\r\nGo to http://127.0.0.1/p/abc{number} now.\r\n"
            wire.sendmail("from@bench.example", ["to@bench.example"], sent)
        mails = [sink.next(10), sink.next(10)]

    assert [(mail.key, mail.to, mail.link) for mail in mails if mail] == [
        ("mail1", ("to@bench.example",), "http://127.0.0.1/p/abc1"),
        ("mail2", ("to@bench.example",), "http://127.0.0.1/p/abc2"),
    ]
    assert mails[0].at < mails[1].at if mails[0] and mails[1] else False


def test_floor_and_tocsin_take_the_same_reports_without_a_failure(tmp_path: Path) -> None:
    with both(tmp_path) as servers:
        came = [server.take(2, 0.3) for server in servers]
        held = [resident(server.process.pid) for server in servers]

    assert [each.failures for each in came] == [{}, {}]
    assert all(each.milliseconds and each.rate for each in came)
    assert all(held)


def test_each_report_is_handed_off_as_its_own_mail(tmp_path: Path) -> None:
    part = handoff(QUICK, tmp_path)

    assert [figures["count"] for figures in part.figures] == [QUICK.handoffs] * 3
    assert [aim.measured for aim in part.aims if "own mail" in aim.words] == ["0 went astray"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_whole_run_prints_its_tables_and_writes_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "app.cli", "bench", "--quick", "--json", str(file), "--folder", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380, check=False)

    assert done.returncode == 0, done.stderr
    for title in ("Machine", "Intake", "Hand-off", "Workers on PostgreSQL", "Lists", "Memory", "Aims"):
        assert f"\n## {title}" in done.stdout
    figures = json.loads(file.read_text())
    assert list(figures) == ["machine", "intake", "handoff", "hanging", "workers", "lists", "memory"]
    assert list(tmp_path.iterdir()) == [file]
