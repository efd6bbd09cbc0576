"""The regimes: one TOML file each, read once and strictly. Adding a regime is adding a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from incidents.law.conditions import BadCondition, Reader
from incidents.law.counting import Counting, Unit
from incidents.law.facts import ALSO_WRITTEN, PLACE
from incidents.law.regimes.rule import Capacity, ClockStart, Confidence, Phase, Reach, Recipient, Regime, Rule, Wants
from incidents.law.regimes.table import BadRegime, Table
from incidents.law.situation import VOCABULARY
from incidents.refusals import Refused
from incidents.words import N_

__all__ = [
    "ALSO_WRITTEN",
    "EITHER",
    "BadRegime",
    "Capacity",
    "Regime",
    "Regimes",
    "Rule",
    "laws_for",
    "load",
    "messages",
]

EITHER = frozenset({Capacity.CONTROLLER, Capacity.PROCESSOR})
"""The cautious answer while our role is not known, and the right one when it is both."""

# The two that reach across borders to wherever the people are (Art. 3(2) of each).
_REACHING = ("eu-gdpr", "uk-gdpr")

_COUNTRY = re.compile(r"[A-Z]{2}")
_SENTENCES = (
    *("law", "title", "short_title", "to_whom", "threshold", "clock_start_means"),
    *("content", "exemptions", "status", "note", "source"),
)


@dataclass(frozen=True, slots=True)
class Regimes:
    """All regimes that were read."""

    regimes: tuple[Regime, ...]
    _found: dict[str, tuple[Regime, Rule]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {rule.id: (regime, rule) for regime in self.regimes for rule in regime.rules}
        object.__setattr__(self, "_found", found)

    def __iter__(self) -> Iterator[Regime]:
        return iter(self.regimes)

    def rules(self) -> Iterator[Rule]:
        """Every rule, pending and past ones too."""
        return (rule for regime in self.regimes for rule in regime.rules)

    def get(self, rule_id: str) -> Rule:
        """The rule of that id, such as `eu-gdpr-33-1`. Refuses an unknown one."""
        return self._at(rule_id)[1]

    def regime_of(self, rule_id: str) -> Regime:
        """The regime that a rule belongs to."""
        return self._at(rule_id)[0]

    def _at(self, rule_id: str) -> tuple[Regime, Rule]:
        if rule_id not in self._found:
            raise Refused(N_("There is no rule %(id)s. Use one such as eu-gdpr-33-1."), id=rule_id)
        return self._found[rule_id]

    def touching(self, places: Iterable[str], on: date) -> tuple[Rule, ...]:
        """The rules in force on that day in these places, sector law and all; `places` are codes of ISO 3166.

        A country finds the law of its parts as well (`US` that of `US-CA`), for which part is not known yet.
        Rules of contracts are bound to no place and not among them, nor are those that add no duty (`part_of`).
        """
        among = tuple(places)
        return tuple(
            rule for rule in self.rules() if rule.part_of is None and rule.in_force(on) and rule.touches(among)
        )

    def owed_by(self, roles: Capacity | Iterable[Capacity], on: date, laws: Iterable[str]) -> tuple[Rule, ...]:
        """The rules in force on that day that such an organisation may owe, in the order of `laws`.

        `laws` are regime ids, as `laws_for` gives them. With two roles, or `EITHER`, the rules of both. A rule
        that adds no duty of its own (`part_of`) is not among them.
        """
        held = {roles} if isinstance(roles, Capacity) else set(roles)
        by_id = {regime.id: regime for regime in self.regimes}
        return tuple(
            rule
            for law in laws
            if law in by_id
            for rule in by_id[law].rules
            if held.intersection(rule.who_owes) and rule.in_force(on) and rule.part_of is None
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
            for key in ("after", "part_of", "replaces"):
                if (named := getattr(rule, key)) is not None and (named not in home or named == rule.id):
                    raise BadRegime(f"{regime.id}.toml: {rule.id}: {key}: there is no rule {named} beside it")
    return Regimes(regimes)


def messages() -> Iterable[str]:
    """Every sentence of the files that a person may read, for the translators' catalogue."""
    for regime in load():
        yield from (regime.title, regime.short_title, regime.jurisdiction)
        for rule in regime.rules:
            yield from (text for key in _SENTENCES if (text := getattr(rule, key)) is not None)
            if not numbered(rule.article):
                yield rule.article


def numbered(article: str) -> bool:
    """Whether a place in a law is a number, such as 33(1), and not words, such as "breach clause"."""
    return any(sign.isdigit() for sign in article)


