"""The canary's night: planned at a random minute, followed until it is settled, cleared by machine.

Its page rings a sink, no person. Incidents cannot be deleted, so a canary's stays, closed, and no page shows it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, and_, bindparam, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from incidents.canary import Canary
from incidents.decisions import close
from incidents.incident import Incident, OurRole, What
from incidents.obligations import Targets
from incidents.organisation import Organisation
from incidents.orm import UTCDateTime
from incidents.people import Person
from incidents.timeline import SYSTEM, Kind, organisation_timeline, record
from incidents.triage import triage
from incidents.words import N_
from notifications import delivery
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, Purpose
from notifications.page import Page, PageEntry, end_page, hold_page

BEGINS = time(3, 0)
MINUTES = 90
"""It is filed at a random minute of so many from `BEGINS` on, by the organisation's clock."""

AHEAD = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
LATE = timedelta(minutes=15)
"""A canary that has not come through so long after its minute never ran, or ran into a fault."""

SINK = "canary"
CLEARED = N_("Filed and cleared by machine. No person was rung.")


def plan(session: Session, organisation: Organisation, *, now: datetime) -> Canary:
    """The canary of the next night, planned if it was not: any number of workers plan one."""
    zone = ZoneInfo(organisation.zone)
    day = now.astimezone(zone).date()
    if _at(day, 0, zone) < now + AHEAD:
        day += timedelta(days=1)
    mine = select(Canary).where(Canary.organisation_id == organisation.id, Canary.night == day.isoformat())
    found = session.scalars(mine).first()
    if found is not None:
        return found
    planned = Canary(
        organisation_id=organisation.id,
        night=day.isoformat(),
        planned_at=_at(day, secrets.randbelow(MINUTES + 1), zone),
    )
    try:
        with session.begin_nested():
            session.add(planned)
    except IntegrityError:  # another worker was quicker
        return session.scalars(mine).one()
    return planned


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, BEGINS, zone) + timedelta(minutes=minutes)


def forget_planned(session: Session) -> None:
    """Take back what was planned, because the canary is switched off."""
    session.execute(delete(Canary).where(Canary.started_at.is_(None)))


