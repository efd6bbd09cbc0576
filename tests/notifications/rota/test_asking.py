"""A colleague is asked to take a duty: nothing changes before they accept, and it ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from incidents import accounts
from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Entry, Kind, person_as_actor
from notifications.channels import ChannelKind
from notifications.contact import add_contact, verify
from notifications.delivery import Delivery, Purpose
from notifications.rota import Rota, asking, cover, planning
from notifications.rota.override import Override
from notifications.rota.planning import Plan
from notifications.rota.request import Answer, SwapRequest, open_requests
from tests.makers import Cast
from tests.notifications.rota.desk import DAY, HOUR, WEEKS, Desk, monday, names


def ask(
    desk: Desk, asker: int, asked: int, begins: datetime, back: datetime | None = None, *, at: datetime | None = None
) -> None:
    with desk.house.store.writing() as session:
        person, rota = session.get_one(Person, asker), session.get_one(Rota, desk.key)
        by = person_as_actor(asker)
        asking.ask(session, rota, person, asked, begins, back, by=by, now=at or desk.now)


def answer(desk: Desk, verb: Callable[..., Any], who: int, *, at: datetime | None = None) -> None:
    with desk.house.store.writing() as session:
        request = session.scalars(select(SwapRequest).order_by(SwapRequest.id.desc())).first()
        person = session.get_one(Person, who)
        verb(session, request, person, by=person_as_actor(who), now=at or desk.now)


def open_now(desk: Desk, at: datetime | None = None) -> int:
    return desk.read(lambda session: len(open_requests(session, session.get_one(Rota, desk.key), now=at or desk.now)))


def told(desk: Desk, kind: Kind) -> list[tuple[int, datetime]]:
    """Who is told of the latest entry of a kind, and when it is due."""
    desk.house.engine().tick(desk.now + timedelta(seconds=1))
    last = select(Entry.id).where(Entry.kind == kind).order_by(Entry.id.desc()).limit(1).scalar_subquery()
    query = select(Delivery.person_id, Delivery.due_at).where(
        Delivery.entry_id == last, Delivery.purpose == Purpose.TELL
    )
    return desk.read(lambda session: sorted((row.person_id, row.due_at) for row in session.execute(query)))


def test_nothing_changes_before_the_colleague_accepts_and_then_both_duties_do(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1), monday(2))
    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]
    assert [key for key, _at in told(desk, Kind.SWAP_ASKED)] == [cast.ivo]

    answer(desk, asking.accept, cast.ivo)

    assert names(desk.days(21))[:3] == ["Dana", "Ivo", "Tariq"]
    last = desk.entries()[-1]
    assert (last.facts["what"], last.person_id) == ("swapped", cast.ivo)
    assert last.facts["affected"] == sorted([cast.tariq, cast.ivo, cast.adam]), "and who planned the rota"
    pairs = desk.read(lambda session: list(session.scalars(select(Override.pair))))
    assert len(pairs) == 2
    assert len(set(pairs)) == 1, "ending one half ends both"
    assert [key for key, _at in told(desk, Kind.ROTA_CHANGED)] == sorted([cast.tariq, cast.adam])
    assert open_now(desk) == 0


def test_a_duty_can_be_asked_for_with_nothing_in_return(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.dana, monday(1))

    answer(desk, asking.accept, cast.dana)

    assert names(desk.days(21))[:3] == ["Dana", "Dana", "Ivo"]
    assert desk.entries()[-1].facts["what"] == "taken"


def test_what_is_declined_or_withdrawn_changes_nothing_and_is_told_to_the_other(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1))
    answer(desk, asking.decline, cast.ivo)
    assert [key for key, _at in told(desk, Kind.SWAP_DECLINED)] == [cast.tariq]

    ask(desk, cast.tariq, cast.dana, monday(1))
    answer(desk, asking.withdraw, cast.tariq)

    assert [key for key, _at in told(desk, Kind.SWAP_WITHDRAWN)] == [cast.dana]
    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]
    for verb, who in ((asking.accept, cast.dana), (asking.withdraw, cast.tariq)):
        with pytest.raises(Refused, match="This request is over"):
            answer(desk, verb, who)


def test_only_who_was_asked_answers_and_only_who_asked_withdraws(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1))

    for verb, who in ((asking.accept, cast.tariq), (asking.decline, cast.dana), (asking.withdraw, cast.ivo)):
        with pytest.raises(Refused, match="somebody else"):
            answer(desk, verb, who)
    assert open_now(desk) == 1


def test_it_ends_by_itself_when_the_first_of_the_two_duties_begins(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.ivo, cast.tariq, monday(2), monday(1))
    just_before = monday(1) - timedelta(seconds=1)
    assert (open_now(desk, just_before), open_now(desk, monday(1))) == (1, 0)

    with pytest.raises(Refused, match="This request is over"):
        answer(desk, asking.accept, cast.tariq, at=monday(1))

    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]


@pytest.mark.parametrize("changed", [1, 2], ids=["own", "in return"])
def test_it_ends_when_either_duty_changes_and_stays_over_when_it_changes_back(
    desk: Desk, cast: Cast, changed: int
) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1), monday(2))
    desk.act(cover.override, cast.mina, monday(changed) + HOUR, monday(changed) + 2 * HOUR)

    with desk.house.store.writing() as session:
        rota, row = session.get_one(Rota, desk.key), session.scalars(select(Override)).one()
        cover.end_override(session, rota, row, by=desk.by, now=desk.now + HOUR)

    assert names(desk.days(21))[:3] == ["Dana", "Tariq", "Ivo"]
    assert desk.read(lambda session: session.scalars(select(SwapRequest.answer)).one()) is Answer.OVERTAKEN
    with pytest.raises(Refused, match="This request is over"):
        answer(desk, asking.accept, cast.ivo, at=desk.now + 2 * HOUR)


def test_another_change_of_the_rota_leaves_it_open(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1), monday(2))

    desk.act(cover.override, cast.mina, monday(3), monday(3) + HOUR)
    desk.change(Plan("Weeks", WEEKS, [cast.dana, cast.tariq, cast.ivo]), at=desk.now + HOUR)

    assert open_now(desk, desk.now + HOUR) == 1


@pytest.mark.parametrize("who", ["tariq", "ivo"])
def test_it_ends_when_either_of_the_two_leaves(desk: Desk, cast: Cast, who: str) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1))

    with desk.house.store.writing() as session:
        accounts.leave(session, session.get_one(Person, getattr(cast, who)), by=desk.by, now=desk.now)

    assert open_now(desk) == 0


def test_by_night_a_request_waits_for_the_day_unless_the_duty_begins_before_and_it_wakes_nobody(
    desk: Desk, cast: Cast
) -> None:
    with desk.house.store.writing() as session:
        ivo = session.get_one(Person, cast.ivo)
        call = add_contact(session, ivo, ChannelKind.CALL, "+44 ••• 7", sealed="x", by=desk.by, now=desk.now)
        call.position = -1
        verify(session, call, by=desk.by, now=desk.now)
    early = Plan("Dawn", WEEKS.__class__((3,), WEEKS.begins.replace(hour=6), 0, WEEKS.ends), [cast.tariq])
    desk.act(planning.add_shift, early)
    night = datetime.combine((desk.now + 3 * DAY).date(), WEEKS.begins.replace(hour=2), tzinfo=desk.now.tzinfo)
    desk.now = night
    dawn = night + 4 * HOUR

    ask(desk, cast.tariq, cast.ivo, monday(1))
    assert told(desk, Kind.SWAP_ASKED) == [(cast.ivo, night + 5 * HOUR)], "seven in the morning"
    ask(desk, cast.tariq, cast.ivo, dawn)
    at_once = told(desk, Kind.SWAP_ASKED)

    assert [key for key, _at in at_once] == [cast.ivo]
    assert at_once[0][1] <= night + timedelta(seconds=1)
    over = select(Delivery.contact_id).where(Delivery.purpose == Purpose.TELL, Delivery.person_id == cast.ivo)
    assert call.id not in desk.read(lambda session: list(session.scalars(over)))


REFUSED: dict[str, tuple[str, str, Any, Any, str, str]] = {
    "somebody else's": ("tariq", "ivo", 2, None, "turn", "This duty is not yours"),
    "no such duty": ("tariq", "ivo", 1.5, None, "turn", "there is no such duty any more"),
    "begun": ("dana", "ivo", 0, None, "turn", "has begun already"),
    "oneself": ("tariq", "tariq", 1, None, "asked", "cannot ask yourself"),
    "not on the rota": ("tariq", "mina", 1, None, "asked", "Only people on this rota"),
    "not theirs": ("tariq", "ivo", 1, 3, "other", "This duty is not theirs"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_beside_its_field(desk: Desk, cast: Cast, case: str) -> None:
    asker, asked, week, back, field, says = REFUSED[case]
    keys = getattr(cast, asker), getattr(cast, asked)

    with pytest.raises(Refused, match=says) as refused:
        ask(desk, *keys, monday(week), None if back is None else monday(back))

    assert refused.value.field == field
    assert open_now(desk) == 0


def test_the_same_duty_is_not_asked_for_twice_at_a_time(desk: Desk, cast: Cast) -> None:
    ask(desk, cast.tariq, cast.ivo, monday(1))

    with pytest.raises(Refused, match="Withdraw that request before"):
        ask(desk, cast.tariq, cast.dana, monday(1))
