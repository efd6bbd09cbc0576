"""One table: for each kind of fact, whether it pages, tells or concerns nobody, and whom."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from incidents.timeline import Entry, Kind


class Loudness(enum.Enum):
    """What a fact does: wakes people until somebody acknowledges, sends one message, or nothing."""

    PAGE = "page"
    TELL = "tell"
    NOBODY = "nobody"


class Whom(enum.Enum):
    """Who is told by a fact that does not page (a page follows the escalation policy)."""

    HANDLER = "handler"
    DPO = "dpo"
    OTHERS_RUNG = "others-rung"
    HANDLER_BEFORE = "handler-before"
    WATCHERS = "watchers"
    AFFECTED = "affected"
    DECIDERS = "deciders"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Rule:
    """What a kind of fact does; `unless` may turn one entry of the kind into another rule.

    What tells waits for its recipient's day, unless it is told `at_once` to people whom a ring has woken already.
    `first_step` marks what a signed-in handler does that ends the ringing for its incident.
    """

    loudness: Loudness
    whom: Whom | None = None
    unless: Callable[[Entry], Rule | None] = lambda _entry: None
    first_step: bool = False
    at_once: bool = False


PAGE = Rule(Loudness.PAGE)
NOBODY = Rule(Loudness.NOBODY)
TELL_HANDLER = Rule(Loudness.TELL, Whom.HANDLER)
TELL_DPO = Rule(Loudness.TELL, Whom.DPO)
TELL_OTHERS = Rule(Loudness.TELL, Whom.OTHERS_RUNG, at_once=True)
TELL_WATCHERS = Rule(Loudness.TELL, Whom.WATCHERS)
TELL_AFFECTED_NOW = Rule(Loudness.TELL, Whom.AFFECTED, at_once=True)
FIRST_STEP = Rule(Loudness.NOBODY, first_step=True)


def _when(fact: str, then: Rule) -> Callable[[Entry], Rule | None]:
    return lambda entry: then if entry.facts.get(fact) else None


def _turned_to_no(entry: Entry) -> Rule | None:
    return TELL_HANDLER if entry.facts.get("after") != "yes" else None


def _leaves_somebody_out(entry: Entry) -> Rule | None:
    left_out = "not_required" in (entry.facts.get("authority"), entry.facts.get("people"))
    return Rule(Loudness.TELL, Whom.SECONDS) if left_out else None


def _own_target(entry: Entry) -> Rule | None:
    return TELL_HANDLER if entry.facts.get("is_target") else None


def _last_stage_of_the_law(entry: Entry) -> Rule | None:
    return PAGE if entry.facts.get("last") and not entry.facts.get("is_target") else None


RULES: Mapping[Kind, Rule] = MappingProxyType(
    {
        Kind.REPORTED: PAGE,
        Kind.ADDED: Rule(Loudness.TELL, Whom.HANDLER, unless=_when("closed", PAGE)),
        Kind.FILE_ADDED: Rule(Loudness.TELL, Whom.HANDLER, unless=_when("closed", PAGE)),
        Kind.STILL_HAPPENING: Rule(Loudness.PAGE, unless=_turned_to_no),
        Kind.ATTACHED: TELL_HANDLER,
        Kind.DETACHED: NOBODY,
        Kind.ASKED: FIRST_STEP,
        Kind.RANG: NOBODY,
        # One page may hold a flood: its others are told once, by one entry among all.
        Kind.TAKEN: Rule(Loudness.NOBODY, unless=_when("tells", TELL_OTHERS)),
        Kind.AWAKE: NOBODY,
        Kind.SEEN: NOBODY,
        Kind.RINGS_AGAIN: NOBODY,
        # A summons rings whom it names; whoever calls is awake and has begun.
        Kind.SUMMONED: Rule(Loudness.PAGE, first_step=True),
        Kind.HANDED_OVER: Rule(Loudness.PAGE, first_step=True),
        Kind.TAKEN_OVER: Rule(Loudness.TELL, Whom.HANDLER_BEFORE, first_step=True),
        Kind.PARKED: FIRST_STEP,
        Kind.PARKING_ENDED: PAGE,
        Kind.CONTAINMENT_OWNED: FIRST_STEP,
        Kind.LOOKED_AT: FIRST_STEP,
        Kind.TRIAGED: FIRST_STEP,
        Kind.CONTAINED: FIRST_STEP,
        Kind.STEP_DONE: FIRST_STEP,
        Kind.STEP_SKIPPED: FIRST_STEP,
        Kind.STEP_REOPENED: NOBODY,
        Kind.NOTED: NOBODY,
        Kind.CORRECTED: NOBODY,
        Kind.AWARE: FIRST_STEP,
        Kind.ANCHOR_MOVED: NOBODY,
        Kind.CLOCK_STARTED: FIRST_STEP,
        Kind.RECOUNTED: Rule(Loudness.TELL, Whom.HANDLER, unless=_when("closed", NOBODY)),
        # Whoever answered sees it; the handler may be somebody else. The stages of each duty do the waking.
        Kind.DUTIES_CHANGED: TELL_HANDLER,
        Kind.DUTY_TAKEN_ON: FIRST_STEP,
        Kind.PART_NAMED: FIRST_STEP,
        Kind.PART_DROPPED: FIRST_STEP,
        # Both clocks run on meanwhile: by day is soon enough.
        Kind.AWARENESS_OPEN: TELL_DPO,
        # Half and three quarters of the period are told; the last stage and the end wake people, if it is the law's.
        Kind.DEADLINE_NEAR: Rule(Loudness.TELL, Whom.HANDLER, unless=_last_stage_of_the_law),
        Kind.DEADLINE_PASSED: Rule(Loudness.PAGE, unless=_own_target),
        Kind.NOTIFIED: FIRST_STEP,
        Kind.NOT_NOTIFIED: FIRST_STEP,
        # The advice waits for whoever decides; a decision to leave somebody out waits for a second person.
        Kind.ASSESSED: Rule(Loudness.TELL, Whom.DECIDERS, first_step=True),
        # Where there is nobody, whoever can name somebody hears of it.
        Kind.NOBODY_DECIDES: TELL_WATCHERS,
        # Whoever decides is not who works on it: what rings goes on ringing.
        Kind.DECIDED: Rule(Loudness.TELL, Whom.HANDLER, unless=_leaves_somebody_out),
        Kind.SECONDED: TELL_HANDLER,
        Kind.DECIDER_ASKED: TELL_HANDLER,
        Kind.DELEGATED: TELL_AFFECTED_NOW,
        Kind.LOOKED_AGAIN: Rule(Loudness.NOBODY, unless=_when("disagrees", TELL_HANDLER)),
        Kind.REFERENCE_RECEIVED: NOBODY,
        Kind.DELAY_EXPLAINED: NOBODY,
        Kind.CLOSED: FIRST_STEP,
        # Reopened by a report that was moved back, before anybody had begun: then it still needs somebody.
        Kind.REOPENED: Rule(Loudness.TELL, Whom.DPO, unless=_when("rings", PAGE), first_step=True),
        Kind.MUTED: TELL_DPO,
        Kind.SET_UP: NOBODY,
        Kind.PERSON_INVITED: NOBODY,
        Kind.PERSON_LEFT: NOBODY,
        Kind.ROLE_GRANTED: Rule(Loudness.NOBODY, unless=_when("own", TELL_DPO)),
        Kind.ROLE_REVOKED: NOBODY,
        Kind.CONTACT_ADDED: NOBODY,
        Kind.CONTACT_REMOVED: NOBODY,
        Kind.CONTACT_VERIFIED: NOBODY,
        Kind.CONTACT_RENEWED: NOBODY,
        Kind.CONTACT_WOKE: NOBODY,
        Kind.CONTACT_MOVED: NOBODY,
        Kind.CONTACT_LAPSING: Rule(Loudness.TELL, Whom.AFFECTED),
        Kind.SETTING_CHANGED: NOBODY,
        # What would fail tonight is for those who can mend it, by day.
        Kind.CANARY_MISSED: TELL_WATCHERS,
        Kind.DRILL_BEGAN: NOBODY,
        Kind.DRILL_HELD: NOBODY,
        Kind.DRILL_MISSED: TELL_WATCHERS,
        Kind.READINESS_RED: TELL_WATCHERS,
        Kind.READINESS_GREEN: TELL_WATCHERS,
        # A duty of tonight cannot wait for the morning.
        Kind.ROTA_CHANGED: Rule(Loudness.TELL, Whom.AFFECTED, unless=_when("soon", TELL_AFFECTED_NOW)),
        Kind.POLICY_CHANGED: Rule(Loudness.TELL, Whom.AFFECTED),
        # Their facts carry the beginning of the turn: what would be known too late by day is told at once.
        Kind.SWAP_ASKED: Rule(Loudness.TELL, Whom.AFFECTED),
        Kind.SWAP_DECLINED: Rule(Loudness.TELL, Whom.AFFECTED),
        Kind.SWAP_WITHDRAWN: Rule(Loudness.TELL, Whom.AFFECTED),
    }
)


def rule_for(entry: Entry) -> Rule:
    """What this very entry does."""
    rule = RULES[entry.kind]
    return rule.unless(entry) or rule
