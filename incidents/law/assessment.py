"""From facts to advice: whether the authority and the people are told. It advises; a person decides, in writing.

The rules stand in `advice.toml`, each with its source. The ENISA score stands beside them and decides nothing: its
bands are no thresholds of Arts 33 and 34. Not legal advice.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from incidents.law.conditions import BadCondition, Condition, Reader
from incidents.law.facts import FACTS, Facts, Shape, Value, as_read
from incidents.law.severity import Severity, severity
from incidents.words import N_


class Says(enum.StrEnum):
    """What is advised. `UNDETERMINED` is never a reason to wait: what is asked for under `missing` settles it."""

    NOTIFY = "notify"
    COMMUNICATE = "communicate"
    NOT_REQUIRED = "not_required"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule's id, its sentence (a message id) and its source."""

    rule: str
    because: str
    source: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What is advised under one article, with at least one reason."""

    says: Says
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The advice on both articles, the score beside it, and the facts that would settle what is undetermined.

    Every breach is recorded, whatever the advice (Art. 33(5)).
    """

    authority: Advice
    people: Advice
    severity: Severity
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdviceRule:
    """One rule of the file: what it advises when its condition holds, and why."""

    reason: Reason
    advises: Says
    condition: Condition


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in the order of the file, the condition that says that a breach has happened at all, and the facts
    that any of them depends on.
    """

    rules: tuple[AdviceRule, ...]
    happened: Condition
    asked: frozenset[str]

    def of(self, advises: Says) -> tuple[AdviceRule, ...]:
        """Those that advise this."""
        return tuple(rule for rule in self.rules if rule.advises is advises)


IN_DOUBT = Reason(
    "in-doubt-notify",
    N_("Nothing that is known shows that a risk to people is unlikely. In doubt, the authority is told."),
    N_("Art. 33(1) GDPR; EDPB Guidelines 9/2022, section IV.B."),
)
UNKNOWN = Reason(
    "facts-missing",
    N_("Too little is known yet to say. Unknown facts never make telling anybody unnecessary."),
    N_("Art. 33(1) GDPR; EDPB Guidelines 9/2022, section IV.B."),
)
NO_HIGH_RISK = Reason(
    "no-high-risk",
    N_("Nothing makes a high risk to people likely."),
    N_("Art. 34(1) GDPR; EDPB Guidelines 9/2022, section IV.B."),
)
NO_RISK = Reason(
    "no-risk-no-high-risk",
    N_("A risk to people is unlikely, so a high risk is too."),
    N_("Arts 33(1) and 34(1) GDPR."),
)


def assess(facts: Facts) -> Assessment:
    """What these facts advise, with reasons. Unknown facts never make anything unnecessary."""
    known, rules = as_read(facts), load()
    authority, people = _advise(known, rules)
    open_ones = Says.UNDETERMINED in (authority.says, people.says)
    missing = tuple(_telling(known, rules, authority.says, people.says)) if open_ones else ()
    return Assessment(authority, people, severity(known), missing)


def advise(facts: Facts) -> tuple[Advice, Advice]:
    """The advice on both articles alone, without the score and without what would settle it."""
    return _advise(as_read(facts), load())


def _advise(facts: Facts, rules: Rules) -> tuple[Advice, Advice]:
    high, high_sure = _those(facts, rules.of(Says.COMMUNICATE))
    risk, risk_sure = _those(facts, rules.of(Says.NOTIFY))
    harmless, _sure = _those(facts, rules.of(Says.NOT_REQUIRED))
    # A high risk is a risk: what speaks for telling the people speaks for telling the authority.
    if risk or high:
        authority = Advice(Says.NOTIFY, risk + high)
    elif harmless and risk_sure and high_sure:
        authority = Advice(Says.NOT_REQUIRED, harmless)
    elif not harmless and rules.happened(facts):
        authority = Advice(Says.NOTIFY, (IN_DOUBT,))
    else:
        authority = Advice(Says.UNDETERMINED, (UNKNOWN,))
    if high:
        return authority, Advice(Says.COMMUNICATE, high)
    if authority.says is Says.NOT_REQUIRED:
        return authority, Advice(Says.NOT_REQUIRED, (NO_RISK,))
    if high_sure and authority.says is Says.NOTIFY:
        return authority, Advice(Says.NOT_REQUIRED, (NO_HIGH_RISK,))
    return authority, Advice(Says.UNDETERMINED, (UNKNOWN,))


def _those(facts: Facts, rules: Sequence[AdviceRule]) -> tuple[tuple[Reason, ...], bool]:
    """The reasons that hold, and whether it is known of every rule that it holds or does not."""
    held = [rule.condition(facts) for rule in rules]
    return tuple(rule.reason for rule, holds in zip(rules, held, strict=True) if holds), None not in held


def _telling(facts: Facts, rules: Rules, authority: Says, people: Says) -> Iterator[str]:
    """The unknown facts that would settle an open advice, the most telling first.

    Each is tried with every value it can have: telling is how often that settles something.
    """
    told: list[tuple[float, str]] = []
    for name, fact in FACTS.items():
        if name in facts or name not in rules.asked:
            continue
        answers = list(_values(fact.shape, fact.choices))
        settled = 0
        for value in answers:
            then = _advise(as_read({**facts, name: value}), rules)
            settled += (authority is Says.UNDETERMINED) and then[0].says is not Says.UNDETERMINED
            settled += (people is Says.UNDETERMINED) and then[1].says is not Says.UNDETERMINED
        if settled:
            told.append((-settled / len(answers), name))
    if not told:
        # No single fact settles it: then those that a first look at any breach asks for.
        told = [(0.0, name) for name in FIRST_ASKED if name not in facts]
    yield from (name for _weight, name in sorted(told, key=lambda one: one[0]))


FIRST_ASKED = ("exposure", "data", "protection", "recipients.kind", "insight", "availability_effect", "backup")


def _values(shape: Shape, choices: Sequence[str]) -> Iterator[Value]:
    if shape is Shape.ONE:
        yield from choices
    elif shape is Shape.SEVERAL:
        yield from (frozenset({choice}) for choice in choices)
    elif shape is Shape.YES_NO:
        yield from (True, False)
    elif shape in (Shape.COUNT, Shape.AMOUNT):
        yield from (1, 48, 20_000)


@lru_cache(maxsize=1)
def load() -> Rules:
    """The rules that come with the program."""
    return read_rules(tomllib.loads((Path(__file__).parent / "advice.toml").read_text(encoding="utf-8")))


def read_rules(written: Mapping[str, Any]) -> Rules:
    """The rules of a file, strictly. Raises `BadCondition` at the first thing that is wrong."""
    reader, rules = Reader(), list[AdviceRule]()
    for name, condition in written["when"].items():
        reader.name(name, condition)
    for row in written["rule"]:
        place = str(row.get("id"))
        if set(row) != {"id", "advises", "because", "source", "condition"}:
            raise BadCondition(f"{place}: must have id, advises, because, source and condition, and nothing else")
        reason = Reason(row["id"], row["because"], row["source"])
        rules.append(AdviceRule(reason, Says(row["advises"]), reader.read(row["condition"], place)))
    if len({rule.reason.rule for rule in rules}) != len(rules):
        raise BadCondition("two rules have the same id")
    return Rules(tuple(rules), reader.read({"holds": "something_happened"}, "when"), frozenset(reader.asked))


def messages() -> Iterator[str]:
    """Every sentence of the file that a person may read, for the translators' catalogue."""
    for rule in load().rules:
        yield from (rule.reason.because, rule.reason.source)
