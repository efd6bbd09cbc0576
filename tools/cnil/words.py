"""What each value of the CNIL's table of notified breaches says in facts, and which values say nothing, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping

RECEIVED = "Date de réception de la notification"
SECTOR = "Secteur d'activité de l'organisme concerné"
NATURE = "Natures de la violation"
NUMBER = "Nombre de personnes impactées"
DATA = "Typologie des données impactées"
SENSITIVE = "Données sensibles"
ORIGIN = "Origine de l'incident"
CAUSE = "Causes de l'incident"
TOLD = "Information des personnes"
COLUMNS = (RECEIVED, SECTOR, NATURE, NUMBER, DATA, SENSITIVE, ORIGIN, CAUSE, TOLD)

MONTH = re.compile(r"20\d{2}-(0[1-9]|1[0-2])", re.ASCII)
"""The month of receipt: no fact of a breach, and no date that a clock could start from."""

NATURES: Mapping[str, str] = {
    "Perte de la confidentialité": "confidentiality",
    "Perte de l'intégrité": "integrity",
    "Perte de la disponibilité": "availability",
}

BANDS: Mapping[str, int] = {
    "Entre 0 et 5 personnes": 5,
    "Entre 6 et 50 personnes": 50,
    "Entre 51 et 300 personnes": 300,
    "Entre 301 et 5000 personnes": 5000,
}
"""The upper end of each band: more people never make anything milder."""
OPEN_BANDS: Mapping[str, int] = {"Plus de 5000 personnes": 5001}
"""At least so many; how many is not known."""

KINDS: Mapping[str, str] = {
    "Etat civil (ex : nom, sexe, date de naissance, âge...)": "basic",
    "Coordonnées (ex : adresse postale ou électronique, numéros de téléphone fixe ou portable...)": "contact",
    "Données d'identification ou d'accès (ex : identifiant, mot de passe, numéro client...)": "credentials",
    "Données relatives à des informations financières (ex : revenus, numéro de carte de crédit, coordonnées "
    "bancaires), économiques": "economic_financial",
    "NIR (Numéro d'Inscription au Répertoire)": "national_id",
    "Documents officiels (Passeports, pièces d'identité, etc.)": "official_documents",
    "Données de localisation": "location",
    "Données relatives à des infractions, condamnations, mesures de sûreté": "criminal",
    "La violation concerne d'autres données": "other",
}
KINDS_OPEN = "Les données concernées ne sont pas connues pour le moment"
SPECIAL: Mapping[str, str] = {"Oui": "special_unspecified"}

ORIGINS: Mapping[str, tuple[str, str | None]] = {
    "Piratage, logiciel malveillant (par exemple rançongiciel) et/ou hameçonnage": ("hacking_malware", "hostile"),
    "Publication non volontaire d'informations": ("unintended_publication", "public"),
    "Equipement perdu ou volé": ("device_lost_or_stolen", "unknown"),
    "Mise au rebut d'appareils numériques contenant des données personnelles sans effacement sécurisé": (
        "e_waste",
        "unknown",
    ),
    "Papier perdu, volé ou laissé accessible dans un endroit non sécurisé": ("paper_lost_or_stolen", "unknown"),
    "Mise au rebut de documents papier contenant des données personnelles sans destruction physique": (
        "paper_disposal",
        "unknown",
    ),
    "Autre": ("other", None),
    "Courrier perdu ou ouvert avant d'être retourné à l'envoyeur": ("mail_lost_or_opened", None),
    "Données personnelles envoyées à un mauvais destinataire": ("sent_by_mistake", None),
    "Informations personnelles divulguées de façon verbale": ("verbal_disclosure", None),
    "Données de la mauvaise personne affichées sur le portail du client": ("wrong_person_shown", "known"),
}
"""The kind of incident and who has the data, the gravest first: of several, the first counts.

Where the value leaves open who they are, None. Customers who see each other's accounts are ENISA's own example of
known recipients.
"""

CAUSES: Mapping[str, str | None] = {
    "Acte externe malveillant": "external_malicious",
    "Acte interne malveillant": "internal_malicious",
    "Inconnu": None,
    "Autre": None,
    "Acte externe accidentel": "external_non_malicious",
    "Acte interne accidentel": "internal_non_malicious",
}
"""The gravest first: of several, the first counts. Malice is not ruled out by an accident beside something unknown."""

ANSWERS: Mapping[str, bool | None] = {
    "Oui, les personnes ont été informées": True,
    "Non, mais elles le seront": True,
    "Non ils ne le seront pas": False,
    "Non déterminé pour le moment": None,
}
"""Whether people were told or are to be: what advice is compared with, so never a fact that goes into it."""

_CONTROLLER = "says who notified, not whose data they were"
SAYS_NOTHING: Mapping[str, Mapping[str, str]] = {
    SECTOR: dict.fromkeys(
        (
            "Activités spécialisées, scientifiques et techniques",
            "Commerce ; réparation d'automobiles et de motocycles",
            "Activités financières et d'assurance",
            "Administration publique",
            "Hébergement et restauration",
            "Information et communication",
            "Industrie manufacturière",
            "Autres activités de services",
            "Santé humaine et action sociale",
            "Enseignement",
            "Activités de services administratifs et de soutien",
            "Transports et entreposage",
            "Activités immobilières",
            "Arts, spectacles et activités récréatives",
            "Production et distribution d'électricité, de gaz, de vapeur et d'air conditionné",
            "Construction",
            "Production et distribution d'eau ; assainissement, gestion des déchets et dépollution",
            "Agriculture, sylviculture et pêche",
            "Inconnu",
            "Activités extra-territoriales",
            "Activités des ménages en tant qu'employeurs ; activités indifférenciées des ménages en tant que "
            "producteurs de biens et services pour usage propre",
        ),
        _CONTROLLER,
    ),
    DATA: {
        KINDS_OPEN: "the list of data is open, also where some are named",
        "": "no kind of data is named, and no breach is of none",
    },
    SENSITIVE: {"": "the box is empty: it adds no kind of data"},
    CAUSE: {
        "Inconnu": "the cause is not known",
        "Autre": "a cause beside the four that the facts know",
    },
}
"""Values that leave every fact unknown, each with its reason."""
