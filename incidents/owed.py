"""Which duties an incident gives rise to, by what is known of it; how they stand, and why nothing was sent."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from incidents.incident import Incident, OurRole, Part, What
from incidents.law.assessment import Says
from incidents.law.regimes import Capacity, Rule, laws_for, load
from incidents.law.regimes.rule import Recipient
from incidents.organisation import LegalEntity, Organisation
from incidents.signing import in_force


class Standing(enum.Enum):
    """Where an obligation stands."""

    MAY_ARISE = "may-arise"
    OWED = "owed"
    MET = "met"
    DECIDED_AGAINST = "decided-against"
    DOES_NOT_ARISE = "does-not-arise"


class Against(enum.Enum):
    """Why it was decided that nothing is sent."""

    DOES_NOT_APPLY = "does-not-apply"
    RISK_UNLIKELY = "risk-unlikely"


OPEN = (Standing.MAY_ARISE, Standing.OWED)


@dataclass(frozen=True)
class Wanted:
    """One duty that the facts give rise to: its rule, the part it is owed for, and to whom."""

    rule: Rule
    part: Part | None
    standing: Standing
    recipient: str


_COUNTRIES = select(LegalEntity.country).where(LegalEntity.organisation_id == bindparam("organisation_id"))


def _laws(session: Session, organisation: Organisation, day: date) -> tuple[str, ...]:
    countries = session.connection().execute(_COUNTRIES, {"organisation_id": organisation.id}).scalars().all()
    return laws_for(organisation.country, countries, on=day)


def wanted_by(session: Session, incident: Incident, organisation: Organisation) -> Iterator[Wanted]:
    """The duties under the law of the day on which the incident was opened; a later law does not change them."""
    if incident.what in (What.SECURITY_INCIDENT, What.NEAR_MISS, What.NOTHING):
        return
    sure = Standing.OWED if incident.what is What.PERSONAL_DATA_BREACH else Standing.MAY_ARISE
    day, regimes = incident.opened_at.date(), load()
    laws = _laws(session, organisation, day)
    if incident.our_role is not OurRole.PROCESSOR:
        standing = Standing.MAY_ARISE if incident.our_role is OurRole.UNKNOWN else sure
        for rule in regimes.owed_by(Capacity.CONTROLLER, day, laws):
            if rule.by_itself and rule.recipient is Recipient.AUTHORITY:
                yield Wanted(rule, None, standing, rule.short_title)
    if incident.our_role in (OurRole.PROCESSOR, OurRole.BOTH):
        # One notice to each customer satisfies each law; the one of our own country names the duty.
        rules = regimes.owed_by(Capacity.PROCESSOR, day, laws)
        rule = next(rule for rule in rules if rule.by_itself and rule.recipient is Recipient.CONTROLLER)
        for part in incident.parts:
            if part.role is OurRole.PROCESSOR and part.dropped_at is None:
                yield Wanted(rule, part, sure, part.customer)


def owed_to_people(session: Session, incident: Incident, organisation: Organisation) -> Iterator[Wanted]:
    """What is owed to the people concerned: it arises with the assessment that finds a high risk (Art. 34(1))."""
    if incident.what is not What.PERSONAL_DATA_BREACH or incident.our_role is OurRole.PROCESSOR:
        return
    if in_force(session, incident.id).people is not Says.COMMUNICATE:
        return
    day, regimes = incident.opened_at.date(), load()
    for law in _laws(session, organisation, day):
        rules = regimes.owed_by(Capacity.CONTROLLER, day, [law])
        if any(rule.by_itself for rule in rules):
            for rule in rules:
                if rule.recipient is Recipient.PEOPLE and rule.confirmed:
                    yield Wanted(rule, None, Standing.OWED, rule.short_title)
