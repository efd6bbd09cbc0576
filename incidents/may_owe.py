"""What may be owed for one incident, from the organisation's profile and what is known of it so far."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from incidents.assessments import known, told_already, worksheet
from incidents.incident import Incident
from incidents.law.arising import Arising, arising
from incidents.law.facts import Facts
from incidents.law.profile import Profile
from incidents.obligations import cautious_anchor, earliest
from incidents.organisation import Organisation
from incidents.profile import profile_of
from incidents.report import Report
from incidents.situations import situation_of


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

    What its worksheet holds stands before what triage said. `situation` and `facts` try what would be if more were
    known. The clocks are counted from the decided awareness, and until then from the cautious start. Its `reports`,
    and the `profile`, spare queries.
    """
    organisation = session.get_one(Organisation, incident.organisation_id)
    profile = profile or profile_of(session, organisation)
    sheet = worksheet(session, incident)
    return arising(
        profile,
        {**situation_of(incident, profile, sheet.situation if sheet else None), **(situation or {})},
        {**known(sheet.facts if sheet else told_already(incident)), **(facts or {})},
        on=incident.opened_at.date(),
        start=incident.aware_at or (cautious_anchor(session, incident) if reports is None else earliest(reports)),
        zone=ZoneInfo(organisation.zone),
    )
