"""What is known of an incident beside the facts of the breach: where, as what, and what sector laws ask.

Whatever is left out is not known yet. A list of places or customers holds those known so far; only the fact beside it
that it is complete lets anything follow from what is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from incidents.law.facts import FACTS, Fact, Facts, Shape, read_among
from incidents.words import N_

_YES_NO = Fact(Shape.YES_NO)

SITUATION: Mapping[str, Fact] = {
    "our_role": Fact(Shape.ONE, ("controller", "processor", "both")),
    "personal_data": _YES_NO,
    "risk": _YES_NO,
    "high_risk": _YES_NO,
    "affected.countries": Fact(Shape.PLACES),
    "affected.complete": _YES_NO,
    "affected.residents": Fact(Shape.NUMBERS),
    "systems.countries": Fact(Shape.PLACES),
    "systems.complete": _YES_NO,
    "customers.names": Fact(Shape.NAMES),
    "customers.complete": _YES_NO,
    "serious_harm": _YES_NO,
    "adverse_effect": _YES_NO,
    "need_to_protect": _YES_NO,
    "interests_affected": _YES_NO,
    "large_scale": _YES_NO,
    "state_defined_data": _YES_NO,
    "unsecured_health_data": _YES_NO,
    "defence_information": _YES_NO,
    "filing_incomplete": _YES_NO,
    "requested": _YES_NO,
    "significant_incident": _YES_NO,
    "significant_threat": _YES_NO,
    "service_affected": _YES_NO,
    "major_ict_incident": _YES_NO,
    "clients_interests": _YES_NO,
    "cyber_incident": _YES_NO,
    "relatively_major": _YES_NO,
    "vulnerability_exploited": _YES_NO,
    "severe_product_incident": _YES_NO,
    "ai_serious_incident": _YES_NO,
    "material": _YES_NO,
    "inside_information": _YES_NO,
    "ransom_paid": _YES_NO,
    "handled": _YES_NO,
}
"""Every name, with its shape. `risk` and `high_risk` follow from the assessment unless somebody stated them."""

DERIVED: Mapping[str, Fact] = {"residents": Fact(Shape.COUNT)}
"""How many of the affected live where a rule is law; worked out for each rule from `affected.residents`."""

VOCABULARY: Mapping[str, Fact] = {**FACTS, **SITUATION, **DERIVED}
"""What a rule's `wants` may ask."""

WORDS: Mapping[str, str] = {
    "our_role": N_("whether we are controller or processor here"),
    "personal_data": N_("whether it is a breach of personal data"),
    "risk": N_("whether a risk to people is unlikely; the assessment says"),
    "high_risk": N_("whether a high risk to people is likely; the assessment says"),
    "agreed": N_("whether it was agreed"),
    "establishment": N_("where we are established"),
    "affected.countries": N_("where the people affected live"),
    "systems.countries": N_("where the systems touched are"),
    "residents": N_("how many of the people affected live there"),
    "customers.names": N_("whether this customer is affected"),
    "serious_harm": N_("whether serious harm to people is likely"),
    "adverse_effect": N_("whether it is likely to affect people's data or privacy adversely"),
    "need_to_protect": N_("whether people need it to protect themselves, or the authority asks for it"),
    "interests_affected": N_("whether people's interests are significantly affected"),
    "large_scale": N_("whether the data are many, or under secrecy"),
    "state_defined_data": N_("whether the data are of the kinds that the law lists"),
    "unsecured_health_data": N_("whether unsecured health information is affected"),
    "defence_information": N_("whether covered defence information is affected"),
    "filing_incomplete": N_("whether something was missing in the first notification"),
    "requested": N_("whether the authority has asked for it"),
    "significant_incident": N_("whether the incident is significant: severe disruption, loss or damage, even possible"),
    "significant_threat": N_("whether there is a significant cyber threat"),
    "service_affected": N_("whether the service to customers is likely to be affected"),
    "major_ict_incident": N_("whether the incident is classified as major"),
    "clients_interests": N_("whether clients' financial interests are affected"),
    "cyber_incident": N_("whether it is a cyber incident"),
    "relatively_major": N_("whether the incident is relatively major or worse"),
    "vulnerability_exploited": N_("whether a vulnerability in a product is actively exploited"),
    "severe_product_incident": N_("whether a severe incident affects the security of a product"),
    "ai_serious_incident": N_("whether it is a serious incident with a high-risk AI system"),
    "material": N_("whether the incident is material"),
    "inside_information": N_("whether it is inside information"),
    "ransom_paid": N_("whether a ransom was paid"),
    "handled": N_("whether the incident has been handled"),
    "exposure": N_("whether anybody got at the data"),
    "protection": N_("whether the data were unintelligible to whoever got them"),
    "data": N_("which kinds of data are affected"),
    "cause": N_("what caused it"),
    "incident_kind": N_("what kind of incident it is"),
    "people.number": N_("how many people are affected"),
    "people.categories": N_("who the people affected are"),
}
"""What is not known, as part of a sentence, for every name that a rule may lack."""


def read(written: object) -> Facts:
    """A situation from a JSON object, strictly: nothing is guessed, and a null is not known. Refuses by name."""
    return read_among(written, SITUATION)
