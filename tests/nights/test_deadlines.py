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
from incidents.timeline import Entry, Kind, person_as_actor
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


def test_when_tocsin_was_down_for_eighty_hours_one_page_says_that_it_stands_for_the_warnings_meanwhile(
    night: Night, cast: Cast
) -> None:
    incident_id = begun(night, cast)
    sentence = (
        "This is one message for 8 warnings that fell due since Wed 25 Nov 2026 14:00, while Tocsin was not running."
    )

    night.wait(step=80 * 3600, hours=80)
    ring = night.rings("dana")[-1].message
    night.act(triage.look_at, incident_id, by=person_as_actor(cast.dana))
    night.wait(step=3600, hours=20)

    assert hours(night, "ring") == [0, 80]
    assert sentence in ring.text
    assert ring.html is not None
    assert sentence in ring.html
    kinds = night.entries(incident_id)
    assert (kinds.count(Kind.DEADLINE_NEAR), kinds.count(Kind.DEADLINE_PASSED)) == (0, 2)  # one for each law, EU and UK
    with night.installation.store.reading() as session:
        passed = session.scalars(select(Entry).where(Entry.kind == Kind.DEADLINE_PASSED)).all()
    assert [entry.facts["stages"] for entry in passed] == [4, 4]
    assert "A deadline" not in "".join(told.message.text for told in night.rings("dana", "tell"))


def test_two_warnings_of_a_shorter_stop_are_told_as_one_and_those_in_time_say_nothing_of_it(
    night: Night, cast: Cast
) -> None:
    begun(night, cast)

    night.wait(step=55 * 3600, hours=55)
    night.wait(step=60, hours=11, minutes=1)

    near = next(told for told in night.rings("dana", "tell") if "A deadline comes near" in told.message.text)
    assert near.message.text.count("This is one message for 2 warnings that fell due since Wed 25 Nov 2026 14:00") == 2
    assert hours(night, "ring")[:2] == [0, 66]
    assert "one message for" not in night.rings("dana")[-1].message.text
