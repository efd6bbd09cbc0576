"""Makers of things that tests need, through the domain's own verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher, profiles

from app.installation import Installation
from incidents import accounts, intake
from incidents.accounts import Identity
from incidents.organisation import the_organisation
from incidents.people import Role
from incidents.timeline import SYSTEM, person_as_actor
from notifications.channels import ChannelKind
from notifications.contact import add_contact, verify

PASSWORD = "correct horse battery"
HASH = PasswordHasher.from_parameters(profiles.CHEAPEST).hash(PASSWORD)

ROLES = {
    "dana": Role.DPO,
    "tariq": Role.DEPUTY,
    "mina": Role.MANAGEMENT,
    "ivo": Role.RESPONDER,
    "aude": Role.AUDITOR,
    "adam": Role.ADMINISTRATOR,
}


@dataclass(frozen=True)
class Cast:
    """The keys of the people by their first names;"""

    dana: int
    tariq: int
    mina: int
    ivo: int
    aude: int
    adam: int


def make_cast(installation: Installation, *, now: datetime, verified: bool = True) -> Cast:
    """Set up the organisation Northwind Looms with one person for each role; the password is PASSWORD."""
    earlier = now - timedelta(days=30)
    identity = Identity("Northwind Looms", "GB", "Europe/London", "+44 20 7946 0000", "http://localhost:8000")
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        accounts.set_up(session, organisation, identity, now=earlier)
        keys: dict[str, int] = {}
        for name, role in ROLES.items():
            person = accounts.add_person(
                session,
                organisation,
                name=name.capitalize(),
                email=f"{name}@northwind.example",
                roles=[role],
                now=earlier,
            )
            person.password_hash = HASH
            contact = add_contact(session, person, ChannelKind.EMAIL, person.email, by=SYSTEM, now=earlier)
            if verified:
                verify(session, contact, by=person_as_actor(person.id), now=earlier)
            keys[name] = person.id
    return Cast(**keys)


def make_report(
    installation: Installation, what: str = "I lost a laptop", *, now: datetime, **told: Any
) -> intake.Receipt:
    """File a report as the public form would."""
    with installation.store.writing() as session:
        return intake.receive(
            session,
            the_organisation(session),
            intake.Told(what=what, **told),
            keyring=installation.keyring,
            targets=installation.targets,
            now=now,
        )
