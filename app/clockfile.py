"""`tocsin clock`: deadlines for a file of starts, counted by the law's files alone. No installation is needed."""

from __future__ import annotations

import sys
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from app.jsonlines import BadLine, answer_all
from incidents.law.counting import Counting, Step, Unit, count
from incidents.law.localtime import AmbiguousTime, NonexistentTime, country_of, known_zone, offset_words, read_instant
from incidents.law.regimes import ALSO_WRITTEN, Rule, load
from incidents.law.regimes.rule import CLOCK_START_WORDS, CONFIDENCE_WORDS, ClockStart
from incidents.law.workdays import Workdays

Kind = TypeVar("Kind")

KEYS = ("regime", "start", "zone", "authority_zones", "country", "subdivision", "holidays", "working", "excepted")
EXAMPLES = {
    "regime": '"eu-gdpr-33-1"',
    "start": '"2026-10-23T10:15:00+01:00"',
    "zone": '"Europe/London"',
    "authority_zones": '["Europe/Dublin"]',
    "country": '"DE"',
    "subdivision": '"BY"',
    "holidays": '["2026-12-24"]',
    "working": '["2026-12-28"]',
    "excepted": "true",
}
DAYS = (Unit.CALENDAR_DAYS, Unit.WORKING_DAYS, Unit.MONTHS, Unit.YEARS)
STARTED = "The clock starts at %(start)s."


@click.command()
@click.argument("file", type=click.File("rb"))
def clock(file: Any) -> None:
    """Count deadlines: JSON lines of FILE (- for standard input) in, JSON lines out.

    Each line names id, regime (a rule, such as eu-gdpr-33-1), start and zone. A wrong line is answered with its
    error, and then the end is 1.
    """
    if not answer_all(file, counted, sys.stdout):
        sys.exit(1)


