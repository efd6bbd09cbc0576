"""What may be owed, as the incident's page tells it, and the next act on the reporter's receipt."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.installation import Installation
from incidents import triage
from incidents.describing import describe, keep_contract, keep_entity
from incidents.incident import Incident, OurRole, What
from incidents.law import facts, situation
from incidents.law.arising import Standing
from incidents.law.profile import Contract, Entity, Product
from incidents.law.regimes import Capacity
from incidents.may_owe import may_be_owed
from incidents.obligations import Targets
from incidents.organisation import the_organisation
from incidents.profile import Description
from incidents.timeline import person_as_actor
from tests.app.casework import reported
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def profiled(installation: Installation, cast: Cast, now: datetime) -> Installation:
    """A company in London and a branch in Munich, a bank, with one customer's contract."""
    by = person_as_actor(cast.adam)
    with installation.store.writing() as session:
        place = the_organisation(session)
        keep_entity(
            session,
            place,
            Entity("Northwind GmbH", "DE-BY", main_establishment=True),
            by=by,
            targets=Targets(),
            now=now,
        )
        keep_contract(session, place, Contract("Contoso", 8), by=by, targets=Targets(), now=now)
        said = Description(frozenset({Capacity.FINANCIAL_ENTITY}), True, frozenset({Product.DIGITAL_ELEMENTS}), False)
        describe(session, place, said, by=by, targets=Targets(), now=now)
    return installation


def triaged(installation: Installation, cast: Cast, now: datetime, *customers: str) -> Incident:
    incident, role = reported(installation, now - timedelta(hours=1)), OurRole.BOTH if customers else OurRole.CONTROLLER
    with installation.store.writing() as session:
        triage.triage(
            session,
            incident.id,
            What.PERSONAL_DATA_BREACH,
            role,
            reason="Customers' files",
            customers=list(customers),
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=now,
        )
    return incident


def standing_of(installation: Installation, incident: Incident, rule: str, **known: object) -> Standing:
    with installation.store.reading() as session:
        found = may_be_owed(session, session.get_one(Incident, incident.id), **known)  # type: ignore[arg-type]
        return next(one.standing for one in found if one.rule.id == rule and one.contract is None)


def test_the_page_lists_what_may_be_owed_from_the_first_report_on(
    profiled: Installation, dana: Visitor, now: datetime
) -> None:
    incident = reported(profiled, now - timedelta(hours=1))

    dana.open(f"/incident/{incident.reference}")

    assert "What may be owed" in dana.page
    assert "6 hours from noticing it, or being told of it" in dana.page
    assert "It counts if systems touched are there: India." in dana.page
    assert "checked in part, unconfirmed" in dana.page
    assert "72 hours today; 96 hours if this text were in force: Digital Omnibus," in dana.page
    assert "Contract: tell Contoso" in dana.page
    assert re.search(r"\d+ more may arise", dana.page)
    assert re.search(r"\d+ do not arise", dana.page)


def test_what_triage_says_and_an_assessment_knows_decides_what_arises(
    profiled: Installation, cast: Cast, now: datetime
) -> None:
    incident = triaged(profiled, cast, now)

    assert standing_of(profiled, incident, "eu-gdpr-33-1") is Standing.MAY_ARISE
    hostile = facts.read(
        {"exposure": "confirmed", "protection": "none", "data": ["health"], "cause": "external_malicious"}
    )
    assert standing_of(profiled, incident, "eu-gdpr-33-1", facts=hostile) is Standing.ARISES
    assert standing_of(profiled, incident, "eu-gdpr-33-2") is Standing.DOES_NOT_ARISE
    known = situation.read({"vulnerability_exploited": True})
    assert standing_of(profiled, incident, "eu-cra-aev-ew", situation=known) is Standing.ARISES


def test_a_customer_of_a_part_has_the_hours_of_its_contract(
    profiled: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = triaged(profiled, cast, now, "contoso")

    with profiled.store.reading() as session:
        found = may_be_owed(session, session.get_one(Incident, incident.id))

    (contract,) = [one for one in found if one.contract]
    assert contract.standing is Standing.ARISES
    assert contract.due_at == (now - timedelta(hours=1)).astimezone(UTC) + timedelta(hours=8)


def test_a_closed_or_dismissed_incident_has_no_such_panel(
    profiled: Installation, cast: Cast, dana: Visitor, now: datetime
) -> None:
    incident = reported(profiled, now - timedelta(hours=1))
    with profiled.store.writing() as session:
        by, targets = person_as_actor(cast.dana), profiled.targets
        triage.triage(
            session,
            incident.id,
            What.NOTHING,
            OurRole.UNKNOWN,
            reason="A drill of the vendor",
            by=by,
            targets=targets,
            now=now,
        )

    dana.open(f"/incident/{incident.reference}")

    assert "What may be owed" not in dana.page


def test_the_receipt_says_when_the_next_step_is_due_and_names_no_law(installation: Installation, cast: Cast) -> None:
    rosa = Visitor(installation).open("/")

    rosa.send(what="I lost my laptop")

    assert "The next step here is due by" in rosa.page
    assert "GDPR" not in rosa.page
