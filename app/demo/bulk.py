"""Incidents by the hundred thousand, for benchmarks: rows like those the verbs make, hash chains included."""

from __future__ import annotations

import random
from datetime import datetime

from app.demo.cases import made_up
from app.demo.looms import SET_UP_BEFORE, set_up
from app.demo.rows import Rows
from app.installation import Installation
from incidents.organisation import the_organisation
from incidents.people import Role, holders

BATCH = 1000


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
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        rows = Rows(session.connection(), organisation.id, person_id)
        for start in range(0, count, BATCH):
            rows.add([made_up(chance, person_id, organisation.zone, now) for _ in range(min(BATCH, count - start))])
        rows.finish()
