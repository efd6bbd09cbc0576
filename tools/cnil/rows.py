"""Reads the CNIL's table: every value of every row becomes facts, or says nothing for a reason, or is refused."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incidents.law.facts import Facts, read, shown
from tools.cnil import words

MARKS = ",;"
HEAD = 5
"""In so many first rows the names of the columns are looked for."""


class NotRead(Exception):
    """A row that is refused: names the column and the value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One notified breach.

    `written` are its facts as `tocsin assess` takes them. `at_least` holds what is true as far as it goes: the data
    named in a list that is open, and the lower end of a band without an upper one. `told`: None while undecided.
    A refused row has `refused` alone.
    """

    line: int
    written: Mapping[str, Any] = field(default_factory=dict)
    at_least: Facts = field(default_factory=dict)
    told: bool | None = None
    refused: str = ""

    @property
    def facts(self) -> Facts:
        return read(self.written)


def rows(path: Path) -> Iterator[Row]:
    """The rows of a file: UTF-8 with commas, or as published, cp1252 with semicolons under a line of its own.

    Raises ValueError when it is neither.
    """
    raw = path.read_bytes()
    table = _table(_decoded(gzip.decompress(raw) if path.suffix == ".gz" else raw))
    for line, cells in table:
        try:
            if len(cells) != len(words.COLUMNS):
                raise NotRead(f"there are {len(cells)} cells under {len(words.COLUMNS)} columns")
            yield mapped(line, dict(zip(words.COLUMNS, cells, strict=True)))
        except NotRead as wrong:
            yield Row(line, refused=str(wrong))


def mapped(line: int, cells: Mapping[str, str]) -> Row:
    """The row as facts. Refuses, by column, the first value that stands in no table."""
    if not words.MONTH.fullmatch(cells[words.RECEIVED]):
        raise NotRead(f"{words.RECEIVED}: {shown(cells[words.RECEIVED])} is not a month such as 2019-05")
    _one(words.SECTOR, cells, words.SAYS_NOTHING[words.SECTOR])
    natures = {words.NATURES[one] for one in _several(words.NATURE, cells, words.NATURES)}
    kind, recipients = _origin(cells, lost="confidentiality" in natures)
    cause = _cause(cells)
    if "confidentiality" in natures and cause in ("external_malicious", "internal_malicious"):
        recipients = "hostile"
    data, is_open = _data(cells)
    band = _one(words.NUMBER, cells, {**words.BANDS, **words.OPEN_BANDS})
    known: dict[str, Any] = {
        "role": "controller",
        "nature": sorted(natures),
        "incident_kind": kind,
        "cause": cause,
        # Whoever notified states that confidentiality was lost; where it was not stated, nothing rules it out.
        "exposure": "likely" if "confidentiality" in natures else None,
        "people": {"number": words.BANDS.get(band), "precision": "approximate"},
        "data": None if is_open else sorted(data),
        "recipients": {"kind": recipients} if recipients else None,
    }
    at_least: dict[str, Any] = {}
    if is_open and data:
        at_least["data"] = frozenset(data)
    if band in words.OPEN_BANDS:
        at_least["people.number"] = words.OPEN_BANDS[band]
    told = words.ANSWERS[_one(words.TOLD, cells, words.ANSWERS)]
    return Row(line, _without_none(known), at_least, told)


def _origin(cells: Mapping[str, str], *, lost: bool) -> tuple[str, str | None]:
    """The kind of incident, and who has the data: the gravest of all origins named, where any of it was lost."""
    found = _several(words.ORIGIN, cells, words.ORIGINS)
    first = min(found, key=list(words.ORIGINS).index)
    who = words.ORIGINS[first][1]
    return words.ORIGINS[first][0], who if lost else None


def _cause(cells: Mapping[str, str]) -> str | None:
    return words.CAUSES[min(_several(words.CAUSE, cells, words.CAUSES), key=list(words.CAUSES).index)]


def _data(cells: Mapping[str, str]) -> tuple[set[str], bool]:
    """The kinds of data named, and whether there may be more."""
    found = _several(words.DATA, cells, {**words.KINDS, words.KINDS_OPEN: ""}, empty=True)
    kinds = {words.KINDS[one] for one in found if one in words.KINDS}
    is_open = not kinds or words.KINDS_OPEN in found
    sensitive = _one(words.SENSITIVE, cells, {**words.SPECIAL, **words.SAYS_NOTHING[words.SENSITIVE]})
    return kinds | {kind for value, kind in words.SPECIAL.items() if value == sensitive}, is_open


def _one(column: str, cells: Mapping[str, str], known: Collection[str]) -> str:
    value = cells[column]
    if value not in known:
        raise NotRead(f"{column}: {shown(value)} is not known")
    return value


def _several(column: str, cells: Mapping[str, str], known: Iterable[str], *, empty: bool = False) -> list[str]:
    """The values of a cell that holds several with commas between them, and commas in them."""
    rest, found = cells[column], list[str]()
    while rest:
        begins = [value for value in known if rest == value or rest.startswith(f"{value},")]
        if not begins:
            raise NotRead(f"{column}: {shown(rest)} is not known")
        found.append(max(begins, key=len))
        rest = rest[len(found[-1]) + 1 :].strip()
    if not found and not empty:
        raise NotRead(f"{column}: nothing is written there")
    return found


def _without_none(value: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: _without_none(one) if isinstance(one, Mapping) else one for key, one in value.items()}
    return {key: one for key, one in inner.items() if one is not None}


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _table(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells under the head, each with the line on which its row ends."""
    for mark in MARKS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        if any(tuple(_plain(cell) for cell in cells) == words.COLUMNS for cells in itertools.islice(reader, HEAD)):
            rest = ((reader.line_num, [_plain(cell) for cell in cells]) for cells in reader)
            return (one for one in rest if any(one[1]))
    raise ValueError("this is not the table of the CNIL: its columns stand in none of the first lines")


def _plain(cell: str) -> str:
    """One kind of apostrophe, written once, and single blanks: the table writes both in several ways."""
    return " ".join(cell.replace("’", "'").replace("''", "'").split())
