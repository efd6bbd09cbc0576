"""First start: the set-up link, the one page, and what it leaves behind."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from app import passwords, serving, setup_link
from app.installation import Installation
from incidents.organisation import the_organisation
from incidents.people import Role, by_email
from incidents.timeline import Entry, Kind
from notifications.delivery import Delivery, Purpose
from tests.app.visitor import BASE, Visitor

TYPED: dict[str, Any] = {
    "name": "Northwind Looms",
    "country": "GB",
    "zone": "Europe/London",
    "emergency_phone": "+44 20 7946 0000",
    "admin_name": "Adam",
    "admin_email": "Adam@Northwind.example",
    "password": "seven green kettles",
    "again": "seven green kettles",
    "dpo_name": "Dana",
    "dpo_email": "dana@northwind.example",
    "second_name": "Tariq",
    "second_email": "tariq@northwind.example",
    "second_role": "deputy",
}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher.from_parameters(profiles.CHEAPEST))


@pytest.fixture
def link(installation: Installation) -> str:
    with installation.store.reading() as session:
        found = setup_link.ensure(installation.settings, the_organisation(session), BASE)
    assert found is not None
    return found.removeprefix(BASE)


def in_web(installation: Installation) -> Installation:
    """The same installation with nothing set in the environment."""
    return replace(installation, settings=replace(installation.settings, public_address=""))


def test_set_up_makes_the_organisation_and_three_people_and_lets_the_administrator_in(
    installation: Installation, link: str
) -> None:
    visitor = Visitor(in_web(installation)).open(link)

    visitor.send(**TYPED, public_address="http://localhost:8000")

    assert visitor.address == "/what-is-next", visitor.problems()
    with installation.store.reading() as session:
        place = the_organisation(session)
        assert (place.name, place.zone, place.public_address) == ("Northwind Looms", "Europe/London", BASE)
        people = {name: by_email(session, f"{name}@northwind.example") for name in ("adam", "dana", "tariq")}
        roles = {name: set(person.roles) for name, person in people.items() if person}
        assert roles == {"adam": {Role.ADMINISTRATOR}, "dana": {Role.DPO}, "tariq": {Role.DEPUTY}}
        invited = session.scalars(select(Delivery).where(Delivery.purpose == Purpose.INVITATION)).all()
        assert {delivery.person.name for delivery in invited} == {"Dana", "Tariq"}
        assert all(delivery.sealed and installation.keyring.unseal(delivery.sealed) for delivery in invited)


def test_the_link_survives_a_restart_is_for_the_owner_only_and_ends_with_set_up(
    installation: Installation, link: str
) -> None:
    path = installation.settings.instance / "setup-link"
    with installation.store.reading() as session:
        again = setup_link.ensure(installation.settings, the_organisation(session), "http://127.0.0.1:9000")
    visitor = Visitor(installation)

    visitor.open(link).send(**TYPED)

    assert again == f"http://127.0.0.1:9000{link}"
    assert not path.exists()
    assert Visitor(visitor.app).open(link).address == "/sign-in"
    with installation.store.reading() as session:
        assert setup_link.ensure(installation.settings, the_organisation(session), BASE) is None


@pytest.mark.parametrize("public", ["https://breach.northwind.example", ""])
def test_the_console_names_the_public_address_when_one_is_set_and_this_machine_besides(
    installation: Installation, capsys: pytest.CaptureFixture[str], public: str
) -> None:
    base, there = "http://127.0.0.1:8000", replace(installation.settings, public_address=public)

    serving.announce(replace(installation, settings=there), base)

    said = capsys.readouterr().out
    kept = (installation.settings.instance / "setup-link").read_text().strip()
    assert kept.startswith(f"{public or base}/set-up/")
    assert f"): {kept}\n" in said
    assert (f"on this machine itself: {base}/set-up/" in said) is bool(public)


def test_the_link_file_is_readable_by_its_owner_alone(installation: Installation, link: str) -> None:
    mode = (installation.settings.instance / "setup-link").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_a_wrong_token_opens_nothing(installation: Installation, link: str) -> None:
    visitor = Visitor(installation)

    assert visitor.open("/set-up/guessed").status == 404
    assert visitor.open(link).status == 200


def test_refused_set_up_says_all_faults_at_once_and_keeps_what_was_typed(installation: Installation, link: str) -> None:
    visitor = Visitor(in_web(installation)).open(link)
    wrong = TYPED | {"country": "", "emergency_phone": "call us", "again": "something else", "dpo_email": "dana"}

    visitor.send(**wrong, public_address="http://breach.example.com")

    assert visitor.status == 422
    words = " ".join(visitor.problems())
    for part in ("Choose the country", "phone number", "not the same", "e-mail address", "plain http"):
        assert part.lower() in words.lower()
    kept = visitor.fields()
    assert kept["name"] == "Northwind Looms"
    assert kept["dpo_email"] == "dana"
    assert kept["public_address"] == "http://breach.example.com"
    assert "seven green kettles" not in visitor.page
    with installation.store.reading() as session:
        assert the_organisation(session).set_up_at is None


def test_plain_http_may_be_allowed_by_name(installation: Installation, link: str) -> None:
    house = replace(installation, settings=replace(installation.settings, public_address="", allow_plain_http=True))
    visitor = Visitor(house).open(link)

    visitor.send(**TYPED, public_address="http://breach.example.com")

    assert visitor.address == "/what-is-next", visitor.problems()


def test_an_address_set_outside_is_shown_and_not_asked_for(installation: Installation, link: str) -> None:
    visitor = Visitor(installation).open(link)

    assert "public_address" not in visitor.fields()
    assert "http://localhost:8000 is set in" in visitor.page


def test_the_password_can_be_read_while_it_is_typed_without_script(installation: Installation, link: str) -> None:
    visitor = Visitor(installation).open(link)

    visitor.send(**TYPED, show="yes")

    assert visitor.status == 200
    assert visitor.fields()["name"] == "Northwind Looms"
    assert "again" not in visitor.fields()
    assert "seven green kettles" not in visitor.page
    visitor.send(password="seven green kettles")
    assert visitor.address == "/what-is-next", visitor.problems()


def test_whoever_installs_may_be_the_data_protection_officer(installation: Installation, link: str) -> None:
    visitor = Visitor(installation).open(link)

    visitor.send(**(TYPED | {"dpo_name": "Adam", "dpo_email": "adam@northwind.example"}))

    assert visitor.address == "/what-is-next", visitor.problems()
    with installation.store.reading() as session:
        adam = by_email(session, "adam@northwind.example")
        assert adam is not None
        assert adam.roles == {Role.ADMINISTRATOR, Role.DPO}


def test_set_up_is_in_the_organisations_timeline_without_any_name(installation: Installation, link: str) -> None:
    Visitor(installation).open(link).send(**TYPED)

    with installation.store.reading() as session:
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
    assert entries[0].kind is Kind.SET_UP
    assert not any("dana" in entry.canonical.lower() for entry in entries)