def laws_for(
    country_code: str | None,
    entity_countries: Iterable[str],
    *,
    people_countries: Iterable[str] | None = None,
    on: date | None = None,
) -> tuple[str, ...]:
    """The ids of the regimes whose duties arise by themselves, surest first: those of its own countries lead.

    `country_code` is the organisation's, `entity_countries` are those of its legal entities and branches,
    `people_countries` those where affected people are. All are two-letter codes; UK and EL are understood.
    `on` is the day whose law counts; without it, what was still to come when the files were written is left out.

    Laws that bind only some, or only a breach that is bad enough, are not here: `Regimes.touching` lists them.

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
    general = [regime for regime in load() if any(_arises(rule, on) for rule in regime.rules)]
    sure = [regime.id for regime in general if regime.countries & homes]
    may = [regime.id for regime in general if regime.countries & reached]
    return tuple(dict.fromkeys((*sure, *may, *(() if all_known else _REACHING))))


def _arises(rule: Rule, on: date | None) -> bool:
    return rule.by_itself and (rule.status is None if on is None else rule.in_force(on))


def _country(code: str | None) -> str | None:
    written = (code or "").strip().upper()
    return ALSO_WRITTEN.get(written, written) if _COUNTRY.fullmatch(written) else None


def _regime(path: Path) -> Regime:
    try:
        table = Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRegime(f"{path.name}: {error}") from error
    countries = frozenset(table.maybe_codes("countries", PLACE) or ())
    regime = Regime(
        id=table.name("id"),
        title=table.sentence("title"),
        short_title=table.sentence("short_title"),
        jurisdiction=table.sentence("jurisdiction"),
        countries=countries,
        rules=tuple(_rule(rule, countries) for rule in table.tables("rule")),
    )
    table.finish()
    if regime.id != path.stem:
        raise table.wrong("id", f"must be the name of the file, {path.stem}")
    return regime


def _rule(table: Table, countries: frozenset[str]) -> Rule:
    rule = Rule(
        id=table.name("id"),
        law=table.sentence("law"),
        article=table.sentence("article"),
        title=table.sentence("title"),
        short_title=table.sentence("short_title"),
        countries=_countries(table, countries),
        by_itself=table.flag("by_itself"),
        part_of=table.maybe_name("part_of"),
        replaces=table.maybe_name("replaces"),
        who_owes=table.choices("who_owes", Capacity),
        reach=table.maybe_choices("reach", Reach),
        wants=_wants(table),
        recipient=table.choice("recipient", Recipient),
        to_whom=table.sentence("to_whom"),
        threshold=table.sentence("threshold"),
        clock_start=table.choice("clock_start", ClockStart),
        clock_start_means=table.maybe_sentence("clock_start_means"),
        after=table.maybe_name("after"),
        period=table.maybe_number("period"),
        outer_hours=table.maybe_number("outer_hours"),
        unit=table.choice("unit", Unit),
        counting=table.choice("counting", Counting),
        counting_from=table.maybe_day("counting_from"),
        phase=table.choice("phase", Phase),
        content=table.maybe_sentence("content"),
        exemptions=table.maybe_sentence("exemptions"),
        status=table.maybe_sentence("status"),
        note=table.maybe_sentence("note"),
        valid_from=table.maybe_day("valid_from"),
        in_force_by=table.maybe_day("in_force_by"),
        valid_to=table.maybe_day("valid_to"),
        source=table.sentence("source"),
        confidence=table.choice("confidence", Confidence),
        checked=table.day("checked"),
    )
    table.finish()
    _agree(rule, table)
    return rule


def _countries(table: Table, among: frozenset[str]) -> frozenset[str]:
    own = table.maybe_codes("countries", PLACE)
    if own is None:
        return among
    if not among.issuperset(own):
        raise table.wrong("countries", "must be among those of the regime")
    return frozenset(own)


def _wants(table: Table) -> Wants | None:
    written = table.maybe_any("wants")
    if written is None:
        return None
    reader = Reader(VOCABULARY)
    try:
        condition = reader.read(written, "wants")
    except BadCondition as error:
        raise table.wrong("wants", str(error)) from error
    return Wants(condition, tuple(reader.asked))


def _agree(rule: Rule, table: Table) -> None:
    """Keys that only make sense together."""
    free = rule.unit in (Unit.NO_FIXED_PERIOD, Unit.SEE_TEXT)
    if free and rule.period is not None:
        raise table.wrong("period", f"has no place beside unit = {rule.unit.value}")
    if not free and rule.period is None:
        raise table.wrong("period", f"is missing beside unit = {rule.unit.value}")
    if (rule.after is not None) != (rule.clock_start is ClockStart.EARLIER_FILING):
        raise table.wrong("after", "belongs to clock_start = earlier_filing, and to nothing else")
    _agree_on_dates(rule, table)
    if rule.wants is not None and rule.reach is None:
        raise table.wrong("wants", "belongs beside reach: a condition alone does not say whom the law binds")
    if not rule.countries and set(rule.who_owes) != {Capacity.CONTRACT_PARTY}:
        raise table.wrong("countries", "is missing; only a contract is bound to no place")
    # The engine starts the clock of these from awareness, without asking for more.
    if rule.by_itself and (not EITHER.issuperset(rule.who_owes) or rule.clock_start is not ClockStart.AWARENESS):
        raise table.wrong("by_itself", "belongs to a controller's or processor's duty that awareness starts")
    if rule.by_itself and (not rule.confirmed or rule.part_of is not None):
        raise table.wrong("by_itself", "must not stand beside part_of, nor beside a law that is not confirmed")


def _agree_on_dates(rule: Rule, table: Table) -> None:
    since = rule.valid_from or rule.in_force_by
    if rule.valid_from is not None and rule.in_force_by is not None:
        raise table.wrong("in_force_by", "has no place beside valid_from")
    if since is None and rule.status is None:
        raise table.wrong("status", "must say why the rule is pending, since it has no valid_from")
    if rule.valid_to is not None and (since is None or rule.valid_to < since):
        raise table.wrong("valid_to", "must not lie before valid_from")
