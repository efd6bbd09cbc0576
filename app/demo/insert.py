"""Many rows of one table in one call of the database's driver, past all that makes a single row comfortable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Enum, Table, insert
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from incidents.orm import UTCDateTime

Maker = Callable[[Any], Any]


class Insert:
    """Writes rows of a table that all have the same columns; what they leave out gets its default if that is fixed."""

    def __init__(self, connection: Connection, table: Table, given: Iterable[str]) -> None:
        self._connection = connection
        self._fixed = {
            column.name: column.default.arg
            for column in table.columns
            if column.name not in given and isinstance(column.default, ScalarElementColumnDefault)
        }
        names = [column.name for column in table.columns if column.name in given or column.name in self._fixed]
        compiled = insert(table).compile(dialect=connection.dialect, column_keys=names)
        self._text, self._by_place = str(compiled), compiled.positiontup is not None
        self._names: Sequence[str] = compiled.positiontup or names
        makers = [_maker(table.columns[name], connection.dialect) for name in self._names]
        self._makers = [(place, make) for place, make in enumerate(makers) if make is not None]
        self._values = itemgetter(*self._names)

    def run(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert these."""
        made = [self._made({**self._fixed, **row} if self._fixed else row) for row in rows]
        if self._by_place:
            self._connection.exec_driver_sql(self._text, [tuple(one) for one in made])
        else:
            self._connection.exec_driver_sql(self._text, [dict(zip(self._names, one, strict=True)) for one in made])

    def _made(self, row: Mapping[str, Any]) -> list[Any]:
        made = list(self._values(row))
        for place, make in self._makers:
            made[place] = make(made[place])
        return made


def _maker(column: Column[Any], dialect: Dialect) -> Maker | None:
    """What turns a value into what the driver takes; None where it takes the value itself."""
    if isinstance(column.type, UTCDateTime):
        return _instants(dialect)
    maker: Maker | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(maxsize=100)(maker) if maker is not None and isinstance(column.type, Enum) else maker


@lru_cache(maxsize=4)
def _instants(dialect: Dialect) -> Maker | None:
    # The rows of one incident name the same few instants again and again.
    maker: Maker | None = UTCDateTime().dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(maxsize=50_000)(maker) if maker is not None else None
