"""What reporters said, as handlers read it: exactly as sent, with the thread and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from app import shown
from app.access import may
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents.desk import Casefile
from incidents.evidence import Evidence
from incidents.incident import StillHappening
from incidents.intake import WORDS
from incidents.people import Right
from incidents.report import Direction, Message, Relation, Report
from incidents.words.enums import words_for

LABELS: Mapping[str, str] = {
    "data": _l("What data"),
    "whose": _l("Whose data"),
    "how_many": _l("How many people"),
    "where": _l("Where"),
    "noticed_typed": _l("Noticed, as typed"),
    "occurred_typed": _l("Happened, as typed"),
}
APART = ("not_for", "contact")
"""Words that are not listed with the others: one stands out, the other wants a right of its own."""

STILL: Mapping[StillHappening, tuple[str, str]] = {
    StillHappening.YES: (_l("Still happening"), "danger"),
    StillHappening.UNKNOWN: (_l("Perhaps still happening"), "warning"),
    StillHappening.NO: (_l("No longer happening"), "neutral"),
}


@dataclass(frozen=True)
class File:
    name: str
    size: str
    sha256: str
    added: shown.Moment | None
    url: str


@dataclass(frozen=True)
class Turn:
    """One message of the thread; `mine` are those of handlers."""

    who: str
    at: shown.Moment | None
    text: str
    mine: bool


@dataclass(frozen=True)
class ToldReport:
    """One report. `question` is the "noticed" time that waits for an answer, `settle_url` where to give it."""

    key: int
    anchor: str
    text: str
    blanked: bool
    facts: Sequence[tuple[str, object]]
    still: tuple[str, str]
    not_for: str | None
    contacts: Sequence[str]
    contact_hidden: bool
    came: str
    turns: Sequence[Turn]
    files: Sequence[File]
    question: shown.Moment | None
    received: shown.Moment | None
    settle_url: str | None
    ask_url: str
    ask_keep: str
    attach_url: str


def told_of(case: Casefile) -> list[ToldReport]:
    """The reports of an incident in the order they came."""
    return [_told(case, report) for report in case.reports]


def texts(case: Casefile) -> list[str]:
    """Only what was said, for a page that asks for a judgement about it."""
    return [case.told[report.entry_id].text("what") or "" for report in case.reports]


def _told(case: Casefile, report: Report) -> ToldReport:
    entry, reference = case.told[report.entry_id], case.incident.reference
    waits = report.noticed_at is not None and report.noticed_counts is None
    where: dict[str, Any] = {"reference": reference, "key": report.id}
    return ToldReport(
        key=report.id,
        anchor=f"report-{report.id}",
        text=entry.text("what") or "",
        blanked=entry.text("what") is None,
        facts=_facts(case, report),
        still=STILL[report.still_happening],
        not_for=entry.text("not_for"),
        contacts=_contacts(case, report) if may(Right.READ_CONTACTS) else (),
        contact_hidden=bool(report.contacts) and not may(Right.READ_CONTACTS),
        came=_came(case, report),
        turns=[_turn(case, message) for message in report.messages],
        files=[_file(case, file) for file in case.files if file.report_id == report.id],
        question=shown.moment(report.noticed_at) if waits else None,
        received=shown.moment(report.received_at),
        settle_url=url_for("triage.noticed", **where) if waits and may(Right.DECIDE) else None,
        ask_url=url_for("thread.send", **where),
        ask_keep=f"incident-{reference}-ask-{report.id}",
        attach_url=url_for("triage.attach", **where),
    )


def _facts(case: Casefile, report: Report) -> list[tuple[str, object]]:
    """What else was said, each with its label. Times of the reporter say whether they move the clock."""
    entry = case.told[report.entry_id]
    rows: list[tuple[str, object]] = []
    if report.first_known_at:
        rows.append((_("First reached anybody here"), shown.moment(report.first_known_at)))
    if report.noticed_at:
        rows.append((_("Noticed"), shown.moment(report.noticed_at)))
        rows.append((_("Does that start the clock?"), _counts_words(report)))
    if report.occurred_at:
        rows.append((_("Happened"), shown.moment(report.occurred_at)))
    for name in WORDS:
        words = entry.text(name)
        if words and name not in APART:
            rows.append((str(LABELS.get(name, name)), words))
    if report.relation is not Relation.UNSAID:
        outside = report.relation is Relation.OUTSIDE
        rows.append((_("The reporter"), _("does not work here") if outside else _("works here")))
    return rows


def _counts_words(report: Report) -> str:
    if report.noticed_counts is None:
        return _("Not settled yet")
    return _("Yes") if report.noticed_counts else _("No")


def _contacts(case: Casefile, report: Report) -> list[str]:
    return [words for row in report.contacts if (words := case.told[row.entry_id].text("contact"))]


def _came(case: Casefile, report: Report) -> str:
    medium = _(words_for(report.medium))
    if report.entered_by_id is None:
        return medium
    name = case.names.get(report.entered_by_id, "")
    whom = case.told[report.entry_id].text("for_whom")
    if whom:
        return _("%(medium)s, told by %(whom)s, entered by %(name)s", medium=medium, whom=whom, name=name)
    return _("%(medium)s, entered by %(name)s", medium=medium, name=name)


def _turn(case: Casefile, message: Message) -> Turn:
    entry = case.told[message.entry_id]
    mine = message.direction is Direction.TO_REPORTER
    who = case.names.get(entry.person_id or 0, "") if mine else _("The reporter")
    return Turn(who, shown.moment(message.written_at), entry.text("text") or _("[erased]"), mine)


def _file(case: Casefile, file: Evidence) -> File:
    name = case.told[file.entry_id].text("name") or _("[erased]")
    url = url_for("evidence.evidence", token=file.token)
    return File(name, size_words(file.size), file.sha256, shown.moment(file.stored_at), url)


def size_words(size: int) -> str:
    """A file's size as people read it."""
    if size < 1000:
        return _("%(number)s bytes", number=size)
    if size < 1_000_000:
        return _("%(number)s kB", number=round(size / 1000))
    return _("%(number)s MB", number=f"{size / 1_000_000:.1f}")
