"""What the organisation records of itself once: legal entities, capacities, products, contracts, targets of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.law.counting import Unit
from incidents.law.profile import OF_THE_INCIDENT, Contract, ContractStart, Entity, Product, Profile
from incidents.law.regimes import Capacity, Rule, load
from incidents.organisation import LegalEntity, Organisation, Setting, Site
from incidents.orm import Base, Key, by_value, table

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


def entities_of(session: Session, organisation: Organisation) -> list[LegalEntity]:
    """The legal entities and branches, in the order in which they were added."""
    mine = select(LegalEntity).where(LegalEntity.organisation_id == organisation.id)
    return list(session.scalars(mine.order_by(LegalEntity.id)))


def sites_of(session: Session, organisation: Organisation) -> list[Site]:
    """The places where it works, by name."""
    mine = select(Site).where(Site.organisation_id == organisation.id)
    return list(session.scalars(mine.order_by(Site.name, Site.id)))


def contracts_of(session: Session, organisation: Organisation) -> list[CustomerContract]:
    """The customers' contracts, by name."""
    mine = select(CustomerContract).where(CustomerContract.organisation_id == organisation.id)
    return list(session.scalars(mine.order_by(CustomerContract.customer, CustomerContract.id)))


def description_of(session: Session) -> Description:
    """What was said of the organisation as a whole; what no longer exists is left out."""
    value: dict[str, Any] = session.scalar(select(Setting.value).where(Setting.name == DESCRIPTION)) or {}
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
    rows = session.execute(
        select(LegalEntity, Site.country)
        .outerjoin(Site, Site.legal_entity_id == LegalEntity.id)
        .where(LegalEntity.organisation_id == organisation.id)
        .order_by(LegalEntity.id, Site.name, Site.id)
    ).all()
    return Profile(
        entities=tuple(entity_of(row) for row in dict.fromkeys(row for row, _site in rows)),
        sites=tuple(site for _row, site in rows if site is not None),
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
