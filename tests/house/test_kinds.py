"""Every choice that the code knows is known everywhere: each fact has its rule and sentence, each state its word."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel.speaklater import LazyString

from incidents.timeline import Kind
from incidents.words.enums import WORDS
from incidents.words.kinds import SENTENCES
from notifications.rules import RULES
from tests.house.source import loaded, told

PARTIAL = {
    "incidents.law.counting.hours.CEILINGS": "only two ways of counting give a legal ceiling",
    "incidents.law.counting.days.MOST": "hours have a bound of their own, and some duties no period",
    "incidents.law.counting.told.NOT_COUNTED": "the others share the words of NONE",
    "incidents.law.counting.told.LAST_HOUR": "the others share the words of NONE",
    "incidents.law.counting.told.MOVED": "the others share HARD",
    "incidents.law.counting.told.TWO_DAYS": "only Regulation 1182/71 has such a rule",
    "incidents.law.counting.told.ENDS": "hours have words of their own, and some duties no period",
    "incidents.law.places.TIED": "a law that reaches anywhere is tied to no place",
    "incidents.law.places.ASKED": "a law that reaches anywhere is tied to no place",
    "notifications.messages.PLACES": "most kinds of fact belong to an incident, or are told of nobody",
    "notifications.changed._LINES": "most kinds of fact have nothing that was otherwise before",
    "notifications.families._KINDS": "the others are as apart as their services and servers",
    "notifications.messages.CALLS": "only a summons and a hand-over call somebody",
    "app.case.may_owe._PERIODS": "the others have no number",
    "app.receipts.HAPPENED": "a reporter sees what concerns the bell, not the whole case",
    "app.case.story.DETAILS": "most kinds of fact need no more than their sentence",
    "notifications.channels.smtp_causes._FOR_NOW": "only some steps of a hand-over can be refused for now",
    "notifications.channels.smtp_causes._REFUSED": "once the message is handed over there is nothing to refuse",
}
"""Tables by a choice that leave members out on purpose, and why."""

UNSEEN = {
    "Basis": "of the law's files; shown as law, or as target and not law",
    "Mend": "chooses the link that mends a fault",
    "Right": "pages ask for it, people read the role",
    "ActorKind": "shown as a name, or as Tocsin or the reporter",
    "Direction": "shown as who speaks",
    "Drawer": "the desk has its own headings",
    "Kind": "has a sentence instead",
    "Capacity": "of the law's files",
    "ClockStart": "of the law's files",
    "Confidence": "of the law's files",
    "Counting": "of the law's files; a count explains itself in steps",
    "Phase": "of the law's files",
    "Recipient": "of the law's files; the rule says to whom in words",
    "Unit": "of the law's files; a count explains itself in steps",
    "Reach": "of the law's files; a reason tells the tie in a sentence",
    "Says": "an advice is told by the sentences of its reasons",
    "Shape": "inside the reading of facts",
    "Band": "has words beside the score, in incidents.law.severity",
    "Category": "inside the score",
    "Factor": "has words beside the score, in incidents.law.adjusting",
    "Lack": "readiness has a sentence for each, in notifications.deciders",
    "Loudness": "inside paging",
    "Whom": "inside paging",
    "Source": "which pass keeps a red; people read the cause",
    "TargetKind": "a form offers the targets themselves, by name",
    "Verdict": "inside delivery; people read the cause",
    "Finding": "inside the reading of reports; people read the cause",
    "TakenIn": "one word for the program that hands a mail in; docs/operating.md says what each means",
    "Said": "an answer is a sentence of its own",
    "Change": "has a sentence in notifications.rota.change",
    "Why": "has words with a shift's name in app.roster",
    "Reason": "shown as why somebody is on call",
    "Answer": "a request that was answered is no longer shown; the answer is told in a sentence",
    "Step": "how far a hand-over came; people read the cause",
}
"""Choices that no page shows by themselves, and why."""


def enums() -> dict[str, type[enum.Enum]]:
    """Every enumeration of the three packages."""
    return {
        f"{name}.{kind.__name__}": kind
        for name, module in loaded()
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, enum.Enum) and kind.__module__ == name and len(kind)
    }


def tables() -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Every table of the three packages that is kept by the members of an enumeration."""
    for name, module in loaded():
        for label, table in vars(module).items():
            if isinstance(table, Mapping) and table and all(isinstance(key, enum.Enum) for key in table):
                yield f"{name}.{label}", table


def is_words(value: object) -> bool:
    """Whether a table's value is, or begins with, something that people read."""
    first = value[0] if isinstance(value, tuple) and value else value
    return isinstance(first, LazyString)


def test_every_kind_of_fact_has_a_rule_and_a_sentence() -> None:
    no_rule = [kind.name for kind in Kind if kind not in RULES]
    no_sentence = [kind.name for kind in Kind if not SENTENCES.get(kind)]

    assert not no_rule, told("Say in notifications/rules.py whom it pages, tells, or that it concerns nobody:", no_rule)
    assert not no_sentence, told("Give it a sentence in incidents/words/kinds.py:", no_sentence)


def test_a_table_by_a_choice_knows_every_member() -> None:
    wrong = []
    for name, table in tables():
        if name.startswith(tuple(PARTIAL)) or name.partition(".")[0] == "tests":
            continue
        for kind in {type(key) for key in table}:
            missing = [member.name for member in kind if member not in table]
            wrong += [f"{name} lacks {kind.__name__}.{member}" for member in missing]

    assert not wrong, told("Complete the table, or say in PARTIAL why it leaves members out:", sorted(set(wrong)))


def test_every_choice_that_people_see_has_words() -> None:
    worded = {type(member) for member in WORDS}
    worded |= {type(member) for _name, table in tables() for member, value in table.items() if is_words(value)}

    wrong = [name for name, kind in enums().items() if kind not in worded and kind.__name__ not in UNSEEN]

    assert not wrong, told("Add its words to incidents/words/enums.py, or say in UNSEEN why nobody sees it:", wrong)


def test_no_exception_outlives_its_reason() -> None:
    known = {name.rpartition(".")[2] for name in enums()}

    gone = (set(UNSEEN) - known) | (set(PARTIAL) - {name for name, _table in tables()})

    assert not gone, told("These are gone; take them out of the lists above:", sorted(gone))
