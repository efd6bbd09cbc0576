"""Fire drills: at a random hour, for one person, over with the first press, and in no other figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.installation import Installation
from app.watch import Watch
from incidents import settings as web
from incidents import summaries
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, Entry, Kind
from notifications import drills, figures
from notifications.drills import Drill
from notifications.ringing import ringing
from notifications.scorecard import scorecard
from tests.makers import Cast
from tests.nights.night import Night

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def day(installation: Installation, cast: Cast) -> Night:
    """A Monday morning."""
    return Night(installation, MONDAY)


def turn_on(day: Night, every: int | None = 7) -> Watch:
    with day.installation.store.writing() as session:
        value = {"every_days": every} if every else None
        web.change(session, the_organisation(session), drills.SETTING, value, by=SYSTEM, now=day.now)
    return Watch(day.installation, day.engine.wake, clock=lambda: day.now)


def planned(day: Night) -> dict[int, datetime]:
    with day.installation.store.reading() as session:
        ahead = select(Drill).where(Drill.began_at.is_(None), Drill.cancelled_at.is_(None))
        return {drill.person_id: drill.planned_at for drill in session.scalars(ahead)}


def begin(day: Night, person_id: int) -> None:
    """A drill of this person begins now, of their own will."""
    day.act(lambda session, *, now: drills.begin_now(session, session.get_one(Person, person_id), now=now))


def test_drills_are_off_until_somebody_turns_them_on(day: Night) -> None:
    Watch(day.installation, day.engine.wake, clock=lambda: day.now).drill()

    assert planned(day) == {}


def test_each_person_on_duty_has_one_drill_ahead_in_working_hours_and_a_restart_keeps_it(
    day: Night, cast: Cast
) -> None:
    turn_on(day).drill()
    first = planned(day)
    turn_on(day).drill()  # as after a restart

    assert planned(day) == first
    assert set(first) == {cast.dana, cast.tariq, cast.mina}
    for at in first.values():
        local = at.astimezone(LONDON)
        assert day.now < at <= day.now + timedelta(days=7)
        assert local.weekday() < 5
        assert 9 <= local.hour < 17


def test_whoever_opted_in_is_drilled_at_any_hour(day: Night, cast: Cast) -> None:
    with day.installation.store.writing() as session:
        organisation, dana = the_organisation(session), session.get_one(Person, cast.dana)
        dana.drills_any_hour = True
        drawn = [drills._draw(dana, organisation, None, timedelta(days=7), day.now) for _ in range(200)]
        tariq = session.get_one(Person, cast.tariq)
        others = [drills._draw(tariq, organisation, None, timedelta(days=7), day.now) for _ in range(200)]

    hours = {at.astimezone(LONDON).hour for at in drawn}
    assert len(hours) > 12
    assert any(hour < 9 or hour >= 17 for hour in hours)
    assert {at.astimezone(LONDON).hour for at in others} <= set(range(9, 17))


def test_turned_off_nothing_stays_planned(day: Night) -> None:
    turn_on(day).drill()

    turn_on(day, None).drill()

    assert planned(day) == {}


def test_a_drill_rings_at_its_minute_with_drill_as_the_first_word_and_ends_with_one_press(
    day: Night, cast: Cast
) -> None:
    watching = turn_on(day)
    watching.drill()
    at = planned(day)[cast.dana]
    with day.installation.store.writing() as session:
        for drill in session.scalars(select(Drill).where(Drill.person_id != cast.dana)):
            drill.planned_at = at + timedelta(days=3)

    day.now = at
    watching.drill()
    watching.drill()
    day.engine.catch_up()
    day.wait(minutes=4)
    day.tap("dana")
    day.wait(hours=2)

    (ring,) = day.rings("dana")
    assert ring.at == at
    assert ring.message.subject.startswith("DRILL ")
    assert ring.message.text.startswith("DRILL")
    assert "Only you are rung" in ring.message.text
    assert "rings others" not in ring.message.text
    assert day.rings("tariq") == day.rings("mina") == []
    with day.installation.store.reading() as session:
        (score,) = scorecard(session, 1, now=day.now)
        assert (score.name, score.held, score.missed, score.minutes) == ("Dana", 1, 0, 4.0)
        (held,) = session.scalars(select(Entry).where(Entry.kind == Kind.DRILL_HELD))
        assert held.facts == {"subject": cast.dana, "minutes": 4.0, "channel": "email"}
        assert held.incident_id is None
        assert not held.prose


def test_a_drill_that_nobody_answers_never_climbs_and_ends_as_missed(day: Night, cast: Cast) -> None:
    begin(day, cast.dana)

    day.wait(hours=2)

    assert day.minutes("dana") == [0, 5, 10, 15, 20, 25]
    assert day.rings("tariq") == day.rings("mina") == []
    (page,) = day.pages()
    assert page.ended_at == MONDAY + timedelta(minutes=30)
    with day.installation.store.reading() as session:
        (score,) = scorecard(session, 1, now=day.now)
        assert (score.held, score.missed, score.minutes) == (0, 1, None)
    assert len(day.rings("adam", "tell")) == 1, "those who can mend it are told"


def test_a_drill_is_in_no_other_figure_and_on_nobody_elses_desk(day: Night, cast: Cast) -> None:
    begin(day, cast.dana)
    day.wait(minutes=3)
    with day.installation.store.reading() as session:
        mine = ringing(session, session.get_one(Person, cast.dana), now=day.now)
        others = ringing(session, session.get_one(Person, cast.tariq), now=day.now)
    day.tap("dana")

    assert (len(mine), len(others)) == (1, 0)
    with day.installation.store.reading() as session:
        year = summaries.Year.of(day.now, LONDON)
        assert figures.time_to_acknowledge(session, 1, year).count == 0


def test_a_drill_waits_while_something_real_rings(day: Night, cast: Cast) -> None:
    watching = turn_on(day)
    watching.drill()
    day.now = planned(day)[cast.dana]
    day.report()

    watching.drill()

    assert planned(day)[cast.dana] > day.now
    assert all(not page.drill for page in day.pages())


def test_a_drill_whose_minute_passed_while_nothing_ran_is_planned_anew(day: Night, cast: Cast) -> None:
    watching = turn_on(day)
    watching.drill()
    day.now = planned(day)[cast.dana] + timedelta(hours=2)

    watching.drill()

    assert planned(day)[cast.dana] > day.now


def test_a_second_drill_is_refused_while_one_rings(day: Night, cast: Cast) -> None:
    begin(day, cast.dana)

    with pytest.raises(Refused, match="rings already"):
        begin(day, cast.dana)
