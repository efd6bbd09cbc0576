"""The CNIL's rows as facts, with none left over, and the advice beside what people were told."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from incidents.law.assessment import Says, assess
from incidents.law.facts import read
from tools.cnil import words
from tools.cnil.__main__ import CLEAR, READINGS, advised, compared, held, main
from tools.cnil.rows import NotRead, Row, mapped, rows

FOLDER = Path(__file__).parents[1] / "data" / "cnil"
SAMPLE = FOLDER / "notified.csv"
WHOLE = os.environ.get("REPLAY_CNIL", "")

IDENTITY, CONTACT, CREDENTIALS, *_ = words.KINDS
HACKED, PUBLISHED, *_ = words.ORIGINS
PLAIN: Mapping[str, str] = {
    words.RECEIVED: "2019-05",
    words.SECTOR: "Construction",
    words.NATURE: "Perte de la confidentialité",
    words.NUMBER: "Entre 6 et 50 personnes",
    words.DATA: IDENTITY,
    words.SENSITIVE: "",
    words.ORIGIN: "Données personnelles envoyées à un mauvais destinataire",
    words.CAUSE: "Acte interne accidentel",
    words.TOLD: "Non ils ne le seront pas",
}


def row(**changed: str) -> Row:
    return mapped(1, {**PLAIN, **{getattr(words, name): value for name, value in changed.items()}})


def test_a_row_becomes_exactly_these_facts() -> None:
    assert row().written == {
        "role": "controller",
        "nature": ["confidentiality"],
        "incident_kind": "sent_by_mistake",
        "cause": "internal_non_malicious",
        "exposure": "likely",
        "people": {"number": 50, "precision": "approximate"},
        "data": ["basic"],
    }


def test_every_value_of_the_sample_has_its_place() -> None:
    found = list(rows(SAMPLE))

    assert len(found) == 40
    assert not [one.refused for one in found if one.refused]
    assert all(one.facts["nature"] for one in found)


def test_the_sample_holds_every_value_that_the_tables_know() -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        text = " ".join(" ".join(cells) for cells in csv.reader(file)).replace("''", "'").replace("’", "'")

    values = [*words.NATURES, *words.BANDS, *words.OPEN_BANDS, *words.KINDS, words.KINDS_OPEN, *words.ORIGINS]
    values += [*words.CAUSES, *words.ANSWERS, *words.SAYS_NOTHING[words.SECTOR]]
    assert [value for value in values if value not in text] == []


def test_both_layouts_give_the_same_rows() -> None:
    published, plain = list(rows(FOLDER / "notified-as-published.csv")), list(rows(SAMPLE))

    assert len(published) == 8
    assert [(one.written, one.told) for one in published] == [(one.written, one.told) for one in plain[:8]]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("RECEIVED", "mai 2019"),
        ("RECEIVED", "2019-13"),
        ("SECTOR", "Boulangerie"),
        ("NATURE", ""),
        ("NATURE", "Perte de la confidentialité,Perte de patience"),
        ("NUMBER", "Beaucoup"),
        ("DATA", "Photos"),
        ("SENSITIVE", "Non"),
        ("ORIGIN", "Equipement perdu"),
        ("CAUSE", ""),
        ("TOLD", "Peut-être"),
    ],
)
def test_a_value_that_stands_in_no_table_is_refused_with_its_column(column: str, value: str) -> None:
    with pytest.raises(NotRead) as refused:
        row(**{column: value})

    assert str(refused.value).startswith(f"{getattr(words, column)}: ")


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("Acte interne accidentel,Acte externe malveillant", "external_malicious"),
        ("Acte interne malveillant,Inconnu", "internal_malicious"),
        ("Acte interne accidentel,Inconnu", None),
        ("Acte externe accidentel,Autre", None),
        ("Acte interne accidentel,Acte externe accidentel", "external_non_malicious"),
    ],
)
def test_of_several_causes_the_gravest_counts_and_the_unknown_rules_no_malice_out(
    written: str, cause: str | None
) -> None:
    assert row(CAUSE=written).facts.get("cause") == cause


@pytest.mark.parametrize(
    ("changed", "kind", "who"),
    [
        ({"ORIGIN": f"{PUBLISHED},Autre"}, "unintended_publication", "public"),
        ({"ORIGIN": f"{HACKED},{PUBLISHED}"}, "hacking_malware", "hostile"),
        (
            {"ORIGIN": "Données de la mauvaise personne affichées sur le portail du client"},
            "wrong_person_shown",
            "known",
        ),
        ({"CAUSE": "Acte interne malveillant"}, "sent_by_mistake", "hostile"),
        ({}, "sent_by_mistake", None),
        ({"ORIGIN": HACKED, "NATURE": "Perte de la disponibilité"}, "hacking_malware", None),
    ],
)
def test_who_has_the_data_is_told_only_where_the_row_tells(changed: dict[str, str], kind: str, who: str | None) -> None:
    facts = row(**changed).facts

    assert facts["incident_kind"] == kind
    assert facts.get("recipients.kind") == who


def test_an_open_list_of_data_still_speaks_for_telling_people_and_never_against_it() -> None:
    grave = row(DATA=f"{IDENTITY},{CREDENTIALS},{words.KINDS_OPEN}", CAUSE="Acte externe malveillant")
    mild = row(DATA=f"{IDENTITY},{words.KINDS_OPEN}")

    assert "data" not in grave.facts
    assert advised(grave, CLEAR)[1].says is Says.COMMUNICATE
    assert all(advised(mild, reading)[1].says is Says.UNDETERMINED for reading in READINGS.values())


def test_more_than_five_thousand_people_are_not_taken_for_any_number() -> None:
    many = row(NUMBER="Plus de 5000 personnes", CAUSE="Acte externe malveillant")
    mildest = list(READINGS.values())[-1]

    assert "people.number" not in many.facts
    assert many.at_least == {"people.number": 5001}
    assert advised(many, mildest)[1].says is Says.UNDETERMINED
    assert advised(row(NUMBER="Entre 301 et 5000 personnes", CAUSE="Acte externe malveillant"), mildest)[1].says is (
        Says.NOT_REQUIRED
    )


def test_what_people_were_told_is_no_fact() -> None:
    assert {json.dumps(row(TOLD=answer).written) for answer in words.ANSWERS} == {json.dumps(row().written)}


@pytest.mark.parametrize(
    ("says", "told", "how"),
    [
        (Says.NOT_REQUIRED, True, "below"),
        (Says.COMMUNICATE, False, "above"),
        (Says.COMMUNICATE, True, "equal"),
        (Says.NOT_REQUIRED, False, "equal"),
        (Says.UNDETERMINED, True, "undetermined"),
    ],
)
def test_below_and_above_are_counted_apart(says: Says, told: bool, how: str) -> None:
    assert held(says, told) == how


def test_nothing_that_a_row_states_alone_makes_telling_anybody_unnecessary() -> None:
    for one in rows(SAMPLE):
        authority, people = advised(one, READINGS["as stated"])
        assert Says.NOT_REQUIRED not in (authority.says, people.says)


def test_each_reading_counts_every_row_once() -> None:
    found = list(rows(SAMPLE))

    for name in READINGS:
        lines = [line for line in compared(name, found) if "people told" in line or "people not told" in line]
        counted = [int(word) for line in lines for word in line.split(": ")[1].split() if word.isdigit()]
        assert sum(counted) == sum(one.told is not None for one in found)


def test_the_facts_are_those_that_the_command_line_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE), "--facts"]) == 0
    printed: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert len(printed) == 40
    assert assess(read(printed[0]["facts"])).authority.reasons


def test_a_refused_row_is_named_and_the_others_are_still_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, first, second, *_ = SAMPLE.read_text(encoding="utf-8").splitlines()
    file = tmp_path / "some.csv"
    file.write_text("\n".join((head, first.replace("2019", "19"), second)), encoding="utf-8")

    assert main([str(file)]) == 1

    said = capsys.readouterr().out
    assert "2 rows, 1 as facts, 1 refused" in said
    assert "refused: line 2: Date de réception de la notification: '19-05' is not a month" in said


def test_a_file_that_is_no_such_table_ends_in_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, raw in (("a.csv", b"a,b\n1,2\n3,4\n5,6\n"), ("b.csv", b""), ("c.csv", b"\x81\x8d"), ("d.gz", b"no")):
        (tmp_path / name).write_bytes(raw)
        assert main([str(tmp_path / name)]) == 1

    assert "this is not the table of the CNIL" in capsys.readouterr().err


@pytest.mark.skipif(not WHOLE, reason="REPLAY_CNIL names no file")
def test_the_whole_table_is_mapped_with_none_left_over() -> None:
    found = list(rows(Path(WHOLE)))

    assert len(found) >= 100
    assert not [(one.line, one.refused) for one in found if one.refused]
