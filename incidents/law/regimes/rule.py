"""What a regime's file says, as frozen data, with the words for each choice."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from incidents.law.conditions import Condition
from incidents.law.counting import Counting, Terms, Unit
from incidents.words import N_


class Capacity(enum.StrEnum):
    """As what an organisation owes a duty."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"
    MANUFACTURER = "manufacturer"
    ESSENTIAL_ENTITY = "essential_entity"
    FINANCIAL_ENTITY = "financial_entity"
    COMMUNICATIONS_PROVIDER = "communications_provider"
    DIGITAL_PROVIDER = "digital_provider"
    TRUST_SERVICE_PROVIDER = "trust_service_provider"
    AI_PROVIDER = "ai_provider"
    SYSTEM_OPERATOR = "system_operator"
    INFRASTRUCTURE_OPERATOR = "infrastructure_operator"
    HEALTH_PROVIDER = "health_provider"
    HEALTH_ASSOCIATE = "health_associate"
    BANK_SUPPLIER = "bank_supplier"
    DEFENCE_CONTRACTOR = "defence_contractor"
    LISTED_COMPANY = "listed_company"
    LAW_ENFORCEMENT = "law_enforcement"
    EU_INSTITUTION = "eu_institution"
    ANYBODY = "anybody"
    CONTRACT_PARTY = "contract_party"
    OTHER = "other"


class Reach(enum.StrEnum):
    """Through what a law reaches us: one tie is enough."""

    ESTABLISHMENT = "establishment"
    PEOPLE = "people"
    SYSTEMS = "systems"
    ANYWHERE = "anywhere"


class Recipient(enum.StrEnum):
    """To what kind of reader a duty is owed; the file's `to_whom` says exactly."""

    AUTHORITY = "authority"
    CONTROLLER = "controller"
    PEOPLE = "people"
    CUSTOMERS = "customers"
    OWN_REGISTER = "own_register"
    PUBLIC = "public"
    OTHER = "other"


class ClockStart(enum.StrEnum):
    """What sets the clock going. Until it has happened there is no deadline."""

    AWARENESS = "awareness"
    NOTICING = "noticing"
    SUSPICION = "suspicion"
    DECISION = "decision"
    EARLIER_FILING = "earlier_filing"
    FIX_AVAILABLE = "fix_available"
    OCCURRENCE = "occurrence"
    REQUEST = "request"
    PEOPLE_TOLD = "people_told"
    HANDLED = "handled"
    PAYMENT = "payment"
    YEAR_END = "year_end"
    CONTRACT = "contract"
    NONE = "none"


class Phase(enum.StrEnum):
    """Which of the messages to the same reader this is."""

    SINGLE = "single"
    SINGLE_OR_PHASED = "single_or_phased"
    EARLY_WARNING = "early_warning"
    INITIAL = "initial"
    INTERMEDIATE = "intermediate"
    FINAL = "final"
    FOLLOW_UP = "follow_up"
    RECORD = "record"
    ASSESSMENT = "assessment"
    ANNUAL = "annual"


class Confidence(enum.StrEnum):
    """How sure we are of period and threshold."""

    TEXT = "text"
    SECONDARY = "secondary"
    PARTLY = "partly"
    MEMORY = "memory"


