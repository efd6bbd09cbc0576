"""A TOML table read key by key, so that nothing is missing, misspelt or left over."""

from __future__ import annotations

import enum
import re
from datetime import date
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=enum.StrEnum)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BadRegime(ValueError):
    """A regime's file is not right. For whoever edits it: names the file, the rule and the key."""


class Table:
    """One table of a file; each reader takes its key out, and `finish` refuses what is left."""

    def __init__(self, values: dict[str, Any], place: str) -> None:
        self._left = dict(values)
        self._given = frozenset(values)
        self.place = place

    def wrong(self, key: str, what: str) -> BadRegime:
        """The error to raise about a key."""
        return BadRegime(f"{self.place}: {key}: {what}")

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._left:
            raise self.wrong(key, "is not a key of this table")

    def sentence(self, key: str) -> str:
        """Text that is not empty; an empty one would be translated into the catalogue's header."""
        return self._text(key, self._needed(key))

    def maybe_sentence(self, key: str) -> str | None:
        """The same, or None when the key is absent."""
        return self.sentence(key) if key in self._left else None

    def name(self, key: str) -> str:
        """An id such as `eu-gdpr-33-1`."""
        text = self.sentence(key)
        if not _NAME.fullmatch(text):
            raise self.wrong(key, "must be lower case letters, digits and single hyphens")
        return text

    def maybe_name(self, key: str) -> str | None:
        """The same, or None when the key is absent."""
        return self.name(key) if key in self._left else None

    def maybe_number(self, key: str) -> int | None:
        """A whole number above nought, or None when the key is absent."""
        if key not in self._left:
            return None
        value = self._left.pop(key)
        if type(value) is not int or value < 1:
            raise self.wrong(key, "must be a whole number above 0")
        return value

    def flag(self, key: str) -> bool:
        """True where the file says so; an absent key is False, and only true may be written."""
        if self._left.pop(key, True) is not True:
            raise self.wrong(key, "must be true, or be left out")
        return key in self._given

    def day(self, key: str) -> date:
        """A date such as 2026-11-22, without quotes and without a time."""
        value = self._needed(key)
        if type(value) is not date:
            raise self.wrong(key, "must be a date such as 2026-11-22, without quotes")
        return value

    def maybe_day(self, key: str) -> date | None:
        """The same, or None when the key is absent."""
        return self.day(key) if key in self._left else None

    def choice(self, key: str, among: type[Choice]) -> Choice:
        """One member, by its value."""
        return self._member(key, self._needed(key), among)

    def choices(self, key: str, among: type[Choice]) -> tuple[Choice, ...]:
        """A list of members, at least one, none twice."""
        return tuple(self._member(key, value, among) for value in self._list(key))

    def maybe_choices(self, key: str, among: type[Choice]) -> tuple[Choice, ...] | None:
        """The same, or None when the key is absent."""
        return self.choices(key, among) if key in self._left else None

    def maybe_any(self, key: str) -> object:
        """Whatever stands there, or None when the key is absent."""
        return self._left.pop(key, None)

    def codes(self, key: str, shape: re.Pattern[str]) -> tuple[str, ...]:
        """A list of codes of one shape, at least one, none twice."""
        codes = tuple(self._text(key, value) for value in self._list(key))
        for code in codes:
            if not shape.fullmatch(code):
                raise self.wrong(key, f"{code!r} is not written as it should be")
        return codes

    def maybe_codes(self, key: str, shape: re.Pattern[str]) -> tuple[str, ...] | None:
        """The same, or None when the key is absent."""
        return self.codes(key, shape) if key in self._left else None

    def tables(self, key: str) -> list[Table]:
        """The tables of an array, at least one."""
        values = self._list(key)
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, f"must be written as [[{key}]]")
        return [
            Table(value, f"{self.place}: {value.get('id') or f'{key} {number}'}")
            for number, value in enumerate(values, start=1)
        ]

    def maybe_tables(self, key: str) -> list[Table]:
        """The same, or none when the key is absent."""
        return self.tables(key) if key in self._left else []

    def _needed(self, key: str) -> Any:
        if key not in self._left:
            raise self.wrong(key, "is missing")
        return self._left.pop(key)

    def _text(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise self.wrong(key, "must be text in quotes, neither empty nor with blanks at its ends")
        return value

    def _list(self, key: str) -> list[Any]:
        values = self._needed(key)
        if not isinstance(values, list) or not values:
            raise self.wrong(key, "must be a list with something in it")
        if any(value in values[:i] for i, value in enumerate(values)):
            raise self.wrong(key, "says something twice")
        return values

    def _member(self, key: str, value: Any, among: type[Choice]) -> Choice:
        try:
            return among(value)
        except ValueError as error:
            known = ", ".join(member.value for member in among)
            raise self.wrong(key, f"{value!r} is none of {known}") from error
