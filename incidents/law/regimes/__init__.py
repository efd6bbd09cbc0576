"""The regimes: one TOML file each, read once and strictly. Adding a regime is adding a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from incidents.law.counting import Counting, Unit
from incidents.law.regimes.rule import Capacity, ClockStart, Confidence, Phase, Recipient, Regime, Rule
from incidents.law.regimes.table import BadRegime, Table
from incidents.refusals import Refused
from incidents.words import N_

__all__ = ["EITHER", "BadRegime", "Capacity", "Regime", "Regimes", "Rule", "laws_for", "load", "messages"]

EITHER = frozenset({Capacity.CONTROLLER, Capacity.PROCESSOR})
"""The cautious answer while our role is not known, and the right one when it is both."""

# The two that reach across borders to wherever the people are (Art. 3(2) of each).
_REACHING = ("eu-gdpr", "uk-gdpr")
_ALSO_WRITTEN = {"UK": "GB", "EL": "GR"}
_COUNTRY = re.compile(r"[A-Z]{2}")
_SENTENCES = (
    *("law", "title", "short_title", "to_whom", "threshold", "clock_start_means"),
    *("content", "exemptions", "status", "note", "source"),
)


@dataclass(frozen=True, slots=True)
class Regimes:
    """All regimes that were read."""

    regimes: tuple[Regime, ...]

    def __iter__(self) -> Iterator[Regime]:
        return iter(self.regimes)

    def rules(self) -> Iterator[Rule]:
        """Every rule, pending and past ones too."""
        return (rule for regime in self.regimes for rule in regime.rules)

    def get(self, rule_id: str) -> Rule:
        """The rule of that id, such as `eu-gdpr-33-1`. Refuses an unknown one."""
        for rule in self.rules():
            if rule.id == rule_id:
                return rule
        raise Refused(N_("There is no rule %(id)s. Use one such as eu-gdpr-33-1."), id=rule_id)

    def regime_of(self, rule_id: str) -> Regime:
        """The regime that a rule belongs to."""
        rule = self.get(rule_id)
        return next(regime for regime in self.regimes if rule in regime.rules)

    def owed_by(self, roles: Capacity | Iterable[Capacity], on: date, laws: Iterable[str]) -> tuple[Rule, ...]:
        """The rules in force on that day that such an organisation may owe, in the order of `laws`.

        `laws` are regime ids, as `laws_for` gives them. With two roles, or `EITHER`, the rules of both.
        """
        held = {roles} if isinstance(roles, Capacity) else set(roles)
        by_id = {regime.id: regime for regime in self.regimes}
        return tuple(
            rule
            for law in laws
            if law in by_id
            for rule in by_id[law].rules
            if held.intersection(rule.who_owes) and rule.in_force(on)
        )


@lru_cache(maxsize=1)
def load() -> Regimes:
    """The regimes that come with the program."""
    return read(Path(__file__).parent)


def read(folder: Path) -> Regimes:
    """The regimes of a folder. Raises `BadRegime`, naming file and key, at the first thing that is wrong."""
    regimes = tuple(_regime(path) for path in sorted(folder.glob("*.toml")))
    if not regimes:
        raise BadRegime(f"{folder}: there is no regime in this folder")
    home: dict[str, str] = {}
    for regime in regimes:
        for rule in regime.rules:
            if rule.id in home:
                raise BadRegime(f"{regime.id}.toml: {rule.id}: id: stands in {home[rule.id]}.toml already")
            home[rule.id] = regime.id
    for regime in regimes:
        for rule in regime.rules:
            if rule.after is not None and rule.after not in home:
                raise BadRegime(f"{regime.id}.toml: {rule.id}: after: there is no rule {rule.after}")
    return Regimes(regimes)


def messages() -> Iterable[str]:
    """Every sentence of the files that a person may read, for the translators' catalogue."""
    for regime in load():
        yield from (regime.title, regime.short_title, regime.jurisdiction)
        for rule in regime.rules:
            yield from (text for key in _SENTENCES if (text := getattr(rule, key)) is not None)


