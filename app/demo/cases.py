"""Made-up incidents for benchmarks, before they are rows: times, facts with their hash chain, duties."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from incidents.incident import OurRole, What, new_reference
from incidents.law.counting import count as counted
from incidents.law.regimes import Rule, load
from incidents.obligations import OPEN, Standing
from incidents.timeline import (
    HASH_VERSION,
    ActorKind,
    Entry,
    Kind,
    canonical,
    digest,
)

ZONE = "Europe/London"

SPREAD = timedelta(days=730)
OPEN_FOR = timedelta(days=3)

WHATS = (What.PERSONAL_DATA_BREACH, What.NOTHING, What.NEAR_MISS, What.SECURITY_INCIDENT)
WEIGHTS = (55, 20, 13, 12)
TEXTS = (
    "A letter with somebody else's statement came back opened; we do not know who has read it.",
    "I sent the order list to the wrong customer and noticed it an hour later.",
    "A laptop bag was stolen from a car. There were printed client notes in it.",
    "Someone outside can open the shared folder of the returns desk without a password.",
    "A colleague looked up a neighbour's account and talked about it at lunch.",
)
REASONS = (
    "Names and addresses reached one person who must not have them.",
    "The log shows what was opened and by whom.",
    "The recipient has deleted it and said so in writing.",
)
RULES = ("uk-gdpr-33-1", "eu-gdpr-33-1")


@dataclass
class Fact:
    """An entry before it has a row, with the attributes that its hash covers."""

    kind: Kind
    happened_at: datetime
    by: ActorKind
    person_id: int | None
    facts: dict[str, Any]
    prose: dict[str, str]
    zone: str = ZONE
    seq: int = 0
    previous: str = ""
    hash: str = ""
    canonical: str = ""
    hash_version: int = HASH_VERSION
    salts: dict[str, str] = field(default_factory=dict)

    @property
    def written_at(self) -> datetime:
        return self.happened_at


@dataclass
class Case:
    """One incident with all that belongs to it, before it has rows."""

    opened_at: datetime
    what: What
    reference: str
    token: str
    closed_at: datetime | None
    aware_at: datetime | None
    taken_at: datetime
    facts: list[Fact]
    duties: list[dict[str, Any]]


def made_up(chance: random.Random, person_id: int, zone: str, now: datetime) -> Case:
    opened_at = now - SPREAD * chance.random()
    is_open = now - opened_at < OPEN_FOR or chance.random() < 0.01
    what = chance.choices(WHATS, WEIGHTS)[0]
    taken_at = opened_at + timedelta(seconds=min(chance.lognormvariate(5.5, 0.8), 7200))
    triaged_at = taken_at + timedelta(seconds=chance.lognormvariate(7.5, 0.7))
    case = Case(
        opened_at=opened_at,
        what=what,
        reference=new_reference(),
        token=secrets.token_hex(16),
        closed_at=None if is_open else opened_at + timedelta(days=4 + 10 * chance.random()),
        aware_at=opened_at if what is What.PERSONAL_DATA_BREACH else None,
        taken_at=taken_at,
        facts=[],
        duties=[],
    )
    reported = {"reference": case.reference, "still_happening": "no", "medium": "web", "urgency": "soon"}
    words = {"what": chance.choice(TEXTS), "where": "Leeds"}
    case.facts.append(Fact(Kind.REPORTED, opened_at, ActorKind.REPORTER, None, reported, words))
    triaged = {"what": what.value, "our_role": OurRole.CONTROLLER.value}
    words = {"reason": chance.choice(REASONS)}
    case.facts.append(Fact(Kind.TRIAGED, triaged_at, ActorKind.PERSON, person_id, triaged, words))
    case.duties = list(_duties(case, chance, zone, now))
    _end(case, person_id, chance)
    return case


def _duties(case: Case, chance: random.Random, zone: str, now: datetime) -> Iterator[dict[str, Any]]:
    for number, name in enumerate(RULES):
        rule, due_at = _rule(name), _due_at(name, case.opened_at, zone)
        sent_at = case.opened_at + timedelta(hours=chance.choice((20, 31, 44, 58, 70, 71, 90)))
        standing = Standing.DOES_NOT_ARISE
        if case.what is What.PERSONAL_DATA_BREACH:
            settled = Standing.DECIDED_AGAINST if number or chance.random() < 0.3 else Standing.MET
            standing = settled if case.closed_at else Standing.OWED
        is_open = standing in OPEN
        yield {
            "rule": name,
            "terms": terms(name),
            "recipient": rule.short_title,
            "standing": standing,
            "is_target": False,
            "cautious_due_at": due_at,
            "decided_due_at": due_at if case.aware_at else None,
            "due_at": due_at,
            "started_at": case.opened_at,
            "next_warning_at": due_at if is_open and due_at > now else None,
            "settled_at": sent_at if standing in (Standing.MET, Standing.DECIDED_AGAINST) else None,
        }


def _end(case: Case, person_id: int, chance: random.Random) -> None:
    """What was sent or decided against, and how it ended."""
    for duty in case.duties:
        if duty["settled_at"] is None:
            continue
        sent = duty["standing"] is Standing.MET
        kind = Kind.NOTIFIED if sent else Kind.NOT_NOTIFIED
        words = {"recipient": "Supervisory authority"} if sent else {"reason": chance.choice(REASONS)}
        facts: dict[str, Any] = {"rule": duty["rule"], "late": duty["settled_at"] > duty["due_at"]}
        case.facts.append(Fact(kind, duty["settled_at"], ActorKind.PERSON, person_id, facts, words))
    if case.closed_at is not None:
        words = {"reason": chance.choice(REASONS)}
        facts = {"what": case.what.value}
        case.facts.append(Fact(Kind.CLOSED, case.closed_at, ActorKind.PERSON, person_id, facts, words))


def seal(case: Case) -> None:
    """Chain the facts of a case by hash, once nothing in them changes any more."""
    previous = ""
    for seq, fact in enumerate(case.facts, start=1):
        fact.seq, fact.previous = seq, previous
        fact.salts = {name: secrets.token_hex(16) for name in fact.prose}
        proved = {name: digest(fact.salts[name], text) for name, text in fact.prose.items()}
        fact.canonical = canonical(cast(Entry, fact), case.token, proved, None)
        previous = fact.hash = hashlib.sha256(fact.canonical.encode()).hexdigest()


@lru_cache(maxsize=8)
def _rule(name: str) -> Rule:
    return load().get(name)


@lru_cache(maxsize=8)
def terms(name: str) -> dict[str, Any]:
    rule = _rule(name)
    return {
        "law": rule.law,
        "article": rule.article,
        "title": rule.title,
        "period": rule.period,
        "unit": rule.unit.value,
        "counting": rule.counting.value,
        "checked": rule.checked.isoformat(),
    }


def _due_at(name: str, start: datetime, zone: str) -> datetime:
    due_at = counted(_rule(name).terms, start, zone=ZoneInfo(zone)).due_at
    assert due_at is not None
    return due_at
