"""Entries become pages, and pages ring and climb until somebody acknowledges them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.orm import Session

from incidents.incident import Incident, Urgency
from incidents.kinds import CALLS
from incidents.orm import UTCDateTime
from incidents.people import Role
from incidents.timeline import SYSTEM, Entry, Kind, record
from notifications import canary, delivery, drills
from notifications.delivery import Purpose
from notifications.escalation import plan_for
from notifications.mute import muted_until
from notifications.page import (
    LOUDNESS,
    Page,
    PageEntry,
    incidents_of,
    new_code,
    new_page,
    unanswered,
)
from notifications.policy import Waits
from notifications.reach import past_of, rung_at


def ring_for(session: Session, entry: Entry, *, looked: bool = False, now: datetime) -> Page:
    """Let an entry ring: in a page that rings already if it is like it, in one of its own otherwise.

    A further report folds into an unacknowledged page that is at least as loud; any other entry joins only a
    page of its own incident, which rings at once if that makes it louder. Never across organisations, never into
    or out of a restricted incident. With `looked` the caller has just found no page for a further report to join.
    """
    incident = session.get(Incident, entry.incident_id) if entry.incident_id else None
    loudness = LOUDNESS[incident.still_happening] if incident else 2
    alone = incident is not None and rings_alone(incident)
    by_itself = entry.kind in CALLS or (looked and entry.kind is Kind.REPORTED and not alone)
    page = None if by_itself else _ringing(session, entry, incident, loudness, alone)
    if page is not None:
        if page.loudness < loudness:
            page.loudness, page.ring_at = loudness, now
        if entry.kind is not Kind.REPORTED and page.rang_at is None:
            page.ring_at = now  # a mute holds further reports back, nothing else
        if incident is not None and incident.urgency is Urgency.URGENT:
            page.urgency = Urgency.URGENT
    if page is None:
        page = new_page(
            session,
            organisation_id=entry.organisation_id,
            codename=incident.codename if incident else "Tocsin",
            loudness=loudness,
            urgency=incident.urgency if incident else Urgency.URGENT,
            alone=alone,
            now=now,
        )
        page.drill = bool(incident and incident.drill)
        if entry.kind is Kind.REPORTED and not alone:
            page.ring_at = muted_until(session, page.organisation_id, loudness, now=now) or now
        if entry.kind in CALLS:
            page.summons_person_id = entry.facts.get("person")
            page.summons_role = Role(entry.facts["role"]) if "role" in entry.facts else None
    # By the many-to-one side: a flood must not load the whole page for each report that joins it.
    session.add(
        PageEntry(organisation_id=entry.organisation_id, page=page, entry_id=entry.id, incident_id=entry.incident_id)
    )
    session.flush()
    return page


def called_has_left(session: Session, person_id: int, *, now: datetime) -> None:
    """Whoever was called is not there any more: their summons climbs at once."""
    session.execute(
        update(Page)
        .where(Page.summons_person_id == person_id, Page.ended_at.is_(None))
        .values(ring_at=now)
        .execution_options(synchronize_session=False)
    )


def rings_alone(incident: Incident) -> bool:
    """Whether an incident's entries never share a page with those of others."""
    return incident.restricted or incident.drill or incident.canary


def shared_page(session: Session, organisation_id: int, loudness: int) -> Page | None:
    """The page that a further report of this loudness joins: still ringing, not quieted, at least as loud.

    Locked, so that nobody takes it at this moment.
    """
    wanted = {"organisation_id": organisation_id, "loudness": loudness}
    return session.scalars(_SHARED, wanted).first()


def _ringing(session: Session, entry: Entry, incident: Incident | None, loudness: int, alone: bool) -> Page | None:
    """The page an entry may join."""
    if entry.kind is Kind.REPORTED and not alone:
        return shared_page(session, entry.organisation_id, loudness)
    # An incident that was restricted later has older entries in a page that it shares: not that one.
    wanted = {"organisation_id": entry.organisation_id, "loudness": min(LOUDNESS.values()), "alone": alone}
    return session.scalars(_OWN, wanted | {"incident_id": incident.id if incident else 0}).first()


