"""Nights on which something could have got lost, rung on for nothing, or reached whom it must not."""

from __future__ import annotations

from datetime import timedelta

from app.installation import Installation
from incidents import accounts, calling, decisions, thread, triage
from incidents.incident import Incident, OurRole, StillHappening, What
from incidents.people import Person
from incidents.timeline import SYSTEM, Kind, person_as_actor, record
from notifications import contact
from notifications.contact import contacts_of
from notifications.mute import mute_like
from notifications.page import Page, last_entry
from notifications.ringing import ringing
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import GONE, Night, add_way
from tests.nights.test_calling import person, wants_two
from tests.nights.test_flood import flood


def told_at_night(night: Night, cast: Cast, *words: str) -> int:
    """Dana has an incident, and its reporter adds something in the night."""
    receipt = night.report(still_happening=StillHappening.NO)
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    for each in words:
        night.act(thread.add, receipt.report, each)
    return receipt.report.incident_id


def test_nobody_is_called_to_an_incident_that_was_closed(night: Night, cast: Cast) -> None:
    incident_id, dana = told_at_night(night, cast), person_as_actor(cast.dana)
    night.act(calling.summon, incident_id, person(night, cast.ivo), by=dana)
    night.act(
        triage.triage,
        incident_id,
        What.NOTHING,
        OurRole.UNKNOWN,
        reason="Smoke of the kitchen.",
        by=dana,
        targets=night.installation.targets,
    )
    night.act(decisions.close, incident_id, reason="It was a drill of the fire brigade.", by=dana)

    night.wait(step=300, hours=2)

    assert night.minutes("ivo") == [0]
    assert all(page.ended_at for page in night.pages())


def test_what_waits_for_the_morning_is_not_told_to_whom_the_incident_was_closed_meanwhile(
    night: Night, cast: Cast
) -> None:
    incident_id = told_at_night(night, cast, "It was blue.")
    with night.installation.store.writing() as session:
        session.get_one(Incident, incident_id).restricted = True

    night.wait(step=1800, hours=6)

    assert night.rings("dana", "tell") == []


def test_what_was_not_taken_for_good_goes_over_another_way_with_all_that_was_joined_to_it(
    night: Night, installation: Installation, cast: Cast
) -> None:
    add_way(installation, "dana", "dana@chat", now=TWO)
    told_at_night(night, cast, "It was blue.", "It was mine.")
    night.phone.answers["dana@northwind.example"] = GONE

    night.wait(step=1800, hours=6)

    (told,) = night.rings("dana", "tell")
    assert told.over.value == "apprise"
    assert told.message.text.count("The reporter added something") == 2


def test_what_waits_goes_over_another_way_when_its_own_was_removed(
    night: Night, installation: Installation, cast: Cast
) -> None:
    add_way(installation, "dana", "dana@chat", now=TWO)
    told_at_night(night, cast, "It was blue.")
    with installation.store.writing() as session:
        contact.remove_contact(session, contacts_of(session, cast.dana)[0], by=SYSTEM, now=TWO)

    night.wait(step=1800, hours=6)

    assert [ring.over.value for ring in night.rings("dana", "tell")] == ["apprise"]


def test_the_second_of_two_covers_nothing_that_the_first_was_not_shown(night: Night, cast: Cast) -> None:
    wants_two(night)
    night.report("The first")
    night.tap("dana")
    night.report("The second")

    night.tap("tariq")

    (page,) = night.pages()
    assert page.quiet_until is None, "Dana has not seen the second"
    night.wait(minutes=6)
    assert night.minutes("dana")[-1] == 5
    night.tap("dana")
    assert night.pages()[0].quiet_until is not None


def test_one_person_twice_is_not_two(night: Night, cast: Cast) -> None:
    wants_two(night)
    night.report()

    first, again = night.tap("dana"), night.tap("dana")

    assert first.id == again.id
    assert night.pages()[0].quiet_until is None


def test_a_mute_holds_back_reports_and_nothing_else(night: Night, cast: Cast) -> None:
    flood(night, 6)
    with night.installation.store.writing() as session:
        page = session.get_one(Page, night.pages()[0].id)
        mute_like(session, page, person=session.get_one(Person, cast.dana), now=night.now)
    night.tap("dana")
    night.wait(minutes=1)
    muted = night.report("Another of these")
    assert night.minutes("dana") == [0]

    with night.installation.store.writing() as session:
        incident = session.get_one(Incident, muted.report.incident_id)
        record(session, incident.timeline, Kind.DEADLINE_PASSED, by=SYSTEM, incident_id=incident.id, now=night.now)
    night.engine.catch_up()

    assert night.minutes("dana") == [0, 1]


def test_a_summons_to_somebody_who_leaves_climbs_at_once(night: Night, cast: Cast) -> None:
    incident_id = told_at_night(night, cast)
    night.act(calling.summon, incident_id, person(night, cast.ivo), by=person_as_actor(cast.dana))
    night.wait(minutes=1)

    with night.installation.store.writing() as session:
        accounts.leave(session, session.get_one(Person, cast.ivo), by=SYSTEM, now=night.now)
    night.engine.catch_up()

    assert night.minutes("dana") == [0, 1]
    with night.installation.store.reading() as session:
        tariq = session.get_one(Person, cast.tariq)
        (shown,) = ringing(session, tariq, now=night.now + timedelta(seconds=1))
        assert shown.through_entry_id == last_entry(session, shown.page.id), "anybody may take it from the desk now"
