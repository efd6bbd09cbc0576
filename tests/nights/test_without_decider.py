"""Advice that nobody can decide on: whoever can name somebody hears of it, and the red is told by day."""

from __future__ import annotations

import pytest

from app.watch import Watch
from incidents import accounts
from incidents.deciding import Opinion, advise
from incidents.law.assessment import Says
from incidents.people import Person, Role
from incidents.timeline import SYSTEM
from notifications.spells import history
from tests.makers import Cast
from tests.nights.night import Night

SAID = "nobody can decide on it"


@pytest.fixture
def nobody(night: Night, cast: Cast) -> Night:
    """Mina no longer manages, and nobody else does."""
    with night.installation.store.writing() as session:
        mina = session.get_one(Person, cast.mina)
        accounts.revoke(session, mina, Role.MANAGEMENT, by=SYSTEM, now=night.now)
    return night


def sign(night: Night, cast: Cast) -> None:
    key = night.report("A file went astray").report.incident_id
    night.tap("dana")
    opinion = Opinion(Says.NOTIFY, Says.COMMUNICATE, "Because", "A file went astray.")
    night.act(
        lambda session, *, now: advise(
            session,
            key,
            opinion,
            by=session.get_one(Person, cast.dana),
            targets=night.installation.targets,
            now=now,
        )
    )


def told(night: Night, who: str) -> list[str]:
    return [ring.message.text for ring in night.rings(who, "tell") if SAID in ring.message.text]


def test_administrators_and_the_dpo_hear_that_nobody_can_decide_and_where_to_name_somebody(
    nobody: Night, cast: Cast
) -> None:
    sign(nobody, cast)

    nobody.wait(hours=10)

    (adams,), (danas,) = told(nobody, "adam"), told(nobody, "dana")
    assert "give somebody the role Management" in adams
    assert adams.rstrip().endswith("/people")
    assert danas.rstrip().endswith("/decision")


def test_where_somebody_can_decide_only_they_are_told(night: Night, cast: Cast) -> None:
    sign(night, cast)

    night.wait(hours=10)

    assert (told(night, "adam"), told(night, "dana")) == ([], [])
    assert [ring.message.subject for ring in night.rings("mina", "tell")]


def test_the_red_is_told_by_day_before_any_incident_comes(nobody: Night) -> None:
    Watch(nobody.installation, nobody.engine.wake, clock=lambda: nobody.now).look()

    nobody.wait(step=1800, hours=5)

    with nobody.installation.store.reading() as session:
        reds = [row.words() for row in history(session, 1) if row.ended_at is None]
    assert any(red.startswith("Nobody can decide whom to tell of a breach") for red in reds)
    assert nobody.rings("adam", "tell")
    assert all(minute >= 5 * 60 for minute in nobody.minutes("adam", "tell"))