def _first(*further: ColumnElement[bool]) -> Select[Page]:
    """The first page that still rings everybody, locked."""
    return (
        select(Page)
        .where(
            Page.organisation_id == bindparam("organisation_id"),
            Page.ended_at.is_(None),
            Page.quiet_until.is_(None),
            Page.summons_person_id.is_(None),
            Page.summons_role.is_(None),
            Page.loudness >= bindparam("loudness"),
            *further,
        )
        .order_by(Page.id)
        .limit(1)
        .with_for_update(key_share=True)
    )


_SHARED = _first(Page.alone.is_(False))
_OWN = _first(
    Page.id.in_(select(PageEntry.page_id).where(PageEntry.incident_id == bindparam("incident_id"))),
    Page.alone == bindparam("alone"),
)
_RIPE = (
    select(Page)
    .where(Page.ended_at.is_(None), Page.ring_at <= bindparam("now", type_=UTCDateTime()))
    .order_by(Page.ring_at, Page.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, key_share=True)
)


def due_pages(session: Session, *, limit: int = 100, now: datetime) -> list[Page]:
    """The pages that ring now, oldest first."""
    return list(session.scalars(_RIPE, {"now": now, "most": limit}))


def ring(session: Session, page: Page, *, waits: Waits, now: datetime) -> int:
    """Ring everybody whose turn it is; set when it rings again. Returns how many deliveries were queued.

    A step without anybody who can be reached passes at once to the next. If no step has anybody, it waits
    `waits.empty_round` and stays red.
    """
    if page.alone:
        by_itself = canary.ring(session, page, now=now)
        by_itself = drills.ring(session, page, waits=waits, now=now) if by_itself is None else by_itself
        if by_itself is not None:
            return by_itself
    if page.quiet_until is not None:
        _ring_again(session, page, now=now)
    page.code = page.code or new_code(session, page.organisation_id)  # opened by an earlier version
    plan = plan_for(session, page, waits=waits)
    elapsed = now - page.round_at
    if elapsed >= plan.round:
        page.round, page.round_at, elapsed = page.round + 1, now, now - now
    reached = plan.step_at(elapsed)
    page.step = reached if page.round == 1 else max(reached, plan.last)
    past = past_of(session, page.id, now=now)
    whom = rung_at(session, page, plan, page.step, past, now=now)
    while not whom.hopeful and page.step < plan.last:
        page.step += 1
        whom = rung_at(session, page, plan, page.step, past, now=now)
    fresh = [way for way in whom.ways if way.id not in past.waiting]
    for contact in fresh:
        delivery.queue(
            session, contact, Purpose.RING, page_id=page.id, through_entry_id=past.through, step=page.step, now=now
        )
    page.nobody_at = None if whom.anybody else (page.nobody_at or now)
    wait = plan.repeat if whom.anybody else waits.empty_round
    page.ring_at = min(now + wait, page.round_at + plan.next_change(elapsed), *whom.quiet_until)
    session.flush()
    return len(fresh)


def _ring_again(session: Session, page: Page, *, now: datetime) -> None:
    """An acknowledgement ran out without a first step: the page starts a new round."""
    page.quiet_until = None
    page.round, page.round_at = page.round + 1, now
    for incident in unanswered(session, page):
        record(
            session,
            incident.timeline,
            Kind.RINGS_AGAIN,
            by=SYSTEM,
            incident_id=incident.id,
            facts={"page": page.id, "round": page.round},
            now=now,
        )


def rang(session: Session, page: Page, *, through_entry_id: int, now: datetime) -> None:
    """A channel accepted a ring: note it once on the timeline of each incident that it rang for.

    Entries after `through_entry_id` joined while the ring was under way; it did not speak of them. The caller holds
    the page.
    """
    page.rang_at = page.rang_at or now
    fresh = [row for row in page.entries if row.rang_at is None and row.entry_id <= through_entry_id]
    for row in fresh:
        row.rang_at = now
    for incident in incidents_of(session, {row.incident_id for row in fresh if row.incident_id}):
        record(
            session,
            incident.timeline,
            Kind.RANG,
            by=SYSTEM,
            incident_id=incident.id,
            facts={"page": page.id, "round": page.round},
            now=now,
        )
