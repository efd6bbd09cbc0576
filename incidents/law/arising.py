"""Which duties of all regimes arise, may arise or do not, for one organisation and one incident, each with reasons.

Nothing here is law: a rule that nobody confirmed only ever may arise, and what is not known never takes a duty away.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from incidents.law.assessment import Says, advise
from incidents.law.authorities import recipients
from incidents.law.counting import TARGET, UNIT_WORDS, Counting, Step, Terms, Unit, count
from incidents.law.facts import Facts, Value, as_read
from incidents.law.places import Where, is_complete, residents_of, ties_of, where_of
from incidents.law.profile import OF_THE_INCIDENT, Contract, ContractStart, Profile
from incidents.law.regimes import EITHER, Capacity, Regime, Rule, load
from incidents.law.regimes.rule import CAPACITY_WORDS, ClockStart, Reach
from incidents.law.situation import WORDS
from incidents.words import N_


class Standing(enum.StrEnum):
    """Whether a duty arises."""

    ARISES = "arises"
    MAY_ARISE = "may_arise"
    DOES_NOT_ARISE = "does_not_arise"


STANDING_WORDS: Mapping[Standing, str] = {
    Standing.ARISES: N_("arises"),
    Standing.MAY_ARISE: N_("may arise"),
    Standing.DOES_NOT_ARISE: N_("does not arise"),
}


@dataclass(frozen=True, slots=True)
class Arising:
    """One duty and how it stands. `missing` names the one fact that it waits for, `alternative` a text to come.

    `recipients` are names of authorities or of the customer, where more is known than the rule's own words.
    `due_at` is counted from the given start, and None where another event starts the clock; `is_target` says that
    the number is the organisation's own, not the law's.
    """

    rule: Rule
    standing: Standing
    reasons: tuple[Step, ...]
    terms: Terms
    missing: str | None = None
    recipients: tuple[str, ...] = ()
    due_at: datetime | None = None
    is_target: bool = False
    alternative: Step | None = None
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One condition of a duty: True, False, or None where `missing` is not known; and the sentence for it."""

    holds: bool | None
    because: Step | None = None
    missing: str | None = None


FROM_START = (ClockStart.AWARENESS, ClockStart.NOTICING, ClockStart.SUSPICION, ClockStart.OCCURRENCE)
"""What the cautious start of an incident may stand for; every other clock starts with an event of its own."""

RESIDENTS = "residents"
PERSONAL = EITHER | {
    Capacity.LAW_ENFORCEMENT,
    Capacity.EU_INSTITUTION,
    Capacity.HEALTH_PROVIDER,
    Capacity.HEALTH_ASSOCIATE,
}
"""Whose duties are all about personal data."""

UNCONFIRMED = Step(N_("This rule is from memory or checked in part only: unconfirmed."), {})
NOT_SAID = Step(N_("Whether this law binds us is not known."), {})
MET = N_("Its condition is met: %(threshold)s")
UNMET = N_("Its condition is not met: %(threshold)s")
OWED_THERE = N_("It is the same duty as “%(title)s”, and owed there.")
SINCE_UNKNOWN = Step(N_("Since when it is law has not been looked up."), {})
CUSTOMERS, AGREED = "ctr-customer", "agreed"
IN_PROFILE = Step(N_("Each customer's own contract is in the profile."), {})
NOT_IN_FORCE = Step(N_("It is not in force on that day."), {})


@dataclass(frozen=True, slots=True)
class _Case:
    """All that one listing looks at."""

    profile: Profile
    known: Facts
    where: Where
    on: date
    start: datetime | None
    zone: tzinfo


def arising(
    profile: Profile,
    situation: Facts,
    facts: Facts,
    *,
    on: date,
    start: datetime | None = None,
    zone: tzinfo = UTC,
) -> list[Arising]:
    """Every rule and every contract, shortest period first; what does not arise and what has no number come last.

    `situation` and `facts` hold what is known, as `situation.read` and `facts.read` give it; `on` is the day whose
    law counts. `start` is where the clocks that awareness or suspicion starts are counted from.
    """
    known = known_of(situation, facts)
    case = _Case(profile, known, where_of(profile, known), on, start, zone)
    replaced = {rule.replaces: rule for rule in load().rules() if rule.replaces and not rule.in_force(on)}
    found = [_of(rule, regime, case, replaced.get(rule.id)) for regime in load() for rule in regime.rules]
    found += [_of_contract(contract, case) for contract in profile.contracts]
    return sorted(found, key=lambda one: _place(one, case))


