"""`tocsin clock` as a script meets it: each line answered, wrong ones with what to write instead."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clockfile import KEYS, counted
from app.jsonlines import LONGEST, answer_all
from incidents.law.counting import Unit
from incidents.law.regimes import load
from tests.house.source import ROOT

FRIDAY = {"regime": "eu-gdpr-33-1", "start": "2026-10-23T10:15:00+01:00", "zone": "Europe/London"}


def asked(*lines: bytes | str | dict[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
    """Whether all lines were right, and their answers."""
    raw = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    out = io.StringIO()
    right = answer_all(io.BytesIO(b"\n".join(raw)), counted, out)
    return right, [json.loads(line) for line in out.getvalue().splitlines()]


def error_of(**changed: Any) -> str:
    """The error of a line that is right but for these keys."""
    right, [said] = asked({"id": "x", **FRIDAY, **changed})
    assert (right, set(said), said["id"]) == (False, {"id", "error"}, "x")
    return str(said["error"])


def typed(*words: str, given: str = "", cwd: Path | None = None) -> tuple[int, list[str], str]:
    """The command in a process of its own, without any setting; its end, its lines, and what it said beside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "clock", *words],
        input=given,
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": str(ROOT)},
        cwd=cwd,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_the_deadline_over_the_clock_change_is_an_hour_earlier_on_the_wall() -> None:
    right, [said] = asked({"id": 7, **FRIDAY})

    assert right
    assert list(said) == ["id", "due_at", "due_local", "ceiling_at", "steps"]
    assert said["id"] == 7
    assert said["due_at"] == "2026-10-26T09:15:00Z"
    assert said["due_local"] == "2026-10-26T09:15:00+00:00"
    assert said["ceiling_at"] == "2026-10-26T10:00:00Z"
    assert said["steps"][0] == "The clock starts at 2026-10-23 10:15 BST."


def test_a_start_without_an_offset_is_local_time_of_the_zone() -> None:
    _right, said = asked(
        FRIDAY | {"start": "2026-10-23T10:15:00"},
        FRIDAY | {"start": "23/10/2026 10:15"},
        FRIDAY | {"start": "23.10.2026 14:45", "zone": "Asia/Kolkata"},
    )

    assert {one["due_at"] for one in said} == {"2026-10-26T09:15:00Z"}


def test_times_of_a_clock_change_are_errors_that_say_what_to_write() -> None:
    assert error_of(start="2026-10-25T01:30") == (
        "2026-10-25T01:30 came twice in Europe/London, because the clocks went back. Write 2026-10-25T01:30:00+01:00 "
        "for the first, 2026-10-25T01:30:00+00:00 for the second."
    )
    assert error_of(start="2026-03-29T01:30") == (
        "2026-03-29T01:30 never came in Europe/London: the clocks went from 2026-03-29T01:00 to 2026-03-29T02:00. "
        "Write a time before or after that, or give the offset that was meant: +00:00 before, +01:00 after."
    )
    right, _said = asked(FRIDAY | {"start": "2026-10-25T01:30:00+00:00"}, FRIDAY | {"start": "2026-03-29T01:30+01:00"})
    assert right


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"regime": "eu-gdpr-33-7"}, "There is no rule eu-gdpr-33-7. Write one such as eu-gdpr-33-"),
        ({"regime": "EU-GDPR-33-1"}, "Write one such as eu-gdpr-33-1."),
        ({"regime": "☃" * 500}, "Write one such as eu-gdpr-33-1."),
        ({"regime": None}, 'regime is missing. Write it like "eu-gdpr-33-1".'),
        ({"regime": 33}, 'regime is not written as it should be. Write it like "eu-gdpr-33-1".'),
        ({"zone": "London"}, "London is not a time zone. Choose one by region and city, such as Europe/London."),
        ({"zone": "../../etc/passwd"}, "is not a time zone"),
        ({"zone": ""}, "is not a time zone"),
        ({"zone": ["Europe/London"]}, "zone is not written as it should be"),
        ({"start": 1792746900}, "start is not written as it should be"),
        ({"start": "yesterday"}, "yesterday cannot be read as a date and time. Write it like 2026-10-25 01:30"),
        ({"start": "2026-10-23"}, "2026-10-23 cannot be read as a date and time"),
        ({"start": "0026-10-23T10:15Z"}, "Write the year with four digits"),
        ({"start": "2999-12-31T23:59-11:00"}, "Write the year with four digits"),
        ({"begin": "2026-10-23T10:15Z"}, "begin is no key of a line. The keys are id, regime, start, zone,"),
        ({"country": "XX"}, "There is no holiday calendar for XX"),
        ({"country": "DE", "subdivision": "XX"}, "The holiday calendar of DE has no part XX"),
        ({"subdivision": "BY"}, "Name the country of BY too"),
        ({"country": 49}, 'country is not written as it should be. Write it like "DE".'),
        ({"holidays": ["24/12/2026"]}, 'holidays is not written as it should be. Write it like ["2026-12-24"].'),
        ({"holidays": "2026-12-24"}, "holidays is not written as it should be"),
        ({"working": [None]}, "working is not written as it should be"),
        ({"authority_zones": "Europe/Dublin"}, "authority_zones is not written as it should be"),
        ({"authority_zones": [1]}, "authority_zones is not written as it should be"),
        ({"authority_zones": ["Dublin"]}, "Dublin is not a time zone"),
        ({"excepted": "yes"}, "excepted is not written as it should be. Write it like true."),
    ],
)
def test_a_wrong_line_is_told_what_to_write(changed: dict[str, Any], sentence: str) -> None:
    assert sentence in error_of(**changed)


