"""Triggers that keep the timeline append-only, whoever writes. Recreated after every migration.

Alembic's batch mode on SQLite silently drops triggers, so they never live in a migration.
"""

from __future__ import annotations

from sqlalchemy import Connection

FROZEN = ("entry", "awareness", "assessment", "decision", "second_opinion")
"""Tables whose rows are never changed and never deleted."""

_PROSE_BLANKED = (
    "NEW.text IS NULL AND NEW.salt IS NULL AND NEW.id = OLD.id AND NEW.entry_id = OLD.entry_id "
    "AND NEW.field = OLD.field AND NEW.organisation_id = OLD.organisation_id AND NEW.key_id = OLD.key_id"
)

_TAKEN = {
    "entry": "id = NEW.id OR (timeline_id = NEW.timeline_id AND seq = NEW.seq)",
    "awareness": "id = NEW.id",
    "assessment": "id = NEW.id",
    "decision": "id = NEW.id",
    "second_opinion": "id = NEW.id",
    "prose": "id = NEW.id",
}


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
    for table, taken in _TAKEN.items():
        # INSERT OR REPLACE deletes the row in its way without firing a DELETE trigger.
        made += _sqlite_trigger(table, "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {taken})")  # noqa: S608
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
        "BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$ LANGUAGE plpgsql"
    ]
    for table in FROZEN:
        made += _postgresql_trigger(table, "UPDATE OR DELETE", "")
    made += _postgresql_trigger("prose", "DELETE", "")
    made += _postgresql_trigger("prose", "UPDATE", f"WHEN (NOT ({_PROSE_BLANKED}))")
    for table in (*FROZEN, "prose"):
        made += _postgresql_trigger(table, "TRUNCATE", "", each="STATEMENT")
    return made


def _postgresql_trigger(table: str, acts: str, when: str, *, each: str = "ROW") -> list[str]:
    name = f"{table}_no_{acts.lower().replace(' ', '_')}"
    return [
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {acts} ON {table} FOR EACH {each} {when} EXECUTE FUNCTION tocsin_append_only()",
    ]
