"""Which duties are stored: one for each authority, customer, contract and part, and those that a person took on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.installation import Installation
from incidents import anchors, describing, triage
from incidents.answering import answer, tell
from incidents.assessments import differences as between
from incidents.deciding import Opinion, advise, decide, second
from incidents.filing import Sent, record_sent
from incidents.incident import Incident, OurRole, What
from incidents.law.assessment import Says
from incidents.law.profile import Contract, ContractStart, Entity, contract_with
from incidents.law.regimes import Capacity
from incidents.obligations import Against, Obligation, Standing, deadline_of_decision
from incidents.organisation import the_organisation
from incidents.parts import drop_part, name_part
from incidents.people import Person
from incidents.profile import Description, entities_of
from incidents.recount import differences
from incidents.refusals import Refused
from incidents.steps import Step, StepState
from incidents.taken_on import take_on
from incidents.timeline import Entry, Kind, person_as_actor
from tests.incidents.test_deciding import STOLEN
from tests.makers import Cast, make_report

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday
HARMLESS = {
    "nature": ["confidentiality"],
    "exposure": "ruled_out_with_evidence",
    "protection": "unintelligible_key_safe",
    "data": ["basic"],
    "recipients.kind": "none",
}


class Matter:
    """One incident of a company in London, a verb at a time; after each, the stored duties are what a recount gives."""

    def __init__(self, installation: Installation, cast: Cast) -> None:
        self.installation, self.cast, self.now = installation, cast, NOW
        self.dana = person_as_actor(cast.dana)
        self.key = make_report(installation, "Somebody took the staff file", now=NOW).report.incident_id

    def act(self, verb: Callable[..., Any], *args: Any, **values: Any) -> Any:
        self.now += timedelta(minutes=3)
        with self.installation.store.writing() as session:
            where = [the_organisation(session)] if verb.__module__ == describing.__name__ else [self.key]
            found = verb(session, *where, *args, targets=self.installation.targets, now=self.now, **values)
        with self.installation.store.reading() as session:
            assert list(differences(session, targets=self.installation.targets)) == []
        return found

    def triaged(self, *customers: str, what: What = What.PERSONAL_DATA_BREACH) -> None:
        role = OurRole.BOTH if customers else OurRole.CONTROLLER
        self.act(triage.triage, what, role, reason="Seen", customers=customers, by=self.dana)

    def told(self, **situation: Any) -> None:
        self.act(tell, {name.replace("__", "."): one for name, one in situation.items()}, by=self.cast.dana)

    def profile(self, *capacities: Capacity, targets: dict[str, int] | None = None) -> None:
        said = Description(frozenset(capacities), True, targets=targets or {})
        self.act(describing.describe, said, by=self.dana)

    def contract(self, *contract: Any) -> None:
        self.act(describing.keep_contract, Contract(*contract), by=self.dana)

    def signed(self, authority: Says, people: Says, part_id: int | None = None) -> Any:
        def sign(session: Any, key: int, **values: Any) -> Any:
            by = session.get_one(Person, self.cast.dana)
            said = Opinion(authority, people, "Seen", "A file went out.")
            return advise(session, key, said, part_id=part_id, by=by, **values)

        return self.act(sign)

    def settled(self, version: Any, authority: Says, people: Says) -> None:
        """Management decides, and the deputy is the second."""

        def settle(session: Any, key: int, **values: Any) -> None:
            mina, tariq = session.get_one(Person, self.cast.mina), session.get_one(Person, self.cast.tariq)
            made = decide(session, key, version.id, Opinion(authority, people, "Seen"), by=mina, **values)
            second(session, made.id, True, reason="", by=tariq, **values)

        self.act(settle)

    def duties(self, rule: str | None = None, *, standing: Standing | None = Standing.OWED) -> list[Obligation]:
        with self.installation.store.reading() as session:
            rows = session.query(Obligation).where(Obligation.incident_id == self.key).order_by(Obligation.id)
            return [
                row for row in rows if row.rule == (rule or row.rule) and row.standing is (standing or row.standing)
            ]

    def towards(self, rule: str, *, standing: Standing = Standing.OWED) -> list[str]:
        return sorted(row.towards for row in self.duties(rule, standing=standing))

    def open_steps(self) -> set[str]:
        with self.installation.store.reading() as session:
            rows = session.query(Step).where(Step.incident_id == self.key, Step.state == StepState.OPEN)
            return {row.key for row in rows}

    def last(self, kind: Kind) -> dict[str, Any]:
        with self.installation.store.reading() as session:
            rows = session.query(Entry).where(Entry.incident_id == self.key, Entry.kind == kind).order_by(Entry.seq)
            return dict(rows.all()[-1].facts)


@pytest.fixture
def matter(installation: Installation, cast: Cast) -> Matter:
    return Matter(installation, cast)


def test_without_a_main_establishment_each_authority_is_owed_where_people_live(matter: Matter) -> None:
    matter.triaged()
    assert matter.towards("eu-gdpr-33-1") == [""]

    matter.told(affected__countries=["FR", "DE-BY", "GB"], affected__residents={"FR": 120}, affected__complete=True)

    assert matter.towards("eu-gdpr-33-1") == ["DE-BY", "FR"]
    bavaria, france = sorted(matter.duties("eu-gdpr-33-1"), key=lambda row: row.towards)
    assert france.recipient == "Commission nationale de l'informatique et des libertés"
    assert france.due_at == bavaria.due_at == NOW + timedelta(hours=72)
    assert matter.towards("uk-gdpr-33-1") == [""]
    assert matter.last(Kind.DUTIES_CHANGED)["arisen"] == ["eu-gdpr-33-1:DE-BY", "eu-gdpr-33-1:FR"]


def test_telling_one_authority_leaves_the_others_owed(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["FR", "IT"], affected__complete=True)
    france = next(row for row in matter.duties("eu-gdpr-33-1") if row.towards == "FR")

    def send(session: Any, _key: int, **values: Any) -> Any:
        sent = Sent(values["now"], "Europe/London", "CNIL", "N-1")
        return record_sent(session, france.id, sent, by=matter.dana, **values)

    matter.act(send)

    assert matter.towards("eu-gdpr-33-1") == ["IT"]
    assert matter.towards("eu-gdpr-33-1", standing=Standing.MET) == ["FR"]


def test_people_who_all_live_elsewhere_take_the_duty_away_and_it_comes_back_with_them(matter: Matter) -> None:
    matter.triaged()

    matter.told(affected__countries=["GB", "IN"], affected__complete=True)
    assert matter.duties("eu-gdpr-33-1") == []
    matter.told(affected__complete=None)

    assert matter.towards("eu-gdpr-33-1") == [""]


def test_what_a_sector_law_wants_arises_with_the_fact_that_it_asks_and_warns_like_every_duty(matter: Matter) -> None:
    matter.profile(Capacity.FINANCIAL_ENTITY, Capacity.MANUFACTURER)
    matter.triaged()
    assert matter.duties("eu-cra-aev-ew") == []

    matter.told(vulnerability_exploited=True)

    (warning,) = matter.duties("eu-cra-aev-ew")
    assert warning.due_at == NOW + timedelta(hours=24)
    assert warning.next_warning_at is not None
    assert warning.next_warning_at < warning.due_at
    matter.told(vulnerability_exploited=False)
    assert matter.duties("eu-cra-aev-ew") == []
    assert "eu-cra-aev-ew" in matter.last(Kind.DUTIES_CHANGED)["gone"]


def test_a_security_incident_without_personal_data_still_owes_what_other_laws_want(matter: Matter) -> None:
    matter.profile(Capacity.MANUFACTURER)
    matter.triaged(what=What.SECURITY_INCIDENT)

    matter.told(severe_product_incident=True)

    assert {row.rule for row in matter.duties()} == {"eu-cra-si-ew", "eu-cra-si-not", "eu-cra-si-fin", "eu-cra-users"}


def test_a_contract_counts_its_own_hours_from_its_own_start_beside_the_law(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.contract("Fabrikam", 24, ContractStart.CONFIRMATION)
    matter.contract("Tailspin", None)

    matter.triaged("contoso ", "Fabrikam", "Tailspin", "Nobody's")

    due = {row.recipient: (row.due_at, row.is_target) for row in matter.duties("ctr-customer")}
    assert due == {
        "contoso": (NOW + timedelta(hours=8), False),
        "Fabrikam": (None, False),
        "Tailspin": (NOW + timedelta(hours=24), True),
    }
    assert len(matter.duties("uk-gdpr-33-2")) == 4


@pytest.mark.parametrize(
    ("customer", "found"),
    [
        *(("contoso", "Contoso"), ("Contoso Bank", "Contoso Bank"), ("Contoso Ltd", "Contoso")),
        *(("Fabrikam Ltd", "Fabrikam"), ("Tailspin", None), ("Fab", None), ("", None), ("Wingtip", None)),
    ],
)
def test_a_customer_finds_the_one_contract_whose_name_begins_alike(customer: str, found: str | None) -> None:
    contracts = [
        Contract(name, 8) for name in ("Contoso", "Contoso Bank", "Fabrikam", "Wingtip North", "Wingtip South")
    ]

    contract = contract_with(customer, contracts)

    assert (contract.customer if contract else None) == found


def test_a_contract_that_starts_with_confirming_waits_for_it(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.contract("Fabrikam", 24, ContractStart.CONFIRMATION)
    matter.triaged("Contoso", "Fabrikam")
    aware, duty = matter.duties("ctr-customer")
    assert (anchors.waits_for_event(aware), anchors.waits_for_event(duty)) == (False, True)

    def confirm(session: Any, _key: int, **values: Any) -> Any:
        at = NOW + timedelta(minutes=5)
        return anchors.start_clock(session, duty.id, at, zone="UTC", reason="Logs", by=matter.dana, **values)

    matter.act(confirm)

    assert matter.duties("ctr-customer")[1].due_at == NOW + timedelta(hours=24, minutes=5)


def test_what_has_arisen_under_a_contract_keeps_its_terms(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.triaged("Contoso")

    with matter.installation.store.reading() as session:
        row = describing.contracts_of(session, the_organisation(session))[0]
    matter.act(describing.keep_contract, Contract("Contoso", 96), key=row.id, by=matter.dana)

    assert matter.duties("ctr-customer")[0].due_at == NOW + timedelta(hours=8)


def test_a_contract_that_was_met_late_asks_for_no_reasons_of_a_law(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.triaged("Contoso")
    (duty,) = matter.duties("ctr-customer")
    matter.now = NOW + timedelta(hours=9)

    def send(session: Any, _key: int, **values: Any) -> Any:
        return record_sent(session, duty.id, Sent(values["now"], "UTC", "Contoso", "C-1"), by=matter.dana, **values)

    filing = matter.act(send)

    assert (filing.late, filing.delay_explained) == (True, True)
    with matter.installation.store.reading() as session:
        assert session.query(Step).where(Step.incident_id == matter.key, Step.key == f"delay:{filing.id}").all() == []


def test_one_notice_to_a_customer_meets_law_and_contract(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.triaged("Contoso", "Fabrikam")
    duty = next(row for row in matter.duties("uk-gdpr-33-2") if row.recipient == "Contoso")

    def send(session: Any, _key: int, **values: Any) -> Any:
        return record_sent(session, duty.id, Sent(values["now"], "UTC", "Contoso", "C-1"), by=matter.dana, **values)

    matter.act(send)

    assert [row.recipient for row in matter.duties() if row.towards_customer] == ["Fabrikam"]
    assert len(matter.duties("ctr-customer", standing=Standing.MET)) == 1


def test_an_own_target_for_one_duty_counts_for_it_alone(matter: Matter) -> None:
    matter.profile(targets={"uk-gdpr-33-2": 6})

    matter.triaged("Contoso")

    assert matter.duties("uk-gdpr-33-2")[0].due_at == NOW + timedelta(hours=6)


def test_a_new_legal_entity_reaches_the_incidents_that_are_open(matter: Matter) -> None:
    matter.triaged()

    matter.act(describing.keep_entity, Entity("Northwind GmbH", "DE-BY", main_establishment=True), by=matter.dana)

    assert matter.towards("eu-gdpr-33-1") == ["DE-BY"]
    assert matter.last(Kind.DUTIES_CHANGED)["arisen"] == ["eu-gdpr-33-1:DE-BY"]


def test_a_duty_that_nobody_confirmed_can_be_taken_on_and_then_counts(matter: Matter) -> None:
    matter.triaged()
    with pytest.raises(Refused, match="why it is owed"):
        matter.act(take_on, "in-certin", reason=" ", by=matter.dana)

    matter.act(take_on, "in-certin", reason="Counsel in Pune says so", by=matter.dana)

    (duty,) = matter.duties("in-certin")
    assert (duty.due_at, duty.is_target) == (NOW + timedelta(hours=6), False)
    with pytest.raises(Refused, match="stands already"):
        matter.act(take_on, "in-certin", reason="Again", by=matter.dana)
    matter.triaged(what=What.NEAR_MISS)
    assert matter.duties("in-certin") == []
    matter.triaged()
    assert len(matter.duties("in-certin")) == 1


def test_a_policy_without_a_number_here_is_taken_on_with_its_own_hours(matter: Matter) -> None:
    matter.triaged()
    with pytest.raises(Refused, match="hours that the text"):
        matter.act(take_on, "uk-insurer", reason="Policy, clause 9", by=matter.dana)

    matter.act(take_on, "uk-insurer", hours=48, reason="Policy, clause 9", by=matter.dana)

    assert matter.duties("uk-insurer")[0].due_at == NOW + timedelta(hours=48)


def test_telling_people_counts_from_the_finding_of_a_high_risk_not_from_the_breach(matter: Matter) -> None:
    matter.triaged()
    matter.act(answer, STOLEN, by=matter.cast.dana)
    matter.now = NOW + timedelta(hours=60)

    matter.signed(Says.NOTIFY, Says.COMMUNICATE)

    duty = matter.duties("uk-gdpr-34")[0]
    assert (duty.started_at, duty.due_at) == (matter.now, matter.now + timedelta(hours=24))
    assert duty.is_target


def test_a_version_keeps_where_people_live_and_a_new_country_makes_a_new_version(matter: Matter) -> None:
    matter.triaged()
    matter.act(answer, STOLEN, by=matter.cast.dana)
    matter.told(affected__countries=["GB"], affected__residents={"GB": 12})
    first = matter.signed(Says.NOTIFY, Says.COMMUNICATE)
    with pytest.raises(Refused, match="Nothing has changed"):
        matter.signed(Says.NOTIFY, Says.COMMUNICATE)

    matter.told(affected__countries=["FR", "GB"])
    second_one = matter.signed(Says.NOTIFY, Says.COMMUNICATE)

    (changed,) = between(first.all_told, second_one.all_told)
    assert (changed.fact, changed.before, changed.after) == ("affected.countries", {"GB"}, {"FR", "GB"})


def test_each_part_of_our_own_is_weighed_and_decided_by_itself(matter: Matter) -> None:
    matter.act(describing.keep_entity, Entity("Northwind SAS", "FR", main_establishment=True), by=matter.dana)
    with matter.installation.store.reading() as session:
        limited, sas = (row.id for row in entities_of(session, the_organisation(session)))
    matter.triaged()
    matter.told(affected__countries=["GB", "FR"], affected__complete=True)
    british = matter.act(name_part, "GB", legal_entity_id=limited, by=matter.dana)
    french = matter.act(name_part, "FR", legal_entity_id=sas, by=matter.dana)
    assert [(row.rule, row.part_id) for row in matter.duties()] == [
        ("uk-gdpr-33-1", british.id),
        ("eu-gdpr-33-1", french.id),
    ]

    for part, facts in ((british, STOLEN), (french, HARMLESS)):
        matter.act(answer, facts, part_id=part.id, by=matter.cast.dana)
    matter.signed(Says.NOTIFY, Says.COMMUNICATE, british.id)
    version = matter.signed(Says.NOT_REQUIRED, Says.NOT_REQUIRED, french.id)
    matter.settled(version, Says.NOT_REQUIRED, Says.NOT_REQUIRED)

    assert [(row.rule, row.part_id) for row in matter.duties()] == [
        ("uk-gdpr-33-1", british.id),
        ("uk-gdpr-34", british.id),
    ]
    assert matter.duties("eu-gdpr-33-1", standing=Standing.DECIDED_AGAINST)[0].against is Against.RISK_UNLIKELY


def test_the_authority_at_home_is_told_once_of_people_who_live_elsewhere(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["FR", "IT", "GB"], affected__complete=True)
    france = matter.act(name_part, "FR", by=matter.dana)
    assert [row.part_id for row in matter.duties("uk-gdpr-33-1")] == [None]

    italy = matter.act(name_part, "IT", by=matter.dana)
    matter.told(affected__countries=["FR", "IT"])

    assert [row.part_id for row in matter.duties("uk-gdpr-33-1")] == [france.id]
    assert [(row.part_id, row.towards) for row in matter.duties("eu-gdpr-33-1")] == [
        (france.id, "FR"),
        (italy.id, "IT"),
    ]


def test_in_india_people_are_told_of_every_breach_once_that_is_law(matter: Matter) -> None:
    matter.triaged()
    with matter.installation.store.writing() as session:
        session.get_one(Incident, matter.key).opened_at = datetime(2027, 6, 1, tzinfo=UTC)

    matter.told(affected__countries=["IN"], affected__complete=True)

    assert {row.rule for row in matter.duties()} >= {"in-dpdp-board-1", "in-dpdp-board-2", "in-dpdp-dp"}


def test_the_people_of_one_country_are_told_once(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["FR", "GB"])
    part = matter.act(name_part, "FR", by=matter.dana)
    matter.act(answer, STOLEN, part_id=part.id, by=matter.cast.dana)

    matter.signed(Says.NOTIFY, Says.COMMUNICATE, part.id)

    assert [row.rule for row in matter.duties() if row.towards_people] == ["eu-gdpr-34-1"]


def test_what_the_incident_leaves_out_a_part_that_does_not_still_owes(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["GB", "FR"])
    part = matter.act(name_part, "FR", by=matter.dana)
    assert [row.part_id for row in matter.duties("uk-gdpr-33-1")] == [None]
    matter.act(answer, HARMLESS, by=matter.cast.dana)

    matter.settled(matter.signed(Says.NOT_REQUIRED, Says.NOT_REQUIRED), Says.NOT_REQUIRED, Says.NOT_REQUIRED)

    assert [row.part_id for row in matter.duties("uk-gdpr-33-1")] == [part.id]


def test_an_authority_that_was_told_is_not_owed_again_for_a_part_that_is_named_later(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["GB"], affected__complete=True)
    (duty,) = matter.duties("uk-gdpr-33-1")

    def send(session: Any, _key: int, **values: Any) -> Any:
        return record_sent(session, duty.id, Sent(values["now"], "UTC", "ICO", "I-1"), by=matter.dana, **values)

    matter.act(send)
    matter.act(name_part, "GB", by=matter.dana)

    assert matter.duties("uk-gdpr-33-1") == []


def test_one_part_alone_does_not_settle_the_steps_of_the_incident(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["GB", "FR"])
    part = matter.act(name_part, "FR", by=matter.dana)
    matter.act(answer, HARMLESS, part_id=part.id, by=matter.cast.dana)

    version = matter.signed(Says.NOT_REQUIRED, Says.NOT_REQUIRED, part.id)
    matter.settled(version, Says.NOT_REQUIRED, Says.NOT_REQUIRED)
    assert matter.open_steps() >= {"assess", "tell-people"}
    matter.act(answer, HARMLESS, by=matter.cast.dana)
    matter.settled(matter.signed(Says.NOT_REQUIRED, Says.NOT_REQUIRED), Says.NOT_REQUIRED, Says.NOT_REQUIRED)

    assert matter.open_steps() & {"assess", "tell-people"} == set()


def test_the_deadline_of_a_decision_is_no_customers(matter: Matter) -> None:
    matter.contract("Contoso", 8)
    matter.triaged("Contoso Ltd")
    assert [row.recipient for row in matter.duties("ctr-customer")] == ["Contoso Ltd"]

    with matter.installation.store.reading() as session:
        incident = session.get_one(Incident, matter.key)
        assert deadline_of_decision(session, incident, None) == incident.law_due_at == NOW + timedelta(hours=72)
        assert incident.next_due_at == NOW + timedelta(hours=1)


def test_a_part_that_is_taken_away_gives_its_people_back_to_the_incident(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["FR"], affected__complete=True)
    part = matter.act(name_part, "FR", by=matter.dana)
    assert [row.part_id for row in matter.duties("eu-gdpr-33-1")] == [part.id]

    matter.act(drop_part, part.id, by=matter.dana)

    assert [row.part_id for row in matter.duties("eu-gdpr-33-1")] == [None]


def test_triage_said_anew_keeps_the_parts_of_our_own(matter: Matter) -> None:
    matter.triaged()
    matter.told(affected__countries=["FR"], affected__complete=True)
    part = matter.act(name_part, "FR", by=matter.dana)

    matter.triaged("Contoso")

    assert [row.part_id for row in matter.duties("eu-gdpr-33-1")] == [part.id]


def test_an_unlikely_risk_leaves_what_other_laws_want_owed(matter: Matter) -> None:
    matter.profile(Capacity.MANUFACTURER)
    matter.triaged()
    matter.told(vulnerability_exploited=True)
    matter.act(answer, HARMLESS, by=matter.cast.dana)
    version = matter.signed(Says.NOT_REQUIRED, Says.NOT_REQUIRED)

    matter.settled(version, Says.NOT_REQUIRED, Says.NOT_REQUIRED)

    assert "uk-gdpr-33-1" not in {row.rule for row in matter.duties()}
    assert "eu-cra-aev-ew" in {row.rule for row in matter.duties()}


def test_an_answer_given_meanwhile_is_not_overwritten_unawares(matter: Matter) -> None:
    matter.triaged()
    matter.told(vulnerability_exploited=True)

    with pytest.raises(Refused, match="Meanwhile somebody else"):
        matter.act(tell, {"vulnerability_exploited": False}, seen={}, by=matter.cast.dana)
    with pytest.raises(Refused, match="code such as FR"):
        matter.told(affected__countries=["Frankreich"])
