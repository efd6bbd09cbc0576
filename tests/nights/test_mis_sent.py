"""A sheet sent to the wrong customer, over the weekend on which the clocks go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
from incidents.timeline import Kind, person_as_actor
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


class Weekend:
    """The incident of that weekend: its verbs, each by a person loaded in its own transaction, and what holds."""

    def __init__(self, night: Night, cast: Cast) -> None:
        self.night, self.cast, self.dana = night, cast, person_as_actor(cast.dana)
        self.house: dict[str, Any] = {"targets": night.installation.targets}
        told = night.report("I mailed the rota to a customer", still_happening=StillHappening.NO)
        self.key = told.report.incident_id
        night.tap("dana")
        kind = (What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER)
        night.act(triage.triage, self.key, *kind, reason="A rota", by=self.dana, **self.house)
        aware = {"zone": "Europe/London", "reason": "It was sent", "by": self.dana}
        night.act(decisions.become_aware, self.key, night.begins, **aware, **self.house)
        night.act(assessments.answer, self.key, FRIDAY, by=cast.dana)

    def signed(self, who: int, verb: Any, *args: Any) -> Any:
        return self.night.act(
            lambda session, *, now: verb(
                session, self.key, *args, by=session.get_one(Person, who), now=now, **self.house
            )
        )

    def duties(self) -> dict[str, Obligation]:
        with self.night.installation.store.reading() as session:
            rows = session.scalars(select(Obligation).where(Obligation.incident_id == self.key)).all()
            return {row.rule: row for row in rows}

    def holds(self) -> tuple[Says, Says]:
        with self.night.installation.store.reading() as session:
            stands = signing.in_force(session, self.key)
            return stands.authority, stands.people


def test_a_mis_sent_mail_over_the_clock_change(night: Night, cast: Cast) -> None:
    story = Weekend(night, cast)
    first = story.signed(cast.dana, advise, NOBODY)
    assert first.rules_authority is Says.NOT_REQUIRED
    night.wait(hours=2)
    story.signed(cast.mina, decide, first.id, NOBODY)

    assert story.holds() == (Says.NOT_REQUIRED, Says.NOT_REQUIRED)
    assert story.duties()["uk-gdpr-33-1"].standing is Standing.DECIDED_AGAINST
    night.wait(step=3600, hours=50)  # the second person says nothing all weekend
    assert story.holds() == (Says.NOT_REQUIRED, Says.NOT_REQUIRED)
    assert [night.minutes(who, "tell") for who in ("mina", "tariq", "dana")] == [[0], [120], [120]]

    night.act(assessments.answer, story.key, {"data": ["basic", "contact", "national_id"]}, by=cast.dana)
    second = story.signed(cast.dana, advise, EVERYBODY)

    (change,) = differences(first.facts, second.facts)
    assert (change.fact, change.after) == ("data", frozenset({"basic", "contact", "national_id"}))
    assert (second.number, second.rules_authority, second.rules_people) == (2, Says.NOTIFY, Says.COMMUNICATE)
    assert story.holds() == (Says.NOTIFY, Says.COMMUNICATE)
    _filed_on_sunday(story)


def _filed_on_sunday(story: Weekend) -> None:
    owed, night = story.duties(), story.night
    uk = owed["uk-gdpr-33-1"]
    assert (uk.standing, owed["uk-gdpr-34"].standing) == (Standing.OWED, Standing.OWED)
    assert (uk.due_at, uk.ceiling_at) == (
        datetime(2026, 10, 26, 9, 15, tzinfo=UTC),
        datetime(2026, 10, 26, 10, 0, tzinfo=UTC),
    )

    night.now = datetime(2026, 10, 25, 18, 0, tzinfo=LONDON).astimezone(UTC)
    sent = Sent(night.now, "Europe/London", "Information Commission", awaited=True)
    told = night.act(filing.record_sent, uk.id, sent, by=story.dana, **story.house)
    night.act(filing.decide_against, owed["eu-gdpr-33-1"].id, reason="All live in London", by=story.dana)

    assert (told.late, told.reference, story.duties()["uk-gdpr-33-1"].standing) == (False, None, Standing.MET)
    rung = len(night.rings("dana"))
    night.wait(step=3600, hours=20)
    assert len(night.rings("dana")) == rung
    with night.installation.store.reading() as session:
        assert [row.number for row in versions(session, story.key)] == [2, 1]
        assert session.get_one(Incident, story.key).law_due_at is None


def test_a_duty_that_is_owed_again_wakes_people_before_its_end(night: Night, cast: Cast) -> None:
    story = Weekend(night, cast)
    first = story.signed(cast.dana, advise, NOBODY)
    story.signed(cast.mina, decide, first.id, NOBODY)
    night.wait(step=3600, hours=50)
    quiet = len(night.rings("dana"))
    night.act(assessments.answer, story.key, {"data": ["basic", "contact", "national_id"]}, by=cast.dana)
    story.signed(cast.dana, advise, EVERYBODY)

    night.wait(step=600, hours=24)

    ends = datetime(2026, 10, 26, 9, 15, tzinfo=UTC)
    rung = [ring.at for ring in night.rings("dana")[quiet:]]
    assert min(rung) == ends - timedelta(hours=6)
    assert Kind.DEADLINE_PASSED in night.entries(story.key)
