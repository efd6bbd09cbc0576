"""Washington's dates counted anew: in time, late by so many days, or refused by name."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from incidents.law.regimes import load
from tools.wa import RULE, Dirt, Dirty, Replayed, last_day, main, read_day, replay, summary

SAMPLE = Path(__file__).parents[1] / "data" / "wa-ag" / "notices.csv"
TODAY = date(2026, 11, 25)
WHOLE = os.environ.get("REPLAY_WA", "")


def replayed(path: Path = SAMPLE) -> list[Replayed]:
    return list(replay(path.read_text(encoding="utf-8-sig"), today=TODAY))


def test_the_thirtieth_day_is_in_time_and_the_day_after_it_is_late_by_one() -> None:
    found = {row.id: row for row in replayed()}

    assert found["10,416"].words().endswith("last day 2019-11-15, notice 2019-11-14, in time")
    assert found["10,435"].words().endswith("last day 2021-04-01, notice 2021-04-01, in time")
    assert found["10,401"].words().endswith("last day 2021-02-11, notice 2021-02-12, late by 1 day")
    assert found["10,470"].words().endswith("notice 2021-05-25, late by 100 days")


@pytest.mark.parametrize(
    ("discovered", "last"),
    [
        (date(2021, 3, 1), date(2021, 3, 31)),
        (date(2020, 2, 1), date(2020, 3, 2)),
        (date(2020, 11, 1), date(2020, 12, 1)),
        (date(2020, 12, 26), date(2021, 1, 25)),
    ],
    ids=["over the spring change", "over a leap day", "on the day of the autumn change", "last day a Monday"],
)
def test_thirty_days_are_thirty_days_whatever_the_clocks_do(discovered: date, last: date) -> None:
    assert last_day(load().get(RULE), discovered) == last


def test_every_kind_of_dirt_is_refused_by_its_name() -> None:
    refused = [row for row in replayed() if row.dirt]

    assert {row.dirt for row in refused} == set(Dirt)
    assert [row.words() for row in refused if row.id >= "99,"] == [
        "line 20, id 99,001: the date of discovery, '2021 Feb 30 12:00:00 AM', is not a day of the calendar.",
        "line 21, id 99,002: the date of discovery has the year 0021, which cannot be right.",
        "line 22, id 99,003: the date of discovery holds several dates: '2021 Mar 01 12:00:00 AM; 2021 Mar 04….",
        "line 23, id 99,004: the date of discovery, '03/04/2021', can be read in two ways.",
        "line 24, id 99,005: the date of beginning, 'early February', cannot be read as a date.",
        "line 25, id 99,006: the end, 2021-01-31, lies before the beginning, 2021-02-01.",
        "line 26, id 99,007: the notice, 2021-02-28, lies before the discovery, 2021-03-01.",
        "line 27, id 99,008: the date of notice, 2921-03-31, has not come yet.",
        "line 28, id 99,009: the row counts '29' days from discovery to notice, its dates 30.",
        "line 30, id 99,011: there are 22 cells under 25 columns.",
    ]


@pytest.mark.parametrize(
    "cell", ["2021 Feb 04 12:00:00 AM", "2021-02-04", "2021-02-04T00:00:00.000", "2021 February 4", "2021 Feb 4"]
)
def test_a_day_is_read_in_each_layout_in_which_the_portal_writes_it(cell: str) -> None:
    assert read_day(cell, "notice", TODAY) == date(2021, 2, 4)


def test_slashes_are_read_only_where_one_reading_is_possible() -> None:
    assert read_day("02/25/2021", "notice", TODAY) == date(2021, 2, 25)
    assert read_day("25/02/2021 12:00:00 AM", "notice", TODAY) == date(2021, 2, 25)
    assert read_day("04/04/2021", "notice", TODAY) == date(2021, 4, 4)
    with pytest.raises(Dirty, match="two ways"):
        read_day("12/11/2021", "notice", TODAY)


@pytest.mark.parametrize(
    ("cell", "dirt"),
    [
        ("21 Feb 04 12:00:00 AM", Dirt.YEAR),
        ("1900-01-01", Dirt.YEAR),
        ("2021-13-01", Dirt.IMPOSSIBLE),
        ("13/13/2021", Dirt.IMPOSSIBLE),
        ("2021-02-29", Dirt.IMPOSSIBLE),
        ("2021-02-04 to 2021-02-09", Dirt.SEVERAL),
        ("02/04/2021, 02/09/2021", Dirt.SEVERAL),
        ("44231", Dirt.UNREADABLE),
        ("about 2021-02-04", Dirt.UNREADABLE),
        ("2026-11-26", Dirt.FUTURE),
    ],
)
def test_a_cell_that_is_not_one_day_is_never_guessed(cell: str, dirt: Dirt) -> None:
    with pytest.raises(Dirty) as refused:
        read_day(cell, "notice", TODAY)

    assert refused.value.dirt is dirt


def test_the_summary_adds_up_and_names_every_refused_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE)]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "    29 rows under us-wa, 30 calendar days from discovery"
    assert sum(int(line.split()[0]) for line in lines[1:7]) == 29
    assert sum(line.startswith("refused: ") for line in lines) == int(lines[6].split()[0]) == 15
    assert "Harbour" not in "\n".join(lines)


def test_a_file_that_is_no_such_table_ends_in_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, raw in (("other.csv", b"a,b\n1,2\n"), ("empty.csv", b""), ("bytes.csv", b"\xff\xfe"), ("x.gz", b"no")):
        (tmp_path / name).write_bytes(raw)
        assert main([str(tmp_path / name)]) == 1

    said = capsys.readouterr()
    assert "the table has no column Id, DateAware" in said.err
    assert said.out == ""


@pytest.mark.skipif(not WHOLE, reason="REPLAY_WA names no file")
def test_the_whole_table_agrees_with_the_days_that_the_attorney_general_counted() -> None:
    found = replayed(Path(WHOLE))
    with Path(WHOLE).open(encoding="utf-8-sig", newline="") as file:
        said = {row["Id"]: row["DaysElapsedBeforeNotification"] for row in csv.DictReader(file)}

    late = {row.id: row.late_by for row in found if row.late_by is not None}
    assert late == {name: int(said[name].replace(",", "")) - 30 for name in late}
    assert len(late) + Counter(bool(row.dirt) for row in found)[True] == len(found) == len(said)
    assert len(summary(found)) > 10
