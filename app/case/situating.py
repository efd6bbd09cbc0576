"""Where people and systems are and what other laws ask, as forms: rows of places, and questions to be answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.case.questions import NO, NOT_KNOWN, YES, Asked, Option, number_of
from app.language import gettext as _
from app.places import place_of, place_words
from incidents.law.arising import Arising, Standing
from incidents.refusals import Refused
from incidents.situations import COMPLETE, COUNTRIES, RESIDENTS, SYSTEMS, SYSTEMS_COMPLETE
from incidents.words import N_
from incidents.words.facts import YES_NO
from incidents.words.situation import QUESTIONS

SPARE = 3
"""So many empty rows stand ready for further places."""
PEOPLE, MACHINES, LAWS = "people", "systems", "laws"


@dataclass(frozen=True)
class Row:
    """One place as it was stored or typed, with how many people are affected there."""

    place: str
    number: str = ""


@dataclass(frozen=True)
class Card:
    """One group of answers. `rows` are places, `controls` questions; `counted` asks how many people beside a place."""

    key: str
    title: str
    hint: str
    answer: str
    seen: str
    open: bool
    rows: Sequence[Row] = ()
    counted: bool = False
    complete: bool | None = None
    complete_words: str = ""
    controls: Sequence[Asked] = ()
    wrong: Sequence[str] = ()


@dataclass(frozen=True)
class Typed:
    """What was sent for one card and could not be kept, with the reasons."""

    card: str
    rows: Sequence[Row] = ()
    complete: bool = False
    answers: Mapping[str, object] | None = None
    wrong: Sequence[str] = ()


def cards_of(told: Mapping[str, Any], asked: Sequence[str], *, whole: bool, typed: Typed | None) -> list[Card]:
    """The cards for what was told; a part of our own is in one place, and sector laws look at the incident."""
    cards = [_places(told, PEOPLE, typed), _places(told, MACHINES, typed)] if whole else []
    if asked:
        cards.append(_laws(told, asked, typed))
    return cards


def _places(told: Mapping[str, Any], key: str, typed: Typed | None) -> Card:
    people = key == PEOPLE
    listed, complete = (COUNTRIES, COMPLETE) if people else (SYSTEMS, SYSTEMS_COMPLETE)
    numbers: Mapping[str, int] = told.get(RESIDENTS, {}) if people else {}
    codes = sorted({*told.get(listed, ()), *numbers}, key=place_words)
    rows = [Row(place_words(code), str(numbers.get(code, ""))) for code in codes]
    mine = typed if typed is not None and typed.card == key else None
    words = [f"{row.place} ({row.number})" if row.number else row.place for row in rows]
    return Card(
        key=key,
        title=_("Where do the people live whose data it is?")
        if people
        else _("Where are the systems that are touched?"),
        hint=_("Country by country. For Germany, the United States and Canada name the state: Bayern, California.")
        if people
        else _("Where they run, not where they are looked after."),
        answer=" · ".join(words),
        seen=json.dumps({name: told.get(name) for name in names_of(key)}, sort_keys=True),
        open=mine is not None or not rows,
        rows=[*(mine.rows if mine else rows), *[Row("")] * SPARE],
        counted=people,
        complete=mine.complete if mine else told.get(complete) is True,
        complete_words=_("These are all of them: nobody affected lives elsewhere")
        if people
        else _("These are all of them"),
        wrong=mine.wrong if mine else (),
    )


def _laws(told: Mapping[str, Any], asked: Sequence[str], typed: Typed | None) -> Card:
    mine = typed if typed is not None and typed.card == LAWS else None
    given = {**told, **(mine.answers or {} if mine else {})}
    answered = [name for name in asked if name in told]
    return Card(
        key=LAWS,
        title=_("What do other laws ask?"),
        hint=_("Only what may give rise to a duty, as the profile of the organisation stands."),
        answer=_("%(some)s of %(all)s answered", some=len(answered), all=len(asked)),
        seen=json.dumps({name: told.get(name) for name in asked}, sort_keys=True),
        open=mine is not None or len(answered) < len(asked),
        controls=[_control(name, given.get(name)) for name in asked],
        wrong=mine.wrong if mine else (),
    )


def _control(name: str, value: object) -> Asked:
    given = [(NOT_KNOWN, _("Not known yet")), (YES, _(YES_NO[True])), (NO, _(YES_NO[False]))]
    taken = {True: YES, False: NO}.get(value, NOT_KNOWN) if isinstance(value, bool) else NOT_KNOWN
    place = f"fact-{name}"
    options = [Option(one, words, one == taken, f"{place}-{one or 'unknown'}") for one, words in given]
    return Asked(name, _(QUESTIONS[name]), "radio", options, "", place)


def names_of(key: str, asked: Iterable[str] = ()) -> tuple[str, ...]:
    """The facts that a card holds."""
    if key == PEOPLE:
        return (COUNTRIES, RESIDENTS, COMPLETE)
    return (SYSTEMS, SYSTEMS_COMPLETE) if key == MACHINES else tuple(asked)


def asked_of(found: Iterable[Arising], told: Mapping[str, Any]) -> list[str]:
    """The questions that a duty waits for now, and those that are answered already."""
    waited = {one.missing for one in found if one.standing is Standing.MAY_ARISE}
    return [name for name in QUESTIONS if name in waited or name in told]


def read_places(key: str, rows: Sequence[Row], complete: bool) -> dict[str, object]:
    """Rows of places as the domain reads them. Refuses a place that is none, and a number that is none."""
    places: list[str] = []
    numbers: dict[str, int] = {}
    for row in rows:
        if not row.place.strip():
            if row.number.strip():
                raise Refused(N_("Write the country beside the number %(number)s."), number=row.number[:40])
            continue
        code = place_of(row.place)
        places.append(code)
        if row.number.strip():
            number = number_of(row.number)
            if not isinstance(number, int):
                raise Refused(
                    N_("Write how many people as a whole number, such as 120: not %(typed)s."), typed=row.number
                )
            numbers[code] = numbers.get(code, 0) + number
    listed: dict[str, object] = {names_of(key)[0]: sorted(set(places))}
    if key == PEOPLE:
        listed[RESIDENTS] = numbers
    return {**listed, names_of(key)[-1]: True if complete and places else None}
