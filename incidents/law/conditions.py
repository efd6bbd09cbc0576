"""Conditions over facts, in three values: what is not known yet makes a condition neither true nor false."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from incidents.law.facts import FACTS, Fact, Facts, Shape

Condition = Callable[[Facts], bool | None]
"""True, False, or None: it depends on something that is not known."""

_SHAPES: Mapping[str, frozenset[Shape]] = {
    "in": frozenset({Shape.ONE}),
    "has": frozenset({Shape.SEVERAL}),
    "only": frozenset({Shape.SEVERAL}),
    "at_least": frozenset({Shape.COUNT, Shape.AMOUNT}),
    "at_most": frozenset({Shape.COUNT, Shape.AMOUNT}),
    "is": frozenset({Shape.YES_NO}),
}


class BadCondition(ValueError):
    """A condition in a file is not right. For whoever edits it: names the place and what is wrong."""


class Reader:
    """Reads conditions over a vocabulary as the file of advice describes them; a name stands before it is used."""

    def __init__(self, known: Mapping[str, Fact] = FACTS) -> None:
        self._known = known
        self._named: dict[str, Condition] = {}
        self.asked: dict[str, None] = {}
        """The facts that the conditions read so far depend on, in the order in which they are asked."""

    def name(self, name: str, written: Mapping[str, Any]) -> None:
        """Keep a condition under a name for those that follow."""
        self._named[name] = self.read(written, name)

    def read(self, written: object, place: str) -> Condition:
        """The condition that a table of the file describes."""
        if not isinstance(written, Mapping):
            raise BadCondition(f"{place}: a condition must be a table")
        keys = set(written)
        if keys == {"holds"}:
            if written["holds"] not in self._named:
                raise BadCondition(f"{place}: there is no condition {written['holds']!r} before this one")
            return self._named[written["holds"]]
        for joined, join in _JOINS.items():
            if keys == {joined}:
                parts = [self.read(part, f"{place}: {joined}") for part in _several(written[joined], place)]
                return _joined(join, parts)
        if "fact" in keys and len(keys) == 2:
            (test,) = keys - {"fact"}
            self.asked[str(written["fact"])] = None
            return _of_fact(self._known, str(written["fact"]), test, written[test], place)
        raise BadCondition(f"{place}: {sorted(keys)} is no condition")


def _all(values: Iterable[bool | None]) -> bool | None:
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        result = None if value is None else result
    return result


def _any(values: Iterable[bool | None]) -> bool | None:
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        result = None if value is None else result
    return result


def _none(values: Iterable[bool | None]) -> bool | None:
    some = _any(values)
    return None if some is None else not some


_JOINS: Mapping[str, Callable[[Iterable[bool | None]], bool | None]] = {"all": _all, "any": _any, "none": _none}


def _joined(join: Callable[[Iterable[bool | None]], bool | None], parts: list[Condition]) -> Condition:
    return lambda facts: join(part(facts) for part in parts)


def _several(value: object, place: str) -> Iterator[object]:
    if not isinstance(value, list) or not value:
        raise BadCondition(f"{place}: must be a list with something in it")
    yield from value


def _of_fact(known: Mapping[str, Fact], name: str, test: str, wanted: Any, place: str) -> Condition:
    if name not in known:
        raise BadCondition(f"{place}: there is no fact {name!r}")
    fact = known[name]
    if fact.shape not in _SHAPES.get(test, frozenset()):
        raise BadCondition(f"{place}: {name} cannot be asked for {test!r}")
    if test in ("in", "has", "only"):
        values = frozenset(_several(wanted, place))
        if unknown := values.difference(fact.choices):
            raise BadCondition(f"{place}: {name} is never {sorted(map(str, unknown))}")
        return _TESTS[test](name, values)
    if test == "is" and not isinstance(wanted, bool):
        raise BadCondition(f"{place}: {name} is true or false")
    if test != "is" and (isinstance(wanted, bool) or not isinstance(wanted, int | float)):
        raise BadCondition(f"{place}: {name} is compared with a number")
    return _TESTS[test](name, wanted)


def _asked(name: str, test: Callable[[Any], bool]) -> Condition:
    def answer(facts: Facts) -> bool | None:
        value = facts.get(name)
        return None if value is None else test(value)

    return answer


_TESTS: Mapping[str, Callable[[str, Any], Condition]] = {
    "in": lambda name, values: _asked(name, lambda value: value in values),
    "has": lambda name, values: _asked(name, lambda value: not values.isdisjoint(value)),
    "only": lambda name, values: _asked(name, lambda value: value <= values),
    "at_least": lambda name, least: _asked(name, lambda value: bool(value >= least)),
    "at_most": lambda name, most: _asked(name, lambda value: bool(value <= most)),
    "is": lambda name, wanted: _asked(name, lambda value: value is wanted),
}
