"""Phone numbers: read as people type them, kept as E.164, shown without most of their digits."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import phonenumbers

from incidents.refusals import Refused
from incidents.words import N_


class Line(enum.Enum):
    """What kind of line a number is, as far as the number itself tells."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Number:
    """A phone number: `e164` to dial, `written` as people write it, and its line."""

    e164: str
    written: str
    line: Line

    @property
    def masked(self) -> str:
        """As others may see it: the country and the last two digits."""
        return f"{self.written.partition(' ')[0]} … {self.e164[-2:]}"


def parse(typed: str, *, country: str | None) -> Number:
    """A number as typed, in national form that of `country` (ISO 3166). Refuses what no phone could have."""
    try:
        found = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        found = None
    if found is None or found.extension or not phonenumbers.is_possible_number(found):
        raise Refused(N_("Write a phone number with its country's code, such as +44 7700 900123."), field="number")
    if phonenumbers.number_type(found) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise Refused(N_("This is a premium number: each page would cost a lot. Write another one."), field="number")
    form = phonenumbers.PhoneNumberFormat
    return Number(
        phonenumbers.format_number(found, form.E164),
        phonenumbers.format_number(found, form.INTERNATIONAL),
        _line(phonenumbers.number_type(found)),
    )


def same(typed: str, *, country: str | None = None) -> str | None:
    """The E.164 form of what another system calls a number; None when it is none."""
    try:
        return parse(typed, country=country).e164
    except Refused:
        return None


def _line(kind: int) -> Line:
    types = phonenumbers.PhoneNumberType
    if kind == types.MOBILE:
        return Line.MOBILE
    return Line.LANDLINE if kind == types.FIXED_LINE else Line.UNKNOWN