@pytest.mark.parametrize("key", ["regime", "start", "zone"])
def test_a_missing_key_is_named(key: str) -> None:
    line = {"id": 1, **FRIDAY}
    del line[key]

    right, [said] = asked(line)

    assert (right, said["id"]) == (False, 1)
    assert said["error"].startswith(f"{key} is missing. Write it like")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nonsense", "This line is not JSON"),
        ('{"id": 1', "This line is not JSON"),
        ("[1, 2]", "Write each line as one object"),
        ("null", "Write each line as one object"),
        ('{"id": 1, "id": 2}', "id stands twice in this line. Write it once."),
        ('{"id": NaN}', "NaN is not JSON"),
        ('{"id": 1e999}', "1e999 is too large a number"),
        ('{"id": ' + "9" * 5000 + "}", "This line is not JSON"),
        ("[" * 100_000, "This line is nested too deeply"),
        (b'{"id": "\xff"}', "This line is not UTF-8"),
        ('{"id": "' + "x" * LONGEST + '"}', "This line is too long"),
    ],
)
def test_a_line_that_is_no_object_is_answered_without_an_id_and_the_next_one_still_is(
    line: str | bytes, sentence: str
) -> None:
    right, [wrong, said] = asked(line, {"id": "next", **FRIDAY})

    assert (right, wrong["id"], said["id"]) == (False, None, "next")
    assert sentence in wrong["error"]
    assert said["due_at"] == "2026-10-26T09:15:00Z"


def test_ids_of_every_kind_come_back_and_none_is_null() -> None:
    ids = ["ü☃", 7, 1.5, None, ["a"], {"b": [1]}, "", "\ud800"]

    _right, said = asked(*({"id": one, **FRIDAY} for one in ids), FRIDAY)

    assert [one["id"] for one in said] == [*ids, None]


def test_blank_lines_and_the_mark_of_an_editor_are_no_lines() -> None:
    right, said = asked(b"\xef\xbb\xbf" + json.dumps({"id": 1, **FRIDAY}).encode() + b"\r", "", "   ")

    assert (right, len(said)) == (True, 1)


def test_every_rule_is_answered_from_a_start_and_a_zone_alone() -> None:
    rules = list(load().rules())

    right, said = asked(*({"id": rule.id, **FRIDAY, "regime": rule.id} for rule in rules))

    assert right
    for rule, one in zip(rules, said, strict=True):
        without = rule.unit in (Unit.NO_FIXED_PERIOD, Unit.SEE_TEXT) or rule.keeping
        assert (one["due_at"] is None) == without, rule.id
        assert without or one["due_at"] > "2026-10-23T09:15:00Z"
        assert all(one["steps"])


