"""Triggers that keep the timeline append-only, whoever writes. Recreated after every migration.

Alembic's batch mode on SQLite silently drops triggers, so they never live in a migration.
"""

from __future__ import annotations

from sqlalchemy import Connection

FROZEN = ("entry", "awareness")
"""Tables whose rows are never changed and never deleted."""

_PROSE_BLANKED = (
    "NEW.text IS NULL AND NEW.salt IS NULL AND NEW.id = OLD.id AND NEW.entry_id = OLD.entry_id "
    "AND NEW.field = OLD.field"
)


def install(connection: Connection) -> None:
    """Put all triggers in place anew, on SQLite or PostgreSQL."""
    statements = _postgresql() if connection.dialect.name == "postgresql" else _sqlite()
    for statement in statements:
        connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    made = []
    for table in FROZEN:
        for act in ("UPDATE", "DELETE"):
            made += _sqlite_trigger(table, act, "1")
    made += _sqlite_trigger("prose", "UPDATE", f"NOT ({_PROSE_BLANKED})")
    made += _sqlite_trigger("prose", "DELETE", "1")
    return made


def _sqlite_trigger(table: str, act: str, when: str) -> list[str]:
    name = f"{table}_no_{act.lower()}"
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    ]


def _postgresql() -> list[str]:
    made = [
        "CREATE OR REPLACE FUNCTION tocsin_append_only() RETURNS trigger AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql"
    ]
    for table in FROZEN:
        made += _postgresql_trigger(table, "UPDATE OR DELETE", "")
    made += _postgresql_trigger("prose", "DELETE", "")
    made += _postgresql_trigger("prose", "UPDATE", f"WHEN (NOT ({_PROSE_BLANKED}))")
    return made


def _postgresql_trigger(table: str, acts: str, when: str) -> list[str]:
    name = f"{table}_no_{acts.lower().replace(' ', '_')}"
    return [
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {acts} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION tocsin_append_only()",
    ]
