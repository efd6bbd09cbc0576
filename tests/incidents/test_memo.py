"""The memo on awareness: what its entry keeps of the hour it was signed in, and what it is read from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.installation import Installation
from incidents import decisions
from incidents.assessments import answer
from incidents.incident import Incident, OurRole, What
from incidents.memo import Memo, deadlines_of, memos
from incidents.people import Role
from incidents.timeline import SYSTEM, Actor, person_as_actor
from incidents.triage import triage
from tests.makers import Cast, make_report

HOUR = timedelta(hours=1)
Decide = Callable[..., None]


@pytest.fixture
def key(installation: Installation, cast: Cast, now: datetime) -> int:
    key = make_report(installation, "The staff file", now=now).report.incident_id
    with installation.store.writing() as session:
        targets = installation.targets
        given = {"reason": "Names", "by": SYSTEM, "targets": targets, "now": now}
        triage(session, key, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, **given)  # type: ignore[arg-type]
    return key


@pytest.fixture
def decide(installation: Installation, key: int, now: datetime) -> Decide:
    def become_aware(aware_at: datetime, why: str, by: Actor) -> None:
        with installation.store.writing() as session:
            decisions.become_aware(
                session,
                key,
                aware_at,
                zone="Europe/London",
                reason=why,
                by=by,
                targets=installation.targets,
                now=now + 9 * HOUR,
            )

    return become_aware


def read(installation: Installation, key: int) -> list[Memo]:
    with installation.store.reading() as session:
        return memos(session, session.get_one(Incident, key))


def test_it_keeps_the_role_of_whoever_signs_and_what_was_known_but_no_words(
    installation: Installation, cast: Cast, key: int, decide: Decide, now: datetime
) -> None:
    with installation.store.writing() as session:
        answer(session, key, {"title": "Rosa's file", "data": ["health"], "people.number": 3}, by=cast.ivo, now=now)

    decide(now + HOUR, "The log shows it", person_as_actor(cast.tariq))

    (memo,) = read(installation, key)
    assert (memo.person, memo.role, memo.aware_at) == ("Tariq", Role.DEPUTY, now + HOUR)
    assert memo.known == {"data": ["health"], "people.number": 3}
    assert (memo.our_role, memo.customers) == (OurRole.CONTROLLER, 0)
    assert (memo.reports, memo.first_sign) == (1, now)
    assert "Rosa" not in memo.entry.canonical


def test_decided_anew_it_names_what_was_known_otherwise_and_the_first_one_stays(
    installation: Installation, cast: Cast, key: int, decide: Decide, now: datetime
) -> None:
    decide(now + HOUR, "A guess", person_as_actor(cast.tariq))
    with installation.store.writing() as session:
        answer(session, key, {"exposure": "confirmed"}, by=cast.ivo, now=now + 2 * HOUR)
    decide(now + 3 * HOUR, "The log shows it", person_as_actor(cast.dana))

    last, first = read(installation, key)

    assert [(one.number, one.entry.text("reason"), one.role) for one in (first, last)] == [
        (1, "A guess", Role.DEPUTY),
        (2, "The log shows it", Role.DPO),
    ]
    assert [(one.fact, one.before, one.after) for one in last.changed_from(first)] == [("exposure", None, "confirmed")]


def test_both_clocks_stand_on_it(
    installation: Installation, cast: Cast, key: int, decide: Decide, now: datetime
) -> None:
    with installation.store.reading() as session:
        incident = session.get_one(Incident, key)
        waiting = {one.duty.rule: (one.cautious_at, one.decided_at) for one in deadlines_of(session, incident, None)}
    decide(now + 5 * HOUR, "The log shows it", person_as_actor(cast.dana))

    with installation.store.reading() as session:
        incident = session.get_one(Incident, key)
        signed = deadlines_of(session, incident, memos(session, incident)[0])

    cautious, decided = now + 72 * HOUR, now + 77 * HOUR
    assert waiting["uk-gdpr-33-1"] == (cautious, None)
    assert {one.duty.rule: (one.cautious_at, one.decided_at) for one in signed}["uk-gdpr-33-1"] == (cautious, decided)


def test_an_entry_from_before_roles_were_kept_shows_none(
    installation: Installation, cast: Cast, key: int, now: datetime, monkeypatch: pytest.MonkeyPatch, decide: Decide
) -> None:
    monkeypatch.setattr(decisions, "signed_in", lambda *_args: {})
    decide(now, "As it was", person_as_actor(cast.dana))

    (memo,) = read(installation, key)

    assert (memo.person, memo.role, memo.known, memo.reports, memo.first_sign) == ("Dana", None, None, None, None)