def test_a_rule_without_a_number_says_so_and_sets_no_target() -> None:
    _right, [said] = asked({"id": 1, **FRIDAY, "regime": "eu-gdpr-33-2"})

    assert (said["due_at"], said["due_local"], said["ceiling_at"]) == (None, None, None)
    assert said["steps"] == [
        "The clock starts at 2026-10-23 10:15 BST.",
        "Act without undue delay; no number of hours in the law.",
    ]


def test_a_clock_that_something_else_starts_says_what_the_start_is_taken_for() -> None:
    _right, [final, initial] = asked(
        FRIDAY | {"regime": "eu-nis2-fr", "zone": "Europe/Berlin", "start": "31.01.2027 9:00"},
        FRIDAY | {"regime": "eu-dora-init", "zone": "Europe/Berlin"},
    )

    assert (final["due_at"], final["due_local"]) == ("2027-03-01T23:00:00Z", "2027-03-02T00:00:00+01:00")
    assert final["steps"][0] == (
        "The clock of this duty starts with the filing of the earlier stage. The start given is taken for that."
    )
    assert "The period ends with the last hour of Mon 2027-03-01" in final["steps"][-1]
    assert initial["due_at"] == "2026-10-23T13:15:00Z"
    assert any("at most 24 hours after becoming aware" in step for step in initial["steps"])


def test_working_days_are_those_of_the_country_whose_law_it_is_wherever_one_sits() -> None:
    start = {"start": "2026-11-24T12:00:00Z", "zone": "Europe/London"}

    _right, [sec, own] = asked(
        {"regime": "us-sec-8k", **start}, {"regime": "us-sec-8k", **start, "holidays": ["2026-11-27"], "country": "US"}
    )

    assert "Working days are those of US. Holidays of its regions are left out" in " ".join(sec["steps"])
    assert (sec["due_at"], own["due_at"]) == ("2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z")


def test_european_days_take_the_holidays_of_the_country_in_which_the_zone_lies() -> None:
    start = {"regime": "eu-epriv-auth2", "start": "2026-04-02T12:00:00"}

    _right, said = asked(
        start | {"zone": "Europe/Berlin"},
        start | {"zone": "Europe/Dublin"},
        start | {"zone": "Europe/London"},
        start | {"zone": "Europe/London", "country": "EL"},
        start | {"zone": "Europe/Berlin", "working": ["2026-04-03"]},
    )

    # Good Friday is a holiday in Germany and none in Ireland; Greece has its Easter a week later.
    assert [one["due_local"][:10] for one in said] == [
        "2026-04-09",
        "2026-04-08",
        "2026-04-07",
        "2026-04-07",
        "2026-04-08",
    ]
    assert "No holiday calendar is named" in " ".join(said[2]["steps"])


def test_how_long_a_record_is_kept_is_no_deadline() -> None:
    _right, [said] = asked(FRIDAY | {"regime": "ca-pipeda-rec", "zone": "America/Toronto"})

    assert said["due_at"] is None
    assert any("Mon 2028-10-23" in step for step in said["steps"])
    assert said["steps"][-1] == "That is how long the record is kept. It is no deadline."


def test_a_rule_from_memory_is_not_told_as_law() -> None:
    _right, [said] = asked(FRIDAY | {"regime": "tr-kvkk-auth", "zone": "Europe/Istanbul"})

    assert "How sure this rule is: from memory, unconfirmed. Check the text before relying on it." in said["steps"]


def test_a_rule_in_words_names_the_text_to_read() -> None:
    _right, [said] = asked(FRIDAY | {"regime": "eu-nis2-ir2690"})

    assert said["due_at"] is None
    assert said["steps"][-1].startswith("The law gives this period in words, not as one number. Read ")


