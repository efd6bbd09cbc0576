"""JSON lines in, JSON lines out: each line is answered by itself and at once, a wrong one with its error."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TextIO

from incidents.refusals import Refused

LONGEST = 1_000_000
"""Bytes of a line; a longer one is an error, and is not kept in memory."""

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class BadLine(ValueError):
    """A line that cannot be answered, in a sentence for whoever wrote it."""


def answer_all(lines: BinaryIO, answer: Answer, out: TextIO) -> bool:
    """Answer every line in order; says whether all were right. Blank lines are left out.

    An answer begins with the `id` of its line, null where that has none or cannot be read.
    """
    right = True
    for raw in _read(lines):
        said: dict[str, Any] = {"id": None}
        try:
            line = _parsed(raw)
            said["id"] = line.pop("id", None)
            said |= answer(line)
        except (BadLine, Refused) as wrong:
            said["error"] = str(wrong)
            right = False
        out.write(_WRITER.encode(said))
        out.write("\n")
        out.flush()
    return right


def _read(lines: BinaryIO) -> Iterator[bytes]:
    while raw := lines.readline(LONGEST + 1):
        whole = raw
        while len(raw) > LONGEST and not raw.endswith(b"\n"):
            raw = lines.readline(LONGEST + 1)
        if whole.strip():
            yield whole


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST:
        raise BadLine(f"This line is too long. Write at most {LONGEST} bytes.")
    try:
        found = _READER.decode(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadLine("This line is not UTF-8. Write it in that encoding.") from error
    except RecursionError as error:
        raise BadLine("This line is nested too deeply.") from error
    except BadLine:
        raise
    except ValueError as error:
        raise BadLine(f"This line is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadLine('Write each line as one object, such as {"id": 1, …}.')
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadLine(f"{twice[:40]} stands twice in this line. Write it once.")
    return found


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadLine(f"{digits[:40]} is too large a number.")
    return number


def _constant(name: str) -> float:
    raise BadLine(f"{name} is not JSON. Write a number, or null.")


_READER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_number, parse_constant=_constant)
_WRITER = json.JSONEncoder(allow_nan=False)
