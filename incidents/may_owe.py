"""What may be owed for one incident, from the organisation's profile and what is known of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from incidents.incident import Incident, OurRole, What
from incidents.law.arising import Arising, arising
from incidents.law.facts import Facts, Value
from incidents.law.profile import Contract, Profile
from incidents.obligations import cautious_anchor, earliest
from incidents.organisation import Organisation
from incidents.profile import profile_of
from incidents.report import Report

_PERSONAL: Mapping[What, bool | None] = {
    What.UNDECIDED: None,
    What.PERSONAL_DATA_BREACH: True,
    What.SECURITY_INCIDENT: False,
    What.NEAR_MISS: False,
    What.NOTHING: False,
}


def may_be_owed(
    session: Session,
    incident: Incident,
    *,
    situation: Facts | None = None,
    facts: Facts | None = None,
    reports: Iterable[Report] | None = None,
    profile: Profile | None = None,
) -> list[Arising]:
    """Every duty and how it stands, shortest first, under the law of the day on which the incident was opened.

    `situation` and `facts` add what an assessment knows; what they state stands before what triage said. The clocks
    are counted from the decided awareness, and until then from the cautious start. Its `reports`, and the
    `profile`, spare queries.
    """
    organisation = session.get_one(Organisation, incident.organisation_id)
    profile = profile or profile_of(session, organisation)
    return arising(
        profile,
        {**situation_of(incident, profile), **(situation or {})},
        facts or {},
        on=incident.opened_at.date(),
        start=incident.aware_at or (cautious_anchor(session, incident) if reports is None else earliest(reports)),
        zone=ZoneInfo(organisation.zone),
    )


def situation_of(incident: Incident, profile: Profile) -> Mapping[str, Value]:
    """What triage and the parts of an incident say of the situation."""
    known: dict[str, Value] = {}
    if incident.our_role is not OurRole.UNKNOWN:
        known["our_role"] = incident.our_role.value
    personal = _PERSONAL[incident.what]
    if personal is not None:
        known["personal_data"] = personal
    customers = {part.customer for part in incident.parts if part.customer and part.dropped_at is None}
    if customers:
        known["customers.names"] = _as_in_contracts(customers, profile.contracts)
    return known


def _as_in_contracts(customers: Iterable[str], contracts: Iterable[Contract]) -> frozenset[str]:
    """The customers by the names that their contracts have, however large or small the letters were typed."""
    written = {contract.customer.casefold(): contract.customer for contract in contracts}
    return frozenset(written.get(name.strip().casefold(), name) for name in customers)