def test_an_excepted_entity_has_no_noon() -> None:
    line = FRIDAY | {"regime": "eu-dora-inter", "start": "18.11.2026 10:00", "zone": "Europe/Berlin"}

    _right, [usual, bank] = asked(line, line | {"excepted": True})

    assert usual["due_at"] == bank["due_at"] == "2026-11-21T09:00:00Z"
    assert (usual["ceiling_at"], bank["ceiling_at"]) == ("2026-11-23T11:00:00Z", None)


def test_an_authority_elsewhere_can_make_the_ceiling_earlier() -> None:
    _right, [alone, both] = asked(FRIDAY, FRIDAY | {"authority_zones": ["Asia/Kolkata"]})

    assert (alone["due_at"], alone["ceiling_at"]) == ("2026-10-26T09:15:00Z", "2026-10-26T10:00:00Z")
    assert (both["due_at"], both["ceiling_at"]) == ("2026-10-26T09:15:00Z", "2026-10-26T09:30:00Z")


def test_a_text_that_was_not_in_force_yet_says_so() -> None:
    _right, [said] = asked(FRIDAY | {"start": "2018-05-24T12:00"})

    assert "This text is not in force on Thu 2018-05-24: it is counted as if it were." in said["steps"]
    assert said["due_at"] == "2018-05-27T11:00:00Z"


def test_a_proposal_is_counted_and_says_where_it_stands() -> None:
    _right, [said] = asked(FRIDAY | {"regime": "eu-omnibus-33"})

    assert said["due_at"] == "2026-10-27T09:15:00Z"
    assert any("as if it were. Proposed and not adopted" in step for step in said["steps"])


def test_the_command_ends_with_one_when_a_line_was_wrong_and_touches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "starts.jsonl"
    lines = [{"id": 1, **FRIDAY}, {"id": 2, **FRIDAY, "zone": "Nowhere"}, {"id": 3, **FRIDAY}]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    code, out, err = typed(str(file), cwd=tmp_path)

    assert (code, err) == (1, "")
    assert [json.loads(line)["id"] for line in out] == [1, 2, 3]
    assert ["error" in json.loads(line) for line in out] == [False, True, False]
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_reads_standard_input_and_ends_with_nought(tmp_path: Path) -> None:
    code, out, err = typed("-", given=json.dumps({"id": 1, **FRIDAY}), cwd=tmp_path)

    assert (code, len(out), err) == (0, 1, "")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    code, out, err = typed("nowhere.jsonl", cwd=tmp_path)

    assert (code, out) == (2, [])
    assert "No such file" in err
    assert "Traceback" not in err


def test_a_line_is_answered_before_the_next_one_is_written() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "clock", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, **FRIDAY}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(60) == 0


def test_the_command_imports_neither_the_web_nor_the_database() -> None:
    listing = "import sys, app.clockfile, app.cli; print([m for m in sys.modules if '.' not in m])"

    modules = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, cwd=ROOT, check=True)

    heavy = {"flask", "sqlalchemy", "alembic", "apprise", "babel", "holidays", "requests", "waitress", "asyncio"}
    assert not heavy & set(json.loads(modules.stdout.replace("'", '"')))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
some_starts = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.text("0123456789-+:TZ ./", max_size=30)
some_lines = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", *KEYS), json_values),
)


@settings(deadline=None, database=None)
@given(lines=st.lists(some_lines | st.builds(lambda start: FRIDAY | {"start": start}, some_starts), max_size=5))
def test_whatever_a_line_holds_each_is_answered_once(lines: Iterable[dict[str, Any]]) -> None:
    lines = list(lines)

    _right, said = asked(*lines)

    assert [one["id"] for one in said] == [line.get("id") for line in lines]
    assert all(("error" in one) != ("steps" in one) for one in said)


@settings(deadline=None, database=None)
@given(raw=st.binary(max_size=200))
def test_whatever_bytes_come_none_breaks_the_command(raw: bytes) -> None:
    _right, said = asked(raw)

    assert len(said) == sum(1 for line in raw.split(b"\n") if line.strip())
