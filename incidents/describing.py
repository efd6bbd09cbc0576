"""Changing what the organisation says of itself. Whatever is open follows: what it owes is worked out anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from incidents.answering import follow_everywhere
from incidents.incident import Incident, Part
from incidents.law.facts import PLACE
from incidents.law.profile import Contract, Entity, Product
from incidents.law.regimes import Capacity
from incidents.obligations import Targets
from incidents.organisation import LegalEntity, Organisation, Site, checked_country, checked_zone
from incidents.profile import (
    DESCRIPTION,
    MOST_HOURS,
    CustomerContract,
    Description,
    contracts_of,
    entities_of,
    entity_of,
)
from incidents.refusals import Refused
from incidents.settings import change, record_change
from incidents.timeline import Actor
from incidents.words import N_

Row = TypeVar("Row", LegalEntity, CustomerContract, Site)


@dataclass(frozen=True)
class Place:
    """A place where the organisation works: whose it is, in which country, on which clocks."""

    name: str
    country: str
    zone: str
    legal_entity_id: int | None = None


def describe(
    session: Session, organisation: Organisation, said: Description, *, by: Actor, targets: Targets, now: datetime
) -> None:
    """Keep what is said of the organisation as a whole. Refuses a target that is no number of hours."""
    own = dict(said.targets or {})
    for hours in own.values():
        _checked_hours(hours, "target_hours")
    value = {
        "capacities": _sorted(said.capacities),
        "capacities_complete": said.capacities_complete,
        "products": _sorted(said.products),
        "public_body": said.public_body,
        "targets": dict(sorted(own.items())),
    }
    if change(session, organisation, DESCRIPTION, value, by=by, now=now) is not None:
        follow_everywhere(session, organisation.id, by=by, targets=targets, now=now)


def hours_of(typed: str, field: str) -> int:
    """A whole number of hours as somebody typed it. Refuses anything else beside the field."""
    hours = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 5 else 0
    return _checked_hours(hours, field)


def keep_entity(
    session: Session,
    organisation: Organisation,
    entity: Entity,
    *,
    key: int | None = None,
    by: Actor,
    targets: Targets,
    now: datetime,
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
    _told(session, organisation, "legal_entity", before, asdict(entity_of(row)), by=by, targets=targets, now=now)


def remove_entity(
    session: Session, organisation: Organisation, key: int, *, by: Actor, targets: Targets, now: datetime
) -> None:
    """Take a legal entity away. Refuses the last one, and one that a site or an incident names."""
    row = _mine(session, LegalEntity, organisation, key)
    named = (exists().where(Site.legal_entity_id == row.id), exists().where(Part.legal_entity_id == row.id))
    if any(session.scalar(select(one)) for one in named):
        raise Refused(N_("A site or an incident names this legal entity, so it stays. Change it instead."))
    if len(entities_of(session, organisation)) == 1:
        raise Refused(N_("This is the only legal entity, so it stays. Add another one first."))
    session.delete(row)
    _told(session, organisation, "legal_entity", asdict(entity_of(row)), None, by=by, targets=targets, now=now)


def keep_site(
    session: Session,
    organisation: Organisation,
    site: Place,
    *,
    key: int | None = None,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> None:
    """Add a site, or change the one with this key. Refuses one without a name, a country or a legal entity."""
    row = _mine(session, Site, organisation, key) if key else Site(organisation_id=organisation.id)
    before = _site_facts(row) if key else None
    if not site.name.strip():
        raise Refused(N_("Write the name of the site."), field="name")
    if site.legal_entity_id not in {one.id for one in entities_of(session, organisation)}:
        raise Refused(N_("Choose the legal entity that it belongs to."), field="entity")
    row.name, row.country, row.legal_entity_id = site.name.strip(), checked_country(site.country), site.legal_entity_id
    row.zone = checked_zone(site.zone)
    session.add(row)
    session.flush()
    _told(session, organisation, "site", before, _site_facts(row), by=by, targets=targets, now=now)


def remove_site(
    session: Session, organisation: Organisation, key: int, *, by: Actor, targets: Targets, now: datetime
) -> None:
    """Take a site away. Refuses one that an incident names."""
    row = _mine(session, Site, organisation, key)
    if session.scalar(select(exists().where(Incident.site_id == row.id))):
        raise Refused(N_("An incident names this site, so it stays. Change it instead."))
    before = _site_facts(row)
    session.delete(row)
    _told(session, organisation, "site", before, None, by=by, targets=targets, now=now)


def _site_facts(row: Site) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "country", "zone", "legal_entity_id")}


def keep_contract(
    session: Session,
    organisation: Organisation,
    contract: Contract,
    *,
    key: int | None = None,
    by: Actor,
    targets: Targets,
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
    _told(session, organisation, "customer_contract", before, _contract_facts(row), by=by, targets=targets, now=now)


def remove_contract(
    session: Session, organisation: Organisation, key: int, *, by: Actor, targets: Targets, now: datetime
) -> None:
    """Take a customer's contract away. What has arisen under it keeps its terms."""
    row = _mine(session, CustomerContract, organisation, key)
    before = _contract_facts(row)
    session.delete(row)
    _told(session, organisation, "customer_contract", before, None, by=by, targets=targets, now=now)


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
    session: Session,
    organisation: Organisation,
    what: str,
    before: Any,
    after: Any,
    *,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> None:
    if before != after:
        session.flush()
        record_change(session, organisation, {"setting": what}, before, after, by=by, now=now)
        follow_everywhere(session, organisation.id, by=by, targets=targets, now=now)
