"""Receiving a report: saved first, byte for byte, once, and with a careful clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.installation import Installation
from incidents import intake, receipt
from incidents.incident import Incident, StillHappening
from incidents.intake import Arrival, Receipt, Told
from incidents.obligations import Obligation, cautious_anchor
from incidents.organisation import the_organisation
from incidents.receipt import View
from incidents.recount import differences
from incidents.refusals import Refused
from incidents.report import Relation, Report, ReporterContact
from incidents.steps import Step
from incidents.timeline import Bell, Entry, Prose, Timeline
from tests.makers import Cast, make_report

HOUR = timedelta(hours=1)

TEXTS = [
    "  edge blanks and a tab\t ",
    "two lines\r\nand a third\n\rand an odd one\r",
    "👩‍👩‍👧 lost 📱 in Příbram, ﷽, 漢字",
    "\u202eright to left\u202c مرحبا \u200f",
    "<script>alert(1)</script> & ' \" \\ %s {{ 7*7 }}",
    "x" * 200_000,
]


def send(installation: Installation, now: datetime, told: Told, arrival: Arrival | None = None) -> Receipt:
    with installation.store.writing() as session:
        return intake.receive(
            session,
            the_organisation(session),
            told,
            keyring=installation.keyring,
            targets=installation.targets,
            arrival=arrival,
            now=now,
        )


def stored(installation: Installation, report: Report, field: str = "what") -> str | None:
    with installation.store.reading() as session:
        return session.get_one(Report, report.id).entry.text(field)


def anchor(installation: Installation, report: Report) -> datetime | None:
    with installation.store.reading() as session:
        return cautious_anchor(session, session.get_one(Incident, report.incident_id))


def test_every_text_is_kept_as_it_was_sent(installation: Installation, now: datetime) -> None:
    kept = [stored(installation, make_report(installation, text, now=now).report) for text in TEXTS]

    assert [text.encode() for text in kept if text] == [text.encode() for text in TEXTS]


def test_a_nul_is_shown_as_its_sign_because_no_database_keeps_it(installation: Installation, now: datetime) -> None:
    told = Told("a\x00b", words={"where": "c\x00d", "contact": "Rosa\x00"})

    report = send(installation, now, told).report

    assert [stored(installation, report, field) for field in ("what", "where", "contact")] == ["a␀b", "c␀d", "Rosa␀"]


def test_nothing_that_a_reporter_wrote_is_dropped(installation: Installation, now: datetime) -> None:
    words = {"data": "names", "noticed_typed": "last Tuesdy", "a field that came later": "kept"}

    report = send(installation, now, Told("It happened", words=words, language="x" * 400)).report

    assert {field: stored(installation, report, field) for field in words} == words


def test_only_an_empty_text_is_refused(installation: Installation, now: datetime) -> None:
    with pytest.raises(Refused, match="A few words are enough") as refused:
        send(installation, now, Told(" \n\t"))

    assert refused.value.field == "what"


ROWS = (Incident, Report, ReporterContact, View, Timeline, Entry, Prose, Bell, Obligation, Step)
ITS_OWN = {"token", "why", "head_seq", "head_hash"}
"""Columns with a default that a report's rows fill with something of their own."""


def test_rows_stored_past_the_session_have_every_default_that_a_flush_would_give(
    installation: Installation, now: datetime
) -> None:
    with installation.store.writing() as session:
        told = Told("I lost a laptop", words={"contact": "Rosa"})
        made = intake.receive(
            session,
            the_organisation(session),
            told,
            keyring=installation.keyring,
            targets=installation.targets,
            now=now,
        )
        receipt.open_view(session, made.report.id, made.report.organisation_id, now=now)

        for kind in ROWS:
            row = session.scalars(select(kind).order_by(kind.id.desc()).limit(1)).one()
            for column in kind.__table__.columns:
                if column.default is not None and column.key not in ITS_OWN:
                    assert getattr(row, column.key) == column.default.arg, column
        made.report.incident.drill = True
        session.flush()
        assert made.report.incident.version == 2


def test_a_report_needs_neither_set_up_nor_law_nor_playbook(
    installation: Installation, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_rest: object) -> None:
        raise RuntimeError("a law that cannot be read")

    monkeypatch.setattr("incidents.owed.load", broken)
    report = make_report(installation, "It happened", now=now).report
    monkeypatch.undo()

    assert stored(installation, report) == "It happened"
    with installation.store.reading() as session:
        missing = list(differences(session, targets=installation.targets))
    assert {difference.computed for difference in missing} == {now + 72 * HOUR}


