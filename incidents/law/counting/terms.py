"""What counting needs of a rule: the period, its unit and the way it is counted."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from incidents.words import N_


class Unit(enum.StrEnum):
    """What a period is measured in."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    NO_FIXED_PERIOD = "no_fixed_period"
    SEE_TEXT = "see_text"


class Counting(enum.StrEnum):
    """The rule by which a period is counted."""

    NONE = "none"
    CONSECUTIVE = "consecutive"
    REG_1182_71 = "reg_1182_71"
    UK_GDPR_4A = "uk_gdpr_4a"
    DORA_RTS_5 = "dora_rts_5"
    LAST_DAY_HARD = "last_day_hard"
    NATIONAL = "national"
    CONTRACT = "contract"


UNIT_WORDS: Mapping[Unit, str] = {
    Unit.HOURS: N_("hours"),
    Unit.CALENDAR_DAYS: N_("calendar days"),
    Unit.WORKING_DAYS: N_("working days"),
    Unit.MONTHS: N_("months"),
    Unit.YEARS: N_("years"),
    Unit.NO_FIXED_PERIOD: N_("no fixed period"),
    Unit.SEE_TEXT: N_("as the text says"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What counting needs of a rule, so that an obligation can keep a copy.

    `counting_from` is the local day from which the counting rule itself is law; a clock that started earlier
    is counted without it: no ceiling, and no last day is moved.
    """

    unit: Unit
    period: int | None = None
    counting: Counting = Counting.NONE
    counting_from: date | None = None
