"""What the organisation says of itself once: where it is established, in which capacities, and what it promised."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from incidents.law.counting import Counting, Terms, Unit
from incidents.law.regimes import Capacity
from incidents.words import N_


class Product(enum.StrEnum):
    """What is offered that brings a capacity with it."""

    DIGITAL_ELEMENTS = "digital_elements"
    HIGH_RISK_AI = "high_risk_ai"
    COMMUNICATIONS = "communications"
    ONLINE_SERVICE = "online_service"
    TRUST_SERVICE = "trust_service"
    HEALTH_RECORDS = "health_records"


PRODUCT_WORDS: Mapping[Product, str] = {
    Product.DIGITAL_ELEMENTS: N_("products with digital elements on the EU market"),
    Product.HIGH_RISK_AI: N_("high-risk AI systems"),
    Product.COMMUNICATIONS: N_("public communications services"),
    Product.ONLINE_SERVICE: N_("cloud, marketplace, search or other digital services"),
    Product.TRUST_SERVICE: N_("trust services, such as signatures or certificates"),
    Product.HEALTH_RECORDS: N_("personal health records"),
}
BRINGS: Mapping[Product, Capacity] = {
    Product.DIGITAL_ELEMENTS: Capacity.MANUFACTURER,
    Product.HIGH_RISK_AI: Capacity.AI_PROVIDER,
    Product.COMMUNICATIONS: Capacity.COMMUNICATIONS_PROVIDER,
    Product.ONLINE_SERVICE: Capacity.DIGITAL_PROVIDER,
    Product.TRUST_SERVICE: Capacity.TRUST_SERVICE_PROVIDER,
    Product.HEALTH_RECORDS: Capacity.HEALTH_PROVIDER,
}
OF_THE_INCIDENT = frozenset(
    {
        Capacity.CONTROLLER,
        Capacity.PROCESSOR,
        Capacity.SYSTEM_OPERATOR,
        Capacity.ANYBODY,
        Capacity.CONTRACT_PARTY,
        Capacity.OTHER,
    }
)
"""Capacities that no profile settles: the incident, a contract or the law itself does."""


class ContractStart(enum.StrEnum):
    """What starts the hours of a customer's contract."""

    AWARENESS = "awareness"
    SUSPICION = "suspicion"
    CONFIRMATION = "confirmation"


CONTRACT_START_WORDS: Mapping[ContractStart, str] = {
    ContractStart.AWARENESS: N_("becoming aware"),
    ContractStart.SUSPICION: N_("suspecting it"),
    ContractStart.CONFIRMATION: N_("confirming it"),
}


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity or branch. `place` is a code of ISO 3166 such as `GB`, `DE-BY` or `US-CA`."""

    name: str
    place: str
    main_establishment: bool = False
    lead_authority: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A customer's own hours, as agreed; `hours` is None where the contract only says without delay."""

    customer: str
    hours: int | None
    starts: ContractStart = ContractStart.AWARENESS
    contact: str = ""
    channel: str = ""

    @property
    def terms(self) -> Terms:
        """How the hours are counted: from their start on, whatever day it is."""
        if self.hours is None:
            return Terms(Unit.NO_FIXED_PERIOD)
        return Terms(Unit.HOURS, self.hours, Counting.CONTRACT)


@dataclass(frozen=True, slots=True)
class Profile:
    """The organisation as it described itself. An empty list of entities says nothing yet.

    Only `capacities_complete` lets anything follow from a capacity that is not there. `targets` are the
    organisation's own, by rule id, for duties on which the law puts no number. `sites` are places where it works:
    the law of such a place binds it, but a site alone is no one-stop shop.
    """

    entities: tuple[Entity, ...] = ()
    capacities: frozenset[Capacity] = frozenset()
    capacities_complete: bool = False
    products: frozenset[Product] = frozenset()
    public_body: bool | None = None
    contracts: tuple[Contract, ...] = ()
    targets: Mapping[str, timedelta] = field(default_factory=dict)
    sites: tuple[str, ...] = ()

    @property
    def established(self) -> tuple[str, ...]:
        """Every place where it is established: its legal entities first, then its sites."""
        return tuple(dict.fromkeys((*(entity.place for entity in self.entities), *self.sites)))

    @property
    def held(self) -> frozenset[Capacity]:
        """Its capacities, with those that its products bring."""
        return self.capacities | {BRINGS[product] for product in self.products}


def contract_with(customer: str, contracts: Iterable[Contract]) -> Contract | None:
    """The contract of a customer: by name, however its letters were typed, else the only one whose name begins alike.

    "Contoso Ltd" is "Contoso": hours that were promised are not lost to a legal form.
    """
    wanted = customer.casefold().split()
    named = [(one, one.customer.casefold().split()) for one in contracts]
    exact = [one for one, words in named if words == wanted]
    alike = [one for one, words in named if wanted and _begins(words, wanted)]
    return exact[0] if exact else alike[0] if len(alike) == 1 else None


def _begins(one: list[str], other: list[str]) -> bool:
    """Whether the shorter of two names begins the longer one, word by word."""
    length = min(len(one), len(other))
    return length > 0 and one[:length] == other[:length]
