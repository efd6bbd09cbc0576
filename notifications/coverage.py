"""Whether each hour to come has a person whom one fault cannot silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person
from incidents.words import N_
from notifications.channels import ChannelKind
from notifications.contact import LONG_UNTESTED, Contact, contacts_of_all
from notifications.escalation import plans_of, shipped
from notifications.escalation_change import empty_times
from notifications.families import independent
from notifications.ladder import rung_when
from notifications.policy import Waits
from notifications.readiness import Fault
from notifications.rota.duty import INSTANT

DAYS = 14
LOOKS = (timedelta(0), timedelta(minutes=30))
"""Each hour is looked at so far into it: hand-overs come at full and half hours."""


def sure(contacts: Sequence[Contact], *, reachable: Callable[[ChannelKind], bool], now: datetime) -> bool:
    """Whether a person with these ways is surely reached: two proved ones that do not fail together, one wakes."""
    proved = [way for way in contacts if way.proved(now) and reachable(way.channel)]
    return independent(proved) and any(way.wakes(now) for way in proved)


def sure_until(
    contacts: Sequence[Contact], *, reachable: Callable[[ChannelKind], bool], now: datetime
) -> datetime | None:
    """Until when, if nothing is tested meanwhile, a person with these ways is surely reached; None is not even now."""
    if not sure(contacts, reachable=reachable, now=now):
        return None
    marks = (mark for way in contacts for mark in (way.verified_at, way.woke_at) if mark is not None)
    lapses = sorted(at for mark in marks if (at := mark + LONG_UNTESTED) >= now)
    # A mark still counts at the very instant of its end, and no longer just after.
    return next(at for at in lapses if not sure(contacts, reachable=reachable, now=at + INSTANT))


@dataclass(frozen=True)
class Coverage:
    """Hour by hour from `begins` on, whether somebody is surely reached."""

    begins: datetime
    hours: tuple[bool, ...]

    @property
    def gaps(self) -> list[tuple[datetime, datetime]]:
        """From when until when nobody is."""
        found: list[tuple[datetime, datetime]] = []
        for number, covered in enumerate(self.hours):
            at = self.begins + timedelta(hours=number)
            if not covered and found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + timedelta(hours=1))
            elif not covered:
                found.append((at, at + timedelta(hours=1)))
        return found

    @property
    def faults(self) -> list[Fault]:
        """One warning for all the hours without anybody."""
        missing = self.hours.count(False)
        sentence = N_("Hours of the next 14 days in which nobody has two ways that do not fail together: %(number)s.")
        return [Fault(sentence, params={"number": missing})] if missing else []


def coverage(
    session: Session,
    organisation: Organisation,
    begins: datetime,
    hours: int,
    who_at: Callable[[datetime], Sequence[Person]],
    *,
    reachable: Callable[[Session, ChannelKind], bool],
    now: datetime,
) -> Coverage:
    """Whether in each of these hours one of those whom a page would ring is surely reached.

    `who_at` says whom a page would ring that comes at this instant. `begins` is cut to the full hour. A test counts
    in each hour only as long as it is not too old by then.
    """
    begins = begins.replace(minute=0, second=0, microsecond=0)
    known: dict[int, datetime | None] = {}
    open_kinds: dict[ChannelKind, bool] = {}

    def may(kind: ChannelKind) -> bool:
        if kind not in open_kinds:
            open_kinds[kind] = reachable(session, kind)
        return open_kinds[kind]

    def reached(at: datetime) -> bool:
        people = who_at(at)
        unknown = [person.id for person in people if person.id not in known]
        for person_id, ways in contacts_of_all(session, unknown).items() if unknown else ():
            known[person_id] = sure_until(ways, reachable=may, now=now)
        return any((until := known[person.id]) is not None and at <= until for person in people)

    looked = (begins + timedelta(hours=number) for number in range(hours))
    return Coverage(begins, tuple(all(reached(at + into) for into in LOOKS) for at in looked))


def empty_steps(session: Session, organisation: Organisation, *, now: datetime) -> list[Fault]:
    """The steps of the organisation's own policies that would ring nobody in some hour to come: known beforehand.

    The shipped policy goes by roles; readiness says itself which of them nobody holds.
    """
    sentence = N_(
        "Steps of the policy for “%(urgency)s” that ring nobody in some hours of the next 14 days: %(steps)s."
    )
    plans, faults = plans_of(session, organisation.id, waits=Waits()), []
    for urgency, plan in plans.items():
        if plan == shipped(Waits()):
            continue
        empty = empty_times(session, plan, organisation.id, ahead=timedelta(days=DAYS), now=now)
        steps = ", ".join(str(step) for step in sorted({each.step for each in empty}))
        faults += [Fault(sentence, params={"urgency": urgency, "steps": steps})] if steps else []
    return faults


def on_duty(session: Session, organisation: Organisation, *, now: datetime) -> Callable[[datetime], Sequence[Person]]:
    """Whom a page rings that comes at some instant of the days looked at."""
    return rung_when(session, organisation.id, now - timedelta(hours=1), now + timedelta(days=DAYS, hours=1))
