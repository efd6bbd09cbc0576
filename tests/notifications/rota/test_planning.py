"""Rotas as they are kept: changes that leave the past alone, cover, imports, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import select

from incidents import accounts
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import instant, person_as_actor
from notifications.delivery import Delivery, Purpose
from notifications.rota import Rota, cover, feed, planning
from notifications.rota.change import Change
from notifications.rota.duty import Why
from notifications.rota.importing import Becomes, apply, preview
from notifications.rota.override import Override
from notifications.rota.planning import Plan
from notifications.rota.shift import Shift, in_force
from tests.makers import Cast
from tests.notifications.rota.desk import DAY, HOUR, NIGHTS, WEEKS, Desk, monday, names

DATA = Path(__file__).parents[2] / "data" / "calendars"


def test_people_take_turns_week_by_week_from_the_first_of_the_list_on(desk: Desk) -> None:
    found = desk.days()

    assert names(found) == ["Dana", "Tariq", "Ivo", "Dana", "Tariq"]
    assert [duty.begins_at for duty in found] == [desk.now, *(monday(week) for week in (1, 2, 3, 4))]
    assert desk.who(desk.now - HOUR) == [], "nobody before the rota was begun"


def test_a_change_from_a_time_on_keeps_what_was_before_it(desk: Desk, cast: Cast) -> None:
    before = desk.days(10)

    desk.change(Plan("Weeks", WEEKS, [cast.tariq, cast.mina]), at=desk.now + 12 * DAY)

    assert (names(desk.days(10)), [each.begins_at for each in desk.days(10)]) == (
        names(before),
        [each.begins_at for each in before],
    )
    after = desk.days(27, desk.now + 12 * DAY)
    assert names(after) == ["Tariq", "Mina", "Tariq", "Mina", "Tariq"]


def test_somebody_added_at_the_end_moves_nobodys_present_turn(desk: Desk, cast: Cast) -> None:
    later = desk.now + 8 * DAY
    assert desk.who(later) == ["Tariq"]

    desk.change(Plan("Weeks", WEEKS, [cast.dana, cast.tariq, cast.ivo, cast.mina]), at=later)

    assert names(desk.days(28, later)) == ["Tariq", "Ivo", "Mina", "Dana", "Tariq"]


def test_turns_of_two_weeks_go_on_where_they_were_when_only_the_name_changes(desk: Desk, cast: Cast) -> None:
    people = [cast.dana, cast.tariq]
    desk.change(Plan("Pairs", WEEKS, people, weeks_each=2))
    before = names(desk.days(35, desk.now + 8 * DAY))

    desk.change(Plan("Two weeks", WEEKS, people, weeks_each=2), at=desk.now + 8 * DAY)

    assert before[:4] == ["Dana", "Tariq", "Tariq", "Dana"]
    assert names(desk.days(35, desk.now + 8 * DAY)) == before


def test_a_shift_further_down_goes_over_the_others_until_it_is_moved_up(desk: Desk, cast: Cast) -> None:
    evening = desk.now + 8 * HOUR
    desk.act(planning.add_shift, Plan("Nights", NIGHTS, [cast.mina]))
    assert (desk.who(desk.now), desk.who(evening)) == (["Dana"], ["Mina"])

    with desk.house.store.writing() as session:
        rota = session.get_one(Rota, desk.key)
        nights = next(each for each in in_force(session, rota, desk.now) if each.name == "Nights")
        planning.raise_shift(session, rota, nights, by=desk.by, now=desk.now + DAY)

    assert desk.who(evening) == ["Mina"], "the past stays"
    assert desk.who(evening + DAY) == ["Dana"]


def test_an_override_counts_from_when_it_was_made_and_the_latest_wins(desk: Desk, cast: Cast) -> None:
    desk.act(cover.override, cast.ivo, desk.now - 2 * HOUR, desk.now + 6 * HOUR)
    desk.act(cover.override, cast.mina, desk.now + 2 * HOUR, desk.now + 4 * HOUR, at=desk.now + HOUR)

    found = desk.days(1, desk.now)

    assert names(found) == ["Ivo", "Mina", "Ivo", "Dana"]
    assert all(left.ends_at == right.begins_at for left, right in pairwise(found))
    assert desk.who(desk.now - HOUR) == []


def test_an_override_that_was_ended_half_way_stays_for_what_is_past(desk: Desk, cast: Cast) -> None:
    desk.act(cover.override, cast.ivo, desk.now, desk.now + 10 * HOUR)

    with desk.house.store.writing() as session:
        rota, row = session.get_one(Rota, desk.key), session.scalars(select(Override)).one()
        cover.end_override(session, rota, row, by=desk.by, now=desk.now + 5 * HOUR)

    assert names(desk.days(1))[:2] == ["Ivo", "Dana"]
    assert desk.days(1)[0].ends_at == desk.now + 5 * HOUR


def test_two_people_swap_and_both_are_told_nobody_else(desk: Desk, cast: Cast, now: datetime) -> None:
    desk.house.engine().tick(now)
    desk.act(cover.swap, monday(1), monday(2))

    assert names(desk.days(21))[:3] == ["Dana", "Ivo", "Tariq"]
    last = desk.entries()[-1]
    assert (last.facts["what"], last.facts["affected"]) == ("swapped", sorted([cast.tariq, cast.ivo]))
    assert last.facts["turns"] == [
        {"from": instant(monday(1)), "until": instant(monday(2)), "before": cast.tariq, "after": cast.ivo},
        {"from": instant(monday(2)), "until": instant(monday(3)), "before": cast.ivo, "after": cast.tariq},
    ]
    desk.house.engine().tick(now + timedelta(seconds=1))
    told = select(Delivery.person_id).where(Delivery.entry_id == last.id, Delivery.purpose == Purpose.TELL)
    assert sorted(desk.read(lambda session: list(session.scalars(told)))) == sorted([cast.tariq, cast.ivo])


def test_ending_one_half_of_a_swap_ends_both(desk: Desk) -> None:
    desk.act(cover.swap, monday(1), monday(2))

    with desk.house.store.writing() as session:
        row = session.scalars(select(Override).order_by(Override.id)).first()
        assert row is not None
        cover.end_override(session, session.get_one(Rota, desk.key), row, by=desk.by, now=desk.now)

    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]


def test_a_duty_is_taken_by_somebody_on_the_rota_and_by_nobody_else(desk: Desk, cast: Cast) -> None:
    def take(person_id: int) -> None:
        with desk.house.store.writing() as session:
            person, rota = session.get_one(Person, person_id), session.get_one(Rota, desk.key)
            cover.take(session, rota, person, monday(1), by=person_as_actor(person_id), now=desk.now)

    take(cast.ivo)

    assert names(desk.days(21))[:3] == ["Dana", "Ivo", "Ivo"]
    assert desk.entries()[-1].facts["affected"] == sorted([cast.tariq, cast.ivo])
    for person_id, says in ((cast.ivo, "yours already"), (cast.mina, "Only people on this rota")):
        with pytest.raises(Refused, match=says):
            take(person_id)


def test_whoever_left_is_not_there_and_the_gap_says_why(desk: Desk, cast: Cast) -> None:
    with desk.house.store.writing() as session:
        accounts.leave(session, session.get_one(Person, cast.dana), by=desk.by, now=desk.now + 2 * DAY)

    found = desk.days(14)

    assert names(found) == ["Dana", None, "Tariq", "Ivo"]
    assert found[1].why is Why.LEFT
    assert (desk.who(desk.now), desk.who(desk.now + 3 * DAY)) == ([], [])


def test_a_change_tells_only_those_whose_duties_change(desk: Desk, cast: Cast) -> None:
    desk.act(planning.rename_rota, "Night watch")
    desk.act(cover.override, cast.mina, monday(1), monday(1) + HOUR)

    assert ["soon" in entry.facts for entry in desk.entries()] == [False, True, False, False]
    told = [(entry.facts["what"], entry.facts["affected"]) for entry in desk.entries()]
    assert told == [
        (Change.STARTED.value, []),
        (Change.SHIFT_ADDED.value, sorted([cast.dana, cast.tariq, cast.ivo])),
        (Change.RENAMED.value, []),
        (Change.OVERRIDDEN.value, sorted([cast.tariq, cast.mina])),
    ]
    assert "Night" not in str([entry.facts for entry in desk.entries()]), "names are prose"


def test_an_ended_rota_keeps_its_past_and_takes_no_change(desk: Desk, cast: Cast) -> None:
    desk.act(planning.end_rota, at=desk.now + DAY)

    assert names(desk.days(3)) == ["Dana", None]
    with pytest.raises(Refused, match="has ended"):
        desk.act(cover.override, cast.mina, monday(1), monday(2), at=desk.now + 2 * DAY)


@pytest.mark.parametrize(
    ("begins", "ends", "says"),
    [(2, 1, "not after the beginning"), (-3, -1, "lies in the past"), (0, 9000, "longer than a year")],
)
def test_cover_that_makes_no_sense_is_refused(desk: Desk, cast: Cast, begins: int, ends: int, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        desk.act(cover.override, cast.ivo, desk.now + begins * HOUR, desk.now + ends * HOUR)

    assert refused.value.field == "ends_at"
    assert desk.read(lambda session: session.scalars(select(Override)).all()) == []


def test_a_year_of_nights_and_overrides_is_worked_out_in_a_moment(desk: Desk, cast: Cast) -> None:
    desk.act(planning.add_shift, Plan("Nights", NIGHTS, [cast.mina, cast.ivo]))
    with desk.house.store.writing() as session:
        for number in range(300):
            at = desk.now + number * DAY
            row = Override(rota_id=desk.key, organisation_id=1, person_id=cast.adam, begins_at=at, ends_at=at + HOUR)
            row.reason, row.made_at = next(iter(Override.reason.type.enum_class)), desk.now  # type: ignore[attr-defined]
            session.add(row)
    began = datetime.now(UTC)

    found = desk.days(365)

    assert (datetime.now(UTC) - began).total_seconds() < 2
    assert len(found) > 900
    assert all(left.ends_at == right.begins_at for left, right in pairwise(found))


def test_a_calendar_becomes_overrides_once_however_often_it_is_read(desk: Desk, cast: Cast) -> None:
    content = (DATA / "pager.ics").read_bytes()
    seen = desk.read(lambda session: preview(session, session.get_one(Rota, desk.key), content, now=desk.now))

    desk.act(apply, content)

    assert (seen.count(Becomes.NEW), len(seen.proposed)) == (2, 2), "what is over is not read"
    assert [problem.message % dict(problem.params) for problem, _times in seen.problems] == [
        "“On Call - First line” names nobody who has an account. "
        "Write the person's name or e-mail address into the event."
    ]
    assert names(desk.days(21))[:4] == ["Dana", "Dana", "Tariq", "Dana"]
    with pytest.raises(Refused, match="Nothing of this calendar is new"):
        desk.act(apply, content)


def test_a_calendar_that_changed_changes_what_it_made(desk: Desk) -> None:
    content = (DATA / "pager.ics").read_bytes()
    desk.act(apply, content)
    moved = content.replace(b"mailto:tariq@", b"mailto:ivo@").replace(
        b"UID:Q1W2E3-1\r\n", b"UID:Q1W2E3-1\r\nSTATUS:CANCELLED\r\n"
    )

    seen = desk.read(lambda session: preview(session, session.get_one(Rota, desk.key), moved, now=desk.now))
    desk.act(apply, moved, at=desk.now + HOUR)

    assert [one.becomes for one in seen.proposed] == [Becomes.ENDED, Becomes.CHANGED]
    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]
    rows = desk.read(lambda session: session.scalars(select(Override)).all())
    assert sorted(row.ended_at is None for row in rows) == [False, False, True], "none is deleted"


def test_a_time_taken_out_of_a_rule_is_taken_away_and_names_are_matched_as_whole_words(desk: Desk) -> None:
    content = (DATA / "weekly.ics").read_bytes()
    desk.act(apply, content)
    fewer = content.replace(b"EXDATE;TZID=Europe/Berlin:20261221T090000", b"EXDATE;TZID=Europe/Berlin:20261207T090000")

    seen = desk.read(lambda session: preview(session, session.get_one(Rota, desk.key), fewer, now=desk.now))

    kinds = {(one.event.begins_at.day, one.becomes) for one in seen.proposed if one.event.begins_at.month == 12}
    assert {(7, Becomes.ENDED), (21, Becomes.NEW), (24, Becomes.SAME), (28, Becomes.SAME)} <= kinds
    assert "“Dana or Tariq” names more than one person" in str(
        [problem.message % dict(problem.params) for problem, _times in seen.problems]
    )


def test_the_feed_can_be_read_back_and_names_its_duties_alike_every_time(desk: Desk, cast: Cast) -> None:
    def events(later: timedelta) -> dict[str, tuple[datetime, datetime, str, datetime]]:
        rota = desk.read(lambda session: session.get_one(Rota, desk.key).token)
        text = desk.read(
            lambda session: feed.written(session, feed.feed_at(session, rota), lambda text: text, now=desk.now + later)  # type: ignore[arg-type]
        )
        assert b"VTIMEZONE" not in text
        assert b"@northwind" not in text
        return {
            str(event["UID"]): (event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"]), event["DTSTAMP"].dt)
            for event in Calendar.from_ical(text).walk("VEVENT")
        }

    first, second = events(timedelta()), events(9 * DAY)

    shared = first.keys() & second.keys()
    assert len(shared) > 50
    assert all(first[uid] == second[uid] for uid in shared)
    begins = sorted((begins, ends, who) for begins, ends, who, _stamp in first.values())
    assert begins[1] == (monday(1), monday(2), "Tariq")
    assert begins[20][0].hour == 8, "summer time, written in UTC"


def test_a_persons_feed_has_their_own_duties_and_an_ended_address_gives_nothing(desk: Desk, cast: Cast) -> None:
    def made(at: datetime) -> str:
        with desk.house.store.writing() as session:
            return feed.new_own_feed(session, session.get_one(Person, cast.ivo), now=at).token

    old = made(desk.now)
    new = made(desk.now + HOUR)

    found = desk.read(lambda session: feed.feed_at(session, new))
    text = desk.read(lambda session: feed.written(session, found, lambda text: text, now=desk.now))
    starts = sorted(event["DTSTART"].dt for event in Calendar.from_ical(text).walk("VEVENT"))
    assert starts[:2] == [monday(2), monday(5)]
    assert desk.read(lambda session: feed.feed_at(session, old)) is None
    assert "Dana" not in text.decode()


def test_the_shifts_of_the_past_are_never_deleted(desk: Desk, cast: Cast) -> None:
    desk.change(Plan("Weeks", WEEKS, [cast.mina]), at=desk.now + DAY)
    desk.change(Plan("Weeks", WEEKS, [cast.ivo]), at=desk.now + 2 * DAY)

    rows = desk.read(lambda session: session.scalars(select(Shift).order_by(Shift.id)).all())
    assert [row.until_at for row in rows] == [desk.now + DAY, desk.now + 2 * DAY, None]
    assert names(desk.days(3)) == ["Dana", "Mina", "Ivo"]
