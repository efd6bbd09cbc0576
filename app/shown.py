"""Instants and remaining times as pages show them; the only place of `app` that formats time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask import g

from app.extensions import our_organisation
from app.language import gettext as _
from app.language import language

NEAR = timedelta(hours=12)
FORMAT = "EEE d MMM yyyy, HH:mm"


@dataclass(frozen=True)
class Moment:
    """An instant as templates show it: machine form, local time with zone, UTC."""

    iso: str
    local: str
    utc: str


@dataclass(frozen=True)
class Left:
    """What is left until an instant, in words; `seconds` is negative when it is late, `word` says the level."""

    text: str
    level: str
    word: str
    iso: str
    seconds: int


def zone() -> ZoneInfo:
    """The zone in which this request shows local times: the organisation's."""
    try:
        found: ZoneInfo = g.zone
    except AttributeError:
        found = g.zone = ZoneInfo(our_organisation().zone)
    except RuntimeError:  # outside a request
        return ZoneInfo("UTC")
    return found


def moment(at: datetime | None, place: ZoneInfo | None = None) -> Moment | None:
    """An instant for a template, in the organisation's zone with UTC beside it."""
    return None if at is None else _moment(at, place or zone(), language().locale)


@lru_cache(maxsize=4096)
def _moment(at: datetime, place: ZoneInfo, locale: str) -> Moment:
    local, utc = at.astimezone(place), at.astimezone(UTC)
    words = format_datetime(local.replace(tzinfo=None, second=0, microsecond=0), FORMAT, locale=locale)
    same_day = utc.date() == local.date()
    return Moment(utc.isoformat(), f"{words} {local:%Z}", f"{utc:%H:%M} UTC" if same_day else f"{utc:%d %b %H:%M} UTC")


def day(at: date) -> str:
    """A local day in words, such as "Tue 24 Nov"."""
    return str(format_date(at, "EEE d MMM", locale=language().locale))


def typed(at: datetime, place: ZoneInfo) -> str:
    """An instant as <input type=datetime-local> wants it, in the zone given."""
    return f"{at.astimezone(place):%Y-%m-%dT%H:%M}"


def left(due_at: datetime | None, now: datetime) -> Left | None:
    """The time left until a deadline, in words that are right without script."""
    if due_at is None:
        return None
    seconds = int((due_at - now).total_seconds())
    words = duration(abs(seconds))
    if seconds < 0:
        return Left(_("%(time)s late", time=words), "late", _("Overdue"), due_at.isoformat(), seconds)
    level, word = ("near", _("Due soon")) if due_at - now <= NEAR else ("calm", _("In time"))
    return Left(_("in %(time)s", time=words), level, word, due_at.isoformat(), seconds)


def duration(seconds: int) -> str:
    """A length of time, rounded down: "4 d 5 h" from 100 hours on, then "31 h 20 min", "20 min", "9 min 05 s"."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 100:
        return _("%(days)s d %(hours)s h", days=hours // 24, hours=hours % 24)
    if hours:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minute)
    if minutes >= 10:
        return _("%(minutes)s min", minutes=minutes)
    return _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=f"{second:02d}")
