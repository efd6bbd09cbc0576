"""Asking a colleague to take a duty, and what the colleague answers: one tap each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from app import errors, shown
from app.access import by_me, me, requires
from app.case.act import recording
from app.case.typed import StaffForm, option
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from app.roster import duty_words, rota_for_me, row_of
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.words import N_
from notifications.rota import Rota, asking
from notifications.rota.change import AHEAD
from notifications.rota.cover import members
from notifications.rota.duty import duties

pages = Blueprint("rotaask", __name__)


class AskForm(StaffForm):
    """Whom one asks for which duty, and what one takes in return."""

    turn = SelectField(_l("Your duty"), choices=[], validate_choice=False)
    asked = SelectField(_l("Whom do you ask?"), choices=[], validate_choice=False)
    other = SelectField(_l("What do you take in return?"), choices=[], validate_choice=False)

    def offer(self, rota: Rota, now: datetime) -> None:
        """Offer one's own duties to come, the others on the rota, and their duties."""
        session = read_session()
        found = [duty for duty in duties(session, rota.id, now, now + AHEAD) if duty.person and duty.begins_at > now]
        rows = [row_of(duty, rota) for duty in found]
        people = [session.get_one(Person, key) for key in members(session, rota, now=now) if key != me().id]
        named = sorted((one.name, str(one.id)) for one in people if one.out_since is None)
        own = [option(row.key, _when(row.begins, row.ends)) for row in rows if row.own]
        self.turn.choices = [option("", _("Choose a duty")), *own]
        self.asked.choices = [option("", _("Choose somebody")), *(option(key, name) for name, key in named)]
        theirs = [option(row.key, duty_words(row)) for row in rows if not row.own]
        self.other.choices = [option("", _("Nothing in return")), *theirs]

    def begins(self, name: str, missing: str) -> datetime:
        """The beginning of the duty that was chosen."""
        try:
            found = datetime.fromisoformat(self.said(name))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise Refused(missing, field=name)
        return found


@pages.get("/rota/<int:rota_id>/ask")
@requires(Right.SEE_READINESS)
def ask(rota_id: int) -> ResponseReturnValue:
    """Ask whom to ask, and for what."""
    rota = rota_for_me(read_session(), rota_id)
    form = AskForm(formdata=None, data={"turn": request.args.get("turn", "")})
    form.offer(rota, utcnow())
    return _page(rota, form)


@pages.post("/rota/<int:rota_id>/ask")
@requires(Right.SEE_READINESS)
def record_ask(rota_id: int) -> ResponseReturnValue:
    """Ask a colleague. Nothing changes on the rota yet."""
    rota, form, now = rota_for_me(read_session(), rota_id), AskForm(), utcnow()
    form.offer(rota, now)
    with recording(form, "turn") as session:
        begins_at = form.begins("turn", N_("Choose one of your own duties."))
        if not form.said("asked").isdecimal():
            raise Refused(N_("Choose whom you ask."), field="asked")
        other_at = form.begins("other", N_("Choose one of their duties, or nothing.")) if form.said("other") else None
        asker, asked_id = session.get_one(Person, me().id), int(form.said("asked")[:18])
        asking.ask(session, rota_for_me(session, rota_id), asker, asked_id, begins_at, other_at, by=by_me(), now=now)
    if form.errors:
        return _page(rota, form)
    return _back(_("Your colleague is asked. Until they accept, the duty stays yours."))


@pages.post("/rota/request/<int:request_id>/accept")
@requires(Right.SEE_READINESS)
def accept(request_id: int) -> ResponseReturnValue:
    """Take the duty that somebody asked for."""
    return _answer(request_id, asking.accept, _("This duty is yours now. Whoever asked is told."))


@pages.post("/rota/request/<int:request_id>/decline")
@requires(Right.SEE_READINESS)
def decline(request_id: int) -> ResponseReturnValue:
    """Leave it with whoever asked."""
    return _answer(request_id, asking.decline, _("Declined. The duty stays with whoever asked, who is told."))


@pages.post("/rota/request/<int:request_id>/withdraw")
@requires(Right.SEE_READINESS)
def withdraw(request_id: int) -> ResponseReturnValue:
    """Ask no longer."""
    return _answer(request_id, asking.withdraw, _("The request is withdrawn. The duty stays yours."))


def _answer(request_id: int, verb: Callable[..., None], words: str) -> ResponseReturnValue:
    try:
        with installation().store.writing() as session:
            person = session.get_one(Person, me().id)
            found = asking.request_of(session, person, request_id) or abort(404)
            verb(session, found, person, by=by_me(), now=utcnow())
    except Refused as refused:
        flash(errors.sentence(refused), "warning")
        return redirect(url_for("rota.rota"), code=303)
    return _back(words)


def _back(words: str) -> ResponseReturnValue:
    installation().store.wake()
    flash(words, "good")
    return redirect(url_for("rota.rota"), code=303)


def _when(begins: shown.Moment | None, ends: shown.Moment | None) -> str:
    return _("%(begins)s to %(ends)s", begins=begins.local if begins else "", ends=ends.local if ends else "")


def _page(rota: Rota, form: AskForm) -> Response:
    page = render_template(
        "rotaask/ask.html",
        form=form,
        rota=rota.name,
        zone=ZoneInfo(rota.zone).key,
        problem=form.errors,
    )
    return make_response(page, 422 if form.errors else 200)
