"""Nights on which several people work: two must answer, one takes over, one is called, one wants ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import calling, triage
from incidents.incident import Incident, Urgency
from incidents.people import Person, Role
from incidents.refusals import Refused
from incidents.timeline import Kind, person_as_actor
from notifications import taking
from notifications.escalation import EscalationPolicy, EscalationStep, EscalationTarget, TargetKind
from notifications.page import last_entry
from notifications.ringing import ringing
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import Night


def person(night: Night, key: int) -> Person:
    with night.installation.store.reading() as session:
        return session.get_one(Person, key)


def awake(night: Night, who: int) -> None:
    with night.installation.store.writing() as session:
        (page, *_others) = night.pages()
        taking.awake(session, page.id, person=session.get_one(Person, who), now=night.now)


def wants_two(night: Night) -> None:
    """The policy of what is urgent: DPO and deputy at once, and both must answer."""
    with night.installation.store.writing() as session:
        policy = EscalationPolicy(
            organisation_id=1, urgency=Urgency.URGENT, repeat_seconds=300, round_seconds=3600, changed_at=TWO
        )
        first = EscalationStep(organisation_id=1, position=0, after_seconds=0, wants=2)
        for role in (Role.DPO, Role.DEPUTY):
            first.targets.append(EscalationTarget(organisation_id=1, kind=TargetKind.ROLE, role=role))
        last = EscalationStep(organisation_id=1, position=1, after_seconds=900)
        last.targets.append(EscalationTarget(organisation_id=1, kind=TargetKind.ROLE, role=Role.MANAGEMENT))
        policy.steps += [first, last]
        session.add(policy)


def test_awake_give_me_ten_minutes_quiets_the_person_and_not_the_timer(night: Night, cast: Cast) -> None:
    receipt = night.report()
    night.wait(minutes=6)

    awake(night, cast.dana)
    night.wait(minutes=25)

    assert night.minutes("dana")[:4] == [0, 5, 16, 21], "quiet for ten minutes, then rung again by itself"
    assert night.minutes("tariq")[:2] == [15, 16], "it climbs as if nothing had been said"
    assert night.minutes("mina") == [30]
    assert Kind.AWAKE in night.entries(receipt.report.incident_id)


def test_a_step_that_wants_two_rings_on_until_both_have_it(night: Night, cast: Cast) -> None:
    wants_two(night)
    night.report()
    assert (night.minutes("dana"), night.minutes("tariq")) == ([0], [0])
    night.wait(minutes=6)

    night.tap("dana")
    night.wait(minutes=10)
    assert night.minutes("dana") == [0, 5], "who has it is quiet"
    assert night.minutes("tariq") == [0, 5, 10, 15]
    assert night.minutes("mina") == [15], "one of two is not enough: it climbs"

    night.tap("tariq")
    night.wait(minutes=19)
    assert night.minutes("tariq") == [0, 5, 10, 15]
    (page,) = night.pages()
    assert page.quiet_until == TWO + timedelta(minutes=36)


def test_where_two_are_wanted_the_first_step_of_one_does_not_let_the_other_off(night: Night, cast: Cast) -> None:
    wants_two(night)
    receipt = night.report()
    night.tap("dana")
    night.wait(minutes=3)

    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.wait(minutes=40)

    assert night.minutes("dana") == [0], "who works on it is left alone, after the quiet of a mere acknowledgement too"
    assert night.minutes("tariq")[-1] == 40
    assert night.minutes("mina")[0] == 15

    night.tap("tariq")
    night.wait(minutes=60)
    assert night.minutes("tariq")[-1] == 40, "two have it, and one of them has begun: nobody is rung again"
    assert night.pages()[0].ended_at is not None


def test_two_who_begin_without_a_word_are_two(night: Night, cast: Cast) -> None:
    wants_two(night)
    receipt = night.report()
    night.wait(minutes=1)

    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.wait(minutes=5)
    assert (night.minutes("dana"), night.minutes("tariq")) == ([0], [0, 5])
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.tariq))
    night.wait(minutes=60)

    assert (night.minutes("tariq"), night.minutes("mina")) == ([0, 5], [])
    assert night.pages()[0].ended_at is not None


def test_whoever_takes_over_has_it_and_the_one_before_is_told(night: Night, cast: Cast) -> None:
    night.report()
    night.wait(minutes=16)
    night.tap("dana")
    night.wait(minutes=5)

    with night.installation.store.writing() as session:
        (page,) = night.pages()
        tariq = session.get_one(Person, cast.tariq)
        through = last_entry(session, page.id)
        taking.acknowledge(
            session,
            page.id,
            person=tariq,
            through_entry_id=through,
            by_link=None,
            waits=night.waits,
            take_over=True,
            now=night.now,
        )
    night.engine.catch_up()

    assert night.minutes("dana", "tell") == [21], "told at once: the ring had woken them"
    (page,) = night.pages()
    assert [given.person_id for given in page.acknowledgements] == [cast.dana, cast.tariq]
    assert page.quiet_until == TWO + timedelta(minutes=41)


def test_a_summons_rings_whom_it_names_until_they_answer_and_then_everybody(night: Night, cast: Cast) -> None:
    receipt = night.report()
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.wait(minutes=1)

    night.act(calling.summon, receipt.report.incident_id, person(night, cast.ivo), by=person_as_actor(cast.dana))
    night.wait(minutes=16)

    assert night.minutes("ivo") == [1, 6, 11, 16]
    assert "somebody who works on it needs you now" in night.rings("ivo")[0].message.text
    assert night.minutes("dana") == [0, 16], "nobody came: the policy begins, and whoever called hears of it"
    assert night.minutes("tariq") == []


def test_a_summons_is_answered_by_whom_it_calls_and_by_no_step_of_the_caller(night: Night, cast: Cast) -> None:
    receipt = night.report()
    incident_id, dana = receipt.report.incident_id, person_as_actor(cast.dana)
    night.act(calling.summon, incident_id, person(night, cast.ivo), by=dana)
    night.act(triage.look_at, incident_id, by=dana)
    night.wait(minutes=6)
    assert night.minutes("ivo") == [0, 5]

    night.tap("ivo")
    night.wait(minutes=50)

    assert night.minutes("ivo") == [0, 5]
    assert night.minutes("dana") == [0], "whoever calls is not rung any more"
    assert all(page.ended_at for page in night.pages())
    with night.installation.store.reading() as session:
        assert session.get_one(Incident, incident_id).handler_id == cast.dana, "helping is not taking over"


def test_nobody_can_take_a_summons_away_from_whom_it_calls(night: Night, cast: Cast) -> None:
    receipt = night.report()
    night.act(calling.summon, receipt.report.incident_id, person(night, cast.ivo), by=person_as_actor(cast.dana))

    with night.installation.store.reading() as session:
        shown = {
            who: len(ringing(session, session.get_one(Person, getattr(cast, who)), now=night.now))
            for who in ("dana", "tariq", "ivo")
        }

    assert shown == {"dana": 0, "tariq": 0, "ivo": 1}


def test_handed_over_it_stays_with_whoever_has_it_until_the_other_answers(night: Night, cast: Cast) -> None:
    receipt = night.report()
    incident_id, dana = receipt.report.incident_id, person_as_actor(cast.dana)

    night.act(calling.hand_over, incident_id, person(night, cast.tariq), by=dana)
    with night.installation.store.reading() as session:
        assert session.get_one(Incident, incident_id).handler_id == cast.dana
    assert "asked to take this incident over" in night.rings("tariq")[0].message.text
    night.tap("tariq")

    with night.installation.store.reading() as session:
        assert session.get_one(Incident, incident_id).handler_id == cast.tariq


def test_taken_over_by_oneself_the_one_before_is_told_by_day(night: Night, cast: Cast) -> None:
    receipt = night.report()
    incident_id = receipt.report.incident_id
    night.act(triage.look_at, incident_id, by=person_as_actor(cast.dana))

    night.act(calling.take_over, incident_id, by=person_as_actor(cast.tariq))
    night.wait(step=3600, hours=6)

    assert night.minutes("dana", "tell") == [300]
    assert night.act(calling.take_over, incident_id, by=person_as_actor(cast.tariq)) is None


@pytest.mark.parametrize(("whom", "why"), [("dana", "That is you"), (Role.DPO, "Nobody else holds this role")])
def test_nobody_calls_themself(night: Night, cast: Cast, whom: str | Role, why: str) -> None:
    receipt = night.report()
    called = whom if isinstance(whom, Role) else person(night, cast.dana)

    with pytest.raises(Refused, match=why):
        night.act(calling.summon, receipt.report.incident_id, called, by=person_as_actor(cast.dana))
