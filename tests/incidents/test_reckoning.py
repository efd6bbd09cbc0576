"""From which event, on whose clocks and by whose holidays a deadline counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import anchors, filing, obligations, owed, recount
from incidents.filing import Sent
from incidents.incident import OurRole, What
from incidents.law.counting import Counting, Unit
from incidents.law.regimes import Regimes, load
from incidents.law.regimes.rule import ClockStart, Rule
from incidents.law.seats import zone_of
from incidents.obligations import Obligation
from incidents.organisation import LegalEntity, Setting, the_organisation
from incidents.reckoning import Clocks, Reckoning
from incidents.recount import differences
from incidents.refusals import Refused
from incidents.timeline import person_as_actor
from tests.incidents.test_obligations import say
from tests.makers import Cast, make_report

HOUR = timedelta(hours=1)
Change = Callable[..., Rule]
BY_RULE = {rule.id: rule for rule in load().rules()}


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Let one rule of the law read otherwise for a test."""

    def change(rule_id: str, **values: Any) -> Rule:
        old = BY_RULE[rule_id]
        new = replace(old, **values)
        law = Regimes(
            tuple(
                replace(one, rules=tuple(new if rule.id == rule_id else rule for rule in one.rules)) for one in load()
            )
        )
        for module in (obligations, owed, anchors, recount):
            monkeypatch.setattr(module, "load", lambda: law)
        return new

    return change


def row_of(installation: Installation, incident_id: int, rule: str) -> Obligation:
    with installation.store.reading() as session:
        return session.scalars(
            select(Obligation).where(Obligation.incident_id == incident_id, Obligation.rule == rule)
        ).one()


def test_a_clock_that_a_decision_starts_has_no_deadline_until_the_decision_is_recorded(
    installation: Installation, cast: Cast, now: datetime, changed: Change
) -> None:
    changed("uk-gdpr-33-1", clock_start=ClockStart.DECISION)
    incident_id = make_report(installation, now=now - 20 * HOUR).report.incident_id
    before = row_of(installation, incident_id, "uk-gdpr-33-1")

    with installation.store.writing() as session:
        anchors.start_clock(
            session,
            before.id,
            now - HOUR,
            zone="Europe/London",
            reason="Classified as major",
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=now,
        )

    after = row_of(installation, incident_id, "uk-gdpr-33-1")
    assert (before.due_at, before.started_at, before.next_warning_at) == (None, None, None)
    assert (after.due_at, after.started_at) == (now + 71 * HOUR, now - HOUR)
    with installation.store.reading() as session:
        assert list(differences(session, targets=installation.targets)) == []


def test_the_law_s_outer_limit_after_awareness_runs_before_its_own_clock_has_started(
    installation: Installation, cast: Cast, now: datetime, changed: Change
) -> None:
    changed("uk-gdpr-33-1", clock_start=ClockStart.DECISION, period=4, outer_hours=24)

    incident_id = make_report(installation, now=now).report.incident_id

    row = row_of(installation, incident_id, "uk-gdpr-33-1")
    assert (row.due_at, row.started_at) == (now + 24 * HOUR, now)


def test_filing_the_earlier_stage_starts_the_clock_of_the_next(
    installation: Installation, cast: Cast, now: datetime, changed: Change
) -> None:
    changed("eu-gdpr-33-1", clock_start=ClockStart.EARLIER_FILING, after="uk-gdpr-33-1", period=30, unit=Unit.HOURS)
    with installation.store.writing() as session:
        session.add(LegalEntity(organisation_id=the_organisation(session).id, name="Looms IE", country="IE"))
    incident_id = make_report(installation, now=now - 9 * HOUR).report.incident_id
    say(installation, incident_id, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, by=cast.dana, now=now)
    early = row_of(installation, incident_id, "eu-gdpr-33-1").due_at

    with installation.store.writing() as session:
        first = row_of(installation, incident_id, "uk-gdpr-33-1").id
        sent = Sent(now - HOUR, "UTC", "The authority", "R1")
        by = person_as_actor(cast.dana)
        filing.record_sent(session, first, sent, by=by, targets=installation.targets, now=now)

    assert early is None
    assert row_of(installation, incident_id, "eu-gdpr-33-1").due_at == now + 29 * HOUR


def test_a_clock_that_starts_with_awareness_takes_no_event(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident_id = make_report(installation, now=now).report.incident_id
    key = row_of(installation, incident_id, "uk-gdpr-33-1").id

    with pytest.raises(Refused, match="when you become aware"), installation.store.writing() as session:
        anchors.start_clock(
            session,
            key,
            now,
            zone="UTC",
            reason="So",
            by=person_as_actor(cast.dana),
            targets=installation.targets,
            now=now,
        )


def test_working_days_leave_out_the_holidays_of_where_the_act_is_taken_and_those_the_organisation_added(
    installation: Installation, cast: Cast, changed: Change
) -> None:
    start = datetime(2026, 12, 23, 10, 0, tzinfo=UTC)  # a Wednesday; the 25th and 28th are holidays in Great Britain
    rule = changed("uk-gdpr-33-1", period=3, unit=Unit.WORKING_DAYS, counting=Counting.NONE)

    def due() -> datetime | None:
        with installation.store.reading() as session:
            clocks = Clocks(Reckoning(session, the_organisation(session)), start, None, {}, {})
            counted = clocks.count(rule, obligations.copied(rule), None).in_force
        return counted.due_at if counted else None

    usual = due()
    with installation.store.writing() as session:
        calendars = {"GB": {"added": {"2026-12-24": "Closed by decree"}, "struck": {"2026-12-28": "Not this year"}}}
        session.add(
            Setting(organisation_id=the_organisation(session).id, name="calendars", value=calendars, changed_at=start)
        )

    # 24, 29 and 30; then without the 24th, but with the 28th: 28, 29 and 30.
    assert usual == datetime(2026, 12, 31, tzinfo=UTC)
    assert due() == datetime(2026, 12, 31, tzinfo=UTC)
    with installation.store.reading() as session:
        days = Reckoning(session, the_organisation(session)).workdays(rule)
    assert days is not None
    assert [days.working(date(2026, 12, day)) for day in (24, 25, 28)] == [False, False, True]


def test_days_end_on_the_clocks_of_the_authority_where_those_are_ahead(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    rule = replace(BY_RULE["sg-pdpa-pdpc"], clock_start=ClockStart.AWARENESS)
    with installation.store.reading() as session:
        reckoning = Reckoning(session, the_organisation(session))
        counted = Clocks(reckoning, now, None, {}, {}).count(rule, obligations.copied(rule), None).in_force

    assert str(reckoning.authority_zone(rule)) == "Asia/Singapore"
    assert counted is not None
    # Three days after Monday 23 November; Thursday ends in Singapore eight hours before it ends in London.
    assert counted.due_at == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "zone"), [("GB", "Europe/London"), ("US", "America/New_York"), ("IN", "Asia/Kolkata"), (None, None)]
)
def test_an_authority_sits_on_the_clocks_of_its_country(country: str | None, zone: str | None) -> None:
    found = zone_of(country)

    assert (found.key if found else None) == zone
