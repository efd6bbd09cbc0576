"""The secret address at which a calendar program reads the open deadlines that one person may see."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.incident import Incident, visible
from incidents.obligations import OPEN, Obligation
from incidents.orm import Base, Key
from incidents.people import Person, Right
from incidents.words import N_

READ_AGAIN = timedelta(minutes=30)
"""How often a calendar program is asked to look again; each has its own mind."""

SHOWN_FOR = timedelta(minutes=30)
"""How long the event of a deadline is: it ends at the deadline, so that nobody reads its beginning as more time."""


class DeadlineFeed(Base):
    """The secret address of one person's deadlines. Ended by its owner, or when a new one is asked for."""

    __tablename__ = "deadline_feed"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    token: Mapped[str] = mapped_column(String(48), unique=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def feed_of(session: Session, person: Person) -> DeadlineFeed | None:
    """A person's address in use."""
    found = select(DeadlineFeed).where(DeadlineFeed.person_id == person.id, DeadlineFeed.ended_at.is_(None))
    return session.scalars(found.order_by(DeadlineFeed.id.desc())).first()


def end_feed(session: Session, person: Person, *, now: datetime) -> None:
    """Let a person's address stop working at once."""
    present = feed_of(session, person)
    if present is not None:
        present.ended_at = now
        session.flush()


def new_feed(session: Session, person: Person, *, now: datetime) -> DeadlineFeed:
    """Another address for a person's deadlines; the one before ends at once."""
    end_feed(session, person, now=now)
    made = DeadlineFeed(
        organisation_id=person.organisation_id, person_id=person.id, token=secrets.token_urlsafe(24), created_at=now
    )
    session.add(made)
    session.flush()
    return made


def reader_at(session: Session, token: str) -> Person | None:
    """Whose deadlines an address gives; None for no address, an ended one, and somebody who left or lost the right."""
    feed = session.scalars(
        select(DeadlineFeed).where(DeadlineFeed.token == token, DeadlineFeed.ended_at.is_(None))
    ).first()
    person = session.get(Person, feed.person_id) if feed else None
    if person is None or person.left_at is not None or Right.READ_INCIDENTS not in person.rights:
        return None
    return person


def calendar_for(
    session: Session, person: Person, translate: Callable[[str], str], *, base: str, now: datetime
) -> bytes:
    """The open deadlines that a person may see, in UTC: codename, reference and law, never what happened to whom.

    `base` is the address before an incident's reference. A target says that it is no law.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", translate(N_("Deadlines")))
    calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
    for incident, due_at, is_target, titles in _deadlines(session, person):
        calendar.add_component(_event(incident, due_at, is_target, titles, translate, base, now))
    return bytes(calendar.to_ical())


def _deadlines(session: Session, person: Person) -> Iterator[tuple[Incident, datetime, bool, list[str]]]:
    """Duties of one incident that fall due together are one event."""
    mine = visible(person).where(Incident.closed_at.is_(None)).with_only_columns(Incident.id)
    rows = session.scalars(
        select(Obligation)
        .where(Obligation.incident_id.in_(mine), Obligation.standing.in_(OPEN), Obligation.due_at.is_not(None))
        .order_by(Obligation.due_at, Obligation.id)
    )
    together: dict[tuple[int, datetime, bool], list[Obligation]] = {}
    for row in rows:
        if row.due_at is not None:
            together.setdefault((row.incident_id, row.due_at, row.is_target), []).append(row)
    for (_key, due_at, is_target), duties in together.items():
        yield duties[0].incident, due_at, is_target, list(dict.fromkeys(str(row.terms["title"]) for row in duties))


def _event(
    incident: Incident,
    due_at: datetime,
    is_target: bool,
    titles: list[str],
    translate: Callable[[str], str],
    base: str,
    now: datetime,
) -> Event:
    event = Event()
    words = " \u00b7 ".join(translate(title) for title in titles)
    kind = translate(N_("Target, not law")) if is_target else translate(N_("Deadline"))
    named = f"{incident.token} {due_at.astimezone(UTC).isoformat()} {is_target}"
    event.add("uid", f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@tocsin")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", (due_at - SHOWN_FOR).astimezone(UTC))
    event.add("dtend", due_at.astimezone(UTC))
    event.add("summary", f"{kind}: {words} ({incident.codename}, {incident.reference})")
    event.add("url", f"{base}{incident.reference}")
    event.add("transp", "TRANSPARENT")
    return event
