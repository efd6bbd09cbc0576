"""The sentences of the counting in days; each names the text that it follows, where one is known."""

from __future__ import annotations

from collections.abc import Mapping

from incidents.law.counting.terms import Counting, Unit
from incidents.words import N_

NOT_COUNTED: Mapping[Counting, str] = {
    Counting.NONE: N_("The day of the start, %(day)s, does not count."),
    Counting.REG_1182_71: N_("The day of the start, %(day)s, does not count (Regulation 1182/71, Article 3(1))."),
    Counting.UK_GDPR_4A: N_("The day of the start, %(day)s, does not count (UK GDPR, Article 4A)."),
    Counting.DORA_RTS_5: N_("The day of the start, %(day)s, does not count (Regulation 1182/71, Article 3(1))."),
}

ENDS: Mapping[Unit, tuple[str, str]] = {
    Unit.CALENDAR_DAYS: (
        N_("One calendar day ends with %(last)s."),
        N_("%(number)s calendar days, weekends and holidays included, end with %(last)s."),
    ),
    Unit.WORKING_DAYS: (
        N_("The first working day after it is %(last)s."),
        N_("%(number)s working days, without weekends and public holidays, end with %(last)s."),
    ),
    Unit.MONTHS: (
        N_("One month ends with the same date, %(last)s."),
        N_("%(number)s months end with the same date, %(last)s."),
    ),
    Unit.YEARS: (
        N_("One year ends with the same date, %(last)s."),
        N_("%(number)s years end with the same date, %(last)s."),
    ),
}
"""For a period of one, and for one of several."""
SHORT = N_("The month in which the period ends does not have that date: its last day counts, %(last)s.")

MOVED: Mapping[Counting, str] = {
    Counting.REG_1182_71: N_(
        "%(day)s is no working day, so the period ends with the next one, %(last)s (Regulation 1182/71, Article 3(4))."
    ),
    Counting.UK_GDPR_4A: N_(
        "%(day)s is no working day, so the period ends with the next one, %(last)s (UK GDPR, Article 4A, by "
        "Regulation 1182/71, Article 3(4))."
    ),
    Counting.DORA_RTS_5: N_(
        "%(day)s is no working day, so noon of the next one is the deadline, %(due)s (Delegated Regulation (EU) "
        "2025/301, Article 5(4))."
    ),
    Counting.NATIONAL: N_(
        "%(day)s is no working day. National law may let the period end with %(last)s. That is unconfirmed: the "
        "earlier day is the deadline, the later one only the latest arguable moment."
    ),
    Counting.CONTRACT: N_(
        "%(day)s is no working day. The contract may say what then; as long as it is not known to, nothing moves."
    ),
}
HARD = N_("%(day)s is no working day. That moves nothing: the last day is taken as hard.")

TWO_DAYS: Mapping[Counting, str] = {
    Counting.REG_1182_71: N_(
        "A period of two days or more holds at least two working days, so it ends with the second, %(last)s "
        "(Regulation 1182/71, Article 3(5))."
    ),
    Counting.UK_GDPR_4A: N_(
        "A period of two days or more holds at least two working days, so it ends with the second, %(last)s "
        "(UK GDPR, Article 4A, by Regulation 1182/71, Article 3(5))."
    ),
}

LAST_HOUR: Mapping[Counting, str] = {
    Counting.NONE: N_("The period ends with the last hour of %(last)s. The deadline is %(due)s."),
    Counting.REG_1182_71: N_(
        "The period ends with the last hour of %(last)s (Regulation 1182/71, Article 3(2)). The deadline is %(due)s."
    ),
    Counting.UK_GDPR_4A: N_(
        "The period ends with the last hour of %(last)s (UK GDPR, Article 4A). The deadline is %(due)s."
    ),
    Counting.DORA_RTS_5: N_(
        "The period ends with the last hour of %(last)s (Regulation 1182/71, Article 3(2)). The deadline is %(due)s."
    ),
}

CALENDAR: Mapping[str, str] = {
    "none": N_("No holiday calendar is named: only Saturdays and Sundays are taken as days off."),
    "country": N_(
        "Working days are those of %(place)s. Holidays of its regions are left out, which is the stricter reading."
    ),
    "place": N_("Working days are those of %(place)s."),
    "own": N_("Days that were added to that calendar or struck out of it are taken into account."),
}
