"""What the organisation records of itself once: legal entities, capacities, products, contracts, targets of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, String, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.incident import Part
from incidents.law.counting import Unit
from incidents.law.facts import PLACE
from incidents.law.profile import OF_THE_INCIDENT, Contract, ContractStart, Entity, Product, Profile
from incidents.law.regimes import Capacity, Rule, load
from incidents.organisation import LegalEntity, Organisation, Site, checked_country
from incidents.orm import Base, Key, by_value, table
from incidents.refusals import Refused
from incidents.settings import change, record_change, value_of
from incidents.timeline import Actor
from incidents.words import N_

DESCRIPTION = "profile"
MOST_HOURS = 24 * 366

CAPACITIES = tuple(capacity for capacity in Capacity if capacity not in OF_THE_INCIDENT)
"""The capacities that a profile settles, in the order of the regimes."""


class CustomerContract(Base):
    """What one customer's contract promises. `hours` is None where it only says without delay."""

    __tablename__ = "customer_contract"
    __table_args__ = table()

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    customer: Mapped[str] = mapped_column(String(200))
    hours: Mapped[int | None]
    starts: Mapped[ContractStart] = mapped_column(by_value(ContractStart))
    contact: Mapped[str] = mapped_column(String(200), default="")
    channel: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


@dataclass(frozen=True)
class Description:
    """What is said of the organisation as a whole. `targets` are hours by rule id."""

    capacities: frozenset[Capacity] = frozenset()
    capacities_complete: bool = False
    products: frozenset[Product] = frozenset()
    public_body: bool | None = None
    targets: Mapping[str, int] | None = None


Row = TypeVar("Row", LegalEntity, CustomerContract)


def entities_of(session: Session, organisation: Organisation) -> list[LegalEntity]:
    """The legal entities and branches, in the order in which they were added."""
    mine = select(LegalEntity).where(LegalEntity.organisation_id == organisation.id)
    return list(session.scalars(mine.order_by(LegalEntity.id)))


def contracts_of(session: Session, organisation: Organisation) -> list[CustomerContract]:
    """The customers' contracts, by name."""
    mine = select(CustomerContract).where(CustomerContract.organisation_id == organisation.id)
    return list(session.scalars(mine.order_by(CustomerContract.customer, CustomerContract.id)))


def description_of(session: Session) -> Description:
    """What was said of the organisation as a whole; what no longer exists is left out."""
    value: dict[str, Any] = value_of(session, DESCRIPTION) or {}
    known = {rule.id for rule in without_period()}
    return Description(
        capacities=frozenset(one for one in CAPACITIES if one.value in value.get("capacities", ())),
        capacities_complete=value.get("capacities_complete") is True,
        products=frozenset(one for one in Product if one.value in value.get("products", ())),
        public_body=value.get("public_body"),
        targets={rule: hours for rule, hours in value.get("targets", {}).items() if rule in known},
    )


def profile_of(session: Session, organisation: Organisation) -> Profile:
    """The profile as the law reads it."""
    said = description_of(session)
    return Profile(
        entities=tuple(entity_of(row) for row in entities_of(session, organisation)),
        capacities=said.capacities,
        capacities_complete=said.capacities_complete,
        products=said.products,
        public_body=said.public_body,
        contracts=tuple(
            Contract(row.customer, row.hours, row.starts, row.contact, row.channel)
            for row in contracts_of(session, organisation)
        ),
        targets={rule: timedelta(hours=hours) for rule, hours in (said.targets or {}).items()},
    )


def entity_of(row: LegalEntity) -> Entity:
    """One legal entity as the law reads it."""
    place = f"{row.country}-{row.subdivision}" if row.subdivision else row.country
    return Entity(row.name, place, row.main_establishment, row.lead_authority)


def without_period() -> list[Rule]:
    """The duties on which the law puts no number, for which a target can be set."""
    return [
        rule
        for rule in load().rules()
        if rule.unit is Unit.NO_FIXED_PERIOD and not rule.part_of and (rule.valid_from or rule.in_force_by)
    ]


def describe(session: Session, organisation: Organisation, said: Description, *, by: Actor, now: datetime) -> None:
    """Keep what is said of the organisation as a whole. Refuses a target that is no number of hours."""
    targets = dict(said.targets or {})
    for hours in targets.values():
        _checked_hours(hours, "target_hours")
    value = {
        "capacities": _sorted(said.capacities),
        "capacities_complete": said.capacities_complete,
        "products": _sorted(said.products),
        "public_body": said.public_body,
        "targets": dict(sorted(targets.items())),
    }
    change(session, organisation, DESCRIPTION, value, by=by, now=now)