def laws_for(
    country_code: str | None,
    entity_countries: Iterable[str],
    *,
    people_countries: Iterable[str] | None = None,
) -> tuple[str, ...]:
    """The ids of the regimes that may apply, surest first: those of the organisation's own countries lead.

    `country_code` is the organisation's, `entity_countries` are those of its legal entities and branches,
    `people_countries` those where affected people are. All are two-letter codes; UK and EL are understood.

    Both GDPRs reach organisations abroad (Art. 3(2) of each), so until it is known where the people are, both
    may apply to anybody: a company in London with unknown people owes `uk-gdpr` and may owe `eu-gdpr`, one in
    Berlin the other way round. Once the people's countries are known, only the regimes of the organisation's
    countries and of theirs remain. An unset or unreadable country anywhere means both: one line too many is
    an annoyance, one too few a missed deadline. Not legal advice: contracts and sector laws come on top.
    """
    own = [_country(code) for code in (country_code, *entity_countries)]
    people = [_country(code) for code in people_countries or ()]
    homes, reached = set(own), set(people)
    all_known = bool(people) and None not in homes | reached
    sure = [regime.id for regime in load() if regime.countries & homes]
    may = [regime.id for regime in load() if regime.countries & reached]
    return tuple(dict.fromkeys((*sure, *may, *(() if all_known else _REACHING))))


def _country(code: str | None) -> str | None:
    written = (code or "").strip().upper()
    return _ALSO_WRITTEN.get(written, written) if _COUNTRY.fullmatch(written) else None


def _regime(path: Path) -> Regime:
    try:
        table = Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRegime(f"{path.name}: {error}") from error
    regime = Regime(
        id=table.name("id"),
        title=table.sentence("title"),
        short_title=table.sentence("short_title"),
        jurisdiction=table.sentence("jurisdiction"),
        countries=frozenset(table.codes("countries", _COUNTRY)),
        rules=tuple(_rule(rule) for rule in table.tables("rule")),
    )
    table.finish()
    if regime.id != path.stem:
        raise table.wrong("id", f"must be the name of the file, {path.stem}")
    return regime


def _rule(table: Table) -> Rule:
    rule = Rule(
        id=table.name("id"),
        law=table.sentence("law"),
        article=table.sentence("article"),
        title=table.sentence("title"),
        short_title=table.sentence("short_title"),
        who_owes=table.choices("who_owes", Capacity),
        recipient=table.choice("recipient", Recipient),
        to_whom=table.sentence("to_whom"),
        threshold=table.sentence("threshold"),
        clock_start=table.choice("clock_start", ClockStart),
        clock_start_means=table.maybe_sentence("clock_start_means"),
        after=table.maybe_name("after"),
        period=table.maybe_number("period"),
        unit=table.choice("unit", Unit),
        counting=table.choice("counting", Counting),
        counting_from=table.maybe_day("counting_from"),
        phase=table.choice("phase", Phase),
        content=table.maybe_sentence("content"),
        exemptions=table.maybe_sentence("exemptions"),
        status=table.maybe_sentence("status"),
        note=table.maybe_sentence("note"),
        valid_from=table.maybe_day("valid_from"),
        valid_to=table.maybe_day("valid_to"),
        source=table.sentence("source"),
        confidence=table.choice("confidence", Confidence),
        checked=table.day("checked"),
    )
    table.finish()
    _agree(rule, table)
    return rule


def _agree(rule: Rule, table: Table) -> None:
    """Keys that only make sense together."""
    free = rule.unit in (Unit.NO_FIXED_PERIOD, Unit.SEE_TEXT)
    if free and rule.period is not None:
        raise table.wrong("period", f"has no place beside unit = {rule.unit.value}")
    if not free and rule.period is None:
        raise table.wrong("period", f"is missing beside unit = {rule.unit.value}")
    if (rule.after is not None) != (rule.clock_start is ClockStart.EARLIER_FILING):
        raise table.wrong("after", "belongs to clock_start = earlier_filing, and to nothing else")
    if rule.valid_from is None and rule.status is None:
        raise table.wrong("status", "must say why the rule is pending, since it has no valid_from")
    if rule.valid_to is not None and (rule.valid_from is None or rule.valid_to < rule.valid_from):
        raise table.wrong("valid_to", "must not lie before valid_from")
