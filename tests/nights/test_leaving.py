"""Nights after somebody left, or lost the role, who was counted on: known by day, passed over by night."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.watch import Watch
from incidents import accounts
from incidents.incident import Urgency
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.timeline import SYSTEM, person_as_actor
from notifications import escalation_change
from notifications.escalation import Aim, Stage, TargetKind
from notifications.rota import Rota, asking, planning
from notifications.rota.planning import Plan
from notifications.rota.request import open_requests
from notifications.spells import RedSpell
from tests.makers import Cast
from tests.nights.night import Night
from tests.notifications.rota.desk import WEEKS, monday

MINUTE = timedelta(minutes=1)


def planned(night: Night, cast: Cast) -> None:
    """A rota of Tariq and Ivo first, then Tariq by name, then the DPO; Tariq is asked to take a duty of Ivo's."""
    by, now = person_as_actor(cast.adam), night.now
    with night.installation.store.writing() as session:
        mine = the_organisation(session)
        rota = planning.begin_rota(session, mine, name="Nights", zone="Europe/London", by=by, now=now)
        planning.add_shift(session, rota, Plan("Weeks", WEEKS, [cast.tariq, cast.ivo]), by=by, now=now)
        steps = [
            Stage(timedelta(), (Aim(TargetKind.ROTA, rota.id),)),
            Stage(10 * MINUTE, (Aim(TargetKind.PERSON, cast.tariq),)),
            Stage(20 * MINUTE, (Aim(TargetKind.ROLE, Role.DPO),)),
        ]
        lengths = 5 * MINUTE, 60 * MINUTE
        escalation_change.change_policy(
            session, mine, Urgency.URGENT, steps, *lengths, waits=night.waits, by=by, now=now
        )
        ivo = session.get_one(Person, cast.ivo)
        asking.ask(session, rota, ivo, cast.tariq, monday(1), by=person_as_actor(cast.ivo), now=now)
    night.engine.catch_up()


def look(night: Night, cast: Cast) -> set[str]:
    """What is red because of Tariq, or of a step, after the round that looks."""
    Watch(night.installation, night.engine.wake, clock=lambda: night.now).look()
    with night.installation.store.reading() as session:
        rows = session.scalars(select(RedSpell).where(RedSpell.ended_at.is_(None))).all()
        return {row.words() for row in rows if row.person_id == cast.tariq or "Steps" in row.words()}


@pytest.mark.parametrize("how", ["leaves", "loses the role"])
def test_whoever_is_planned_and_gone_is_red_at_once_and_passed_over_by_night(
    night: Night, cast: Cast, how: str
) -> None:
    planned(night, cast)
    assert not any("no longer" in words or "no account" in words or "Steps" in words for words in look(night, cast))

    with night.installation.store.writing() as session:
        tariq = session.get_one(Person, cast.tariq)
        if how == "leaves":
            accounts.leave(session, tariq, by=SYSTEM, now=night.now)
        else:
            accounts.revoke(session, tariq, Role.DEPUTY, by=SYSTEM, now=night.now)
    night.engine.catch_up()
    red = look(night, cast)
    told = len(night.rings("dana", "tell"))
    night.report()
    night.wait(minutes=12)

    cause = "has no account any more" if how == "leaves" else "holds no role that is paged"
    assert any(cause in words and "Nights" in words for words in red), red
    assert any(cause in words and "escalation policy" in words for words in red), red
    assert any(words.startswith("Steps of the policy") and words.endswith(": 1, 2.") for words in red), red
    assert night.minutes("tariq") == []
    assert night.minutes("dana")[:3] == [0, 5, 10], "both empty steps are passed over at once"
    night.wait(step=600, hours=6)
    assert len(night.rings("dana", "tell")) > told, "and told by day to who can mend it"
    with night.installation.store.reading() as session:
        rota = session.scalars(select(Rota)).one()
        assert open_requests(session, rota, now=night.begins) == []
