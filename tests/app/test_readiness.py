"""The readiness page: what is red now and why, who is surely reached when, what watches, what was red, the drills."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.installation import Installation
from incidents import accounts
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.settings import value_of
from incidents.timeline import SYSTEM
from notifications import canary, drills
from notifications.channels import ChannelKind, Outcome, Verdict
from notifications.contact import Contact, add_contact, verify
from notifications.delivery import Delivery
from notifications.drills import Drill
from notifications.messages import signed
from notifications.page import Page
from notifications.readiness import Fault
from notifications.rota import Rota
from notifications.spells import Source, keep
from notifications.watchdog import note, take_turn
from tests.app.visitor import Visitor
from tests.makers import Cast

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def works(installation: Installation, cast: Cast, now: datetime) -> Installation:
    """A worker ticks, mail is set up, and Dana has a phone that wakes her beside her mailbox."""
    mail = {"smtp_host": "mail.example.com", "smtp_sender": "bell@example.com"}
    installation.settings = replace(installation.settings, **mail)  # type: ignore[arg-type]
    with installation.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        phone = add_contact(session, dana, ChannelKind.APPRISE, "ntfy://ntfy.example/…", by=SYSTEM, now=now)
        verify(session, phone, by=SYSTEM, now=now)
        phone.woke_at = now
    installation.engine().tick(now)
    return installation


def words(visitor: Visitor) -> str:
    """The page without its tags."""
    main = visitor.page.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_all_is_well_when_each_hour_has_somebody(works: Installation, cast: Cast) -> None:
    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")

    said = words(dana)
    assert "All is well" in said
    assert "every hour has somebody" in said
    assert "Dana surely reached" in said
    assert "Tariq not surely reached" in said
    assert dana.page.count('class="t-hour-good">yes') == 14 * 24
    assert "t-hour-danger" not in dana.page


def test_a_failing_way_turns_the_hours_red_and_says_why(works: Installation, cast: Cast, now: datetime) -> None:
    cause = Outcome.because(Verdict.NEVER, "There is no such topic.").kept
    with works.store.writing() as session:
        phone = Contact.channel == ChannelKind.APPRISE
        session.execute(update(Contact).where(phone).values(failed_at=now, failure=cause))

    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")

    said = words(dana)
    assert "from Mon 23 Nov 2026, 12:00 GMT (12:00 UTC) to Mon 7 Dec 2026, 12:00 GMT (12:00 UTC)" in said
    assert "There is no such topic." in said
    assert dana.page.count('class="t-hour-danger">no') == 14 * 24
    assert "fails for one way" in said


def test_what_the_auditor_finds_is_red_at_once(works: Installation, cast: Cast, now: datetime) -> None:
    with works.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        drills.begin_now(session, dana, now=now)
        session.execute(update(Page).values(ring_at=None))

    dana_sees = Visitor(works).come_in(works, cast.dana).open("/readiness")

    assert "Auditor : Open pages without a next step: 1." in words(dana_sees)


def test_a_missed_canary_is_red_on_every_page_with_a_link_here(works: Installation, cast: Cast, now: datetime) -> None:
    with works.store.writing() as session:
        row = canary.plan(session, the_organisation(session), now=now)
        row.planned_at = now - timedelta(hours=9)
        row.started_at = now - timedelta(hours=9)
        problem = Outcome.because(Verdict.NEVER, "The report form answered with %(status)s.", {"status": "502"})
        canary.give_up(session, row.id, problem=problem.kept, targets=works.targets, now=now)

    dana = Visitor(works).come_in(works, cast.dana).open("/desk")
    bar = dana.page
    dana.open("/readiness")

    assert "The nightly test report of 2026-11-24 did not come through." in bar
    assert 'href="/readiness">Put it right' in bar
    assert "the report form did not take it. The report form answered with 502." in words(dana)


def test_the_watchers_say_how_they_stand(works: Installation, cast: Cast, now: datetime) -> None:
    works.settings = replace(works.settings, watchdog_url="https://hc.example.com/ping/secret-token")
    with works.store.writing() as session:
        organisation = the_organisation(session)
        take_turn(session, organisation, every=timedelta(minutes=1), now=now)
        done = Outcome.because(Verdict.ACCEPTED, "The watchdog answered.")
        note(session, organisation, done, well=True, now=now)

    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")

    said = words(dana)
    assert "Outside watchdog pinged Mon 23 Nov 2026, 12:00 GMT" in said
    assert "The worker ticked 0 s ago" in said
    assert "Nightly test report none yet" in said
    assert "secret-token" not in dana.page


def test_past_reds_stand_there_with_how_long_they_lasted(works: Installation, cast: Cast, now: datetime) -> None:
    red = Fault("has no way to be reached. Add one.", person_id=cast.tariq)
    with works.store.writing() as session:
        organisation = the_organisation(session)
        keep(session, organisation, Source.READINESS, [red], now=now - timedelta(hours=3))
        keep(session, organisation, Source.READINESS, [], now=now - timedelta(hours=1))

    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")

    assert "2 h 0 min Tariq has no way to be reached. Add one." in words(dana)


def test_the_dpo_turns_drills_on_and_others_only_read_it(works: Installation, cast: Cast) -> None:
    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")
    dana.send("/readiness/drills", every="30")
    saved = words(dana)
    ivo = Visitor(works).come_in(works, cast.ivo).open("/readiness")

    assert "Saved." in saved
    with works.store.reading() as session:
        assert value_of(session, drills.SETTING) == {"every_days": 30}
    assert "Each person on duty is drilled: Each month" in words(ivo)
    assert "/readiness/drills" not in ivo.page


def test_whoever_may_not_see_readiness_is_kept_out(works: Installation, cast: Cast) -> None:
    aude = Visitor(works).come_in(works, cast.aude).open("/readiness")

    assert aude.status == 403


def test_drill_me_now_rings_me_and_its_link_ends_it(works: Installation, cast: Cast, now: datetime) -> None:
    dana = Visitor(works).come_in(works, cast.dana).open("/account")
    dana.send("/account/drill")
    started = words(dana)
    works.engine().tick(now)
    with works.store.reading() as session:
        mine = select(Delivery).where(Delivery.person_id == cast.dana)
        ring = session.scalars(mine.order_by(Delivery.id)).first()
        assert ring is not None
        link = f"/p/{signed(works.keyring, ring.token)}"

    phone = Visitor(works).open(link)
    asked = words(phone)
    phone.send()

    assert "A drill is on its way over all your ways." in started
    assert "Only you are rung" in asked
    assert "You have answered. The drill is over" in words(phone)
    with works.store.reading() as session:
        (drill,) = session.scalars(select(Drill))
        assert drill.acknowledged_at == now
        assert drill.channel is ChannelKind.EMAIL
    dana.open("/readiness")
    assert "Dana E-mail 1 0.0 min 0" in words(dana)


def test_a_second_drill_is_refused_in_a_sentence(works: Installation, cast: Cast) -> None:
    dana = Visitor(works).come_in(works, cast.dana).open("/account")
    dana.send("/account/drill")
    dana.send("/account/drill")

    assert "A drill of yours rings already. Answer it first." in words(dana)


def test_a_test_that_grows_too_old_is_named_with_the_day_and_the_hours_after_it_are_red(
    works: Installation, cast: Cast, now: datetime
) -> None:
    with works.store.writing() as session:
        phone = session.scalars(select(Contact).where(Contact.channel == ChannelKind.APPRISE)).one()
        phone.verified_at = phone.woke_at = now - timedelta(days=87)

    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")

    said = words(dana)
    assert "Dana : Phone or chat" in said or "Dana: Phone or chat" in said
    assert "was last tested Fri 28 Aug 2026, 13:00 BST (12:00 UTC)" in said
    assert "It no longer counts from Thu 26 Nov 2026, 12:00 GMT" in said
    assert "from Thu 26 Nov 2026, 12:00 GMT (12:00 UTC) to Mon 7 Dec 2026, 12:00 GMT (12:00 UTC)" in said
    assert dana.page.count('class="t-hour-good">yes') == 3 * 24


def test_whoever_is_planned_and_gone_is_red_at_once_and_was_named_before_on_their_page(
    works: Installation, cast: Cast, now: datetime
) -> None:
    adam = Visitor(works).come_in(works, cast.adam)
    adam.open("/rota/new").send(name="First line", zone="Europe/London")
    adam.send(name="Weeks", people=[str(cast.dana), str(cast.ivo)])
    with works.store.reading() as session:
        rota = session.scalars(select(Rota.id)).one()
    targets = {"targets-0": [f"rota:{rota}", "role:dpo"], "targets-1": [f"person:{cast.ivo}"]}
    steps = {"step": ["0", "1"], "after-0": "0", "wants-0": "1", "after-1": "10", "wants-1": "1"}
    adam.open("/policy/urgent").send(**steps, **targets, repeat="5", round="45")
    said = words(adam.open(f"/people/{cast.ivo}"))
    assert "the rota First line, the escalation policy, by name" in said

    adam.send(f"/people/{cast.ivo}/end", **{"end-sure": "y"})

    said = words(adam.open("/readiness"))
    assert "Ivo : has no account any more, but is still on the rota: First line." in said
    assert "Ivo : has no account any more, but is still named in the escalation policy" in said


def test_nobody_to_decide_is_red_by_day_with_the_way_to_name_somebody(
    works: Installation, cast: Cast, now: datetime
) -> None:
    with works.store.writing() as session:
        accounts.revoke(session, session.get_one(Person, cast.mina), Role.MANAGEMENT, by=SYSTEM, now=now)

    dana = Visitor(works).come_in(works, cast.dana).open("/readiness")
    adam = Visitor(works).come_in(works, cast.adam).open("/readiness")

    cause = "Nobody can decide whom to tell of a breach: nobody holds the role Management"
    assert cause in words(dana)
    assert cause in words(adam)
    assert 'href="/people">Put it right<span class="visually-hidden"> (Decisions)' in adam.page
    assert 'href="/people">Put it right<span class="visually-hidden"> (Decisions)' not in dana.page
