"""What is owed, by when, after whatever people do to an incident."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.installation import Installation
from incidents import decisions, filing, intake, obligations, recount, thread, triage
from incidents.deadlines import strike
from incidents.filing import Sent
from incidents.incident import Incident, OurRole, StillHappening, Urgency, What
from incidents.intake import Arrival, Told
from incidents.law.regimes import Regimes, load
from incidents.obligations import Obligation, Standing, cautious_anchor
from incidents.organisation import LegalEntity, the_organisation
from incidents.recount import differences
from incidents.refusals import Refused
from incidents.report import Report
from incidents.steps import Step, StepState
from incidents.timeline import Entry, Kind, Timeline, person_as_actor, verify
from notifications.rules import Loudness, rule_for
from tests.makers import Cast, make_report

HOUR = timedelta(hours=1)


def duties(installation: Installation, incident_id: int) -> list[Obligation]:
    with installation.store.reading() as session:
        return list(
            session.scalars(select(Obligation).where(Obligation.incident_id == incident_id).order_by(Obligation.id))
        )


def say(
    installation: Installation, incident_id: int, what: What, role: OurRole, *customers: str, by: int, now: datetime
) -> None:
    with installation.store.writing() as session:
        triage.triage(
            session,
            incident_id,
            what,
            role,
            reason="Because",
            customers=customers,
            by=person_as_actor(by),
            targets=installation.targets,
            now=now,
        )


def test_as_a_processor_each_customer_is_owed_a_notice_within_a_target(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident_id = make_report(installation, now=now).report.incident_id

    say(
        installation,
        incident_id,
        What.PERSONAL_DATA_BREACH,
        OurRole.PROCESSOR,
        "Blue Mill",
        "Red Barn",
        by=cast.dana,
        now=now,
    )

    owed = [row for row in duties(installation, incident_id) if row.standing is Standing.OWED]
    assert [(row.recipient, row.is_target, row.due_at) for row in owed] == [
        ("Blue Mill", True, now + 24 * HOUR),
        ("Red Barn", True, now + 24 * HOUR),
    ]
    with installation.store.reading() as session:
        incident = session.get_one(Incident, incident_id)
        assert incident.law_due_at is None


def test_attaching_moves_the_anchor_and_attaching_back_restores_it(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    dana = person_as_actor(cast.dana)
    first = make_report(installation, "The first", now=now - 40 * HOUR).report
    second = make_report(installation, "The second", now=now).report
    places: list[dict[int, datetime | None]] = []

    def look() -> None:
        with installation.store.reading() as session:
            places.append(
                {
                    id_: session.get_one(Incident, id_).law_due_at
                    for id_ in (first.first_incident_id, second.incident_id)
                }
            )

    def attach(target_id: int) -> None:
        with installation.store.writing() as session:
            report = session.get_one(Report, first.id)
            triage.attach(session, report, target_id, by=dana, targets=installation.targets, now=now)

    look()
    attach(second.incident_id)
    look()
    attach(first.first_incident_id)
    look()

    assert places[0] == {first.incident_id: now + 32 * HOUR, second.incident_id: now + 72 * HOUR}
    assert places[1] == {first.incident_id: None, second.incident_id: now + 32 * HOUR}
    assert places[2] == places[0]


def test_a_reopened_incident_keeps_its_anchor(installation: Installation, cast: Cast, now: datetime) -> None:
    incident_id, dana = make_report(installation, now=now).report.incident_id, person_as_actor(cast.dana)
    later = now + 100 * HOUR
    say(installation, incident_id, What.NOTHING, OurRole.UNKNOWN, by=cast.dana, now=now)
    with installation.store.writing() as session:
        decisions.close(session, incident_id, reason="Nothing", by=dana, now=now)
        assert session.get_one(Incident, incident_id).next_due_at is None

    with installation.store.writing() as session:
        decisions.reopen(session, incident_id, reason="Wrong", by=dana, targets=installation.targets, now=later)
        strike(session, now=later)
        incident = session.get_one(Incident, incident_id)
        assert cautious_anchor(session, incident) == now
        assert incident.law_due_at == now + 72 * HOUR

    assert {row.next_warning_at for row in duties(installation, incident_id)} == {None}


def test_answering_the_noticed_question_moves_the_clock_or_leaves_it(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    from incidents.report import Relation

    report = make_report(installation, now=now, noticed_at=now - 80 * HOUR, relation=Relation.STAFF).report
    for counts, due in ((False, now + 72 * HOUR), (True, now - 8 * HOUR)):
        with installation.store.writing() as session:
            triage.settle_noticed(
                session,
                session.get_one(Report, report.id),
                counts,
                "Asked Rosa",
                by=person_as_actor(cast.dana),
                targets=installation.targets,
                now=now,
            )
            assert session.get_one(Incident, report.incident_id).law_due_at == due


def test_a_later_law_neither_adds_nor_drops_a_duty_of_a_running_incident(
    installation: Installation, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    law, tomorrow = load(), now + 24 * HOUR
    old = law.get("uk-gdpr-33-1")
    ended = replace(old, valid_to=now.date())
    successor = replace(old, id="uk-new-33-1", period=24, valid_from=tomorrow.date())
    changed = (
        replace(one, rules=(*(ended if rule == old else rule for rule in one.rules), successor))
        if old in one.rules
        else one
        for one in law
    )
    amended = Regimes(tuple(changed))
    monkeypatch.setattr("incidents.owed.load", lambda: amended)
    monkeypatch.setattr(obligations, "load", lambda: amended)
    monkeypatch.setattr(recount, "load", lambda: amended)
    running = make_report(installation, "Under the old law", now=now).report.incident_id
    began = [(row.rule, row.due_at) for row in duties(installation, running)]

    later = make_report(installation, "Under the new law", now=tomorrow).report.incident_id
    for incident_id in (running, later):
        say(installation, incident_id, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, by=cast.dana, now=tomorrow)

    owed = [(row.rule, row.due_at) for row in duties(installation, running) if row.standing is Standing.OWED]
    assert owed == began == [("uk-gdpr-33-1", now + 72 * HOUR), ("eu-gdpr-33-1", now + 72 * HOUR)]
    assert [row.rule for row in duties(installation, later)] == ["uk-new-33-1", "eu-gdpr-33-1"]
    with installation.store.reading() as session:
        assert list(differences(session, targets=installation.targets)) == []


@pytest.mark.parametrize(
    ("country", "laws"),
    [
        ("GB", ["uk-gdpr-33-1", "eu-gdpr-33-1"]),
        *((country, ["eu-gdpr-33-1", "uk-gdpr-33-1"]) for country in ("DE", "NO", "CH", "IN", "SG")),
    ],
)
def test_where_an_organisation_is_adds_no_duty_that_wants_more_facts(
    installation: Installation, cast: Cast, now: datetime, country: str, laws: list[str]
) -> None:
    with installation.store.writing() as session:
        organisation = the_organisation(session)
        organisation.country = country
        for entity in session.scalars(select(LegalEntity)):
            entity.country = country

    incident_id = make_report(installation, now=now).report.incident_id
    say(installation, incident_id, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, by=cast.dana, now=now)

    assert [row.rule for row in duties(installation, incident_id)] == laws


def test_late_without_reasons_is_recorded_and_leaves_a_red_step(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    incident_id, dana = make_report(installation, now=now).report.incident_id, person_as_actor(cast.dana)
    say(installation, incident_id, What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER, by=cast.dana, now=now)
    late = now + 80 * HOUR
    obligation_id = duties(installation, incident_id)[0].id

    with installation.store.writing() as session:
        made = filing.record_sent(
            session,
            obligation_id,
            Sent(late, "Europe/London", "The authority", awaited=True),
            by=dana,
            targets=installation.targets,
            now=late,
        )
        assert (made.late, made.delay_explained, made.reference) == (True, False, None)

    def left() -> list[str]:
        with installation.store.reading() as session:
            open_steps = select(Step).where(Step.obligation_id == obligation_id, Step.state == StepState.OPEN)
            return [step.key.partition(":")[0] for step in session.scalars(open_steps.order_by(Step.id))]

    assert left() == ["reference", "delay"]
    with installation.store.writing() as session:
        filing.complete(session, made.id, reference="IC-1", delay_reasons="Ill", by=dana, now=late)
    assert left() == []


def test_one_no_does_not_outvote_another_reports_yes(installation: Installation, cast: Cast, now: datetime) -> None:
    first = make_report(installation, "One", now=now, still_happening=StillHappening.YES).report
    second = make_report(installation, "Two", now=now, still_happening=StillHappening.UNKNOWN).report
    with installation.store.writing() as session:
        dana = person_as_actor(cast.dana)
        report = session.get_one(Report, second.id)
        triage.attach(session, report, first.incident_id, by=dana, targets=installation.targets, now=now)

    with installation.store.writing() as session:
        thread.now_happening(session, session.get_one(Report, second.id), StillHappening.NO, now=now)

        assert session.get_one(Incident, first.incident_id).still_happening is StillHappening.YES


@pytest.mark.parametrize("answer", [StillHappening.YES, StillHappening.UNKNOWN])
def test_an_incident_is_as_urgent_as_the_reports_that_it_has(
    installation: Installation, cast: Cast, now: datetime, answer: StillHappening
) -> None:
    dana, calm, loud = person_as_actor(cast.dana), (StillHappening.NO, Urgency.SOON), (answer, Urgency.URGENT)
    first = make_report(installation, "One", now=now, still_happening=StillHappening.NO).report
    second = make_report(installation, "Two", now=now, still_happening=answer).report

    def attach(target_id: int) -> list[tuple[StillHappening, Urgency]]:
        with installation.store.writing() as session:
            report = session.get_one(Report, second.id)
            triage.attach(session, report, target_id, by=dana, targets=installation.targets, now=now)
            both = session.get_one(Incident, first.incident_id), session.get_one(Incident, second.incident_id)
            return [(incident.still_happening, incident.urgency) for incident in both]

    assert attach(first.incident_id) == [loud, loud]
    assert attach(second.incident_id) == [calm, loud]

    with installation.store.reading() as session:
        query = select(Entry).where(Entry.kind == Kind.STILL_HAPPENING, Entry.incident_id == first.incident_id)
        turns = session.scalars(query.order_by(Entry.seq)).all()
    assert [(turn.facts["before"], turn.facts["after"]) for turn in turns] == [
        ("no", answer.value),
        (answer.value, "no"),
    ]
    assert [rule_for(turn).loudness is Loudness.PAGE for turn in turns] == [answer is StillHappening.YES, False]


def test_a_report_that_said_yes_once_keeps_the_incident_urgent_when_another_leaves(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    first, second, third = (
        make_report(installation, f"Number {number}", now=now, still_happening=StillHappening.NO).report
        for number in range(3)
    )
    dana, targets = person_as_actor(cast.dana), installation.targets

    with installation.store.writing() as session:
        kept, guest = session.get_one(Report, first.id), session.get_one(Report, second.id)
        for answer in (StillHappening.YES, StillHappening.NO):
            thread.now_happening(session, kept, answer, now=now)
        for target_id in (first.incident_id, third.incident_id):
            triage.attach(session, guest, target_id, by=dana, targets=targets, now=now)

        left = session.get_one(Incident, first.incident_id)
        assert (left.still_happening, left.urgency) == (StillHappening.NO, Urgency.URGENT)
        assert session.get_one(Incident, third.incident_id).urgency is Urgency.SOON


VERBS = ("triage", "aware", "attach", "close", "reopen", "sent", "against", "noticed", "happening", "strike", "report")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 11), st.integers(1, 30)), min_size=3, max_size=12)
)
def test_after_any_acts_the_stored_deadlines_are_what_the_anchors_give(
    installation: Installation, cast: Cast, now: datetime, acts: list[tuple[str, int, int]]
) -> None:
    reports = [make_report(installation, now=now).report for _ in range(2)]
    at = now
    for verb, choice, hours in acts:
        at += hours * HOUR
        if verb == "report":
            reports.append(_known_earlier(installation, at, choice))
            continue
        with contextlib.suppress(Refused), installation.store.writing() as session:
            report = session.get_one(Report, reports[choice % len(reports)].id)
            other = session.get_one(Report, reports[(choice + 1) % len(reports)].id)
            _act(verb, installation, session, report, other, choice, cast.dana, at)

    with installation.store.reading() as session:
        assert list(differences(session, targets=installation.targets)) == []
        for incident in session.scalars(select(Incident)):
            assert verify(session, session.get_one(Timeline, incident.timeline_id)) is None
            assert triage.worst_answer(session, incident) is incident.still_happening


def _known_earlier(installation: Installation, at: datetime, choice: int) -> Report:
    with installation.store.writing() as session:
        return intake.receive(
            session,
            the_organisation(session),
            Told("Another", noticed_at=at - choice * 10 * HOUR),
            keyring=installation.keyring,
            targets=installation.targets,
            arrival=Arrival(first_known_at=at - choice * HOUR),
            now=at,
        ).report


def _act(
    verb: str,
    installation: Installation,
    session: object,
    report: Report,
    other: Report,
    choice: int,
    dana: int,
    at: datetime,
) -> None:
    by, targets, incident_id = person_as_actor(dana), installation.targets, report.incident_id
    what = list(What)[choice % len(What)]
    role = list(OurRole)[choice % len(OurRole)]
    first = session.scalars(  # type: ignore[attr-defined]
        select(Obligation.id).where(Obligation.incident_id == incident_id).order_by(Obligation.id)
    ).first()
    known: dict[str, Callable[..., object]] = {
        "triage": lambda s, now: triage.triage(
            s,
            incident_id,
            what,
            role,
            reason=f"{at}",
            customers=["A", "B"][: choice % 3],
            by=by,
            targets=targets,
            now=now,
        ),
        "aware": lambda s, now: decisions.become_aware(
            s, incident_id, at - choice * HOUR, zone="UTC", reason="Sure", by=by, targets=targets, now=now
        ),
        "attach": lambda s, now: triage.attach(s, report, other.incident_id, by=by, targets=targets, now=now),
        "close": lambda s, now: decisions.close(s, incident_id, reason="Over", by=by, now=now),
        "reopen": lambda s, now: decisions.reopen(s, incident_id, reason="New", by=by, targets=targets, now=now),
        "sent": lambda s, now: filing.record_sent(
            s, first, Sent(at, "UTC", "Authority", "R1"), by=by, targets=targets, now=now
        ),
        "against": lambda s, now: filing.decide_against(s, first, reason="No risk", by=by, now=now),
        "noticed": lambda s, now: triage.settle_noticed(
            s, report, bool(choice % 2), "So", by=by, targets=targets, now=now
        ),
        "happening": lambda s, now: thread.now_happening(s, report, list(StillHappening)[choice % 3], now=now),
        "strike": lambda s, now: strike(s, now=now),
    }
    if first is not None or verb not in ("sent", "against"):
        known[verb](session, now=at)


def test_a_deadline_that_cannot_be_told_does_not_stop_the_others(
    installation: Installation, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from incidents import deadlines, timeline

    broken = make_report(installation, "One", now=now).report.incident_id
    sound = make_report(installation, "Two", now=now).report.incident_id
    tell = timeline.record

    def fails(*args: object, **rest: object) -> object:
        if rest["incident_id"] == broken:
            raise RuntimeError("a fault nobody thought of")
        return tell(*args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(deadlines, "record", fails)
    with installation.store.writing() as session:
        assert strike(session, now=now + 36 * HOUR, careful=True) == 2

    with installation.store.reading() as session:
        near = session.scalars(select(Entry.incident_id).where(Entry.kind == Kind.DEADLINE_NEAR)).all()
    assert set(near) == {sound}
    assert {row.next_warning_at for row in duties(installation, broken)} == {now + 36 * HOUR + timedelta(minutes=1)}


def test_nothing_was_sent_before_anybody_here_knew(installation: Installation, cast: Cast, now: datetime) -> None:
    incident_id, dana = make_report(installation, now=now).report.incident_id, person_as_actor(cast.dana)
    first = duties(installation, incident_id)[0].id
    sent = Sent(now - HOUR, "Europe/London", "The authority", awaited=True)

    with pytest.raises(Refused, match="before anybody here knew"), installation.store.writing() as session:
        filing.record_sent(session, first, sent, by=dana, targets=installation.targets, now=now)


def test_no_target_lies_behind_the_deadline_that_it_prepares(installation: Installation, now: datetime) -> None:
    with installation.store.writing() as session:
        made = intake.receive(
            session,
            the_organisation(session),
            Told(what="A letter came back opened"),
            keyring=installation.keyring,
            targets=installation.targets,
            arrival=Arrival(first_known_at=now - 29 * HOUR),
            now=now,
        )
        steps = session.scalars(select(Step).where(Step.incident_id == made.report.incident_id)).all()
        due = {step.key: step.due_at for step in steps}
    assert due["notify"] == now + 31 * HOUR
    assert due["draft"] == now + 7 * HOUR
    assert due["awareness"] == due["triage"] == now + HOUR