def hours_of(typed: str, field: str) -> int:
    """A whole number of hours as somebody typed it. Refuses anything else beside the field."""
    hours = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 5 else 0
    return _checked_hours(hours, field)


def keep_entity(
    session: Session, organisation: Organisation, entity: Entity, *, key: int | None = None, by: Actor, now: datetime
) -> None:
    """Add a legal entity, or change the one with this key. Refuses one without a name or with no real place."""
    row = _mine(session, LegalEntity, organisation, key) if key else LegalEntity(organisation_id=organisation.id)
    before = asdict(entity_of(row)) if key else None
    if not entity.name.strip():
        raise Refused(N_("Write the name of the legal entity."), field="name")
    country, _dash, part = entity.place.strip().upper().partition("-")
    checked_country(country)
    if part and not PLACE.fullmatch(f"{country}-{part}"):
        raise Refused(N_("Write the part of the country as its code, such as BY for Bavaria."), field="subdivision")
    row.name, row.country, row.subdivision = entity.name.strip(), country, part or None
    row.main_establishment = entity.main_establishment
    row.lead_authority = (entity.lead_authority or "").strip() or None
    session.add(row)
    session.flush()
    _told(session, organisation, "legal_entity", before, asdict(entity_of(row)), by=by, now=now)


def remove_entity(session: Session, organisation: Organisation, key: int, *, by: Actor, now: datetime) -> None:
    """Take a legal entity away. Refuses the last one, and one that a site or an incident names."""
    row = _mine(session, LegalEntity, organisation, key)
    named = (exists().where(Site.legal_entity_id == row.id), exists().where(Part.legal_entity_id == row.id))
    if any(session.scalar(select(one)) for one in named):
        raise Refused(N_("A site or an incident names this legal entity, so it stays. Change it instead."))
    if len(entities_of(session, organisation)) == 1:
        raise Refused(N_("This is the only legal entity, so it stays. Add another one first."))
    session.delete(row)
    _told(session, organisation, "legal_entity", asdict(entity_of(row)), None, by=by, now=now)


def keep_contract(
    session: Session,
    organisation: Organisation,
    contract: Contract,
    *,
    key: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Add a customer's contract, or change the one with this key. Refuses one without a customer, or a second one."""
    row = _mine(session, CustomerContract, organisation, key) if key else None
    before = _contract_facts(row) if row else None
    customer = contract.customer.strip()
    if not customer:
        raise Refused(N_("Write the name of the customer."), field="customer")
    if any(one.customer == customer and one.id != key for one in contracts_of(session, organisation)):
        raise Refused(N_("This customer has a contract here already. Change that one."), field="customer")
    if contract.hours is not None:
        _checked_hours(contract.hours, "hours")
    row = row or CustomerContract(organisation_id=organisation.id)
    row.customer, row.hours, row.starts = customer, contract.hours, contract.starts
    row.contact, row.channel = contract.contact.strip(), contract.channel.strip()
    session.add(row)
    session.flush()
    _told(session, organisation, "customer_contract", before, _contract_facts(row), by=by, now=now)


def remove_contract(session: Session, organisation: Organisation, key: int, *, by: Actor, now: datetime) -> None:
    """Take a customer's contract away. What has arisen under it keeps its terms."""
    row = _mine(session, CustomerContract, organisation, key)
    before = _contract_facts(row)
    session.delete(row)
    _told(session, organisation, "customer_contract", before, None, by=by, now=now)


def _mine(session: Session, kind: type[Row], organisation: Organisation, key: int) -> Row:
    row = session.get(kind, key)
    if row is None or row.organisation_id != organisation.id:
        raise Refused(N_("It is no longer there. Somebody has removed it."))
    return row


def _contract_facts(row: CustomerContract) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("customer", "hours", "contact", "channel")} | {
        "starts": row.starts.value
    }


def _checked_hours(hours: int, field: str) -> int:
    if not 1 <= hours <= MOST_HOURS:
        raise Refused(N_("Write a whole number of hours, such as 24."), field=field)
    return hours


def _sorted(members: Iterable[Capacity] | Iterable[Product]) -> list[str]:
    return sorted(member.value for member in members)


def _told(
    session: Session, organisation: Organisation, what: str, before: Any, after: Any, *, by: Actor, now: datetime
) -> None:
    if before != after:
        session.flush()
        record_change(session, organisation, {"setting": what}, before, after, by=by, now=now)
