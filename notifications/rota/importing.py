"""Import: a calendar becomes overrides. First it is shown what would become of it, in sentences."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from incidents.people import Person, everybody
from incidents.refusals import Refused
from incidents.timeline import Actor
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.calendar import Event, Problem, read
from notifications.rota.change import Change, changing
from notifications.rota.cover import MOST_STANDING, add
from notifications.rota.override import Override, Reason, standing

There = dict[tuple[str | None, str | None], Override]


class Becomes(enum.Enum):
    """What an event of the calendar would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ENDED = "ended"


@dataclass(frozen=True)
class Proposed:
    """An override that would be made, changed, left or ended; `row` is the one that is there."""

    event: Event
    person: Person | None
    becomes: Becomes
    row: Override | None


@dataclass(frozen=True)
class Preview:
    """What a calendar would do to a rota, and why something of it is left out, each reason with how often."""

    proposed: Sequence[Proposed]
    problems: Sequence[tuple[Problem, int]]

    def count(self, becomes: Becomes) -> int:
        return sum(1 for one in self.proposed if one.becomes is becomes)

    @property
    def changes(self) -> bool:
        return any(one.becomes is not Becomes.SAME for one in self.proposed)


def preview(session: Session, rota: Rota, content: bytes | str, *, now: datetime) -> Preview:
    """What a calendar would do. Refuses what is no calendar, or too large."""
    reading = read(content, ZoneInfo(rota.zone), now=now)
    people = everybody(session, rota.organisation_id)
    there: There = {(row.uid, row.recurrence): row for row in standing(session, rota, now=now) if row.uid is not None}
    proposed, problems = [], Counter(reading.problems)
    for event in sorted(reading.events, key=lambda each: (each.begins_at, each.uid)):
        row = there.get((event.uid, event.recurrence))
        if event.cancelled:
            if row is not None:
                proposed.append(Proposed(event, session.get(Person, row.person_id), Becomes.ENDED, row))
            continue
        found = matched(event, people)
        if isinstance(found, Problem):
            problems[found] += 1
            continue
        proposed.append(Proposed(event, found, _becomes(row, event, found), row))
    proposed += _taken_out(session, there, reading.events, proposed, now=now)
    return Preview(proposed, list(problems.items()))


def apply(session: Session, rota: Rota, content: bytes | str, *, by: Actor, now: datetime) -> Preview:
    """Do what the preview of the same calendar shows. Doing it twice changes nothing the second time."""
    seen = preview(session, rota, content, now=now)
    if not seen.changes:
        raise Refused(N_("Nothing of this calendar is new. Nothing was changed."), field="calendar")
    new = seen.count(Becomes.NEW) + seen.count(Becomes.CHANGED)
    if len(standing(session, rota, now=now)) + new > MOST_STANDING:
        raise Refused(N_("There would be too many overrides. Export a shorter time."), field="calendar")
    with changing(session, rota, Change.IMPORTED, by=by, now=now):
        for one in seen.proposed:
            if one.becomes is Becomes.SAME:
                continue
            if one.row is not None:
                one.row.ended_at = now
            if one.becomes is not Becomes.ENDED and one.person is not None:
                event = one.event
                named = {"uid": event.uid, "recurrence": event.recurrence, "by": by, "now": now}
                add(session, rota, one.person.id, event.begins_at, event.ends_at, Reason.CALENDAR, **named)  # type: ignore[arg-type]
    return seen


def matched(event: Event, people: Sequence[Person]) -> Person | Problem:
    """Whom an event means: by e-mail address, else by name, in its title or among those who take part."""
    said = event.title.casefold()
    mailboxes = {person for person in people if person.email in event.addresses or _within(person.email, said)}
    if len(mailboxes) == 1:
        return mailboxes.pop()
    named = _longest({person: name for person in people if (name := _name_in(event, person))})
    found = mailboxes or named
    if len(found) == 1:
        return found.pop()
    title = (("title", event.title),)
    if found:
        return Problem(
            N_("“%(title)s” names more than one person. Write one name or e-mail address into the event."), title
        )
    return Problem(
        N_("“%(title)s” names nobody who has an account. Write the person's name or e-mail address into the event."),
        title,
    )


def _name_in(event: Event, person: Person) -> str:
    name = " ".join(person.name.casefold().split())
    among = any(" ".join(each.casefold().split()) == name for each in event.names)
    return name if name and (among or _within(name, event.title.casefold())) else ""


def _longest(found: dict[Person, str]) -> set[Person]:
    """Without those whose name is only a part of another one that is there: Ada, where Ada Brown is named."""
    return {
        person
        for person, name in found.items()
        if not any(name != other and _within(name, other) for other in found.values())
    }


def _within(part: str, text: str) -> bool:
    """Whether a text holds a part as whole words."""
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def _becomes(row: Override | None, event: Event, person: Person) -> Becomes:
    if row is None:
        return Becomes.NEW
    same = (row.begins_at, row.ends_at, row.person_id) == (event.begins_at, event.ends_at, person.id)
    return Becomes.SAME if same else Becomes.CHANGED


def _taken_out(
    session: Session,
    there: There,
    events: Sequence[Event],
    proposed: Sequence[Proposed],
    *,
    now: datetime,
) -> list[Proposed]:
    """Times of an event that the calendar still has, but not these: taken out or moved since the last import."""
    known = {event.uid for event in events}
    named = {(event.uid, event.recurrence) for event in events}
    gone = [row for key, row in there.items() if key not in named and row.uid in known]
    return [
        Proposed(
            Event(row.uid or "", row.recurrence or "", row.begins_at, row.ends_at, "", (), (), True),
            session.get(Person, row.person_id),
            Becomes.ENDED,
            row,
        )
        for row in gone
    ]
