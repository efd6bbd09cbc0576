"""The one clock. Nothing else in the project asks the machine for the time."""

from __future__ import annotations

from datetime import UTC, datetime

from incidents.refusals import Refused
from incidents.words import N_


def utcnow() -> datetime:
    """This instant, aware, in UTC. Entry points read it once for each action and hand it on as `now`."""
    return datetime.now(UTC)


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Refuses a naive one, and one so near the ends of time that UTC has no room."""
    if instant.utcoffset() is None:
        raise Refused(N_("This time has no time zone. Write it with its offset, such as 2026-10-23T10:15:00+01:00."))
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise Refused(N_("Write the year with four digits, such as 2026.")) from error
