"""Planning a rota: its name, its shifts, the order of the people who take turns, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField

from app import errors, shown
from app.access import by_me, requires
from app.case.act import recording
from app.case.typed import StaffForm, line
from app.extensions import read_session
from app.history import changed
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import option, zones
from app.roster import rota_for_me, row_of, times_in_words, turns_in_words
from app.shiftform import ShiftForm, reordered
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person, Right
from incidents.refusals import Refused
from notifications.rota import Rota, planning
from notifications.rota.change import CHANGES, Change, latest_changes
from notifications.rota.duty import OVERRIDDEN, Duty
from notifications.rota.override import standing
from notifications.rota.shift import Shift, in_force

pages = Blueprint("rotaplan", __name__)


class RotaForm(StaffForm):
    """A new rota."""

    name = line(_l("Name"))
    zone = SelectField(_l("Time zone"), choices=[], validate_choice=False)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.zone.choices = [option(value, label) for value, label in zones()]


class NameForm(StaffForm):
    """Another name for a rota."""

    name = line(_l("Name"))


class EndForm(StaffForm):
    """The end of a rota."""

    sure = BooleanField(_l("Yes, end this rota"))


@pages.get("/rota/new")
@requires(Right.PLAN_ROTA)
def begin() -> ResponseReturnValue:
    """Ask for the name and the zone of a new rota."""
    return _begin_page(RotaForm(data={"zone": organisation().zone}))


@pages.post("/rota/new")
@requires(Right.PLAN_ROTA)
def record_begin() -> ResponseReturnValue:
    """Begin a rota, and go on to its first shift."""
    form, key = RotaForm(), 0
    with recording(form) as session:
        typed = {"name": form.said("name"), "zone": form.said("zone")}
        rota = planning.begin_rota(session, the_organisation(session), **typed, by=by_me(), now=utcnow())
        key = rota.id
    if form.errors:
        return _begin_page(form)
    return _back(key, _("The rota is begun. Add its first shift."), "rotaplan.shift")


@pages.get("/rota/<int:rota_id>")
@requires(Right.PLAN_ROTA)
def plan(rota_id: int) -> ResponseReturnValue:
    """A rota with all that can be changed."""
    return _plan_page(rota_for_me(read_session(), rota_id))


@pages.post("/rota/<int:rota_id>/name")
@requires(Right.PLAN_ROTA)
def rename(rota_id: int) -> ResponseReturnValue:
    """Give another name."""
    form = NameForm(prefix="name-")
    with recording(form) as session:
        planning.rename_rota(session, rota_for_me(session, rota_id), form.said("name"), by=by_me(), now=utcnow())
    if form.errors:
        return _plan_page(rota_for_me(read_session(), rota_id), name=form)
    return _back(rota_id, _("The name is changed."))


@pages.post("/rota/<int:rota_id>/address")
@requires(Right.PLAN_ROTA)
def new_address(rota_id: int) -> ResponseReturnValue:
    """Another address of the calendar feed."""
    with installation().store.writing() as session:
        planning.new_address(session, rota_for_me(session, rota_id))
    return _back(rota_id, _("There is a new address on the page of the rota. The one before no longer works."))


@pages.post("/rota/<int:rota_id>/end")
@requires(Right.PLAN_ROTA)
def end(rota_id: int) -> ResponseReturnValue:
    """Take the rota out of use."""
    form = EndForm(prefix="end-")
    if not form.sure.data:
        form.sure.errors = [_("Tick the box, then press the button again.")]
    else:
        with recording(form, "sure") as session:
            planning.end_rota(session, rota_for_me(session, rota_id), by=by_me(), now=utcnow())
    if form.errors:
        return _plan_page(rota_for_me(read_session(), rota_id), ending=form)
    installation().store.wake()
    flash(_("The rota has ended."), "good")
    return redirect(url_for("rota.rota"), code=303)


@pages.get("/rota/<int:rota_id>/shift")
@requires(Right.PLAN_ROTA)
def shift(rota_id: int) -> ResponseReturnValue:
    """Ask for a new shift."""
    return _shift_page(rota_for_me(read_session(), rota_id), None, ShiftForm.new())


@pages.post("/rota/<int:rota_id>/shift")
@requires(Right.PLAN_ROTA)
def add_shift(rota_id: int) -> ResponseReturnValue:
    """Add a shift; the buttons beside the people change their order and store nothing."""
    rota, form = rota_for_me(read_session(), rota_id), ShiftForm.sent()
    if reordered(form):
        return _shift_page(rota, None, form)
    with recording(form) as session:
        found, from_at = form.plan(), form.instant("from_at", ZoneInfo(rota.zone))
        planning.add_shift(session, rota_for_me(session, rota_id), found, from_at=from_at, by=by_me(), now=utcnow())
    if form.errors:
        return _shift_page(rota, None, form)
    return _back(rota_id, _("The shift is added. Whoever it concerns is told."))


@pages.get("/rota/<int:rota_id>/shift/<int:shift_id>")
@requires(Right.PLAN_ROTA)
def change(rota_id: int, shift_id: int) -> ResponseReturnValue:
    """A shift as it is, to be changed."""
    session = read_session()
    rota = rota_for_me(session, rota_id)
    found = _shift(session, rota, shift_id, utcnow())
    return _shift_page(rota, found, ShiftForm.of(found))


@pages.post("/rota/<int:rota_id>/shift/<int:shift_id>")
@requires(Right.PLAN_ROTA)
def record_change(rota_id: int, shift_id: int) -> ResponseReturnValue:
    """Change a shift from a time on; the buttons beside the people change their order and store nothing."""
    now, form = utcnow(), ShiftForm.sent()
    rota = rota_for_me(read_session(), rota_id)
    before = _shift(read_session(), rota, shift_id, now)
    if reordered(form):
        return _shift_page(rota, before, form)
    with recording(form) as session:
        found, from_at = form.plan(), form.instant("from_at", ZoneInfo(rota.zone))
        again = rota_for_me(session, rota_id)
        row = _shift(session, again, shift_id, now)
        planning.change_shift(session, again, row, found, from_at=from_at, by=by_me(), now=now)
    if form.errors:
        return _shift_page(rota, before, form)
    return _back(rota_id, _("The shift is changed. Whoever it concerns is told."))


@pages.post("/rota/<int:rota_id>/shift/<int:shift_id>/end")
@requires(Right.PLAN_ROTA)
def end_shift(rota_id: int, shift_id: int) -> ResponseReturnValue:
    """End a shift at once."""
    return _done(rota_id, shift_id, planning.end_shift, _("The shift has ended. Whoever it concerns is told."))


@pages.post("/rota/<int:rota_id>/shift/<int:shift_id>/raise")
@requires(Right.PLAN_ROTA)
def raise_shift(rota_id: int, shift_id: int) -> ResponseReturnValue:
    """Put a shift one place up the list."""
    return _done(rota_id, shift_id, planning.raise_shift, _("The shift is one place further up."))


def _done(rota_id: int, shift_id: int, act: Any, words: str) -> ResponseReturnValue:
    now = utcnow()
    try:
        with installation().store.writing() as session:
            rota = rota_for_me(session, rota_id)
            act(session, rota, _shift(session, rota, shift_id, now), by=by_me(), now=now)
    except Refused as refused:
        return _plan_page(rota_for_me(read_session(), rota_id), said=errors.sentence(refused))
    return _back(rota_id, words)


def _shift(session: Session, rota: Rota, shift_id: int, now: datetime) -> Shift:
    return next((each for each in in_force(session, rota, now) if each.id == shift_id), None) or abort(404)


def _back(rota_id: int, words: str, endpoint: str = "rotaplan.plan") -> ResponseReturnValue:
    installation().store.wake()
    flash(words, "good")
    return redirect(url_for(endpoint, rota_id=rota_id), code=303)


def _begin_page(form: RotaForm) -> Response:
    page = render_template("rotaplan/begin.html", form=form, problem=form.errors)
    return make_response(page, 422 if form.errors else 200)


def _shift_page(rota: Rota, found: Shift | None, form: ShiftForm) -> Response:
    own = url_for("rotaplan.shift", rota_id=rota.id)
    page = render_template(
        "rotaplan/shift.html",
        form=form,
        rota=rota.name,
        zone=rota.zone,
        changing=found is not None,
        action=url_for("rotaplan.change", rota_id=rota.id, shift_id=found.id) if found else own,
        back=url_for("rotaplan.plan", rota_id=rota.id),
        problem=form.errors,
    )
    return make_response(page, 422 if form.errors else 200)


def _plan_page(
    rota: Rota, name: NameForm | None = None, ending: EndForm | None = None, said: str | None = None
) -> Response:
    session, now = read_session(), utcnow()
    name = name or NameForm(formdata=None, data={"name": rota.name}, prefix="name-")
    ending = ending or EndForm(formdata=None, prefix="end-")
    for form in (name, ending):
        form.back.data = url_for("rotaplan.plan", rota_id=rota.id)
    place, problem = ZoneInfo(rota.zone), name.errors or ending.errors or said
    page = render_template(
        "rotaplan/plan.html",
        key=rota.id,
        rota=rota.name,
        zone=rota.zone,
        shifts=[_shown(session, each, place, number, now) for number, each in enumerate(in_force(session, rota, now))],
        overrides=[(each.id, _stands_in(session, rota, each)) for each in standing(session, rota, now=now)],
        changes=[
            changed(session, entry, _(CHANGES[Change(entry.facts["what"])]), place)
            for entry in latest_changes(session, rota)
        ],
        name=name,
        ending=ending,
        said=(said,) if said else (),
        problem=problem,
    )
    return make_response(page, 422 if problem else 200)


def _stands_in(session: Session, rota: Rota, row: Any) -> Any:
    person = session.get(Person, row.person_id)
    return row_of(Duty(row.begins_at, row.ends_at, person, OVERRIDDEN[row.reason]), rota)


def _shown(session: Session, each: Shift, place: ZoneInfo, number: int, now: datetime) -> dict[str, Any]:
    people = [session.get_one(Person, key) for key in each.people]
    soon = now + timedelta(minutes=1)
    return {
        "key": each.id,
        "name": each.name,
        "times": times_in_words(each),
        "turns": turns_in_words(each.weeks_each),
        "people": [(person.name, person.left_at is not None) for person in people],
        "begins": shown.moment(each.from_at, place) if each.from_at > soon else None,
        "ends": shown.moment(each.until_at, place),
        "may_rise": number > 0,
    }
