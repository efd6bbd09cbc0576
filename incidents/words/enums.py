"""The words for each choice, as message ids: one place that forms, pages, mails and exports read."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from incidents.incident import Lane, OurRole, StillHappening, Urgency, What
from incidents.law.arising import STANDING_WORDS
from incidents.law.assessment import Says
from incidents.law.profile import CONTRACT_START_WORDS, PRODUCT_WORDS
from incidents.obligations import Against, Standing
from incidents.people import Role
from incidents.report import Medium, Relation
from incidents.steps import StepState
from incidents.words import N_


def _words(table: Mapping[Any, str]) -> dict[enum.Enum, str]:
    return dict(table)


WORDS: Mapping[enum.Enum, str] = MappingProxyType(
    {
        StillHappening.YES: N_("Yes"),
        StillHappening.NO: N_("No"),
        StillHappening.UNKNOWN: N_("I don't know"),
        Urgency.URGENT: N_("urgent"),
        Urgency.SOON: N_("soon"),
        What.UNDECIDED: N_("Not triaged yet"),
        What.PERSONAL_DATA_BREACH: N_("Personal data breach"),
        What.SECURITY_INCIDENT: N_("Security incident without personal data"),
        What.NEAR_MISS: N_("Near miss"),
        What.NOTHING: N_("Nothing"),
        OurRole.UNKNOWN: N_("Not known yet"),
        OurRole.CONTROLLER: N_("Controller: our own data"),
        OurRole.PROCESSOR: N_("Processor: our customers' data"),
        OurRole.BOTH: N_("Both"),
        Lane.TRIAGE: N_("Triage"),
        Lane.CONTAINMENT: N_("Containment"),
        Lane.NOTIFICATION: N_("Notification"),
        StepState.OPEN: N_("open"),
        StepState.DONE: N_("done"),
        StepState.SKIPPED: N_("left out"),
        Medium.WEB: N_("Web form"),
        Medium.PHONE: N_("Phone"),
        Medium.MAIL: N_("E-mail"),
        Medium.LETTER: N_("Letter"),
        Medium.IN_PERSON: N_("In person"),
        Relation.UNSAID: N_("I'd rather not say"),
        Relation.STAFF: N_("I work here"),
        Relation.OUTSIDE: N_("I don't work here"),
        Standing.MAY_ARISE: N_("may arise"),
        Standing.OWED: N_("owed"),
        Standing.MET: N_("met"),
        Standing.DECIDED_AGAINST: N_("decided against"),
        Standing.DOES_NOT_ARISE: N_("does not arise"),
        Against.DOES_NOT_APPLY: N_("This law does not reach us here"),
        Against.RISK_UNLIKELY: N_("A risk to people is unlikely"),
        Says.NOTIFY: N_("Tell the authority"),
        Says.COMMUNICATE: N_("Tell the people"),
        Says.NOT_REQUIRED: N_("Not required"),
        Says.UNDETERMINED: N_("Not clear yet"),
        Role.RESPONDER: N_("Responder"),
        Role.DPO: N_("Data protection officer"),
        Role.DEPUTY: N_("Deputy data protection officer"),
        Role.MANAGEMENT: N_("Management"),
        Role.AUDITOR: N_("Auditor"),
        Role.ADMINISTRATOR: N_("Administrator"),
        **_words(STANDING_WORDS),
        **_words(PRODUCT_WORDS),
        **_words(CONTRACT_START_WORDS),
    }
)


def words_for(member: enum.Enum) -> str:
    """The message id that names a choice to people."""
    return WORDS[member]