def due(session: Session, organisation_id: int, *, now: datetime) -> Canary | None:
    """The canary whose minute has come, held so that one worker files it, even if all stood still meanwhile."""
    return session.scalars(
        select(Canary)
        .where(Canary.organisation_id == organisation_id, Canary.planned_at <= now, Canary.started_at.is_(None))
        .order_by(Canary.planned_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def left_behind(session: Session, organisation_id: int, *, now: datetime) -> list[Canary]:
    """Canaries whose time is up and that nobody follows any more, because their worker died."""
    return list(
        session.scalars(
            select(Canary).where(
                Canary.organisation_id == organisation_id,
                Canary.expires_at < now - AGAIN,
                Canary.cleared_at.is_(None),
                Canary.failed_at.is_(None),
            )
        )
    )


def ring(session: Session, page: Page, *, now: datetime) -> int | None:
    """Ring the sink for a canary's page; how many deliveries were queued. None for every other page."""
    incident = session.scalars(
        select(Incident)
        .join(PageEntry, PageEntry.incident_id == Incident.id)
        .where(PageEntry.page_id == page.id, Incident.canary.is_(True))
        .limit(1)
    ).first()
    if incident is None:
        return None
    if incident.closed_at is not None:  # given up before its bell was heard
        end_page(session, page, now=now)
        return 0
    sink, queued = _sink(session, page.organisation_id, now=now), 0
    if delivery.waiting(session, page.id, sink.id) is None:
        delivery.queue(session, sink, Purpose.RING, page_id=page.id, now=now)
        queued = 1
    page.ring_at = now + AGAIN
    session.flush()
    return queued


def _sink(session: Session, organisation_id: int, *, now: datetime) -> Contact:
    """The contact that takes canaries in. It belongs to nobody: a name that left as it came, and cannot sign in."""
    found = session.scalars(
        select(Contact)
        .where(Contact.organisation_id == organisation_id, Contact.channel == ChannelKind.CANARY)
        .order_by(Contact.id)
        .limit(1)
    ).first()
    if found is not None:
        return found
    nobody = Person(
        organisation_id=organisation_id,
        name="Canary",
        email=f"canary-{organisation_id}@tocsin.invalid",
        created_at=now,
        left_at=now,
    )
    session.add(nobody)
    session.flush()
    sink = Contact(
        organisation_id=organisation_id, person_id=nobody.id, channel=ChannelKind.CANARY, label=SINK, added_at=now
    )
    session.add(sink)
    session.flush()
    return sink


def follow(session: Session, canary_id: int) -> bool:
    """Note how far a canary has come, at the instants that the pager itself wrote. True once it is settled."""
    canary = session.get_one(Canary, canary_id, populate_existing=True)
    if canary.incident_id is None:
        return False
    row = session.execute(
        select(Page.opened_at, Delivery.queued_at, Delivery.accepted_at)
        .join(PageEntry, PageEntry.page_id == Page.id)
        .outerjoin(Delivery, Delivery.page_id == Page.id)
        .where(PageEntry.incident_id == canary.incident_id)
        .order_by(Delivery.accepted_at.nulls_last(), Delivery.id)
        .limit(1)
    ).one_or_none()
    if row is not None:
        canary.paged_at, canary.queued_at, canary.settled_at = row
    session.flush()
    return canary.settled_at is not None


def clear(session: Session, canary_id: int, *, targets: Targets, now: datetime) -> None:
    """A canary has come through: close its incident and end its page."""
    canary = session.get_one(Canary, canary_id)
    _put_away(session, canary, targets=targets, now=now)
    canary.cleared_at = now
    session.flush()


def give_up(
    session: Session, canary_id: int, *, problem: dict[str, Any] | None = None, targets: Targets, now: datetime
) -> None:
    """A canary did not come through in time: record it, and put away what there is of it."""
    canary = session.get_one(Canary, canary_id)
    if canary.failed_at is not None or canary.cleared_at is not None:
        return
    canary.failed_at, canary.problem = now, problem
    if canary.expires_at is not None:
        canary.expires_at = min(canary.expires_at, now)  # a form that answers after all finds its token spent
    _put_away(session, canary, targets=targets, now=now)
    facts = {"night": canary.night, "missing": missing(canary)}
    timeline = organisation_timeline(session, canary.organisation_id)
    record(session, timeline, Kind.CANARY_MISSED, by=SYSTEM, facts=facts, now=now)


def _put_away(session: Session, canary: Canary, *, targets: Targets, now: datetime) -> None:
    if canary.incident_id is None:
        return
    pages = select(PageEntry.page_id).where(PageEntry.incident_id == canary.incident_id).distinct()
    for page_id in sorted(session.scalars(pages)):
        page = hold_page(session, page_id)
        if page.ended_at is None:
            end_page(session, page, now=now)
    incident = session.get_one(Incident, canary.incident_id)
    if incident.closed_at is None:
        triage(
            session,
            incident.id,
            what=What.NOTHING,
            our_role=OurRole.UNKNOWN,
            reason=CLEARED,
            by=SYSTEM,
            targets=targets,
            now=now,
        )
    if incident.closed_at is None:
        close(session, incident.id, reason=CLEARED, by=SYSTEM, now=now)


def latest(session: Session, organisation_id: int, *, now: datetime) -> Canary | None:
    """The last canary that was begun, or should have been."""
    return session.scalars(
        select(Canary)
        .where(Canary.organisation_id == organisation_id, Canary.planned_at <= now)
        .order_by(Canary.planned_at.desc())
        .limit(1)
    ).first()


def missed_night() -> ScalarSelect[str]:
    """For a query that every page makes: the night of the last canary, if `is_missed` would say so of it.

    It wants the parameters `organisation_id`, `now`, and `late`, which is `LATE` before now.
    """
    last = (
        select(Canary.id)
        .where(
            Canary.organisation_id == bindparam("organisation_id"),
            Canary.planned_at <= bindparam("now", type_=UTCDateTime()),
        )
        .order_by(Canary.planned_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    unfinished = and_(Canary.cleared_at.is_(None), Canary.planned_at < bindparam("late", type_=UTCDateTime()))
    return (
        select(Canary.night)
        .where(Canary.id == last, or_(Canary.failed_at.is_not(None), unfinished))
        .correlate(None)
        .scalar_subquery()
    )


MISSING = {
    "filed": N_("it was not filed: no worker ran"),
    "reported": N_("the report form did not take it"),
    "paged": N_("its bell was not heard"),
    "queued": N_("its page rang nobody"),
    "settled": N_("its message was not handed over"),
    "cleared": N_("it was not cleared"),
}
"""What a canary lacks, by the first stage that it did not reach."""


def missing(canary: Canary) -> str:
    """The first stage that it did not reach, as a key of `MISSING`."""
    reached: dict[str, datetime | None] = {
        "filed": canary.started_at,
        "reported": canary.reported_at,
        "paged": canary.paged_at,
        "queued": canary.queued_at,
        "settled": canary.settled_at,
    }
    return next((stage for stage, at in reached.items() if at is None), "cleared")


def is_missed(canary: Canary, *, now: datetime) -> bool:
    """Whether it failed, or should have come through by now."""
    return canary.failed_at is not None or (canary.cleared_at is None and canary.planned_at < now - LATE)


def why_missed(canary: Canary, translate: Callable[[str], str] = str) -> str:
    """Where it stopped, in words."""
    return translate(MISSING[missing(canary)])
