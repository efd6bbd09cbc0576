"""How soon pages were taken: a figure for management."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from incidents.summaries import Medians, Year, medians, seconds_between
from notifications.page import Acknowledgement, Page


def time_to_acknowledge(session: Session, organisation_id: int, year: Year) -> Medians:
    """From the opening of a page to the first acknowledgement, for pages opened in that year.

    Pages of drills, canaries and restricted incidents ring alone; they are left out, for everybody alike.
    """
    took = seconds_between(session, func.min(Acknowledgement.at), Page.opened_at)
    return medians(
        session,
        select(year.month(Page.opened_at), took)
        .join(Acknowledgement, Acknowledgement.page_id == Page.id)
        .where(
            Page.organisation_id == organisation_id,
            year.has(Page.opened_at),
            Page.alone.is_(False),
            Page.summons_person_id.is_(None),
            Page.summons_role.is_(None),
        )
        .group_by(Page.id),
    )
