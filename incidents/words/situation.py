"""The questions that other laws ask beside the facts of a breach of personal data, each to be answered yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from incidents.words import N_

QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "serious_harm": N_("Is serious harm to people likely?"),
        "adverse_effect": N_("Is it likely to affect people's data or privacy adversely?"),
        "need_to_protect": N_(
            "Must people be told so that they can protect themselves, or does the authority ask for it?"
        ),
        "interests_affected": N_("Are people's interests or rights significantly affected?"),
        "large_scale": N_("Are the data many, or under a duty of secrecy?"),
        "state_defined_data": N_(
            "Is there a name with a social security, licence or account number, or other data that state law lists?"
        ),
        "unsecured_health_data": N_("Is health information affected that was not encrypted?"),
        "defence_information": N_("Is covered defence information affected?"),
        "filing_incomplete": N_("Was something missing in the first notification?"),
        "requested": N_("Has the authority asked for a further report?"),
        "significant_incident": N_(
            "Is the incident significant: severe disruption, loss or damage, or could it have caused that?"
        ),
        "significant_threat": N_("Is there a significant cyber threat to customers?"),
        "service_affected": N_("Is the service to customers likely to suffer?"),
        "major_ict_incident": N_("Is it classified as a major ICT-related incident?"),
        "clients_interests": N_("Are the financial interests of clients affected?"),
        "cyber_incident": N_("Is it a cyber incident: an attack on, or a fault in, networks or systems?"),
        "relatively_major": N_("Is it relatively major or worse, by the official classification?"),
        "vulnerability_exploited": N_("Is a weakness in one of our products being exploited?"),
        "severe_product_incident": N_("Does a severe incident affect the security of one of our products?"),
        "ai_serious_incident": N_("Is it a serious incident with a high-risk AI system?"),
        "material": N_("Is it material to investors?"),
        "inside_information": N_("Is it inside information?"),
        "ransom_paid": N_("Was a ransom paid?"),
        "handled": N_("Has the incident been handled to its end?"),
    }
)
"""What `law.situation` may hold as yes or no, without what triage and the assessment answer."""

PLACE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "affected.countries": N_("Where the people affected live"),
        "affected.complete": N_("The list of their countries is complete"),
        "affected.residents": N_("How many live where"),
        "systems.countries": N_("Where the systems are"),
        "systems.complete": N_("The list of the systems' countries is complete"),
    }
)
"""What the facts about places are called."""
