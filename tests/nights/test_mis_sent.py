"""A sheet sent to the wrong customer, over the weekend on which the clocks go back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import assessments, decisions, filing, signing, triage
from incidents.assessments import differences, versions
from incidents.deciding import Opinion, advise, decide
from incidents.filing import Sent
from incidents.incident import Incident, OurRole, StillHappening, What
from incidents.law.assessment import Says
from incidents.obligations import Obligation, Standing
from incidents.people import Person
from incidents.timeline import person_as_actor
from tests.makers import Cast
from tests.nights.night import Night

LONDON = ZoneInfo("Europe/London")
FRIDAY = {
    "nature": ["confidentiality"],
    "incident_kind": "sent_by_mistake",
    "cause": "internal_non_malicious",
    "exposure": "confirmed",
    "protection": "none",
    "data": ["basic", "contact"],
    "insight": "limited",
    "identification": "maximum",
    "people.number": 14,
    "people.categories": ["employees"],
    "recipients.kind": "known",
    "recipients.number": 1,
    "recipients.opened": True,
    "systematic": False,
    "contained_at_once": True,
}
NOBODY = Opinion(Says.NOT_REQUIRED, Says.NOT_REQUIRED, "One known customer, ordinary data", "A rota was mailed astray.")
EVERYBODY = Opinion(Says.NOTIFY, Says.COMMUNICATE, "National numbers stand in it", "The rota held national numbers.")


@pytest.fixture
def night(installation: Installation, cast: Cast) -> Night:
    return Night(installation, datetime(2026, 10, 23, 10, 15, tzinfo=LONDON).astimezone(UTC))


def test_a_mis_sent_mail_over_the_clock_change(night: Night, installation: Installation, cast: Cast) -> None:
    incident_id = night.report("I mailed the rota to a customer", still_happening=StillHappening.NO).report.incident_id
    house: dict[str, Any] = {"targets": installation.targets}
    dana = person_as_actor(cast.dana)

    def signed(who: int, verb: Any, *args: Any) -> Any:
        """A verb by a person who is loaded in its own transaction."""
        return night.act(
            lambda session, *, now: verb(session, *args, by=session.get_one(Person, who), now=now, **house)
        )

    def duties() -> dict[str, Obligation]:
        with installation.store.reading() as session:
            rows = session.scalars(select(Obligation).where(Obligation.incident_id == incident_id)).all()
            return {row.rule: row for row in rows}

    def holds() -> tuple[Says, Says]:
        with installation.store.reading() as session:
            stands = signing.in_force(session, incident_id)
            return stands.authority, stands.people

    night.tap("dana")
    night.act(
        triage.triage, incident_id, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, reason="A rota", by=dana, **house
    )
    night.act(decisions.become_aware, incident_id, night.begins, zone="Europe/London", reason="Sent", by=dana, **house)
    night.act(assessments.answer, incident_id, FRIDAY, by=cast.dana)
    first = signed(cast.dana, advise, incident_id, NOBODY)
    assert first.rules_authority is Says.NOT_REQUIRED
    night.wait(hours=2)
    signed(cast.mina, decide, incident_id, first.id, NOBODY)

    assert holds() == (Says.NOT_REQUIRED, Says.NOT_REQUIRED)
    assert duties()["uk-gdpr-33-1"].standing is Standing.DECIDED_AGAINST
    night.wait(step=3600, hours=50)  # the second person says nothing all weekend
    assert holds() == (Says.NOT_REQUIRED, Says.NOT_REQUIRED)
    assert [night.minutes(who, "tell") for who in ("mina", "tariq", "dana")] == [[0], [120], [120]]

    night.act(assessments.answer, incident_id, {"data": ["basic", "contact", "national_id"]}, by=cast.dana)
    second = signed(cast.dana, advise, incident_id, EVERYBODY)

    (change,) = differences(first.facts, second.facts)
    assert (change.fact, change.after) == ("data", frozenset({"basic", "contact", "national_id"}))
    assert (second.number, second.rules_authority, second.rules_people) == (2, Says.NOTIFY, Says.COMMUNICATE)
    assert holds() == (Says.NOTIFY, Says.COMMUNICATE)
    owed = duties()
    assert owed["uk-gdpr-33-1"].standing is Standing.OWED
    assert owed["uk-gdpr-33-1"].due_at == datetime(2026, 10, 26, 9, 15, tzinfo=UTC)
    assert owed["uk-gdpr-33-1"].ceiling_at == datetime(2026, 10, 26, 10, 0, tzinfo=UTC)
    assert owed["uk-gdpr-34"].standing is Standing.OWED
    assert owed["uk-gdpr-34"].is_target

    night.now = datetime(2026, 10, 25, 18, 0, tzinfo=LONDON).astimezone(UTC)
    sent = Sent(night.now, "Europe/London", "Information Commission", awaited=True)
    told = night.act(filing.record_sent, owed["uk-gdpr-33-1"].id, sent, by=dana, **house)

    assert (told.late, told.reference) == (False, None)
    night.act(filing.decide_against, owed["eu-gdpr-33-1"].id, reason="Everybody lives in London", by=dana)
    assert duties()["uk-gdpr-33-1"].standing is Standing.MET
    rung = len(night.rings("dana"))
    night.wait(step=3600, hours=20)
    assert len(night.rings("dana")) == rung
    with installation.store.reading() as session:
        assert [row.number for row in versions(session, incident_id)] == [2, 1]
        assert session.get_one(Incident, incident_id).law_due_at is None
