"""The questions of the assessment in plain words, and the words for every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from incidents.law.facts import Facts
from incidents.words import N_


@dataclass(frozen=True)
class Question:
    """One question: the facts it settles, in order, and when it is asked at all."""

    key: str
    title: str
    hint: str
    facts: Sequence[str]
    asked: Callable[[Facts], bool] = lambda _facts: True


def _hurt(what: str) -> Callable[[Facts], bool]:
    """Asked while it is not known what was hurt, and when it was this."""

    def asked(facts: Facts) -> bool:
        nature = facts.get("nature")
        return not isinstance(nature, frozenset) or what in nature

    return asked


QUESTIONS: Sequence[Question] = (
    Question("hurt", N_("What was hurt?"), N_("Tick all that apply."), ("nature",)),
    Question(
        "happened",
        N_("What happened?"),
        N_("Take the one that fits best. It can be changed."),
        ("incident_kind", "cause", "systematic"),
    ),
    Question(
        "data",
        N_("Which data?"),
        N_("All kinds that were, or may have been, in it."),
        ("data", "credentials_protection", "insight", "already_public"),
    ),
    Question(
        "people",
        N_("Whose data?"),
        N_("An estimate is an answer."),
        ("people.number", "people.precision", "people.categories"),
    ),
    Question(
        "identification",
        N_("How easily can somebody tell who they are?"),
        N_("From the data, and from what can be looked up beside them."),
        ("identification",),
    ),
    Question(
        "seen",
        N_("Who could see it?"),
        N_("If nobody can rule it out, assume the worse."),
        ("exposure", "recipients.kind", "recipients.number", "recipients.opened", "recipients.deletion_confirmed"),
        _hurt("confidentiality"),
    ),
    Question(
        "protection",
        N_("Could the data be read?"),
        N_("Encrypted counts only while the key is safe."),
        ("protection",),
        _hurt("confidentiality"),
    ),
    Question(
        "gone",
        N_("Was anything lost or out of reach?"),
        N_("What people missed, and for how long."),
        ("availability_effect", "backup", "restoration_effect", "outage_hours"),
        _hurt("availability"),
    ),
    Question(
        "altered",
        N_("Was anything altered?"),
        N_("And were the altered data used?"),
        ("integrity_effect",),
        _hurt("integrity"),
    ),
    Question(
        "stopped",
        N_("How was it stopped?"),
        N_("What has been done already."),
        ("contained_at_once", "undetected_days", "mitigations"),
    ),
    Question(
        "misuse", N_("Have the data been misused?"), N_("Anything that was seen or reported."), ("misuse_observed",)
    ),
    Question("know", N_("Do the people know already?"), N_("From us or from elsewhere."), ("people_already_know",)),
)

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "title": N_("Title"),
        "role": N_("Our role"),
        "nature": N_("What was hurt"),
        "incident_kind": N_("Kind of breach"),
        "cause": N_("Who caused it, and meant it or not"),
        "systematic": N_("Can the same fault have hit more people?"),
        "data": N_("Kinds of data"),
        "credentials_protection": N_("How were the passwords kept?"),
        "insight": N_("How much do the data tell about a person?"),
        "already_public": N_("Were they public before?"),
        "people.number": N_("How many people"),
        "people.precision": N_("How sure is the number?"),
        "people.categories": N_("Who they are"),
        "identification": N_("Ease of identification"),
        "exposure": N_("Did somebody see or take them?"),
        "recipients.kind": N_("Who has them now?"),
        "recipients.number": N_("How many recipients"),
        "recipients.opened": N_("Did they open or read them?"),
        "recipients.deletion_confirmed": N_("Have they confirmed in writing that they deleted them?"),
        "protection": N_("Protection of the data"),
        "availability_effect": N_("Lost or out of reach"),
        "backup": N_("Is there a backup?"),
        "restoration_effect": N_("How did people feel it?"),
        "outage_hours": N_("For how many hours"),
        "integrity_effect": N_("Altered"),
        "contained_at_once": N_("Was it over at once?"),
        "undetected_days": N_("Days until somebody noticed"),
        "mitigations": N_("What has been done"),
        "misuse_observed": N_("Misuse was seen"),
        "people_already_know": N_("The people know already"),
    }
)

_SHARED: Mapping[str, str] = {
    "other": N_("Something else"),
    "none": N_("None"),
    "unknown": N_("Unknown people"),
}

CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "role": {
            "controller": N_("Controller: our own data"),
            "joint_controller": N_("Joint controller"),
            "processor": N_("Processor: our customers' data"),
        },
        "nature": {
            "confidentiality": N_("Somebody saw or got data who must not"),
            "integrity": N_("Data were altered"),
            "availability": N_("Data were lost or out of reach"),
        },
        "incident_kind": {
            "privilege_abuse": N_("Somebody abused their access"),
            "ransomware": N_("Ransomware"),
            "hacking_malware": N_("A break-in or malware"),
            "phishing_social_engineering": N_("Phishing, or somebody was talked into it"),
            "vulnerability_exploited": N_("A weakness in software was used"),
            "unauthorised_access": N_("Access by somebody without the right to it"),
            "exfiltration": N_("Data were copied out"),
            "wrong_person_shown": N_("The wrong person's data were shown"),
            "device_lost_or_stolen": N_("A device was lost or stolen"),
            "e_waste": N_("Old devices with data on them"),
            "paper_disposal": N_("Paper thrown away unshredded"),
            "mail_lost_or_opened": N_("A letter or parcel was lost or opened"),
            "misconfiguration": N_("Something was set up wrongly"),
            "wrong_permissions": N_("Permissions were too wide"),
            "paper_lost_or_stolen": N_("Paper was lost or stolen"),
            "data_deleted": N_("Data were deleted"),
            "displayed_to_wrong_recipient": N_("Shown to the wrong person"),
            "sent_by_mistake": N_("Sent to the wrong person"),
            "open_distribution_list": N_("Everybody's addresses were visible"),
            "technical_malfunction": N_("A technical fault"),
            "unauthorised_modification": N_("Data were changed without the right to it"),
            "unintended_publication": N_("Published by mistake"),
            "verbal_disclosure": N_("Said to the wrong person"),
            "other": _SHARED["other"],
        },
        "cause": {
            "internal_non_malicious": N_("One of us, by mistake"),
            "internal_malicious": N_("One of us, on purpose"),
            "external_non_malicious": N_("Somebody outside, by mistake"),
            "external_malicious": N_("Somebody outside, on purpose"),
        },
        "exposure": {
            "confirmed": N_("Yes"),
            "likely": N_("Likely"),
            "ruled_out_with_evidence": N_("No, and there is evidence"),
            "not_assessable": N_("It cannot be found out"),
        },
        "protection": {
            "unintelligible_key_safe": N_("Encrypted well, and the key is safe"),
            "not_identifiable": N_("Nobody can be told from them"),
            "protected_but_subvertible": N_("Protected, but it can be got round"),
            "none": N_("In the clear"),
        },
        "credentials_protection": {
            "strong_salted_hash": N_("As strong, salted hashes"),
            "weak_hash": N_("As weak hashes"),
            "plain": N_("As plain text"),
        },
        "integrity_effect": {
            "none": N_("Nothing was altered"),
            "altered_no_misuse": N_("Altered, put right before anybody used it"),
            "misused_reversible": N_("Altered and used, can be put right"),
            "misused_irreversible": N_("Altered and used, cannot be put right"),
        },
        "availability_effect": {
            "none": N_("Nothing"),
            "temporary": N_("For a time"),
            "permanent": N_("For good"),
        },
        "backup": {"usable": N_("Yes, it works"), "unusable": N_("Yes, but it does not work"), "none": N_("No")},
        "restoration_effect": {"none": N_("Not at all"), "minor": N_("A little"), "serious": N_("Seriously")},
        "people.precision": {"exact": N_("Counted"), "approximate": N_("Estimated")},
        "people.categories": {
            "customers": N_("Customers"),
            "employees": N_("Employees"),
            "military_or_law_enforcement": N_("Military or police"),
            "minors": N_("Children"),
            "patients": N_("Patients"),
            "students": N_("Students"),
            "subscribers": N_("Subscribers"),
            "users": N_("Users"),
            "vulnerable": N_("Vulnerable people"),
            "other": N_("Others"),
        },
        "data": {
            "basic": N_("Name, date of birth and the like"),
            "contact": N_("Address, e-mail, phone"),
            "biometric": N_("Biometric data"),
            "criminal": N_("Offences and convictions"),
            "political": N_("Political opinions"),
            "racial_or_ethnic": N_("Racial or ethnic origin"),
            "religious_or_philosophical": N_("Religious or philosophical beliefs"),
            "sex_life_or_orientation": N_("Sex life or orientation"),
            "trade_union": N_("Trade union membership"),
            "genetic": N_("Genetic data"),
            "health": N_("Health"),
            "economic_financial": N_("Income, accounts, debts"),
            "employment_health": N_("Sickness at work"),
            "national_id": N_("National or social security number"),
            "location": N_("Where people are or were"),
            "official_documents": N_("Passports and other papers"),
            "payment": N_("Cards and payments"),
            "profile": N_("Profiles of behaviour"),
            "credentials": N_("Passwords and other keys"),
            "communications": N_("Messages and calls"),
            "work_record": N_("Work and education"),
            "special_unspecified": N_("Special categories, not known which"),
            "protected_address": N_("An address that must stay secret"),
            "other": _SHARED["other"],
        },
        "insight": {
            "trivial": N_("Next to nothing"),
            "limited": N_("Some things"),
            "substantial": N_("A detailed picture"),
        },
        "identification": {
            "negligible": N_("Hardly possible"),
            "limited": N_("With effort"),
            "significant": N_("Fairly easily"),
            "maximum": N_("At once"),
        },
        "recipients.kind": {
            "none": N_("Nobody"),
            "trusted": N_("Somebody trusted, bound to secrecy"),
            "known": N_("Somebody known"),
            "unknown": _SHARED["unknown"],
            "public": N_("Anybody: it is public"),
            "hostile": N_("Somebody who means harm"),
        },
        "mitigations": {
            "remote_wipe": N_("Device wiped"),
            "password_reset": N_("Passwords reset"),
            "access_revoked": N_("Access taken away"),
            "recalled": N_("Message recalled"),
            "deletion_asked": N_("Deletion asked for"),
            "deletion_confirmed": N_("Deletion confirmed"),
            "taken_down": N_("Taken offline"),
            "restored": N_("Restored"),
        },
    }
)
"""The words for each choice of each fact, as message ids."""

YES_NO: Mapping[bool, str] = {True: N_("Yes"), False: N_("No")}
