"""What those affected by a change are told: before → after, about themselves, without a name."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from incidents.incident import Urgency
from incidents.organisation import the_organisation
from incidents.people import Role
from incidents.timeline import person_as_actor
from notifications import escalation_change
from notifications.delivery import Delivery, Purpose
from notifications.escalation import Aim, Stage, TargetKind
from notifications.messages import build
from notifications.rota import Rota, cover, planning
from notifications.rota.planning import Plan
from tests.makers import Cast
from tests.nights.conftest import night
from tests.nights.night import Night
from tests.notifications.rota.desk import WEEKS, monday

__all__ = ["night"]
MINUTE = timedelta(minutes=1)


def texts(night: Night, person_id: int) -> list[str]:
    """The messages that wait for a person to be told, as they would go out now."""
    query = select(Delivery).where(Delivery.purpose == Purpose.TELL, Delivery.person_id == person_id)
    with night.installation.store.reading() as session:
        wording = night.installation.wording(session, None)
        keyring = night.installation.keyring
        return [
            build(session, row, keyring=keyring, wording=wording, now=night.now).text
            for row in session.scalars(query.order_by(Delivery.id))
        ]


def test_whoever_loses_or_gains_a_duty_reads_which_without_a_name(night: Night, cast: Cast) -> None:
    by = person_as_actor(cast.adam)
    with night.installation.store.writing() as session:
        mine = the_organisation(session)
        rota = planning.begin_rota(session, mine, name="Tariq and Ivo", zone="Europe/London", by=by, now=night.now)
        planning.add_shift(session, rota, Plan("Weeks", WEEKS, [cast.dana, cast.tariq, cast.ivo]), by=by, now=night.now)
        cover.swap(session, session.get_one(Rota, rota.id), monday(1), monday(2), by=by, now=night.now)
    night.engine.catch_up()

    last = texts(night, cast.tariq)[-1]

    assert "The rota was changed, and when you are on call with it" in last
    assert "Mon 30 Nov 2026 09:00 to Mon 7 Dec 2026 09:00: you → a colleague" in last
    assert "Mon 7 Dec 2026 09:00 to Mon 14 Dec 2026 09:00: a colleague → you" in last
    assert not any(name in last for name in ("Tariq", "Ivo", "Dana", "Adam", "Weeks"))


def test_whoever_is_rung_otherwise_reads_the_steps_before_and_after(night: Night, cast: Cast) -> None:
    first = Stage(timedelta(), (Aim(TargetKind.ROLE, Role.DPO),))
    second = Stage(10 * MINUTE, (Aim(TargetKind.PERSON, cast.tariq), Aim(TargetKind.PERSON, cast.ivo)))
    with night.installation.store.writing() as session:
        escalation_change.change_policy(
            session,
            the_organisation(session),
            Urgency.URGENT,
            [first, second],
            5 * MINUTE,
            60 * MINUTE,
            waits=night.waits,
            by=person_as_actor(cast.adam),
            now=night.now,
        )
    night.engine.catch_up()

    (told,) = texts(night, cast.tariq)

    assert "Step 2: after 15 min: Deputy data protection officer → after 10 min: you, a colleague" in told
    assert "Step 3: after 30 min: Management → no such step" in told
    assert not any(name in told for name in ("Tariq", "Ivo", "Adam"))
