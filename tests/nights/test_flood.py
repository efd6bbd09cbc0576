"""Nights with many reports, and with reports that are not like the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.installation import Installation
from incidents.incident import Incident, StillHappening
from incidents.people import Person
from incidents.refusals import Refused
from incidents.report import Report
from notifications.mute import mute_like
from notifications.page import Page
from tests.makers import Cast, make_report
from tests.nights.conftest import TWO
from tests.nights.night import Night


def flood(night: Night, count: int, answer: StillHappening = StillHappening.UNKNOWN) -> None:
    for number in range(count):
        make_report(night.installation, f"Mail number {number}", still_happening=answer, now=night.now)
    night.engine.catch_up()


@pytest.mark.parametrize("count", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_a_flood_folds_into_one_page_and_every_report_is_stored(night: Night, count: int) -> None:
    night.report("The first")

    flood(night, count)
    night.wait(minutes=6)

    assert night.minutes("dana") == [0, 5]
    (page,) = night.pages()
    assert len(page.entries) == count + 1
    assert str(count) in night.rings("dana")[-1].message.text
    with night.installation.store.reading() as session:
        assert session.scalar(select(func.count(Report.id))) == count + 1


def test_of_a_flood_the_others_are_told_once_who_took_it(night: Night) -> None:
    flood(night, 10)
    night.wait(minutes=16)

    night.tap("dana")

    assert night.minutes("tariq", "tell") == [16]


def test_one_that_is_still_happening_rings_by_itself_through_the_flood(night: Night) -> None:
    flood(night, 5)

    night.report("They are in the mailbox now", still_happening=StillHappening.YES)
    flood(night, 5)

    assert night.minutes("dana") == [0, 0]
    quiet, loud = night.pages()
    assert (len(quiet.entries), len(loud.entries)) == (10, 1)


@pytest.mark.slow
def test_700_reports_in_an_hour_are_700_stored_reports_and_a_handful_of_pages(night: Night) -> None:
    """Somebody takes what rings, minutes after it rang, and takes no first step. One report differs."""
    rung_alone = []
    for batch in range(10):
        flood(night, 70 if batch else 69)
        if batch == 4:
            before = len(night.minutes("dana"))
            night.report("They are in the mailbox now", still_happening=StillHappening.YES)
            rung_alone = night.minutes("dana")[before:]
        night.wait(minutes=3)
        if night.pages()[-1].quiet_until is None:
            night.tap("dana")
        night.wait(minutes=3)

    with night.installation.store.reading() as session:
        assert session.scalar(select(func.count(Report.id))) == 700
    assert rung_alone == [24], "the one that differs rings by itself, at once"
    pages = night.pages()
    assert sum(len(page.entries) for page in pages) == 700
    assert len(pages) <= 12, "one for each time that somebody took it, and one for the louder"
    assert all(page.rang_at for page in pages)


def mute(night: Night, who: int, number: int = -1) -> None:
    with night.installation.store.writing() as session:
        page = session.get_one(Page, night.pages()[number].id)
        mute_like(session, page, person=session.get_one(Person, who), now=night.now)
    night.engine.catch_up()


def test_a_mute_ends_by_itself_and_what_waited_rings_then(night: Night, cast: Cast) -> None:
    flood(night, 10)
    mute(night, cast.dana)
    night.tap("dana")
    night.wait(minutes=5)

    flood(night, 10)
    night.wait(minutes=24)
    assert night.minutes("dana")[:1] == [0]
    assert [at for at in night.minutes("dana") if 5 <= at < 20] == [], "stored and shown, and quiet"
    night.report("They are in it now", still_happening=StillHappening.YES)
    assert night.minutes("dana")[-1] == 29, "what is louder rings"

    night.wait(minutes=2)
    waited = night.pages()[1]
    assert (len(waited.entries), waited.rang_at) == (10, TWO + timedelta(minutes=30))


def test_what_is_still_happening_cannot_be_muted(night: Night, cast: Cast) -> None:
    flood(night, 3, StillHappening.YES)

    with pytest.raises(Refused, match="always rings"):
        mute(night, cast.dana)


def test_a_restricted_incident_never_folds(night: Night) -> None:
    night.report("The first")
    hidden = make_report(night.installation, "About my manager", now=night.now)
    with night.installation.store.writing() as session:
        session.get_one(Incident, hidden.report.incident_id).restricted = True
    night.engine.catch_up()

    night.report("The third")

    pages = night.pages()
    assert [(page.alone, len(page.entries)) for page in pages] == [(False, 2), (True, 1)]
    assert night.minutes("dana") == [0, 0]


def test_before_set_up_a_report_is_stored_and_rings_within_a_minute_of_a_dpo(installation: Installation) -> None:
    from tests.makers import make_cast

    night = Night(installation, TWO)
    night.report("Before anybody was there")
    night.wait(minutes=10)
    assert night.phone.rings == []
    assert night.pages()[0].nobody_at == TWO

    make_cast(installation, now=night.now)
    night.wait(step=10, minutes=1)

    assert 10 <= night.minutes("dana")[0] <= 11
    assert night.pages()[0].nobody_at is None


def test_a_bell_that_cannot_be_answered_does_not_stop_the_others(night: Night, cast: Cast) -> None:
    from notifications import paging
    from notifications.paging import ring_for as answer

    broken = make_report(night.installation, "The first", now=night.now)

    def fails(session: object, entry: object, **rest: object) -> object:
        if entry.incident_id == broken.report.incident_id:  # type: ignore[attr-defined]
            raise RuntimeError("a fault nobody thought of")
        return answer(session, entry, **rest)  # type: ignore[arg-type]

    paging.ring_for = fails  # type: ignore[assignment]
    try:
        night.report("The second")
        night.wait(minutes=2)
        assert night.minutes("dana") == [0]
    finally:
        paging.ring_for = answer

    night.wait(minutes=2)
    assert sorted(row.incident_id or 0 for page in night.pages() for row in page.entries) == [
        broken.report.incident_id,
        broken.report.incident_id + 1,
    ]


def test_a_delivery_that_cannot_be_made_into_a_message_does_not_stop_the_others(night: Night, cast: Cast) -> None:
    from notifications.contact import contacts_of

    with night.installation.store.writing() as session:
        contacts_of(session, cast.dana)[0].sealed = "no-such-key:nonsense"
    night.report()

    night.wait(minutes=16)

    assert night.minutes("dana") == []
    assert night.minutes("tariq") == [15]