def known_of(situation: Facts, facts: Facts) -> Facts:
    """Situation and facts in one, with what the assessment says of the risk unless somebody stated it."""
    known: dict[str, Value] = {**as_read(facts), **situation}
    if not facts:
        return known
    authority, people = advise(facts)
    for name, advice, yes in (("risk", authority, Says.NOTIFY), ("high_risk", people, Says.COMMUNICATE)):
        if advice.says is not Says.UNDETERMINED:
            known.setdefault(name, advice.says is yes)
    return known


def _of(rule: Rule, regime: Regime, case: _Case, coming: Rule | None) -> Arising:
    if rule.part_of is not None:
        same = Step(OWED_THERE, {"title": load().get(rule.part_of).short_title})
        return Arising(rule, Standing.DOES_NOT_ARISE, (same,), rule.terms)
    since_unknown = _since_unknown(rule, case.on)
    if rule.valid_from is None and not regime.countries and rule.status:
        return _of_agreement(rule, case)
    if not rule.in_force(case.on) and not since_unknown:
        status = (Step(rule.status, {}),) if rule.status else ()
        return Arising(rule, Standing.DOES_NOT_ARISE, (NOT_IN_FORCE, *status), rule.terms)
    ties = ties_of(rule, regime, case.where)
    links = [Link(ties.holds, ties.because, ties.missing), *_capacity(rule, case), _wants(rule, case.known)]
    if since_unknown:
        links.append(Link(None, SINCE_UNKNOWN, "in_force"))
    standing, reasons, missing = _together(rule, links)
    told = (
        recipients(
            rule,
            case.profile,
            case.where.places[Reach.PEOPLE.value],
            complete=case.where.complete[Reach.PEOPLE.value],
        )
        if standing is not Standing.DOES_NOT_ARISE
        else ()
    )
    is_target = rule.unit is Unit.NO_FIXED_PERIOD
    due_at = _due_at(rule, case) if standing is not Standing.DOES_NOT_ARISE else None
    alternative = _alternative(rule, coming)
    return Arising(rule, standing, reasons, rule.terms, missing, told, due_at, is_target, alternative)


def _of_agreement(rule: Rule, case: _Case) -> Arising:
    """A contract or policy that may be there: whoever knows it takes the duty on, or keeps it in the profile."""
    if rule.id == CUSTOMERS and case.profile.contracts:
        return Arising(rule, Standing.DOES_NOT_ARISE, (IN_PROFILE,), rule.terms)
    return Arising(rule, Standing.MAY_ARISE, (Step(rule.status or "", {}), UNCONFIRMED), rule.terms, AGREED)


def _since_unknown(rule: Rule, on: date) -> bool:
    """Whether the day lies before one by which it was law, and the first day has not been looked up."""
    return rule.in_force_by is not None and on < rule.in_force_by


def _together(rule: Rule, links: Iterable[Link]) -> tuple[Standing, tuple[Step, ...], str | None]:
    """The standing from all links. A threshold that nobody confirmed cannot take a duty away: it may be wrong."""
    unmet = [link for link in links if link.holds is False]
    hard = [link for link in unmet if rule.confirmed or link.because is None or link.because.message != UNMET]
    if hard:
        return Standing.DOES_NOT_ARISE, tuple(link.because for link in hard[:1] if link.because), None
    reasons = [link.because for link in links if link.because is not None and link.holds is not None]
    if not rule.confirmed:
        reasons.append(UNCONFIRMED)
    open_ones = [link for link in links if link.holds is None]
    if open_ones:
        first = open_ones[0]
        waits = first.because or Step(N_("Not known yet: %(fact)s."), {"fact": WORDS[first.missing or ""]})
        return Standing.MAY_ARISE, (waits, *reasons), first.missing
    if rule.reach is None:
        return Standing.MAY_ARISE, (NOT_SAID, *reasons), None
    return (Standing.ARISES if rule.confirmed else Standing.MAY_ARISE), tuple(reasons), None


def _capacity(rule: Rule, case: _Case) -> Iterator[Link]:
    """As what we owe it, and that it is about personal data where only such a breach counts."""
    found = [_as(capacity, case) for capacity in rule.who_owes]
    found.sort(key=lambda link: (link.holds is False, link.holds is None))
    yield found[0]
    if PERSONAL.issuperset(rule.who_owes):
        personal = case.known.get("personal_data")
        because = Step(N_("It is no breach of personal data."), {}) if personal is False else None
        yield Link(personal if isinstance(personal, bool) else None, because, "personal_data")


