"""Northwind Looms, an invented weaver of cloth in London: its sites, its people, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import passwords
from app.demo.night import Night
from app.demo.stories import STORIES
from app.installation import Installation
from incidents import accounts, describing
from incidents.accounts import Identity
from incidents.describing import Place
from incidents.law.profile import Contract, Product
from incidents.obligations import Targets
from incidents.organisation import Organisation, the_organisation
from incidents.people import Role
from incidents.profile import Description, entities_of
from incidents.receipt import in_groups
from incidents.timeline import SYSTEM
from notifications import welcome
from notifications.channels import ChannelKind
from notifications.contact import add_contact
from notifications.rota import planning
from notifications.rota.shift import WEEK, Weekly

PASSWORD = "seven looms weave by night"  # noqa: S105 - printed at every start, for a database that is thrown away

IDENTITY = Identity("Northwind Looms", "GB", "Europe/London", "+44 20 7946 0123", "http://localhost:8000")
SITES = (
    ("London", "GB", "Europe/London"),
    ("Leeds", "GB", "Europe/London"),
    ("Munich", "DE", "Europe/Berlin"),
    ("Pune", "IN", "Asia/Kolkata"),
)
CONTRACTS = (
    Contract("Hollinpike Upholstery", 24, contact="Privacy desk", channel="Shared mailbox"),
    Contract("Cressbrook Railways", 36, contact="Duty officer", channel="Phone"),
)
PEOPLE: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    "dana": ("Dana Berg", (Role.DPO,)),
    "tariq": ("Tariq Malik", (Role.DEPUTY,)),
    "mina": ("Mina Okafor", (Role.MANAGEMENT,)),
    "ivo": ("Ivo Marek", (Role.RESPONDER,)),
    "leah": ("Leah Whitlock", (Role.RESPONDER,)),
    "aude": ("Aude Renier", (Role.AUDITOR,)),
    "adam": ("Adam Reyes", (Role.ADMINISTRATOR,)),
}
SET_UP_BEFORE = timedelta(days=400)


def fill(installation: Installation, *, now: datetime) -> tuple[str, ...]:
    """Fill an empty installation as if it had been at work for a year; what to print, line by line.

    Every row comes from the domain's own verbs with a moved clock; messages go to a phone that only keeps them.
    Save for `now` the same each time, but for the random names that the domain gives (references, code names).
    """
    begun = now - SET_UP_BEFORE
    people = set_up(installation, now=begun)
    night = Night(installation, people, now=now)
    night.prove_ways(begun + timedelta(hours=2))
    for story in STORIES:
        night.tell(story)
    night.pass_by()
    return (
        f"{IDENTITY.name} is invented, and this demo sends nothing.",
        f"Sign in with the password “{PASSWORD}” as:",
        *(f"  {_address(key):34} {name}, {roles[0].value}" for key, (name, roles) in PEOPLE.items()),
        "Receipt codes, to see what a reporter sees:",
        *(f"  {in_groups(code)}  {words}" for code, words in night.codes),
    )


def set_up(installation: Installation, *, now: datetime) -> dict[str, int]:
    """Set the organisation up with its sites and people; their keys by first name."""
    hashed = passwords.hashed(PASSWORD)
    keys = {}
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        address = installation.settings.public_address or IDENTITY.public_address
        accounts.set_up(session, organisation, replace(IDENTITY, public_address=address), now=now)
        _profile(session, organisation, now=now)
        for key, (name, roles) in PEOPLE.items():
            person = accounts.add_person(
                session, organisation, name=name, email=_address(key), roles=roles, by=SYSTEM, now=now
            )
            add_contact(session, person, ChannelKind.EMAIL, person.email, by=SYSTEM, now=now)
            accounts.accept(session, accounts.invite(session, person, now=now), hashed, now=now)
            welcome.send_tests(session, person, now=now)
            keys[key] = person.id
        _rota(session, organisation, keys, now=now)
    return keys


def _rota(session: Session, organisation: Organisation, people: Mapping[str, int], *, now: datetime) -> None:
    """Week by week in turns, and the nights between."""
    rota = planning.begin_rota(session, organisation, name="Privacy desk", zone=organisation.zone, by=SYSTEM, now=now)
    week = Weekly((0,), time(9), WEEK, time(9))
    nights = Weekly((0, 1, 2, 3, 4), time(19), 1, time(7))
    for name, weekly, keys in (("Week", week, ("dana", "tariq")), ("Nights", nights, ("tariq", "ivo"))):
        plan = planning.Plan(name, weekly, [people[key] for key in keys])
        planning.add_shift(session, rota, plan, by=SYSTEM, now=now)


def _profile(session: Session, organisation: Organisation, *, now: datetime) -> None:
    """What it is and offers, where it works, and what it promised. Set-up has made the first legal entity."""
    entity = entities_of(session, organisation)[0].id
    signed: dict[str, Any] = {"by": SYSTEM, "targets": Targets(), "now": now}
    for name, country, zone in SITES:
        describing.keep_site(session, organisation, Place(name, country, zone, entity), **signed)
    for contract in CONTRACTS:
        describing.keep_contract(session, organisation, contract, **signed)
    products = frozenset({Product.DIGITAL_ELEMENTS})
    said = Description(capacities_complete=True, products=products, public_body=False, targets={"uk-gdpr-33-2": 24})
    describing.describe(session, organisation, said, **signed)


def _address(key: str) -> str:
    return f"{key}@northwindlooms.example"
