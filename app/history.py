"""What changed lately on a rota or in a policy, as those who may plan read it: when, who, before → after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app import shown
from app.language import gettext as _
from app.language import language
from incidents.people import Person
from incidents.timeline import Entry
from notifications.changed import Reader, lines_of
from notifications.rota import Rota


@dataclass(frozen=True)
class Changed:
    """One change; `lines` say what it was before and is after."""

    at: shown.Moment | None
    words: str
    by: str | None
    lines: Sequence[str]


def changed(session: Session, entry: Entry, words: str, place: ZoneInfo) -> Changed:
    """An entry with the names of today; times are those of `place`."""
    reader = Reader(
        translate=_,
        locale=language().locale,
        zone=place,
        person=lambda key: session.get_one(Person, key).name,
        rota=lambda key: _("whoever the rota %(rota)s has", rota=session.get_one(Rota, key).name),
    )
    by = session.get(Person, entry.person_id) if entry.person_id else None
    lines = lines_of(entry, reader)
    names = [entry.text(name) for name in ("rota_before", "rota", "shift_before", "shift_after")]
    rota_before, rota, shift_before, shift_after = names
    if rota_before:
        lines = [reader.arrow(rota_before, rota or "")]
    elif shift_before or shift_after:
        same = shift_before == shift_after or not (shift_before and shift_after)
        name = (shift_after or shift_before or "") if same else reader.arrow(shift_before or "", shift_after or "")
        lines = [_("Shift: %(name)s", name=name), *lines]
    return Changed(shown.moment(entry.happened_at, place), words, by.name if by else None, lines)