def test_the_same_form_sent_twice_is_one_report_with_one_code(installation: Installation, now: datetime) -> None:
    told, form = Told("I lost a laptop", words={"where": "Leeds"}), Arrival(form_token="one form")

    first = send(installation, now, told, form)
    again = send(installation, now + timedelta(seconds=3), told, form)

    assert (again.report.id, again.code, again.again) == (first.report.id, first.code, True)


def test_the_same_form_with_another_answer_is_another_report(installation: Installation, now: datetime) -> None:
    form = Arrival(form_token="one form")

    first = send(installation, now, Told("I lost a laptop"), form)
    second = send(installation, now, Told("I lost a laptop", StillHappening.YES), form)

    assert (second.again, second.code == first.code) == (False, False)


def test_a_code_opens_its_report_however_it_was_noted(installation: Installation, now: datetime) -> None:
    made = make_report(installation, now=now)
    groups = receipt.in_groups(made.code)

    with installation.store.reading() as session:
        for noted in (made.code, groups, groups.replace(" ", "-"), f" {groups.replace(' ', ' – ')}\n"):
            found = intake.by_code(session, noted, keyring=installation.keyring)
            assert found is not None
            assert found.id == made.report.id
        assert intake.by_code(session, "0000 0000 0000 0000", keyring=installation.keyring) is None


@pytest.mark.parametrize(
    "typed", ["", "1234", "1234 5678 9012 345x", "1" * 17, "１２３４５６７８９０１２３４５６", "\x00"]
)
def test_what_cannot_be_a_code_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Refused, match="16 digits") as refused:
        receipt.bare(typed)

    assert refused.value.field == "code"


def test_the_code_itself_is_nowhere_in_the_database(installation: Installation, now: datetime) -> None:
    made = make_report(installation, now=now)

    with installation.store.reading() as session:
        report = session.get_one(Report, made.report.id)
        assert made.code not in str({column.name: getattr(report, column.name) for column in Report.__table__.columns})


CLOCKS: list[tuple[int | None, Relation, int | None, int]] = [
    # noticed, by whom, first known here, start: hours from the report
    (None, Relation.UNSAID, None, 0),
    (None, Relation.UNSAID, -30, -30),
    (-5, Relation.UNSAID, None, -5),
    (-5, Relation.STAFF, -30, -30),
    (-50, Relation.STAFF, -30, -50),
    (-50, Relation.OUTSIDE, -30, -30),
    (-80, Relation.STAFF, -30, -30),
    (-72, Relation.STAFF, None, -72),
    (2, Relation.STAFF, None, 0),
]


def test_the_cautious_clock_starts_at_the_earliest_that_counts(installation: Installation, now: datetime) -> None:
    for noticed, relation, first_known, expected in CLOCKS:
        noticed_at = now + noticed * HOUR if noticed is not None else None
        arrival = Arrival(first_known_at=now + first_known * HOUR if first_known is not None else None)

        report = send(installation, now, Told("It happened", relation=relation, noticed_at=noticed_at), arrival).report

        assert anchor(installation, report) == now + expected * HOUR
        with installation.store.reading() as session:
            incident = session.get_one(Incident, report.incident_id)
            assert incident.law_due_at == now + (expected + 72) * HOUR


def test_a_noticed_time_more_than_seventy_two_hours_back_waits_for_an_answer(
    installation: Installation, now: datetime
) -> None:
    told = Told("It happened", relation=Relation.STAFF, noticed_at=now - 73 * HOUR)

    report = send(installation, now, told).report

    with installation.store.reading() as session:
        assert session.get_one(Report, report.id).noticed_counts is None


@pytest.mark.parametrize(
    "received",
    [
        datetime(2026, 3, 28, 0, 30, tzinfo=UTC),  # London goes forward the night after
        datetime(2026, 10, 24, 0, 30, tzinfo=UTC),  # and back here
    ],
)
def test_seventy_two_hours_are_elapsed_hours_over_both_clock_changes(
    installation: Installation, cast: Cast, received: datetime
) -> None:
    report = make_report(installation, now=received).report

    with installation.store.reading() as session:
        rows = session.scalars(select(Obligation).where(Obligation.incident_id == report.incident_id)).all()
        assert {row.due_at for row in rows} == {received + timedelta(hours=72)}


def test_fifty_reports_have_fifty_codes(installation: Installation, now: datetime) -> None:
    codes = {make_report(installation, now=now).code for _ in range(50)}

    assert len(codes) == 50
    with installation.store.reading() as session:
        assert session.scalar(select(func.count(Report.id))) == 50
