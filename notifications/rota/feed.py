"""Feeds: the addresses at which a calendar program reads a rota, or one person's duties; and what it reads there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.orm import Base, Key
from incidents.people import Person
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.cover import LONGEST
from notifications.rota.duty import Duty, duties
from notifications.rota.planning import rotas

BACK = timedelta(days=14)
AHEAD = timedelta(days=366)
READ_AGAIN = timedelta(hours=1)
"""How often a calendar program is asked to look again; each has its own mind."""


class PersonFeed(Base):
    """The secret address of one person's duties. Ended when a new one is asked for."""

    __tablename__ = "rota_feed"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    token: Mapped[str] = mapped_column(String(48), unique=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Feed:
    """What one address gives: rotas, and whose duties of them; None is everybody's, gaps among them."""

    rotas: Sequence[Rota]
    person: Person | None


def own_feed(session: Session, person: Person) -> PersonFeed | None:
    """A person's address in use."""
    found = select(PersonFeed).where(PersonFeed.person_id == person.id, PersonFeed.ended_at.is_(None))
    return session.scalars(found.order_by(PersonFeed.id.desc())).first()


def new_own_feed(session: Session, person: Person, *, now: datetime) -> PersonFeed:
    """Another address for a person's duties; the one before ends at once."""
    earlier = own_feed(session, person)
    if earlier is not None:
        earlier.ended_at = now
    made = PersonFeed(
        organisation_id=person.organisation_id, person_id=person.id, token=secrets.token_urlsafe(24), created_at=now
    )
    session.add(made)
    session.flush()
    return made


def feed_at(session: Session, token: str) -> Feed | None:
    """What an address gives; None when there is no such address, or none any more."""
    rota = session.scalars(select(Rota).where(Rota.token == token, Rota.ended_at.is_(None))).first()
    if rota is not None:
        return Feed([rota], None)
    own = session.scalars(select(PersonFeed).where(PersonFeed.token == token, PersonFeed.ended_at.is_(None))).first()
    person = session.get(Person, own.person_id) if own else None
    if person is None or person.left_at is not None:
        return None
    return Feed(rotas(session, person.organisation_id), person)


def written(session: Session, feed: Feed, translate: Callable[[str], str], *, now: datetime) -> bytes:
    """The calendar of a feed: whole duties from two weeks back to a year ahead, all times in UTC.

    The only personal data in it is the name that the rota shows.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Rota//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    title = translate(N_("My duties")) if feed.person is not None else feed.rotas[0].name
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
    for rota in feed.rotas:
        for duty in _wanted(feed, _whole(session, rota, now)):
            calendar.add_component(_event(rota, duty, feed, translate))
    return bytes(calendar.to_ical())


def _whole(session: Session, rota: Rota, now: datetime) -> list[Duty]:
    """Whole duties: cut by a window that moves with the clock, the first would be another one at each look."""
    begins_at, ends_at = max(now - BACK - LONGEST, rota.created_at), now + AHEAD
    found = [duty for duty in duties(session, rota.id, begins_at, ends_at) if duty.ends_at > now - BACK]
    if found and found[-1].begins_at > now:
        found.pop()
    return found


def _wanted(feed: Feed, found: Iterable[Duty]) -> Iterable[Duty]:
    if feed.person is None:
        return found
    key = feed.person.id
    return (duty for duty in found if duty.person is not None and duty.person.id == key)


def _event(rota: Rota, duty: Duty, feed: Feed, translate: Callable[[str], str]) -> Event:
    event = Event()
    nobody = translate(N_("Nobody is on call"))
    who = duty.person.name if duty.person else nobody
    event.add("uid", _uid(rota, duty))
    event.add("dtstamp", (rota.changed_at or rota.created_at).astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", duty.begins_at.astimezone(UTC))
    event.add("dtend", duty.ends_at.astimezone(UTC))
    event.add("summary", rota.name if feed.person is not None else who)
    event.add("transp", "TRANSPARENT")
    return event


def _uid(rota: Rota, duty: Duty) -> str:
    """The same for a duty as long as it begins when it does, whoever has it."""
    named = f"{rota.id} {rota.created_at.isoformat()} {duty.begins_at.astimezone(UTC).isoformat()}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@tocsin"
