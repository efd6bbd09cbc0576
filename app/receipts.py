"""The reporter's view of a report, as the form answers with it and as the code opens it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, make_response, render_template
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.extensions import db, read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.shown import Moment, moment
from incidents import progress as progressing
from incidents import receipt
from incidents.organisation import Organisation, the_organisation
from incidents.people import RIGHTS, Right
from incidents.progress import Happened, Progress, Turn
from incidents.report import Report
from incidents.settings import RECEIPT_DO, RECEIPT_DONT, values_of
from incidents.timeline import Kind
from incidents.words.advice import DO, DONT
from incidents.words.enums import words_for

CLEARS_AFTER = int(receipt.IDLE / timedelta(seconds=1))


@dataclass(frozen=True)
class Phone:
    """The emergency number as people read it and as a phone dials it."""

    words: str
    tel: str


@dataclass(frozen=True)
class Stage:
    """One line of what has happened since."""

    words: str
    at: Moment | None
    done: bool


@dataclass(frozen=True)
class Said:
    """One message of the thread, for the template."""

    who: str
    at: Moment | None
    text: str
    mine: bool


def prepare(session: Session) -> Organisation:
    """Read what the answer to a report will show in the transaction that stores it, so that nothing is read after."""
    g.advice = values_of(session, RECEIPT_DO, RECEIPT_DONT)
    g.organisation = found = the_organisation(session)
    return found


def surroundings() -> dict[str, Any]:
    """What the public pages name of the organisation; empty while the database is down."""
    try:
        mine = organisation()
        return {"phone": _phone(mine.emergency_phone), "zone_name": mine.zone.replace("_", " ")}
    except SQLAlchemyError:
        db.session.rollback()
        return {"phone": None, "zone_name": "UTC"}


def first(report: Report, key: str, *, code: str, next_due_at: datetime | None, now: datetime) -> Response:
    """The answer to a report that has just been stored: nothing has happened since, so nothing is read again."""
    return _view(
        report, key, code=code, so_far=_since(Progress(received_at=now, next_due_at=next_due_at), [], loud=False)
    )


def page(
    report: Report,
    key: str,
    *,
    now: datetime,
    code: str | None = None,
    problem: str | None = None,
    typed: str = "",
    said: str | None = None,
    status: int = 200,
) -> Response:
    """The whole view of a report. `code` only while the reporter's own page carries it on; `said` confirms an act."""
    session, report_id = read_session(), report.id
    session.rollback()  # look again, at what this very request has written
    report = session.get_one(Report, report_id)
    so_far = since(report, now=now)
    return _view(report, key, code=code, so_far=so_far, problem=problem, typed=typed, said=said, status=status)


def _view(
    report: Report,
    key: str,
    *,
    code: str | None,
    so_far: dict[str, Any],
    problem: str | None = None,
    typed: str = "",
    said: str | None = None,
    status: int = 200,
) -> Response:
    do, dont = advice()
    shown = render_template(
        "receipt/receipt.html",
        key=key,
        groups=receipt.in_groups(code).split() if code else None,
        code=code,
        fresh=code is not None and said is None and problem is None,
        problem_words=problem,
        typed=typed,
        said=said,
        do=do,
        dont=dont,
        readers=readers(),
        happening=report.still_happening,
        clears_after=CLEARS_AFTER,
        max_megabytes=installation().settings.max_file_megabytes,
        **so_far,
    )
    return make_response(shown, status)


def fragment(report: Report, *, now: datetime) -> str:
    """The part of the view that refreshes itself."""
    return render_template("receipt/since.html", **since(report, now=now))


def since(report: Report, *, now: datetime) -> dict[str, Any]:
    """What happened since the report, the thread, and how loud the emergency number is."""
    session, waits = read_session(), installation().settings.waits
    so_far = progressing.progress(session, report)
    late = not so_far.has_person and now - report.received_at >= waits.louder_receipt
    return _since(so_far, progressing.thread(session, report), loud=late)


def _since(so_far: Progress, thread: list[Turn], *, loud: bool) -> dict[str, Any]:
    done = [(so_far.received_at, _("We received your report"))]
    done += [(each.at, _words(each)) for each in so_far.happened]
    done += [(so_far.looked_at, _("It was looked at"))] if so_far.looked_at else []
    done += [(so_far.closed_at, _("Closed. Thank you."))] if so_far.closed_at else []
    waited_for = {
        _("The bell rang"): so_far.rang_at,
        _("A person took it"): so_far.taken_at,
        _("It was looked at"): so_far.looked_at,
        _("Closed. Thank you."): so_far.closed_at,
    }
    stages = [Stage(words, moment(at), True) for at, words in sorted(done, key=lambda item: item[0])]
    stages += [Stage(words, None, False) for words, at in waited_for.items() if at is None]
    turns = [
        Said(
            who=_("You") if turn.mine else _("The desk"),
            at=moment(turn.at),
            text=turn.text if turn.text is not None else _("This message has been erased."),
            mine=turn.mine,
        )
        for turn in thread
    ]
    due = moment(so_far.next_due_at)
    return {"stages": stages, "turns": turns, "due": due, "loud": loud, **surroundings()}


def already(report: Report) -> Response:
    """The answer to a form that was received before and whose view was finished: no code is shown again."""
    return make_response(render_template("receipt/already.html", at=moment(report.received_at), **surroundings()), 410)


def readers() -> list[str]:
    """Who reads reports, by role."""
    return [_(words_for(role)) for role, rights in RIGHTS.items() if Right.READ_INCIDENTS in rights]


def advice() -> tuple[list[str], list[str]]:
    """What to do and what not to do: the sentences that the organisation set, or ours."""
    own = g.advice if "advice" in g else values_of(read_session(), RECEIPT_DO, RECEIPT_DONT)
    return own.get(RECEIPT_DO) or [_(words) for words in DO], own.get(RECEIPT_DONT) or [_(words) for words in DONT]


HAPPENED: Mapping[Kind, str] = {
    Kind.RANG: _l("The bell rang"),
    Kind.SEEN: _l("Somebody saw the page"),
    Kind.AWAKE: _l("Somebody is awake and asked for ten minutes"),
    Kind.TAKEN: _l("A person took it"),
    Kind.TAKEN_OVER: _l("Another person took it over"),
    Kind.RINGS_AGAIN: _l("Nobody had begun in time: the bell rings again"),
    Kind.SUMMONED: _l("Somebody was called to help"),
    Kind.PARKED: _l("It was decided that this can wait"),
    Kind.PARKING_ENDED: _l("The wait is over: the bell rings again"),
    Kind.CONTAINMENT_OWNED: _l("Somebody works on stopping it"),
    Kind.CONTAINED: _l("It is contained"),
}
"""What a reporter may see happen, in words for them."""


def _words(each: Happened) -> str:
    """One fact by role, without names."""
    words = _("The one who was called answered") if each.called else str(HAPPENED[each.kind])
    until = moment(each.until) if each.kind is Kind.PARKED else None
    if until is not None:
        words = _("%(words)s until %(time)s", words=words, time=until.local)
    if each.role is not None and each.kind is not Kind.SUMMONED:
        return _("%(words)s: %(role)s", words=words, role=_(words_for(each.role)))
    return words


def _phone(number: str | None) -> Phone | None:
    if not number:
        return None
    return Phone(number, "".join(sign for sign in number if sign.isdigit() or sign == "+"))
