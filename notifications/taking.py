"""Taking a page: an acknowledgement quiets it for a while, a first step answers it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Entry, Kind, person_as_actor, record
from incidents.words import N_
from notifications import delivery, drills
from notifications.page import Acknowledgement, Page, PageEntry, hold_page, holder, new_page, unanswered
from notifications.policy import Waits


def acknowledge(
    session: Session,
    page_id: int,
    *,
    person: Person,
    through_entry_id: int,
    by_link: delivery.Delivery | None,
    waits: Waits,
    now: datetime,
) -> Acknowledgement:
    """Take a page, as far as the entries that were shown; later ones ring anew in a page of their own.

    Harmless when somebody has it already: the present acknowledgement is returned and nothing changes. Refuses
    when nothing of it was shown.
    """
    page = hold_page(session, page_id)
    held = holder(page, now=now)
    if held is not None or page.ended_at is not None:
        return held or (page.acknowledgements[-1] if page.acknowledgements else _ended(page, person, now))
    shown = [row.entry_id for row in page.entries if row.entry_id <= through_entry_id]
    if not shown:
        raise Refused(N_("This page has changed meanwhile. Load it again, then press the button."))
    through_entry_id = max(shown)
    _split_off_later(session, page, through_entry_id, now=now)
    page.quiet_until = page.ring_at = now + waits.quiet
    taken = Acknowledgement(
        organisation_id=page.organisation_id,
        page_id=page.id,
        delivery_id=by_link.id if by_link else None,
        person_id=person.id,
        by_link=by_link is not None,
        through_entry_id=through_entry_id,
        at=now,
        until=page.quiet_until,
    )
    page.acknowledgements.append(taken)
    taken.person = person
    if by_link is not None:
        by_link.acknowledged_at = now
    delivery.cancel_rings(session, page.id)
    _record_taken(session, page, taken, now=now)
    if page.drill:
        drills.taken(session, page, taken, now=now)
    return taken


def _ended(page: Page, person: Person, now: datetime) -> Acknowledgement:
    """What to show for a page that ended by a first step alone; not stored."""
    return Acknowledgement(
        page_id=page.id, person_id=person.id, person=person, by_link=False, through_entry_id=0, at=now, until=now
    )


def _record_taken(session: Session, page: Page, taken: Acknowledgement, *, now: datetime) -> None:
    actor = person_as_actor(taken.person_id)
    for number, incident in enumerate(unanswered(session, page)):
        record(
            session,
            incident.timeline,
            Kind.TAKEN,
            by=actor,
            incident_id=incident.id,
            facts={
                "page": page.id,
                "by_link": taken.by_link,
                "until": taken.until.isoformat(),
                "tells": number == 0,
            },
            now=now,
        )


def _split_off_later(session: Session, page: Page, through_entry_id: int, *, now: datetime) -> None:
    """Entries that came after what the person was shown go to a page that rings at once."""
    later = [row for row in page.entries if row.entry_id > through_entry_id]
    if not later:
        return
    fresh = new_page(
        session,
        organisation_id=page.organisation_id,
        codename=page.codename,
        loudness=page.loudness,
        urgency=page.urgency,
        alone=page.alone,
        now=now,
    )
    fresh.drill = page.drill
    session.flush()
    session.execute(update(PageEntry).where(PageEntry.id.in_([row.id for row in later])).values(page_id=fresh.id))
    session.expire(page, ["entries"])


def first_step_taken(session: Session, entry: Entry, *, now: datetime) -> None:
    """A signed-in first step answers what rang for its incident; a page with nothing left to answer ends."""
    concerned = (
        select(PageEntry.page_id)
        .join(Page, Page.id == PageEntry.page_id)
        .where(
            PageEntry.incident_id == entry.incident_id,
            PageEntry.entry_id < entry.id,
            PageEntry.answered_at.is_(None),
            Page.ended_at.is_(None),
        )
        .distinct()
    )
    for page_id in sorted(session.scalars(concerned)):
        page = hold_page(session, page_id)
        for row in page.entries:
            if row.incident_id == entry.incident_id and row.entry_id < entry.id and row.answered_at is None:
                row.answered_at = entry.written_at
        if all(row.answered_at is not None for row in page.entries):
            page.ended_at, page.ring_at, page.quiet_until = entry.written_at, None, None
            delivery.cancel_rings(session, page.id)
    session.flush()
