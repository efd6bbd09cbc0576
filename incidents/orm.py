"""The ground of every table: aware instants, enums by value, keys that are never used twice."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, DateTime, Enum, Index, Insert, Integer, MetaData, Table, text
from sqlalchemy import insert as insert_into
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, make_transient_to_detached, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Key = BigInteger().with_variant(Integer(), "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values on the way in; gives aware UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite hands back naive values, PostgreSQL aware ones.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def by_value(members: type[enum.Enum]) -> Enum:
    """A column type that stores an enum's value as text, without a CHECK that a growing enum would break."""
    return Enum(
        members,
        native_enum=False,
        create_constraint=False,
        length=40,
        values_callable=lambda cls: [member.value for member in cls],
    )


class Base(DeclarativeBase):
    """All tables. Integer keys stay inside and are never used twice, not even after a deletion."""

    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {datetime: UTCDateTime(), dict[str, Any]: JSON(), list[Any]: JSON()}  # noqa: RUF012
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Key, primary_key=True)


def table(*constraints: Any) -> tuple[Any, ...]:
    """`__table_args__` with these constraints, keeping the rule about keys."""
    return (*constraints, {"sqlite_autoincrement": True})


def only_some(name: str, column: str) -> Index:
    """An index of the few rows in which a column is set: the others cost nothing when they are stored."""
    is_set = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=is_set, postgresql_where=is_set)


Row = TypeVar("Row", bound=Base)


@cache
def _insert_into(kind: type[Base]) -> tuple[Insert, frozenset[str]]:
    columns = cast(Table, kind.__table__).columns
    return insert_into(cast(Table, kind.__table__)), frozenset(column.key for column in columns)


def insert(session: Session, row: Row) -> Row:
    """Store one new row by a plain INSERT and give it its key; it stays outside the session until `adopt`.

    For the few places where many rows are made at once and nothing of them is read again: a flush costs several
    times as much. Relationships are not followed, so keys of other rows must be in the row already.
    """
    statement, columns = _insert_into(type(row))
    values = {name: value for name, value in row.__dict__.items() if name in columns}
    row.id = int(session.connection().execute(statement, values).inserted_primary_key[0])  # type: ignore[index]
    return row


def insert_all(session: Session, kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Store rows that are alike in one statement. They get no keys back."""
    if rows:
        session.connection().execute(_insert_into(kind)[0], rows)


def adopt(session: Session, row: Row) -> Row:
    """Make an inserted row part of the session, as if it had been loaded."""
    make_transient_to_detached(row)
    session.add(row)
    return row
