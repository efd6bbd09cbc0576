"""Taking a page: an acknowledgement quiets it for a while, a first step answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from incidents.incident import Incident, hold
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Entry, Kind, person_as_actor, record
from incidents.words import N_
from notifications import delivery, drills
from notifications.contact import proved_again
from notifications.escalation import plan_for
from notifications.page import (
    Acknowledgement,
    Page,
    PageEntry,
    Snooze,
    end_page,
    hold_page,
    holder,
    is_summons,
    last_entry,
    new_page,
    unanswered,
)
from notifications.policy import Waits
from notifications.rules import rule_for

BEGUN = timedelta(hours=8)
"""How long a first step quiets whoever took it, while the page wants somebody else too."""

TEN_MINUTES = timedelta(minutes=10)
"""How long "awake, give me ten minutes" quiets whoever says it."""


def acknowledge(
    session: Session,
    page_id: int,
    *,
    person: Person,
    through_entry_id: int,
    by_link: delivery.Delivery | None,
    waits: Waits,
    take_over: bool = False,
    now: datetime,
) -> Acknowledgement:
    """Take a page, as far as the entries that were shown; later ones ring anew in a page of their own.

    It is a lease until `waits.quiet` has passed, not an answer: without a first step it rings again. Harmless when
    somebody has it already: the present acknowledgement is returned and nothing changes, unless the person means to
    `take_over`. Where the policy wants several people, the page goes on ringing the others until they have it too.
    Refuses when nothing of it was shown.
    """
    page = hold_page(session, page_id)
    held = holder(page, now=now)
    taking_over = take_over and held is not None and held.person_id != person.id
    if page.ended_at is not None or (held is not None and not taking_over):
        return held or (page.acknowledgements[-1] if page.acknowledgements else _ended(page, person, now))
    shown = [row.entry_id for row in page.entries if row.entry_id <= through_entry_id]
    if not shown:
        raise Refused(N_("This page has changed meanwhile. Load it again, then press the button."))
    through_entry_id = max(shown)
    again = _living(page, person, through_entry_id, now=now)
    if again is not None:
        return again
    _split_off_later(session, page, through_entry_id, now=now)
    taken = _given(session, page, person, through_entry_id, by_link, until=now + waits.quiet, now=now)
    wanted = _wanted(session, page)
    missing = _quieted(session, page, taken, wanted, now=now)
    _record_taken(session, page, taken, over=taking_over, missing=missing, now=now)
    if is_summons(page):
        end_page(session, page, now=now)
    elif wanted > 1:
        _answer_what_enough_have(session, page, wanted, now=now)
    if page.drill:
        drills.taken(session, page, taken, now=now)
    return taken


def _given(
    session: Session,
    page: Page,
    person: Person,
    through_entry_id: int,
    by_link: delivery.Delivery | None,
    *,
    until: datetime,
    now: datetime,
) -> Acknowledgement:
    """One more acknowledgement; a way that it came through has proved itself again."""
    taken = Acknowledgement(
        organisation_id=page.organisation_id,
        page_id=page.id,
        delivery_id=by_link.id if by_link else None,
        person_id=person.id,
        by_link=by_link is not None,
        through_entry_id=through_entry_id,
        at=now,
        until=until,
    )
    page.acknowledgements.append(taken)
    taken.person = person
    if by_link is not None:
        by_link.acknowledged_at = now
        by_link.seen_at = by_link.seen_at or now
        delivery.got_through(session, by_link)
        proved_again(session, by_link.contact, now=now)
    return taken


def _living(page: Page, person: Person, through_entry_id: int, *, now: datetime) -> Acknowledgement | None:
    """What this person has acknowledged already, while the page wants somebody else too."""
    mine = [given for given in page.acknowledgements if given.person_id == person.id and given.until > now]
    return next((given for given in mine if given.through_entry_id >= through_entry_id), None)


def _quieted(session: Session, page: Page, taken: Acknowledgement, wanted: int, *, now: datetime) -> int:
    """Quiet whoever has just taken the page, and all of it if that is enough; how many more people must take it."""
    missing = max(0, wanted - len(_having(page, last_entry(session, page.id), now=now)))
    if missing:
        delivery.cancel_rings(session, page.id, person_id=taken.person_id)
    else:
        page.quiet_until = page.ring_at = taken.until
        delivery.cancel_rings(session, page.id)
    return missing


def _wanted(session: Session, page: Page) -> int:
    """How many different people must have a page before it is quiet. Whom a summons calls is enough for it."""
    # The shipped policy, the only one that the waits shape, wants one person at every step.
    return 1 if is_summons(page) else plan_for(session, page, waits=Waits()).wants(page.step)


def _having(page: Page, through_entry_id: int, *, now: datetime) -> set[int]:
    """Who has acknowledged a page so far as this entry, and is still there."""
    return {
        given.person_id
        for given in page.acknowledgements
        if given.until > now and given.through_entry_id >= through_entry_id and given.person.left_at is None
    }


def _ended(page: Page, person: Person, now: datetime) -> Acknowledgement:
    """What to show for a page that ended by a first step alone; not stored."""
    return Acknowledgement(
        page_id=page.id, person_id=person.id, person=person, by_link=False, through_entry_id=0, at=now, until=now
    )


def _record_taken(
    session: Session, page: Page, taken: Acknowledgement, *, over: bool, missing: int, now: datetime
) -> None:
    handing = {row.incident_id for row in page.entries if row.entry.kind is Kind.HANDED_OVER and row.incident_id}
    for incident_id in sorted(handing):  # before any timeline, as the verbs do
        hold(session, incident_id).handler_id = taken.person_id
    for number, incident in enumerate(unanswered(session, page)):
        facts: dict[str, Any] = {
            "page": page.id,
            "by_link": taken.by_link,
            "until": taken.until.isoformat(),
            "tells": number == 0,
        }
        marks = {"over": over, "missing": missing, "summons": is_summons(page)}
        facts.update({name: value for name, value in marks.items() if value})
        _say(session, incident, Kind.TAKEN, taken.person_id, facts, now=now)


def _say(
    session: Session, incident: Incident, kind: Kind, person_id: int, facts: Mapping[str, Any], *, now: datetime
) -> None:
    actor = person_as_actor(person_id)
    record(session, incident.timeline, kind, by=actor, incident_id=incident.id, facts=facts, now=now)


def awake(session: Session, page_id: int, *, person: Person, now: datetime) -> Snooze | None:
    """ "Awake, give me ten minutes": quiets this person, not the page and not its climb; it rings again by itself.

    None when there is nothing to be quieted: somebody has the page, or it has ended.
    """
    page = hold_page(session, page_id)
    if page.ended_at is not None or holder(page, now=now) is not None:
        return None
    snooze = Snooze(
        organisation_id=page.organisation_id, page_id=page.id, person_id=person.id, at=now, until=now + TEN_MINUTES
    )
    session.add(snooze)
    delivery.cancel_rings(session, page.id, person_id=person.id)
    if page.ring_at is not None:
        page.ring_at = min(page.ring_at, snooze.until)
    for incident in unanswered(session, page):
        _say(session, incident, Kind.AWAKE, person.id, {"page": page.id, "until": snooze.until.isoformat()}, now=now)
    session.flush()
    return snooze


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
    """A signed-in first step answers what rang for its incident; a page with nothing left to answer ends.

    A summons is answered only by whom it called, or by an acknowledgement: whoever called them works on meanwhile.
    Where the policy wants several people, the step quiets whoever took it, and the others are rung until enough have
    the page. Nobody is called to a closed incident any more.
    """
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
        if is_summons(page) and page.summons_person_id != entry.person_id and entry.kind is not Kind.CLOSED:
            continue
        wanted = 1 if entry.kind is Kind.CLOSED else _wanted(session, page)
        if wanted > 1:
            _quiet_who_began(session, page, entry, now=now)
            _answer_what_enough_have(session, page, wanted, now=now)
            continue
        for row in page.entries:
            if row.incident_id == entry.incident_id and row.entry_id < entry.id and row.answered_at is None:
                row.answered_at = entry.written_at
        _end_if_answered(session, page, now=entry.written_at)
    session.flush()


def _quiet_who_began(session: Session, page: Page, entry: Entry, *, now: datetime) -> None:
    """Whoever took a first step on all that a page rings for has it, as if they had acknowledged."""
    through, person = last_entry(session, page.id), session.get_one(Person, entry.person_id)
    until = now + BEGUN
    mine = _living(page, person, through, now=now)
    if mine is not None:
        mine.until = until
    elif all(row.incident_id == entry.incident_id for row in page.entries if row.answered_at is None):
        _given(session, page, person, through, None, until=until, now=now)
        delivery.cancel_rings(session, page.id, person_id=person.id)


def _answer_what_enough_have(session: Session, page: Page, wanted: int, *, now: datetime) -> None:
    """A page that wants several people: what one of them has begun with is answered once enough have it."""
    begun = _begun(session, page)
    for row in page.entries:
        began = {
            person_id for incident_id, at, person_id in begun if incident_id == row.incident_id and at > row.entry_id
        }
        if row.answered_at is None and began and len(began | _having(page, row.entry_id, now=now)) >= wanted:
            row.answered_at = now
    _end_if_answered(session, page, now=now)


def _begun(session: Session, page: Page) -> list[tuple[int | None, int, int]]:
    """The first steps taken on the incidents of a page: of which incident, the key of the entry, and by whom."""
    incidents = {row.incident_id for row in page.entries if row.incident_id}
    entries = session.scalars(select(Entry).where(Entry.incident_id.in_(incidents), Entry.person_id.is_not(None)))
    return [(row.incident_id, row.id, row.person_id) for row in entries if row.person_id and rule_for(row).first_step]


def _end_if_answered(session: Session, page: Page, *, now: datetime) -> None:
    if all(row.answered_at is not None for row in page.entries):
        end_page(session, page, now=now)