CAPACITY_WORDS: Mapping[Capacity, str] = {
    Capacity.CONTROLLER: N_("controller"),
    Capacity.PROCESSOR: N_("processor"),
    Capacity.MANUFACTURER: N_("manufacturer"),
    Capacity.ESSENTIAL_ENTITY: N_("essential or important entity"),
    Capacity.FINANCIAL_ENTITY: N_("financial entity"),
    Capacity.COMMUNICATIONS_PROVIDER: N_("provider of communications services"),
    Capacity.DIGITAL_PROVIDER: N_("provider of digital services"),
    Capacity.TRUST_SERVICE_PROVIDER: N_("trust service provider"),
    Capacity.AI_PROVIDER: N_("provider of a high-risk AI system"),
    Capacity.SYSTEM_OPERATOR: N_("operator of networks or systems in that country"),
    Capacity.INFRASTRUCTURE_OPERATOR: N_("operator of critical infrastructure"),
    Capacity.HEALTH_PROVIDER: N_("provider or keeper of health records"),
    Capacity.HEALTH_ASSOCIATE: N_("supplier that handles health records for another"),
    Capacity.BANK_SUPPLIER: N_("service provider to banks"),
    Capacity.DEFENCE_CONTRACTOR: N_("defence contractor"),
    Capacity.LISTED_COMPANY: N_("listed company"),
    Capacity.LAW_ENFORCEMENT: N_("law enforcement authority"),
    Capacity.EU_INSTITUTION: N_("institution of the European Union"),
    Capacity.ANYBODY: N_("any organisation"),
    Capacity.CONTRACT_PARTY: N_("party to a contract"),
    Capacity.OTHER: N_("other"),
}
RECIPIENT_WORDS: Mapping[Recipient, str] = {
    Recipient.AUTHORITY: N_("authority"),
    Recipient.CONTROLLER: N_("controller"),
    Recipient.PEOPLE: N_("people affected"),
    Recipient.CUSTOMERS: N_("customers"),
    Recipient.OWN_REGISTER: N_("own register"),
    Recipient.PUBLIC: N_("the public"),
    Recipient.OTHER: N_("other"),
}
CLOCK_START_WORDS: Mapping[ClockStart, str] = {
    ClockStart.AWARENESS: N_("becoming aware"),
    ClockStart.NOTICING: N_("noticing it, or being told of it"),
    ClockStart.SUSPICION: N_("suspecting it"),
    ClockStart.DECISION: N_("a decision"),
    ClockStart.EARLIER_FILING: N_("the filing of the earlier stage"),
    ClockStart.FIX_AVAILABLE: N_("a fix being available"),
    ClockStart.OCCURRENCE: N_("the breach itself"),
    ClockStart.REQUEST: N_("a request"),
    ClockStart.PEOPLE_TOLD: N_("telling the people affected"),
    ClockStart.HANDLED: N_("the end of handling"),
    ClockStart.PAYMENT: N_("a payment"),
    ClockStart.YEAR_END: N_("the end of the year"),
    ClockStart.CONTRACT: N_("what the contract says"),
    ClockStart.NONE: N_("nothing"),
}
PHASE_WORDS: Mapping[Phase, str] = {
    Phase.SINGLE: N_("one message"),
    Phase.SINGLE_OR_PHASED: N_("one message, or in phases"),
    Phase.EARLY_WARNING: N_("early warning"),
    Phase.INITIAL: N_("first message"),
    Phase.INTERMEDIATE: N_("intermediate report"),
    Phase.FINAL: N_("final report"),
    Phase.FOLLOW_UP: N_("follow-up"),
    Phase.RECORD: N_("record"),
    Phase.ASSESSMENT: N_("assessment"),
    Phase.ANNUAL: N_("annual report"),
}
CONFIDENCE_WORDS: Mapping[Confidence, str] = {
    Confidence.TEXT: N_("checked in the text itself"),
    Confidence.SECONDARY: N_("checked in a secondary source"),
    Confidence.PARTLY: N_("checked in part, unconfirmed"),
    Confidence.MEMORY: N_("from memory, unconfirmed"),
}


@dataclass(frozen=True, slots=True)
class Wants:
    """What must be so for a rule to count, over facts and situation; `asked` are the facts that it depends on."""

    condition: Condition
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One duty, as dated data. Its sentences are message ids; `id`, `article` and the dates are not.

    `by_itself` says that every controller or processor in its countries owes it, or may, with every breach; all
    others need a fact or a profile first. `part_of` names the rule whose duty this is in another country's words,
    or in more detail: it adds none. `replaces` names the rule that it would take the place of. `outer_hours` are
    the hours after awareness that it must not pass, whenever its own clock started. `in_force_by` stands in for
    a first day that nobody has looked up: by then it was law. `reach` says through what the law reaches us, and
    `wants` what must be so; with `reach`, the file says all that is needed to tell whether the duty arises.
    """

    id: str
    law: str
    article: str
    title: str
    short_title: str
    countries: frozenset[str]
    by_itself: bool
    part_of: str | None
    replaces: str | None
    who_owes: tuple[Capacity, ...]
    reach: tuple[Reach, ...] | None
    wants: Wants | None
    recipient: Recipient
    to_whom: str
    threshold: str
    clock_start: ClockStart
    clock_start_means: str | None
    after: str | None
    period: int | None
    outer_hours: int | None
    unit: Unit
    counting: Counting
    counting_from: date | None
    phase: Phase
    content: str | None
    exemptions: str | None
    status: str | None
    note: str | None
    valid_from: date | None
    in_force_by: date | None
    valid_to: date | None
    source: str
    confidence: Confidence
    checked: date

    @property
    def terms(self) -> Terms:
        """What counting needs, to be copied onto an obligation when it arises."""
        return Terms(self.unit, self.period, self.counting, self.counting_from)

    @property
    def confirmed(self) -> bool:
        """Whether it may be shown as law rather than as a lead to be checked."""
        return self.confidence in (Confidence.TEXT, Confidence.SECONDARY)

    @property
    def keeping(self) -> bool:
        """Whether its period says how long a record is kept. That is never a deadline."""
        return self.phase is Phase.RECORD and self.period is not None

    def in_force(self, on: date) -> bool:
        """Whether it is known to be law on that day, both ends included. Without a first day it never is."""
        since = self.valid_from or self.in_force_by
        return since is not None and since <= on and (self.valid_to is None or on <= self.valid_to)

    def touches(self, places: Iterable[str]) -> bool:
        """Whether it is the law in one of these places: `US-CA` and `US` find each other, `US-CA` and `US-NY` not."""
        return any(_touch(place, country) for place in places for country in self.countries)


def _touch(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A dated body of rules, and where it is the law of the land.

    `countries` are codes of ISO 3166, of countries or of parts of them (`US-CA`); none at all for a contract.
    """

    id: str
    title: str
    short_title: str
    jurisdiction: str
    countries: frozenset[str]
    rules: tuple[Rule, ...]
