"""The organisation's profile: recorded once, changed and removed, and read by the law."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents.law.arising import Standing, arising
from incidents.law.profile import Contract, ContractStart, Entity, Profile
from incidents.law.regimes import Capacity
from incidents.organisation import LegalEntity, the_organisation
from incidents.profile import CustomerContract, profile_of
from incidents.timeline import Entry, Kind
from tests.app.visitor import Visitor
from tests.makers import Cast


@pytest.fixture
def adam(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.adam).open("/settings/profile")


def said(installation: Installation) -> Profile:
    with installation.store.reading() as session:
        return profile_of(session, the_organisation(session))


def key_of(installation: Installation, name: str) -> int:
    with installation.store.reading() as session:
        return session.scalars(select(LegalEntity.id).where(LegalEntity.name == name)).one()


def test_a_legal_entity_is_added_changed_and_removed(installation: Installation, adam: Visitor) -> None:
    form, before = "/settings/profile/entity", said(installation).entities

    adam.open(form).send(name="Northwind GmbH", country="DE", subdivision="by", main_establishment="y")

    assert said(installation).entities == (*before, Entity("Northwind GmbH", "DE-BY", main_establishment=True))
    assert "Germany (DE-BY)" in adam.page
    key = key_of(installation, "Northwind GmbH")
    adam.open(f"{form}/{key}").send(lead_authority="Our authority")
    assert said(installation).entities[-1] == Entity("Northwind GmbH", "DE-BY", True, "Our authority")
    adam.send(f"{form}/{key}/remove")
    assert said(installation).entities == before


def test_a_wrong_legal_entity_is_refused_and_nothing_typed_is_lost(adam: Visitor) -> None:
    adam.open("/settings/profile/entity").send(name="Northwind GmbH", country="DE", subdivision="B!")

    assert adam.status == 422
    assert adam.problems() == ["Write the part of the country by its name or code, such as BY for Bavaria."]
    assert adam.fields()["name"] == "Northwind GmbH"


def test_the_part_of_a_country_may_be_written_by_its_name(installation: Installation, adam: Visitor) -> None:
    adam.open("/settings/profile/entity").send(name="Northwind GmbH", country="DE", subdivision="Bavaria")

    assert said(installation).entities[-1].place == "DE-BY"
    adam.open("/settings/profile/entity").send(name="Elsewhere", country="FR", subdivision="Bavaria")
    assert adam.status == 422


def test_the_only_legal_entity_stays(installation: Installation, adam: Visitor) -> None:
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        session.add(LegalEntity(organisation_id=organisation.id, name="Northwind Ltd", country="GB"))
    while len(said(installation).entities) > 1:
        adam.open("/settings/profile").send("/remove")

    adam.open("/settings/profile").send("/remove")

    assert "This is the only legal entity, so it stays." in adam.page
    assert len(said(installation).entities) == 1


def test_a_contract_is_kept_with_its_hours_and_brings_a_duty(installation: Installation, adam: Visitor) -> None:
    form = "/settings/profile/contract"

    adam.open(form).send(customer="Contoso", hours="24", starts="suspicion", contact="Desk", channel="+44 20 7946 0000")

    contract = Contract("Contoso", 24, ContractStart.SUSPICION, "Desk", "+44 20 7946 0000")
    assert said(installation).contracts == (contract,)
    assert "24 hours from suspecting it" in adam.page
    found = arising(said(installation), {"customers.names": frozenset({"Contoso"})}, {}, on=date(2026, 11, 25))
    assert [one.standing for one in found if one.contract] == [Standing.ARISES]
    adam.open(form).send(customer="Contoso", hours="12")
    assert adam.problems() == ["This customer has a contract here already. Change that one."]
    adam.open(form).send(customer="Fabrikam", hours="soon")
    assert adam.problems() == ["Write a whole number of hours, such as 24."]
    with installation.store.reading() as session:
        key = session.scalars(select(CustomerContract.id)).one()
    adam.open("/settings/profile").send(f"{form}/{key}/remove")
    assert said(installation).contracts == ()


def test_what_it_is_and_offers_is_kept_and_so_is_a_target(installation: Installation, adam: Visitor) -> None:
    about = {"about-capacities": ["financial_entity"], "about-products": ["digital_elements"], "about-public": "no"}

    adam.send("/settings/profile", **about, **{"about-complete": "y"})
    adam.send("/settings/profile/target", **{"target-rule": "eu-gdpr-34-1", "target-target_hours": "48"})

    profile = said(installation)
    assert profile.held == {Capacity.FINANCIAL_ENTITY, Capacity.MANUFACTURER}
    assert (profile.capacities_complete, profile.public_body) == (True, False)
    assert profile.targets == {"eu-gdpr-34-1": timedelta(hours=48)}
    assert "48 hours: a target, not law" in adam.page
    adam.send("/settings/profile/target", **{"target-rule": "uk-gdpr-33-1", "target-target_hours": "48"})
    assert adam.problems() == ["Choose the duty."], "the law has a number there"
    with installation.store.reading() as session:
        kept = session.scalars(select(Entry.kind).where(Entry.kind == Kind.SETTING_CHANGED)).all()
    assert len(kept) == 2


def test_only_who_may_configure_opens_the_profile(installation: Installation, cast: Cast) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana).open("/settings/profile")

    assert dana.status == 403


def test_a_site_is_added_changed_and_removed_and_its_country_binds(installation: Installation, adam: Visitor) -> None:
    adam.open("/settings/profile/site").send(name="Pune mill", country="", zone="Asia/Kolkata")
    assert adam.status == 422
    assert adam.fields()["name"] == "Pune mill"

    adam.send(country="IN")

    assert said(installation).sites == ("IN",)
    assert "Pune mill" in adam.page
    assert "IN" in said(installation).established
    key = re.search(r"/settings/profile/site/(\d+)", adam.page)
    assert key is not None
    adam.open(key[0]).send(name="Leeds mill", country="GB", zone="Europe/London")
    assert said(installation).sites == ("GB",)
    adam.send(f"{key[0]}/remove")
    assert said(installation).sites == ()


def test_saving_one_form_keeps_the_drafts_of_the_others(adam: Visitor) -> None:
    adam.open("/settings/profile/entity").send(name="Northwind SAS", country="FR")

    assert re.findall(r'data-kept-clear="([^"]*)"', adam.page) == ["profile-entity"]
