"""Nights and days on which nobody decides since when the organisation is aware."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from alembic import command
from sqlalchemy import select, update

from app import database
from app.installation import Installation
from incidents import decisions, triage
from incidents.incident import Incident, OurRole, What
from incidents.timeline import Kind, person_as_actor
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night
from tests.nights.test_deadlines import begun


def told(night: Night, incident_id: int) -> int:
    return night.entries(incident_id).count(Kind.AWARENESS_OPEN)


def test_awareness_undecided_for_twelve_hours_is_told_once_and_by_day(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)

    night.wait(step=3600, hours=11)
    before = told(night, incident_id)
    night.wait(step=3600, hours=30)

    assert (before, told(night, incident_id)) == (0, 1)
    with night.installation.store.reading() as session:
        assert session.scalars(select(Incident.awareness_asked_at)).all() == [None]


def test_what_falls_due_at_night_waits_for_the_morning(installation: Installation, cast: Cast) -> None:
    night = Night(installation, TWO + timedelta(hours=12))
    begun(night, cast)

    night.wait(step=3600, hours=20)  # twelve hours after two in the afternoon it is two at night

    assert [minutes / 60 for minutes in night.minutes("dana", "tell")] == [17]
    assert [minutes / 60 for minutes in night.minutes("dana")] == [0]


def upgraded(night: Night) -> None:
    """The database as an earlier version left it, which asked nobody, brought up to date."""
    settings = night.installation.settings
    with night.installation.store.writing() as session:
        session.execute(update(Incident).values(awareness_asked_at=None))
    with database.migrating(settings.database) as connection:
        config = database.alembic_config(connection)
        command.downgrade(config, "0010-1")
        connection.commit()
    database.migrate(replace(settings, migrate_without_copy=True), now=night.now)


def test_what_was_open_before_the_upgrade_is_asked_about_once(night: Night, cast: Cast) -> None:
    old = begun(night, cast)
    night.wait(step=3600, hours=1)
    closed, dana = night.report("A test").report.incident_id, person_as_actor(cast.dana)
    targets, nothing = night.installation.targets, (What.NOTHING, OurRole.UNKNOWN)
    night.act(triage.triage, closed, *nothing, reason="A test", by=dana, targets=targets)
    night.act(decisions.close, closed, reason="A test", by=dana)

    night.now += timedelta(hours=30)
    upgraded(night)
    with night.installation.store.reading() as session:
        asked = {row.id: row.awareness_asked_at for row in session.scalars(select(Incident))}
    night.wait(step=3600, hours=5)
    upgraded(night)
    night.wait(step=3600, hours=5)

    assert asked == {old: TWO + timedelta(hours=12), closed: None}
    assert (told(night, old), told(night, closed)) == (1, 0)


def test_awareness_that_is_decided_in_time_is_not_asked_for(night: Night, cast: Cast) -> None:
    incident_id, dana = begun(night, cast), person_as_actor(cast.dana)
    night.act(
        lambda session, now: decisions.become_aware(
            session,
            incident_id,
            now,
            zone="UTC",
            reason="The log shows it",
            by=dana,
            targets=night.installation.targets,
            now=now,
        )
    )

    night.wait(step=3600, hours=41)

    assert told(night, incident_id) == 0
