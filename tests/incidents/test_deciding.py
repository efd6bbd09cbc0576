"""Advice and decision: two people sign, telling needs no second, staying below the advice does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.installation import Installation
from incidents import filing, second_look, triage
from incidents.assessments import answer, facts_so_far, latest, precedents
from incidents.deciding import Opinion, advise, decide, second
from incidents.delegating import ask, delegate, end_delegation
from incidents.incident import Incident, OurRole, What
from incidents.law.assessment import Says
from incidents.law.workdays import Workdays
from incidents.obligations import Against, Obligation, Standing
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.refusals import Refused
from incidents.signing import in_force
from incidents.timeline import Kind, person_as_actor
from tests.makers import Cast, make_report

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STOLEN = {
    "nature": ["confidentiality"],
    "exposure": "confirmed",
    "protection": "none",
    "data": ["basic", "national_id"],
    "identification": "maximum",
    "recipients.kind": "hostile",
    "cause": "external_malicious",
}
NO, YES = Says.NOT_REQUIRED, Says.NOTIFY


class House:
    """One breach of our own, and a verb at a time in its own transaction."""

    def __init__(self, installation: Installation, cast: Cast) -> None:
        self.installation, self.cast, self.now = installation, cast, NOW
        self.key = make_report(installation, "Somebody took the staff file", now=NOW).report.incident_id
        self.act(
            triage.triage,
            self.key,
            What.PERSONAL_DATA_BREACH,
            OurRole.CONTROLLER,
            reason="A staff file",
            by=person_as_actor(cast.dana),
            targets=installation.targets,
        )

    def act(self, verb: Callable[..., Any], *args: Any, who: int | None = None, **values: Any) -> Any:
        self.now += timedelta(minutes=3)
        with self.installation.store.writing() as session:
            if who is not None:
                values["by"] = session.get_one(Person, who)
            return verb(session, *args, now=self.now, **values)

    def knows(self, **facts: Any) -> None:
        self.act(answer, self.key, STOLEN | facts, by=self.cast.dana)

    def advised(self, authority: Says = YES, people: Says = Says.COMMUNICATE, reason: str = "") -> Any:
        said = Opinion(authority, people, reason, "A staff file is in strange hands.")
        return self.act(advise, self.key, said, who=self.cast.dana, targets=self.installation.targets)

    def decided(self, version: int, who: int, authority: Says = NO, people: Says = NO, reason: str = "Old data") -> Any:
        said = Opinion(authority, people, reason)
        return self.act(decide, self.key, version, said, who=who, targets=self.installation.targets)

    def holds(self) -> tuple[Says, Says]:
        with self.installation.store.reading() as session:
            stands = in_force(session, self.key)
            return stands.authority, stands.people

    def standing(self, rule: str) -> Standing | None:
        with self.installation.store.reading() as session:
            rows = session.query(Obligation).where(Obligation.incident_id == self.key, Obligation.rule == rule)
            return next((row.standing for row in rows), None)


@pytest.fixture
def house(installation: Installation, cast: Cast) -> House:
    return House(installation, cast)


def test_below_the_advice_it_stands_until_a_second_person_agrees(house: House, cast: Cast) -> None:
    house.knows()
    version = house.advised()

    decision = house.decided(version.id, cast.mina)
    assert house.holds() == (YES, Says.COMMUNICATE)
    assert (house.standing("uk-gdpr-33-1"), house.standing("uk-gdpr-34")) == (Standing.OWED, Standing.OWED)
    with pytest.raises(Refused, match="You signed the decision"):
        house.act(second, decision.id, True, reason="", who=cast.mina, targets=house.installation.targets)
    house.act(second, decision.id, False, reason="No", who=cast.tariq, targets=house.installation.targets)
    assert house.holds() == (YES, Says.COMMUNICATE)
    house.act(second, decision.id, True, reason="", who=cast.dana, targets=house.installation.targets)

    assert house.holds() == (NO, NO)
    assert house.standing("uk-gdpr-33-1") is Standing.DECIDED_AGAINST
    assert house.standing("uk-gdpr-34") is Standing.DOES_NOT_ARISE


def test_telling_more_than_advised_holds_at_once_and_needs_nobody_else(house: House, cast: Cast) -> None:
    house.knows(**{"data": ["contact"], "recipients.kind": "known", "cause": "internal_non_malicious"})
    version = house.advised(YES, NO, "Only addresses")

    decision = house.decided(version.id, cast.mina, YES, Says.COMMUNICATE, "They should know")

    assert (decision.below, decision.wants_second) == (False, False)
    assert house.holds() == (YES, Says.COMMUNICATE)
    assert house.standing("eu-gdpr-34-1") is Standing.OWED


def test_less_than_the_rules_say_wants_a_reason_of_whoever_advises_and_decides(house: House, cast: Cast) -> None:
    house.knows()
    with pytest.raises(Refused, match="below what the rules say") as refused:
        house.advised(NO, NO)
    assert refused.value.field == "reason"
    version = house.advised(NO, NO, "The file is a decoy")

    with pytest.raises(Refused, match="below the advice"):
        house.decided(version.id, cast.mina, reason=" ")

    assert house.holds() == (YES, Says.COMMUNICATE)  # the stricter of rules and advice


def test_unknown_facts_never_let_anybody_off(house: House, cast: Cast) -> None:
    version = house.advised(NO, NO, "It looks harmless")

    decision = house.decided(version.id, cast.mina)

    assert decision.below
    assert house.standing("uk-gdpr-33-1") is Standing.OWED


def test_only_the_right_people_sign_and_never_one_for_both(house: House, cast: Cast) -> None:
    house.knows()
    said = Opinion(YES, Says.COMMUNICATE, "", "A file")
    with pytest.raises(Refused, match="Only the data protection officer"):
        house.act(advise, house.key, said, who=cast.ivo, targets=house.installation.targets)
    version = house.advised()
    with pytest.raises(Refused, match="Management decides"):
        house.decided(version.id, cast.tariq)
    with house.installation.store.writing() as session:
        organisation = the_organisation(session)
        for who in (cast.tariq, cast.dana):
            given = delegate(
                session,
                organisation,
                session.get_one(Person, who),
                incident_id=house.key,
                until=None,
                reason="I am on a plane",
                by=session.get_one(Person, cast.mina),
                now=house.now,
            )
        last = given.id
    with pytest.raises(Refused, match="You advised on this version"):
        house.decided(version.id, cast.dana)

    assert house.decided(version.id, cast.tariq, YES, Says.COMMUNICATE).delegation_id is not None
    house.act(end_delegation, last, who=cast.mina)
    with pytest.raises(Refused, match="Only management can delegate"):
        house.act(
            delegate,
            house.installation,
            None,
            incident_id=None,
            until=None,
            reason="x",
            who=cast.ivo,
        )


def test_a_decision_on_an_old_version_is_refused(house: House, cast: Cast) -> None:
    house.knows(**{"data": ["contact"], "recipients.kind": "known", "cause": "internal_non_malicious"})
    first = house.advised(YES, NO, "Only addresses")
    house.knows()
    with pytest.raises(Refused, match="Nothing has changed"):
        house.advised(), house.advised()

    with pytest.raises(Refused, match="newer version, 2"):
        house.decided(first.id, cast.mina)


def test_a_risk_alone_is_no_ground_on_the_duty_itself(house: House, cast: Cast) -> None:
    with house.installation.store.reading() as session:
        duty = session.query(Obligation).where(Obligation.incident_id == house.key).first()
        assert duty is not None
    with pytest.raises(Refused, match="Assess the risk"):
        house.act(
            filing.decide_against,
            duty.id,
            reason="No risk",
            ground=Against.RISK_UNLIKELY,
            by=person_as_actor(cast.dana),
        )


def test_an_answer_given_meanwhile_is_not_overwritten_unawares(house: House, cast: Cast) -> None:
    house.act(answer, house.key, {"exposure": "likely"}, by=cast.dana, seen={})
    with pytest.raises(Refused, match="Meanwhile somebody else answered"):
        house.act(answer, house.key, {"exposure": "confirmed"}, by=cast.ivo, seen={})

    house.act(answer, house.key, {"exposure": None}, by=cast.ivo, seen={"exposure": "likely"})

    with house.installation.store.reading() as session:
        assert facts_so_far(session, session.get_one(Incident, house.key)) == {"role": "controller"}


def test_what_was_signed_is_never_changed(house: House, cast: Cast) -> None:
    house.knows()
    version = house.advised()
    house.decided(version.id, cast.mina)

    for table in ("assessment", "decision"):
        for statement in (f"UPDATE {table} SET people = 'not_required'", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError), house.installation.store.writing() as session:
                session.execute(text(statement))


def test_like_incidents_are_shown_to_those_who_may_see_them(house: House, cast: Cast) -> None:
    house.knows()
    house.advised()
    with house.installation.store.writing() as session:
        session.get_one(Incident, house.key).restricted = True
    other = House(house.installation, cast)
    other.knows()

    with house.installation.store.reading() as session:
        here = session.get_one(Incident, other.key)
        facts = facts_so_far(session, here)
        assert precedents(session, session.get_one(Person, cast.ivo), here, facts) == []
    with house.installation.store.writing() as session:
        session.get_one(Incident, house.key).restricted = False
    with house.installation.store.reading() as session:
        here = session.get_one(Incident, other.key)
        (like,) = precedents(session, session.get_one(Person, cast.ivo), here, facts)
        assert (like.assessment.incident_id, like.alike) == (house.key, ("nature", "data", "recipients.kind", "cause"))


def test_the_decider_asks_before_deciding(house: House, cast: Cast) -> None:
    entry = house.act(ask, house.key, "Who has the file?", who=cast.mina)

    assert (entry.kind, entry.text("text")) == (Kind.DECIDER_ASKED, "Who has the file?")


def test_a_dismissal_waits_five_working_days_for_a_second_look(house: House, cast: Cast) -> None:
    house.act(
        triage.triage,
        house.key,
        What.NOTHING,
        OurRole.UNKNOWN,
        reason="A drill of the cleaners",
        by=person_as_actor(cast.dana),
        targets=house.installation.targets,
    )
    with house.installation.store.reading() as session:
        reader = session.get_one(Person, cast.tariq)
        (waiting,) = second_look.dismissals(session, reader, Workdays("GB", "ENG"))
        assert (waiting.by_id, str(waiting.until)) == (cast.dana, "2026-11-27")
    look = {"targets": house.installation.targets}
    with pytest.raises(Refused, match="You dismissed it"):
        house.act(second_look.look_again, house.key, True, reason="", who=cast.dana, **look)

    house.act(second_look.look_again, house.key, False, reason="A badge is missing", who=cast.tariq, **look)

    with house.installation.store.reading() as session:
        incident = session.get_one(Incident, house.key)
        assert (incident.what, incident.law_due_at) == (What.UNDECIDED, NOW + timedelta(hours=72))
        assert second_look.dismissals(session, session.get_one(Person, cast.tariq), Workdays()) == []
        assert latest(session, house.key) is None