def counted(line: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line without its id. Raises `BadLine` or `Refused` with what to write instead."""
    for key in line:
        if key not in KEYS:
            raise BadLine(f"{key[:40]} is no key of a line. The keys are id, {', '.join(KEYS)}.")
    rule = _rule(_needed(line, "regime", str))
    zone = _zone("zone", _needed(line, "zone", str))
    start = _start(_needed(line, "start", str), zone)
    places = [_zone("authority_zones", name) for name in _listed(line, "authority_zones")]
    excepted = _maybe(line, "excepted", bool) or False
    workdays = _workdays(line, rule, zone)
    local = start.astimezone(zone)
    before = [step.words() for step in _about(rule, local.date())]
    if rule.unit in (Unit.NO_FIXED_PERIOD, Unit.SEE_TEXT):
        return _undated([Step(STARTED, {"start": local}).words(), *before, _no_number(rule)])
    found = count(rule.terms, start, zone=zone, authority_zones=places, workdays=workdays, excepted=excepted)
    steps = [*before, *(step.words() for step in found.steps)]
    if rule.keeping:
        return _undated([*steps, "That is how long the record is kept. It is no deadline."])
    return {
        "due_at": _utc(found.due_at),
        "due_local": found.due_at.astimezone(zone).isoformat(),
        "ceiling_at": _utc(found.ceiling_at) if found.ceiling_at else None,
        "steps": steps,
    }


def _undated(steps: list[str]) -> dict[str, Any]:
    return {"due_at": None, "due_local": None, "ceiling_at": None, "steps": steps}


def _utc(at: datetime) -> str:
    return f"{at.isoformat().removesuffix('+00:00')}Z"


@lru_cache(maxsize=1)
def _rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in load().rules()}


def _rule(name: str) -> Rule:
    rule = _rules().get(name)
    if rule is None:
        from difflib import get_close_matches

        near = get_close_matches(name[:80].lower(), _rules(), n=1)
        raise BadLine(f"There is no rule {name[:80]}. Write one such as {near[0] if near else 'eu-gdpr-33-1'}.")
    return rule


def _start(typed: str, zone: ZoneInfo) -> datetime:
    try:
        return read_instant(typed, zone)
    except AmbiguousTime as asked:
        first, second = (reading.at.astimezone(zone).isoformat() for reading in (asked.first, asked.second))
        raise BadLine(
            f"{typed} came twice in {zone}, because the clocks went back. Write {first} for the first, {second} for "
            "the second."
        ) from asked
    except NonexistentTime as refused:
        raise BadLine(_never(typed, zone, refused)) from refused


def _never(typed: str, zone: ZoneInfo, refused: NonexistentTime) -> str:
    last, first = (wall.replace(tzinfo=zone, fold=fold) for wall, fold in ((refused.before, 0), (refused.after, 0)))
    return (
        f"{typed} never came in {zone}: the clocks went from {refused.before:%Y-%m-%dT%H:%M} to "
        f"{refused.after:%Y-%m-%dT%H:%M}. Write a time before or after that, or give the offset that was meant: "
        f"{offset_words(last)[3:]} before, {offset_words(first)[3:]} after."
    )


def _about(rule: Rule, day: date) -> list[Step]:
    """What has to be known before the counting is believed."""
    steps = []
    if rule.clock_start not in (ClockStart.AWARENESS, ClockStart.NONE):
        words = "The clock of this duty starts with %(event)s. The start given is taken for that."
        steps.append(Step(words, {"event": CLOCK_START_WORDS[rule.clock_start]}))
        if rule.clock_start_means:
            steps.append(Step("%(means)s", {"means": rule.clock_start_means}))
    if rule.outer_hours:
        words = "Whenever that was, it is due at most %(hours)s hours after becoming aware: count those too."
        steps.append(Step(words, {"hours": rule.outer_hours}))
    if not rule.in_force(day):
        words = "This text is not in force on %(day)s: it is counted as if it were.%(status)s"
        steps.append(Step(words, {"day": day, "status": f" {rule.status}" if rule.status else ""}))
    if not rule.confirmed:
        words = "How sure this rule is: %(confidence)s. Check the text before relying on it."
        steps.append(Step(words, {"confidence": CONFIDENCE_WORDS[rule.confidence]}))
    return steps


def _no_number(rule: Rule) -> str:
    if rule.unit is Unit.NO_FIXED_PERIOD:
        return "Act without undue delay; no number of hours in the law."
    return f"The law gives this period in words, not as one number. Read {rule.law}, {rule.article}, and count by hand."


def _workdays(line: dict[str, Any], rule: Rule, zone: ZoneInfo) -> Workdays | None:
    """The calendar that the line names, else that of the country whose law it is or in which the zone lies."""
    country, part = _maybe(line, "country", str), _maybe(line, "subdivision", str)
    added, struck = (frozenset(_days(line, key)) for key in ("holidays", "working"))
    if country is None and part is None:
        if not added and not struck and rule.unit not in DAYS and rule.counting is not Counting.DORA_RTS_5:
            return None
        country = _country(rule.id, zone.key)
    country = ALSO_WRITTEN.get(country, country) if country else None
    return _calendar(country, part, added, struck)


@lru_cache(maxsize=1024)
def _calendar(country: str | None, part: str | None, added: frozenset[date], struck: frozenset[date]) -> Workdays:
    return Workdays(country, part, added, struck)


@lru_cache(maxsize=1024)
def _country(rule: str, zone: str) -> str | None:
    """Where the act is to be done, if the law leaves only one country or the zone lies in one of its countries."""
    countries = {place[:2] for place in _rules()[rule].countries}  # US-CA is in US
    if len(countries) == 1:
        return next(iter(countries))
    here = country_of(zone)
    return here if here in countries else None


def _zone(key: str, name: Any) -> ZoneInfo:
    if not isinstance(name, str):
        raise _ill(key)
    return known_zone(name)


def _needed(line: dict[str, Any], key: str, kind: type[Kind]) -> Kind:
    if line.get(key) is None:
        raise BadLine(f"{key} is missing. Write it like {EXAMPLES[key]}.")
    found = _maybe(line, key, kind)
    if found is None:
        raise _ill(key)
    return found


def _maybe(line: dict[str, Any], key: str, kind: type[Kind]) -> Kind | None:
    value = line.get(key)
    if value is not None and not isinstance(value, kind):
        raise _ill(key)
    return value


def _listed(line: dict[str, Any], key: str) -> list[Any]:
    return _maybe(line, key, list) or []


def _days(line: dict[str, Any], key: str) -> list[date]:
    try:
        return [date.fromisoformat(day) for day in _listed(line, key)]
    except (ValueError, TypeError) as error:
        raise _ill(key) from error


def _ill(key: str) -> BadLine:
    return BadLine(f"{key} is not written as it should be. Write it like {EXAMPLES[key]}.")
