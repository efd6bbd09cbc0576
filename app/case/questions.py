"""The guided assessment: its questions as forms, its answers in words, the advice beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import shown
from app.case.score import difference_words
from app.language import gettext as _
from app.places import place_words
from incidents.assessments import Assessment, Difference, Precedent, known
from incidents.law.assessment import Advice, Says, load
from incidents.law.assessment import Assessment as Found
from incidents.law.facts import FACTS, Facts, Shape
from incidents.words.enums import words_for
from incidents.words.facts import CHOICES, LABELS, QUESTIONS, YES_NO, Question
from incidents.words.situation import PLACE_LABELS
from incidents.words.situation import QUESTIONS as ASKED_BY_LAWS

NOT_KNOWN = ""
TAPPABLE = 10
"""Of more answers than this only one of which is right, a phone shows a list instead of a page of cards."""
YES, NO = "yes", "no"


@dataclass(frozen=True)
class Option:
    value: str
    words: str
    taken: bool
    id: str


@dataclass(frozen=True)
class Asked:
    """One fact as a control: tappable options, a list to choose from, or a number."""

    name: str
    label: str
    kind: str
    options: Sequence[Option]
    value: str
    id: str

    @property
    def listed(self) -> bool:
        return self.kind == "list"


@dataclass(frozen=True)
class Card:
    """One question of the page: open while nothing is answered, else with its answer in words."""

    key: str
    number: int
    title: str
    hint: str
    controls: Sequence[Asked]
    answer: str
    open: bool
    seen: str
    wrong: Sequence[str]


@dataclass(frozen=True)
class Side:
    """The advice on one article as it stands with what is known: what, why, and from which source."""

    says: str
    tone: str
    reasons: Sequence[tuple[str, str]]


TONES: Mapping[Says, str] = {
    Says.NOTIFY: "danger",
    Says.COMMUNICATE: "danger",
    Says.NOT_REQUIRED: "good",
    Says.UNDETERMINED: "warning",
}


def asked_now(facts: Facts) -> list[Question]:
    """The questions that concern this breach, as far as it is known."""
    return [question for question in QUESTIONS if question.asked(facts)]


def cards_of(
    facts: Mapping[str, Any],
    typed: Mapping[str, object],
    *,
    first: str | None,
    wrong: Mapping[str, Sequence[str]],
) -> list[Card]:
    """The questions in order; open is the one asked for, with something to put right, or not answered yet.

    The answers in words are what is stored; what was `typed` and refused stands in the controls again.
    """
    stored = known(facts)
    shown_again = {name: frozenset(one) if isinstance(one, list) else one for name, one in typed.items()}
    questions = asked_now(stored)
    unanswered = next((one.key for one in questions if not any(name in stored for name in one.facts)), None)
    opened = first or unanswered
    return [
        Card(
            key=one.key,
            number=number,
            title=_(one.title),
            hint=_(one.hint),
            controls=[_control(name, {**stored, **shown_again}) for name in one.facts],
            answer=" · ".join(_answers(one, stored)),
            open=one.key == opened or one.key in wrong,
            seen=json.dumps({name: facts.get(name) for name in one.facts}, sort_keys=True),
            wrong=wrong.get(one.key, ()),
        )
        for number, one in enumerate(questions, start=1)
    ]


def _answers(question: Question, facts: Facts) -> Iterator[str]:
    for name in question.facts:
        if name in facts:
            words = value_words(name, facts[name])
            single = FACTS[name].shape in (Shape.ONE, Shape.SEVERAL)
            yield words if single else f"{_(LABELS[name])}: {words}"


def _control(name: str, facts: Mapping[str, object]) -> Asked:
    shape, value = FACTS[name].shape, facts.get(name)
    place = f"fact-{name.replace('.', '-')}"
    if shape in (Shape.COUNT, Shape.AMOUNT):
        return Asked(name, _(LABELS[name]), "number", (), "" if value is None else f"{value}", place)
    several = shape is Shape.SEVERAL
    given = [(choice, _(CHOICES[name][choice])) for choice in FACTS[name].choices]
    if shape is Shape.YES_NO:
        given = [(YES, _(YES_NO[True])), (NO, _(YES_NO[False]))]
    if not several:
        given = [(NOT_KNOWN, _("Not known yet")), *given]
    taken = _taken(value)
    options = [
        Option(choice, words, choice in taken if choice else not taken, f"{place}-{choice or 'unknown'}")
        for choice, words in given
    ]
    kind = "checkbox" if several else "radio" if len(options) <= TAPPABLE else "list"
    return Asked(name, _(LABELS[name]), kind, options, "", place)


def _taken(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, frozenset):
        return value
    if isinstance(value, bool):
        return frozenset({YES if value else NO})
    return frozenset({str(value)})


def read_answers(question: Question, given: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """What was sent for one question, as the domain reads it; an empty answer is "not known yet"."""
    return {name: _read(name, [value for value in given.get(name, ()) if value.strip()]) for name in question.facts}


def _read(name: str, values: Sequence[str]) -> object:
    shape = FACTS[name].shape
    if not values:
        return None
    if shape is Shape.SEVERAL:
        return sorted(set(values))
    text = values[0].strip()
    if shape is Shape.YES_NO:
        return {YES: True, NO: False}.get(text, text)
    if shape in (Shape.COUNT, Shape.AMOUNT):
        return number_of(text)
    return text


def number_of(text: str) -> object:
    """1,200 and 1 200 are thousands. What could be read in two ways, such as 1,5, stays text and is refused."""
    plain = re.sub(r"(?<=\d)[,\s](?=\d{3}(?!\d))", "", text)
    return float(plain) if re.fullmatch(r"\d+\.\d+", plain) else int(plain) if plain.isdecimal() else text


def label_of(name: str) -> str:
    """What a fact is called."""
    return _(LABELS.get(name) or PLACE_LABELS.get(name) or ASKED_BY_LAWS[name])


def value_words(name: str, value: object) -> str:
    """An answer in words; None is "not known yet"."""
    if value is None:
        return _("Not known yet")
    if isinstance(value, bool):
        return _(YES_NO[value])
    if isinstance(value, Mapping):
        return ", ".join(f"{place_words(place)}: {number}" for place, number in sorted(value.items()))
    if name in PLACE_LABELS and isinstance(value, frozenset | list):
        return ", ".join(sorted(place_words(place) for place in value))
    if isinstance(value, frozenset | list):
        order = list(FACTS[name].choices)
        return ", ".join(_(CHOICES[name][one]) for one in sorted(value, key=order.index))
    if name in CHOICES:
        return _(CHOICES[name][str(value)])
    return f"{value}"


def side_of(advice: Advice) -> Side:
    """What the rules say on one article, each reason with its source."""
    reasons = [(_(one.because), _(one.source)) for one in advice.reasons]
    return Side(_(words_for(advice.says)), TONES[advice.says], reasons)


def missing_words(found: Found, *, limit: int = 4) -> list[str]:
    """The facts that would settle what is open, the most telling first."""
    return [_(LABELS[name]) for name in found.missing[:limit]]


def differences_words(changes: Sequence[Difference]) -> list[tuple[str, str, str]]:
    """What changed, fact by fact: its name, before, after."""
    return [
        difference_words(one)
        or (label_of(one.fact), value_words(one.fact, one.before), value_words(one.fact, one.after))
        for one in changes
    ]


def reasons_of(row: Assessment) -> list[str]:
    """The sentences of the rules that held when a version was signed."""
    by_id = {rule.reason.rule: rule.reason.because for rule in load().rules}
    ids = dict.fromkeys([*row.reasons["authority"], *row.reasons["people"]])
    return [_(by_id[one]) for one in ids if one in by_id]


@dataclass(frozen=True)
class Like:
    """An own incident with like facts, and what was advised there."""

    words: str
    url: str
    alike: str
    advice: str
    signed: shown.Moment | None


def like_words(one: Precedent, url: str) -> Like:
    row = one.assessment
    authority, people = row.advice
    return Like(
        words=f"{row.incident.codename}, {row.incident.reference}",
        url=url,
        alike=", ".join(_(LABELS[name]) for name in one.alike),
        advice=told_words(authority, people),
        signed=shown.moment(row.signed_at),
    )


def told_words(authority: Says, people: Says) -> str:
    """Whom to tell, in one line."""
    return _(
        "Authority: %(authority)s. People: %(people)s.",
        authority=_(words_for(authority)),
        people=_(words_for(people)),
    )
