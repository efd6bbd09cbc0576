"""Days on which a deadline comes near, passes, or had passed before anybody here read the report."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from incidents import decisions, filing, intake, triage
from incidents.filing import Sent
from incidents.incident import OurRole, StillHappening, What
from incidents.intake import Receipt
from incidents.obligations import Obligation
from incidents.organisation import the_organisation
from incidents.report import Medium, Relation
from incidents.timeline import Kind, person_as_actor
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night

HOUR = timedelta(hours=1)


def entered(night: Night, cast: Cast, first_known_at: datetime) -> Receipt:
    """Ivo enters a report that reached somebody here earlier."""
    return night.act(
        lambda session, now: intake.receive(
            session,
            the_organisation(session),
            intake.Told(what="A list was sent to the wrong customer", still_happening=StillHappening.NO),
            keyring=night.installation.keyring,
            targets=night.installation.targets,
            arrival=intake.Arrival(Medium.MAIL, first_known_at, person_as_actor(cast.ivo)),
            now=now,
        )
    )


def begun(night: Night, cast: Cast) -> int:
    """A report that Dana has looked at, so that only deadlines ring from here on."""
    receipt = night.report()
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    return receipt.report.incident_id


def hours(night: Night, purpose: str) -> list[float]:
    return [minutes / 60 for minutes in night.minutes("dana", purpose)]


def test_what_reached_a_mailbox_on_thursday_and_is_entered_on_monday_says_file_now(night: Night, cast: Cast) -> None:
    thursday = TWO - timedelta(hours=96)

    receipt = entered(night, cast, thursday)

    (ring,) = night.rings("dana")
    assert "File now" in ring.message.text
    assert ring.message.html is not None
    assert "File now" in ring.message.html
    assert night.entries(receipt.report.incident_id)[:2] == [Kind.REPORTED, Kind.DEADLINE_PASSED]
    assert len(night.pages()) == 1


def test_it_says_file_now_once_and_not_again_with_every_fact(night: Night, cast: Cast) -> None:
    receipt = entered(night, cast, TWO - timedelta(hours=96))
    incident_id, dana = receipt.report.incident_id, person_as_actor(cast.dana)

    for role in (OurRole.UNKNOWN, OurRole.CONTROLLER):
        night.act(
            triage.triage,
            incident_id,
            What.PERSONAL_DATA_BREACH,
            role,
            reason="Customers' names.",
            by=dana,
            targets=night.installation.targets,
        )
        night.wait(minutes=10)

    assert night.minutes("dana") == [0]
    assert night.entries(incident_id).count(Kind.DEADLINE_PASSED) == 2  # one for each law, EU and UK


def test_a_noticed_time_long_past_is_asked_about_and_not_rung_as_overdue(night: Night) -> None:
    receipt = night.report(relation=Relation.STAFF, noticed_at=TWO - timedelta(hours=80))

    assert receipt.report.noticed_counts is None
    assert "File now" not in night.rings("dana")[0].message.text


def test_half_and_three_quarters_are_told_and_the_last_hours_page(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)

    night.wait(step=3600, hours=65)
    assert hours(night, "tell") == [
        12,
        36,
        54,
    ]  # at 12 h, that nobody has decided awareness  # EU and UK in one message
    assert night.rings("dana", "tell")[1].message.text.count("A deadline comes near") == 2
    assert hours(night, "ring") == [0]

    night.wait(step=60, hours=1)
    assert hours(night, "ring") == [0, 66]
    night.act(triage.look_at, incident_id, by=person_as_actor(cast.dana))
    night.wait(step=3600, hours=6)
    assert hours(night, "ring") == [0, 66, 72]


def test_when_awareness_is_decided_the_stages_move_with_it(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)
    night.wait(step=3600, hours=30)

    night.act(
        decisions.become_aware,
        incident_id,
        TWO + 20 * HOUR,
        zone="Europe/London",
        reason="The forensic report came in.",
        by=person_as_actor(cast.dana),
        targets=night.installation.targets,
    )
    night.wait(step=3600, hours=48)

    # At 12 h, that nobody had decided it.
    assert hours(night, "tell") == [12, 56, 77], "the stage at 74 h falls at four in the morning: it waits for seven"
    assert hours(night, "ring") == [0]


def test_a_met_duty_is_not_told_any_more(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)
    with night.installation.store.reading() as session:
        owed = session.scalars(select(Obligation).where(Obligation.incident_id == incident_id)).all()
    night.wait(step=3600, hours=10)
    for duty in owed:
        sent = Sent(night.now, "Europe/London", duty.recipient, "IC-1")
        night.act(filing.record_sent, duty.id, sent, by=person_as_actor(cast.dana), targets=night.installation.targets)

    night.wait(step=7200, hours=70)

    assert len(owed) == 2  # EU and UK
    assert hours(night, "tell") == []
    assert hours(night, "ring") == [0]


def test_a_processors_target_is_told_and_never_pages(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)
    night.act(
        triage.triage,
        incident_id,
        What.PERSONAL_DATA_BREACH,
        OurRole.PROCESSOR,
        reason="We host it.",
        customers=["Blue Mill"],
        by=person_as_actor(cast.dana),
        targets=night.installation.targets,
    )

    night.wait(step=3600, hours=30)

    assert hours(night, "tell") == [12, 18, 29], "what comes after ten in the evening waits for the morning"
    assert hours(night, "ring") == [0]


def test_after_a_long_sleep_only_the_last_stage_is_told(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)

    night.wait(step=67 * 3600, hours=67)

    assert night.entries(incident_id).count(Kind.DEADLINE_NEAR) == 2
    assert hours(night, "ring") == [0, 67]
