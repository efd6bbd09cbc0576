"""The plain part of TOML that the files of the regimes are written in, read many times faster than all of TOML.

`tomllib` goes through every sentence letter by letter, which would take most of the time that Tocsin needs to
start. What is not plain, or wrong, is left to it: both give the same for every text, errors among them.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any

# No escapes, no control characters: what stands between the quotes is the text.
_TEXT = r'"[^"\\\x00-\x1f\x7f]*"'
_LINE = re.compile(
    rf"""
    (?:
        ([a-z_]+)\ =\ (?:
            "(?P<text> [^"\\\x00-\x1f\x7f]*)"
          | (?P<day> \d{{4}}-\d\d-\d\d)
          | (?P<number> [1-9]\d{{0,8}})
          | (?P<true> true)
          | (?P<list> \[\s*{_TEXT}(?:,\s*{_TEXT})*,?\s*\])
        )
      | (?P<table> \[\[rule\]\])
      | \#[^\x00-\x08\x0a-\x1f\x7f]*
    )?\n
    """,
    re.VERBOSE | re.ASCII,
)
_INNER = re.compile(_TEXT)


def parsed(text: str) -> dict[str, Any]:
    """What a TOML text says. Raises `tomllib.TOMLDecodeError` where it is not TOML."""
    plain = _plain(text)
    return tomllib.loads(text) if plain is None else plain


def _plain(text: str) -> dict[str, Any] | None:
    top: dict[str, Any] = {}
    table, at, match = top, 0, _LINE.match
    while at < len(text):
        line = match(text, at)
        if line is None:
            return None
        at = line.end()
        kind = line.lastgroup
        if kind == "table":
            table = {}
            top.setdefault("rule", []).append(table)
        elif kind:
            key = line[1]
            if key in table or key == "rule":
                return None
            try:
                table[key] = line["text"] if kind == "text" else _value(kind, line[kind])
            except ValueError:
                return None
    return top


def _value(kind: str, written: str) -> Any:
    if kind == "day":
        return date.fromisoformat(written)
    if kind == "number":
        return int(written)
    return True if kind == "true" else [text[1:-1] for text in _INNER.findall(written)]
