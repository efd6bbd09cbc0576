"""A rota with Dana, Tariq and Ivo week by week, and what tests of it say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.installation import Installation
from incidents.organisation import the_organisation
from incidents.timeline import Entry, Kind, person_as_actor
from notifications.rota import Rota, planning
from notifications.rota.duty import Duty, duties, on_duty
from notifications.rota.planning import Plan
from notifications.rota.shift import Weekly, in_force
from tests.makers import Cast

WEEKS = Weekly((0,), time(9), 7, time(9))
NIGHTS = Weekly((0, 1, 2, 3, 4, 5, 6), time(18), 1, time(9))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk:
    """A rota with Dana, Tariq and Ivo week by week, and the verbs at hand."""

    def __init__(self, house: Installation, cast: Cast, now: datetime) -> None:
        self.house, self.cast, self.now = house, cast, now
        self.by = person_as_actor(cast.adam)
        with house.store.writing() as session:
            rota = planning.begin_rota(
                session, the_organisation(session), name="First line", zone="Europe/London", by=self.by, now=now
            )
            self.key = rota.id
        self.act(planning.add_shift, Plan("Weeks", WEEKS, [cast.dana, cast.tariq, cast.ivo]))

    def act(self, verb: Callable[..., Any], *given: Any, at: datetime | None = None, **named: Any) -> None:
        with self.house.store.writing() as session:
            verb(session, session.get_one(Rota, self.key), *given, by=self.by, now=at or self.now, **named)

    def change(self, plan: Plan, *, at: datetime | None = None, from_at: datetime | None = None) -> None:
        with self.house.store.writing() as session:
            rota = session.get_one(Rota, self.key)
            shift = in_force(session, rota, at or self.now)[-1]
            planning.change_shift(session, rota, shift, plan, from_at=from_at, by=self.by, now=at or self.now)

    def read(self, look: Callable[[Session], Any]) -> Any:
        with self.house.store.reading() as session:
            return look(session)

    def days(self, length: int = 28, begins_at: datetime | None = None) -> list[Duty]:
        begins = begins_at or self.now
        found: list[Duty] = self.read(lambda session: duties(session, self.key, begins, begins + length * DAY))
        return found

    def who(self, at: datetime) -> list[str]:
        found: list[str] = self.read(lambda session: [one.name for one in on_duty(session, self.key, at)])
        return found

    def entries(self) -> list[Entry]:
        query = select(Entry).where(Entry.kind == Kind.ROTA_CHANGED).order_by(Entry.id)
        found: list[Entry] = self.read(lambda session: list(session.scalars(query)))
        return found


def names(found: list[Duty]) -> list[str | None]:
    return [duty.person.name if duty.person else None for duty in found]


def monday(week: int) -> datetime:
    """The hand-over so many weeks after Monday 23 November 2026, nine in the morning in winter."""
    return datetime(2026, 11, 23, 9, tzinfo=UTC) + week * 7 * DAY
