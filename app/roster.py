"""What the pages about rotas show and read alike: duties in rows, shifts in words, forms of weekly times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_day_names
from flask import abort
from sqlalchemy.orm import Session

from app import shown
from app.access import me
from app.language import gettext as _
from app.language import language
from app.navigation import organisation
from app.places import countries
from app.shown import Moment
from incidents.people import Person, Right, everybody
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.duty import Duty, Why
from notifications.rota.publicdays import countries_of, public_days, regions_of
from notifications.rota.request import open_requests
from notifications.rota.shift import Shift
from notifications.rota.shift import later as later_words

AHEAD = timedelta(days=14)
WHY = {
    Why.SHIFT: N_("by the shift %(shift)s"),
    Why.PLANNED: N_("stands in"),
    Why.TAKEN: N_("took this duty"),
    Why.SWAPPED: N_("swapped"),
    Why.CALENDAR: N_("from a calendar"),
    Why.GAP: N_("no shift covers this time"),
    Why.LEFT: N_("whose turn it is has no account any more"),
    Why.NO_ROLE: N_("whose turn it is holds no role any more that is paged"),
}


@dataclass(frozen=True)
class Row:
    """One duty as a table shows it; `key` is its beginning, as a form sends it back."""

    begins: Moment | None
    ends: Moment | None
    who: str | None
    own: bool
    why: str
    key: str
    rota: str


@dataclass(frozen=True)
class Asked:
    """A request for a duty as the page of the rota shows it; `back` is what is given in return, if anything."""

    key: int
    who: str
    rota: str
    begins: Moment | None
    ends: Moment | None
    back_begins: Moment | None
    back_ends: Moment | None
    mine: bool


@dataclass(frozen=True)
class Weekday:
    """A day of the week to tick."""

    value: str
    words: str


def rota_for_me(session: Session, rota_id: int) -> Rota:
    """The rota of that key, if it is of the organisation of the person signed in and in use."""
    found = session.get(Rota, rota_id)
    if found is None or found.organisation_id != me().organisation_id or found.ended_at is not None:
        abort(404)
    return found


def row_of(duty: Duty, rota: Rota) -> Row:
    """A duty in the zone of its rota."""
    place = ZoneInfo(rota.zone)
    return Row(
        begins=shown.moment(duty.begins_at, place),
        ends=shown.moment(duty.ends_at, place),
        who=duty.person.name if duty.person else None,
        own=duty.person is not None and duty.person.id == me().id,
        why=_(WHY[duty.why], shift=duty.shift) if duty.shift else _(WHY[duty.why]),
        key=duty.begins_at.isoformat(),
        rota=rota.name,
    )


def requests_of(session: Session, rota: Rota, *, now: datetime) -> list[Asked]:
    """The open requests of a rota that the person signed in made or is to answer."""
    place, found = ZoneInfo(rota.zone), open_requests(session, rota, now=now)
    return [
        Asked(
            key=each.id,
            who=each.asked.name if each.asker_id == me().id else each.asker.name,
            rota=rota.name,
            begins=shown.moment(each.begins_at, place),
            ends=shown.moment(each.ends_at, place),
            back_begins=shown.moment(each.return_begins_at, place),
            back_ends=shown.moment(each.return_ends_at, place),
            mine=each.asker_id == me().id,
        )
        for each in found
        if me().id in (each.asker_id, each.asked_id)
    ]


def duty_words(row: Row) -> str:
    """A duty as a form offers it: who, from when until when."""
    begins, ends = (row.begins.local if row.begins else ""), (row.ends.local if row.ends else "")
    return _("%(who)s: %(begins)s to %(ends)s", who=row.who, begins=begins, ends=ends)


def holidays(session: Session, rota: Rota, people: Sequence[Person], *, now: datetime) -> list[str]:
    """The public holidays of the days ahead, in words."""
    place = ZoneInfo(rota.zone)
    first, last = now.astimezone(place).date(), (now + AHEAD).astimezone(place).date()
    named = dict(countries())
    return [
        _(
            "%(day)s: %(holiday)s (%(country)s)",
            day=format_date(day.on, "EEE d MMM", locale=language().locale),
            holiday=day.name,
            country=", ".join((*day.regions, named.get(day.country, day.country))),
        )
        for day in public_days(countries_of(session, organisation(), people), first, last, regions_of(session))
    ]


def weekdays() -> list[Weekday]:
    """The days of the week from Monday on, in the reader's language, as short as a phone wants them."""
    return [Weekday(str(number), words) for number, words in sorted(_names("abbreviated").items())]


def times_in_words(shift: Shift) -> str:
    """When a shift is, such as "Monday, Tuesday, from 18:00 until 09:00 the next day"."""
    names = _names()
    return _(
        "%(days)s, from %(begins)s until %(ends)s %(later)s",
        days=", ".join(names[day] for day in shift.weekdays),
        begins=f"{shift.begins:%H:%M}",
        ends=f"{shift.ends:%H:%M}",
        later=later(shift.days),
    )


def later(days: int) -> str:
    """On which day a shift ends, in the reader's language."""
    return later_words(days, _)


def turns_in_words(weeks: int) -> str:
    """How long a turn lasts."""
    return _("Turns by week") if weeks == 1 else _("Turns of %(weeks)s weeks", weeks=weeks)


def clock_time(typed: str) -> time | None:
    """A time of day as a browser or a person writes it; None for anything else."""
    parts = typed.strip().split(":")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() for part in parts[:2]):
        return None
    hour, minute = int(parts[0]), int(parts[1])
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _names(width: Literal["abbreviated", "wide"] = "wide") -> dict[int, str]:
    return {int(number): str(name) for number, name in get_day_names(width, locale=language().locale).items()}


def signers(session: Session, person: Person) -> list[tuple[str, str]]:
    """Who may be asked to decide instead of this person: whoever works on incidents or signs."""
    people = everybody(session, person.organisation_id)
    able = [one for one in people if one.id != person.id and one.rights & {Right.HANDLE, Right.SIGN}]
    return [(str(one.id), one.name) for one in able]
