"""Alembic's environment. `app.database.migrate` hands in the connection; there is no other way to run it."""

from __future__ import annotations

from typing import Any

from alembic import context

from app.database import METADATA
from incidents.orm import UTCDateTime


def render(kind: str, thing: Any, _context: Any) -> str | bool:
    """Write our own column types as the plain ones they are, so that old migrations never import new code."""
    if kind == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    render_item=render,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
