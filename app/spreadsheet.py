"""CSV files, streamed as they are read, in which no spreadsheet takes a cell for a formula."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from flask import Response, stream_with_context
from sqlalchemy.orm import Session

from app.navigation import installation
from incidents.refusals import Refused
from incidents.store import Store
from incidents.words import N_

Cell = str | int | bool | datetime | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 32 * 1024

AT_ONCE = 2
"""Spreadsheets that are made at a time: each keeps a processor busy, which reporters would notice."""

_seats = threading.BoundedSemaphore(AT_ONCE)


Rows = Callable[[Session], Iterable[Sequence[Cell]]]
"""Rows, read in the session that is given."""


def sheet(name: str, rows: Rows) -> Response:
    """A download of these rows, in UTF-8 with the mark that Excel wants; instants are in UTC.

    Rows are read while they are sent, in a session of their own that ends with the last one: that of the request has
    ended by then, and used again it would keep its connection. The server buffers what a slow reader has not taken
    yet. Refuses when AT_ONCE are being made already.
    """
    seat = _Seat()
    response = Response(stream_with_context(_chunks(rows, seat, installation().store)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.call_on_close(seat.leave)  # a reader who goes at once never starts the rows
    return response


class _Seat:
    """A place among those whose spreadsheet is being made."""

    def __init__(self) -> None:
        if not _seats.acquire(blocking=False):
            raise Refused(N_("Files are being made for other people just now. Try again in a minute."))
        self._taken = True

    def leave(self) -> None:
        if self._taken:
            self._taken = False
            _seats.release()


def _chunks(rows: Rows, seat: _Seat, store: Store) -> Iterator[str]:
    try:
        with store.reading() as session:
            yield from _written(rows(session))
    finally:
        seat.leave()


def _written(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
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
