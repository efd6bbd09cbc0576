"""Incidents by the hundred thousand, for benchmarks: rows like those the verbs make, hash chains included."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from app.demo.cases import made_up
from app.demo.looms import SET_UP_BEFORE, set_up
from app.demo.rows import Rows
from app.installation import Installation
from incidents.organisation import the_organisation
from incidents.people import Role, holders
from incidents.store import is_postgresql

BATCH = 1000
CACHE = 96 * 1024
"""Of SQLite while it is filled, in kB."""


def fill_many(installation: Installation, count: int, *, now: datetime) -> None:
    """Add so many incidents of the last two years, in one transaction; people are made if there are none.

    Nothing of them rings: they carry no bells, and their pages have ended.
    """
    with installation.store.reading() as session:
        organisation = the_organisation(session)
        present = holders(session, organisation.id, Role.DPO)
        person_id = present[0].id if present else None
    if person_id is None:
        person_id = set_up(installation, now=now - SET_UP_BEFORE)["dana"]
    chance = random.Random(count)  # noqa: S311 - the same rows each time, nothing secret
    with _uncollected(), installation.store.writing() as session, _roomy(session):
        organisation = the_organisation(session)
        rows = Rows(session.connection(), organisation.id, person_id)
        for start in range(0, count, BATCH):
            rows.add([made_up(chance, person_id, organisation.zone, now) for _ in range(min(BATCH, count - start))])
        rows.finish()


@contextmanager
def _uncollected() -> Iterator[None]:
    """A third of the time went into looking for cycles among millions of rows that have none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _roomy(session: Session) -> Iterator[None]:
    """Rows with random names land all over their indexes; without room they are read and written again and again."""
    if is_postgresql(session):
        yield
        return
    connection = session.connection()
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE}")
    yield
    connection.exec_driver_sql(f"PRAGMA cache_size = {before}")
