"""CSV files, streamed as they are read, in which no spreadsheet takes a cell for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from flask import Response, stream_with_context

Cell = str | int | bool | datetime | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 32 * 1024


def sheet(name: str, rows: Iterable[Sequence[Cell]]) -> Response:
    """A download of these rows, in UTF-8 with the mark that Excel wants; instants are in UTC.

    Rows are read while they are sent, so the request's session stays open until the last one is out.
    """
    response = Response(stream_with_context(_chunks(rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _chunks(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
        if buffer.tell() >= _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _safe(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    text = str(cell)
    # Leading blanks do not stop a spreadsheet from reading a formula.
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text