def _as(capacity: Capacity, case: _Case) -> Link:
    words = {"capacity": CAPACITY_WORDS[capacity]}
    if capacity in EITHER:
        role = case.known.get("our_role")
        if role is None:
            return Link(None, None, "our_role")
        if role in (capacity.value, "both"):
            return Link(True)
        return Link(False, Step(N_("In this incident we are not: %(capacity)s."), words))
    if capacity in (Capacity.ANYBODY, Capacity.SYSTEM_OPERATOR):
        return Link(True)  # whose systems are touched there operates them there: the tie asks
    if capacity is Capacity.CONTRACT_PARTY and case.profile.contracts:
        return Link(True)
    if capacity in case.profile.held:
        return Link(True, Step(N_("We are: %(capacity)s."), words))
    if case.profile.capacities_complete and capacity not in OF_THE_INCIDENT:
        return Link(False, Step(N_("We are not: %(capacity)s."), words))
    return Link(None, Step(N_("The profile does not say whether we are: %(capacity)s."), words), f"as.{capacity.value}")


def _wants(rule: Rule, known: Facts) -> Link:
    """The rule's own condition. Of the people who live there, bounds may be known and no number."""
    if rule.wants is None:
        return Link(True)
    least, most = residents_of(rule, known) if RESIDENTS in rule.wants.asked else (0, None)
    holds = rule.wants.condition(known)
    if holds is None and RESIDENTS in rule.wants.asked:
        if rule.wants.condition({**known, RESIDENTS: least}):
            holds = True
        elif most is not None and rule.wants.condition({**known, RESIDENTS: most}) is False:
            holds = False
    if holds is None:
        counted = {RESIDENTS} if most == least else set()
        return Link(None, None, next(name for name in rule.wants.asked if name not in known and name not in counted))
    return Link(holds, Step(MET if holds else UNMET, {"threshold": rule.threshold}))


def _of_contract(contract: Contract, case: _Case) -> Arising:
    """What was promised to one customer. It is owed as agreed, whatever the law says."""
    names, words = case.known.get("customers.names"), {"customer": contract.customer}
    rule, missing, due_at = load().get(CUSTOMERS), None, None
    if isinstance(names, frozenset) and contract.customer in names:
        standing, reason = Standing.ARISES, Step(N_("%(customer)s is affected, and the contract says so."), words)
    elif is_complete(case.known, "customers.complete", "customers.names"):
        standing, reason = Standing.DOES_NOT_ARISE, Step(N_("%(customer)s is not affected."), words)
    else:
        standing, reason = Standing.MAY_ARISE, Step(N_("It counts if %(customer)s is affected."), words)
        missing = "customers.names"
    starts = contract.starts is not ContractStart.CONFIRMATION
    if starts and case.start is not None and standing is not Standing.DOES_NOT_ARISE:
        due_at = _counted(contract.terms, case.start, case.zone, TARGET)
    is_target = contract.hours is None
    who = (contract.customer,)
    return Arising(rule, standing, (reason,), contract.terms, missing, who, due_at, is_target, contract=contract)


def _due_at(rule: Rule, case: _Case) -> datetime | None:
    if case.start is None or rule.keeping or rule.clock_start not in FROM_START:
        return None
    return _counted(rule.terms, case.start, case.zone, case.profile.targets.get(rule.id, TARGET))


@lru_cache(maxsize=512)
def _counted(terms: Terms, start: datetime, zone: tzinfo, target: timedelta) -> datetime | None:
    if terms.unit is Unit.SEE_TEXT:
        return None
    if terms.unit is Unit.NO_FIXED_PERIOD:
        return start.astimezone(UTC) + target
    if terms.unit is Unit.HOURS and terms.period and terms.counting is not Counting.DORA_RTS_5:
        # Elapsed hours, which nothing moves: the steps in words are not asked for here, and cost the most.
        return start.astimezone(UTC) + timedelta(hours=terms.period)
    return count(terms, start, zone=zone, target=target).due_at


def _alternative(rule: Rule, coming: Rule | None) -> Step | None:
    if coming is None or not rule.period or not coming.period or rule.unit is not coming.unit:
        return None
    params = {"today": rule.period, "then": coming.period, "unit": UNIT_WORDS[rule.unit], "law": coming.law}
    return Step(N_("%(today)s %(unit)s today; %(then)s %(unit)s if this text were in force: %(law)s."), params)


_ORDER = (Standing.ARISES, Standing.MAY_ARISE, Standing.DOES_NOT_ARISE)
_LAST = datetime.max.replace(tzinfo=UTC)


def _place(one: Arising, case: _Case) -> tuple[bool, datetime, int, str, str]:
    """Where it stands in the list: by the end of its period, as if every clock had started together."""
    start = case.start or datetime.combine(case.on, time(), UTC)
    target = case.profile.targets.get(one.rule.id)
    ends: datetime | None = _LAST
    if not (one.rule.keeping or (one.terms.unit is Unit.NO_FIXED_PERIOD and target is None)):
        ends = _counted(one.terms, start, case.zone, target or TARGET)
    customer = one.contract.customer if one.contract else ""
    rank = _ORDER.index(one.standing)
    return one.standing is Standing.DOES_NOT_ARISE, ends or _LAST, rank, one.rule.id, customer
