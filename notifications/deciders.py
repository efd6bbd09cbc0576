"""Whether somebody could decide for the organisation whom to tell: found by day, among what is red."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Role
from incidents.without_decider import Lack, lack
from incidents.words import N_
from notifications.readiness import Fault

LACKING: Mapping[Lack, str] = MappingProxyType(
    {
        Lack.NOBODY: N_(
            "Nobody can decide whom to tell of a breach: nobody holds the role %(role)s, and nothing is delegated. "
            "Give somebody the role."
        ),
        Lack.ALONE: N_(
            "One person alone advises and decides, and nobody decides on their own advice. "
            "Give somebody else the role %(role)s."
        ),
    }
)


def no_decider(session: Session, organisation: Organisation, *, now: datetime) -> list[Fault]:
    """The fault that nobody could decide on the next incident; none where somebody can."""
    found = lack(session, organisation, now=now)
    return [Fault(LACKING[found], params={"role": Role.MANAGEMENT})] if found else []
