"""Nights on which something only tells, or can wait: nobody is woken for it."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import decisions, filing, parking, thread, triage
from incidents.filing import Sent
from incidents.incident import Incident, OurRole, StillHappening, What
from incidents.obligations import Obligation
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Kind, person_as_actor
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night, leave


def begun(night: Night, cast: Cast, still: StillHappening = StillHappening.NO) -> int:
    """An incident that Dana has looked at."""
    incident_id = night.report(still_happening=still).report.incident_id
    night.act(triage.look_at, incident_id, by=person_as_actor(cast.dana))
    return incident_id


def test_what_only_tells_at_night_is_one_message_at_seven(night: Night, cast: Cast) -> None:
    receipt = night.report()
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    for words in ("It was blue.", "It was mine.", "It is back."):
        night.act(thread.add, receipt.report, words)
        night.wait(minutes=20)

    night.wait(step=600, hours=5)

    assert night.minutes("dana", "tell") == [300]
    (told,) = night.rings("dana", "tell")
    assert told.message.subject == f"{receipt.report.incident.codename}: 3 things happened"
    assert told.message.text.count("The reporter added something") == 3


def test_the_hours_are_those_of_the_person_in_their_own_zone(
    night: Night, installation: Installation, cast: Cast
) -> None:
    with installation.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        dana.zone, dana.tell_from, dana.tell_until = "Asia/Kolkata", 9 * 60, 18 * 60
    receipt = night.report()
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.act(thread.add, receipt.report, "It was blue.")  # 07:30 in Kolkata

    night.wait(step=600, hours=3)

    assert night.minutes("dana", "tell") == [90]


def test_what_cannot_wait_for_the_morning_is_told_at_night(night: Night, cast: Cast) -> None:
    night.now = night.begins = TWO - timedelta(hours=72) + timedelta(hours=3)  # the law's limit is at five
    receipt = night.report()
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.now = TWO

    night.act(thread.add, receipt.report, "They published it.")

    assert night.rings("dana", "tell")[-1].at == TWO


def test_parked_it_is_silent_until_then_and_rings_again(night: Night, cast: Cast) -> None:
    incident_id = begun(night, cast)

    night.act(
        parking.park, incident_id, TWO + timedelta(hours=5), reason="It is locked away.", by=person_as_actor(cast.dana)
    )
    night.wait(step=300, hours=4, minutes=59)
    assert night.minutes("dana") == [0]

    night.wait(minutes=2)
    assert night.minutes("dana") == [0, 300]
    assert night.entries(incident_id)[-2:] == [Kind.PARKING_ENDED, Kind.RANG]


def test_whoever_goes_on_with_a_parked_incident_is_not_rung_for_it(night: Night, cast: Cast) -> None:
    incident_id, dana = begun(night, cast), person_as_actor(cast.dana)
    night.act(parking.park, incident_id, TWO + timedelta(hours=5), reason="It is locked away.", by=dana)
    night.wait(step=300, hours=4)

    night.act(triage.look_at, incident_id, by=dana)
    night.wait(step=300, hours=4)

    assert night.minutes("dana") == [0]
    with night.installation.store.reading() as session:
        assert session.get_one(Incident, incident_id).parked_until is None


@pytest.mark.parametrize("answer", [StillHappening.YES, StillHappening.UNKNOWN])
def test_what_may_go_on_waits_only_once_somebody_here_contains_it(
    night: Night, cast: Cast, answer: StillHappening
) -> None:
    incident_id, dana = begun(night, cast, answer), person_as_actor(cast.dana)
    until = TWO + timedelta(hours=5)
    with pytest.raises(Refused, match="still happening"):
        night.act(parking.park, incident_id, until, reason="I am tired.", by=dana)

    night.act(parking.take_containment_on, incident_id, by=person_as_actor(cast.ivo))
    night.act(parking.park, incident_id, until, reason="Ivo is at it.", by=dana)

    with night.installation.store.reading() as session:
        assert session.get_one(Incident, incident_id).parked_until == until


def test_what_waited_on_somebody_who_leaves_rings_at_once(night: Night, installation: Installation, cast: Cast) -> None:
    incident_id, dana = night.report(still_happening=StillHappening.YES).report.incident_id, person_as_actor(cast.dana)
    night.act(parking.take_containment_on, incident_id, by=person_as_actor(cast.ivo))
    night.act(parking.park, incident_id, night.now + timedelta(hours=5), reason="Ivo is at it.", by=dana)
    night.wait(minutes=30)
    rung = len(night.minutes("dana"))

    leave(installation, "ivo", now=night.now)
    night.engine.catch_up()

    assert night.minutes("dana")[rung:] == [30]
    assert Kind.PARKING_ENDED in night.entries(incident_id)


def test_an_owner_of_the_containment_who_has_gone_home_is_not_present(night: Night, cast: Cast) -> None:
    incident_id, dana = begun(night, cast, StillHappening.YES), person_as_actor(cast.dana)
    night.act(parking.take_containment_on, incident_id, by=person_as_actor(cast.ivo))
    night.now += timedelta(hours=12)

    with pytest.raises(Refused, match="still happening"):
        night.act(parking.park, incident_id, night.now + timedelta(hours=1), reason="Ivo is at it.", by=dana)


def refusals() -> dict[str, tuple[timedelta, str, str]]:
    return {
        "no reason": (timedelta(hours=1), "  ", "Write why"),
        "the past": (timedelta(minutes=-1), "Later", "That time is over"),
        "too long": (timedelta(hours=8, minutes=1), "Later", "eight hours"),
    }


@pytest.mark.parametrize("case", refusals())
def test_what_nobody_may_put_off(night: Night, cast: Cast, case: str) -> None:
    wait, reason, why = refusals()[case]
    incident_id = begun(night, cast)

    with pytest.raises(Refused, match=why):
        night.act(parking.park, incident_id, TWO + wait, reason=reason, by=person_as_actor(cast.dana))


def test_nothing_waits_past_a_legal_limit_and_after_it_no_limit_is_left(night: Night, cast: Cast) -> None:
    incident_id, dana = begun(night, cast), person_as_actor(cast.dana)
    limit = TWO + timedelta(hours=72)
    night.now = limit - timedelta(hours=3)

    with pytest.raises(Refused, match="legal limit"):
        night.act(parking.park, incident_id, limit + timedelta(minutes=1), reason="Later", by=dana)
    night.act(parking.park, incident_id, limit, reason="Not longer than that.", by=dana)


def test_a_72_hour_incident_handled_well_wakes_a_person_once(night: Night, cast: Cast) -> None:
    """Taken, looked at, contained, decided and filed by day: of three nights only the first has a ring."""
    dana, targets = person_as_actor(cast.dana), night.installation.targets
    incident_id = night.report(still_happening=StillHappening.YES).report.incident_id
    night.wait(minutes=4)
    night.tap("dana")
    night.act(triage.look_at, incident_id, by=dana)
    night.wait(step=3600, hours=8)
    what = What.PERSONAL_DATA_BREACH
    night.act(triage.triage, incident_id, what, OurRole.CONTROLLER, reason="Names.", by=dana, targets=targets)
    night.act(decisions.contain, incident_id, night.now, zone="Europe/London", how_known="Wiped.", by=dana)
    night.wait(step=3600, hours=50)
    with night.installation.store.reading() as session:
        owed = session.scalars(select(Obligation).where(Obligation.incident_id == incident_id)).all()
    for duty in owed:
        sent = Sent(night.now, "Europe/London", duty.recipient, "IC-1")
        night.act(filing.record_sent, duty.id, sent, by=dana, targets=night.installation.targets)
    night.wait(step=3600, hours=30)

    at_night = [
        ring.at
        for who in ("dana", "tariq", "mina")
        for ring in night.rings(who)
        if not 7 <= ring.at.astimezone(UTC).hour < 22
    ]
    assert at_night == [TWO]
    assert len(night.rings("dana")) == 1
