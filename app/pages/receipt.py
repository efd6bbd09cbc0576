"""The reporter comes back with the code: sees what happened, adds, sends files, finishes.

Everything is a POST with a key that lives in the page alone, so neither code nor key is ever in an address,
a cookie or a cache.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from wtforms import Form, StringField

from app import errors, receipts
from app.access import public
from app.extensions import csrf, read_session
from app.guesses import Guesses
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents import evidence, intake, receipt, thread
from incidents.incident import StillHappening
from incidents.law.clock import utcnow
from incidents.refusals import Refused
from incidents.report import Report
from incidents.timeline import REPORTER

pages = Blueprint("receipt", __name__, url_prefix="/receipt")

_guesses = Guesses()


class CodeForm(Form):
    """The code from the receipt, however it was noted."""

    code = StringField(_l("Your code"))


@pages.get("")
@public
def ask() -> Response:
    """Ask for the code."""
    return _ask(CodeForm(), 200)


@pages.post("")
@csrf.exempt  # possession of the code is the whole right; there is no session to ride on
@public
def enter() -> Response:
    """Open a view of the report with this code. A text typed on a page that had ended goes along."""
    form, house, now = CodeForm(request.form), installation(), utcnow()
    text = request.form.get("text", "")
    try:
        report = intake.by_code(read_session(), form.code.data or "", keyring=house.keyring)
    except Refused as refused:
        form.code.errors = [errors.sentence(refused)]
        return _ask(form, 422, text=text)
    if report is None:
        return _wrong(form, text)
    with house.store.writing() as session:
        key = receipt.open_view(session, report.id, report.organisation_id, now=now)
        if text.strip():
            thread.add(session, session.get_one(Report, report.id), text, now=now)
    return receipts.page(report, key, now=now, said=_("We have what you added.") if text.strip() else None)


@pages.post("/look")
@csrf.exempt
@public
def look() -> Response:
    """The view again, or with X-Fragment only the part that changes."""
    key, now = request.form.get("key", ""), utcnow()
    report = _seen(key)
    if report is None:
        return ended()
    fragment = bool(request.headers.get("X-Fragment"))
    if not fragment or request.headers.get("X-Touched") == "1":
        with installation().store.writing() as session:
            receipt.touch(session, key, now=now)
    if fragment:
        return make_response(receipts.fragment(report, now=now))
    return receipts.page(report, key, now=now)


@pages.post("/add")
@csrf.exempt
@public
def add() -> Response:
    """Add to the report, or answer anew whether it is still happening."""
    key, text, now = request.form.get("key", ""), request.form.get("text", ""), utcnow()
    report = _seen(key)
    if report is None:
        return _ask(CodeForm(), 410, text=text)
    answer = _answer(request.form.get("still_happening"))
    try:
        with installation().store.writing() as session:
            receipt.touch(session, key, now=now)
            loaded = session.get_one(Report, report.id)
            changed = thread.now_happening(session, loaded, answer, now=now) if answer else None
            if text.strip() or changed is None:
                thread.add(session, loaded, text, now=now)
    except Refused as refused:
        return receipts.page(
            report, key, now=now, problem=errors.sentence(refused), typed=text, status=422, code=_carried(report)
        )
    return receipts.page(report, key, now=now, said=_("We have what you added."), code=_carried(report))


@pages.post("/file")
@csrf.exempt
@public
def file() -> Response:
    """Add a file. It is safe on disk before the database hears of it; the report's text was stored long before."""
    key, now, house = request.form.get("key", ""), utcnow(), installation()
    report = _seen(key)
    if report is None:
        return ended()
    try:
        stored = [
            (evidence.put(house.settings.files, sent.stream, most=house.settings.max_file_megabytes * 1_000_000), sent)
            for sent in request.files.getlist("file")
            if sent.filename
        ]
    except Refused as refused:
        return receipts.page(report, key, now=now, problem=errors.sentence(refused), status=422, code=_carried(report))
    if not stored:
        return receipts.page(report, key, now=now, problem=_("Choose a file first."), status=422, code=_carried(report))
    with house.store.writing() as session:
        receipt.touch(session, key, now=now)
        loaded = session.get_one(Report, report.id)
        for safe, sent in stored:
            evidence.add_file(session, loaded, safe, sent.filename or "", by=REPORTER, now=now)
    return receipts.page(report, key, now=now, said=_("We have your file."), code=_carried(report))


def _carried(report: Report) -> str | None:
    """The code that the reporter's own page carries on, so that adding something does not take it off the screen."""
    code = request.form.get("code", "")
    return code if report.code_digest in receipt.code_digests(installation().keyring, code) else None


@pages.post("/finish")
@csrf.exempt
@public
def finish() -> Response:
    """End the view on this phone. Back shows nothing."""
    with installation().store.writing() as session:
        receipt.end_view(session, request.form.get("key", ""), now=utcnow())
    response = make_response(render_template("receipt/finished.html", **receipts.surroundings()))
    # Empties the browser's page cache for this site, so that Back cannot bring the report up from it.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@pages.get("/ended")
@public
def ended() -> Response:
    """The view ended by itself after 15 idle minutes, or was finished."""
    response = make_response(render_template("receipt/ended.html", form=CodeForm(), **receipts.surroundings()))
    response.status_code = 410 if request.method == "POST" else 200
    return response


def _seen(key: str) -> Report | None:
    session = read_session()
    view = receipt.view_of(session, key, now=utcnow())
    return session.get(Report, view.report_id) if view else None


def _answer(typed: str | None) -> StillHappening | None:
    return next((answer for answer in StillHappening if answer.value == typed), None)


def _wrong(form: CodeForm, text: str) -> Response:
    """A well-formed code that is nobody's: answered late, later each time."""
    if not _guesses.wrong(request.remote_addr or ""):
        form.code.errors = [_("Many wrong codes come in just now. Wait a few seconds and send yours again.")]
        response = _ask(form, 429, text=text)
        response.headers["Retry-After"] = "5"
        return response
    form.code.errors = [_("We know no report with this code. Compare it with what you noted, digit by digit.")]
    return _ask(form, 404, text=text)


def _ask(form: CodeForm, status: int, *, text: str = "") -> Response:
    return make_response(render_template("receipt/ask.html", form=form, text=text, **receipts.surroundings()), status)
