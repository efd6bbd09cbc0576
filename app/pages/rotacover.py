"""Cover on a rota: somebody stands in, two people swap, a calendar is read in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString
from wtforms import FileField, SelectField

from app import errors
from app.access import by_me, requires
from app.case.act import recording
from app.case.typed import StaffForm, clock, option, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.roster import Row, duty_words, rota_for_me, row_of
from incidents.law.clock import utcnow
from incidents.people import Person, Right, pageable
from incidents.refusals import Refused
from incidents.words import N_
from notifications.rota import Rota, cover
from notifications.rota.calendar import MOST_BYTES, Problem
from notifications.rota.change import AHEAD
from notifications.rota.duty import Duty, Why, duties
from notifications.rota.importing import Becomes, Preview, Proposed, apply, preview

pages = Blueprint("rotacover", __name__)

BECOMES: Mapping[Becomes, LazyString] = MappingProxyType(
    {
        Becomes.NEW: _l("new"),
        Becomes.CHANGED: _l("changed"),
        Becomes.SAME: _l("there already"),
        Becomes.ENDED: _l("taken away"),
    }
)
MOST_SHOWN = 200


@dataclass(frozen=True)
class Would:
    """One line of what a calendar would do."""

    row: Row
    title: str
    becomes: str
    same: bool


class OverrideForm(StaffForm):
    """Somebody stands in for a while."""

    person = SelectField(_l("Who stands in?"), choices=[], validate_choice=False)
    begins_at = clock(_l("From"))
    begins_at_which = which()
    ends_at = clock(_l("Until"))
    ends_at_which = which()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        people = pageable(read_session(), organisation().id)
        self.person.choices = [option("", _("Choose somebody")), *(option(str(one.id), one.name) for one in people)]

    def wanted(self, name: str, zone: ZoneInfo) -> datetime:
        """The instant of a field that must not stay empty."""
        found = self.instant(name, zone)
        if found is None:
            raise Refused(N_("Write the date and the time, like 2026-10-25 01:30."), field=name)
        return found


class SwapForm(StaffForm):
    """Two duties of two people."""

    one = SelectField(_l("This duty"), choices=[], validate_choice=False)
    other = SelectField(_l("With this duty"), choices=[], validate_choice=False)

    def offer(self, rota: Rota, now: datetime) -> None:
        """Offer the duties of the time ahead that somebody has."""
        found = [row_of(duty, rota) for duty in duties(read_session(), rota.id, now, now + AHEAD) if duty.person]
        choices = [option(row.key, duty_words(row)) for row in found]
        for field in (self.one, self.other):
            field.choices = [option("", _("Choose a duty")), *choices]

    def instant_of(self, name: str) -> datetime:
        """The beginning of the duty that was chosen."""
        try:
            found = datetime.fromisoformat(self.said(name))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise Refused(N_("Choose a duty."), field=name)
        return found


class CalendarForm(StaffForm):
    """A calendar as a file, or its text."""

    file = FileField(_l("Calendar file (.ics)"))
    calendar = prose(_l("Or the text of a calendar"))

    def content(self) -> bytes | str:
        """What was sent: the file, if there is one; it is then in the text field too, so that it is not lost."""
        sent = request.files.get(self.file.name)
        content = sent.read(MOST_BYTES + 1) if sent is not None and sent.filename else b""
        if content:
            if len(content) <= MOST_BYTES:
                self.calendar.data = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
            return content
        if not self.said("calendar").strip():
            raise Refused(N_("Choose a calendar file, or write its text into the field."), field="file")
        return self.said("calendar")


@pages.get("/rota/<int:rota_id>/override")
@requires(Right.PLAN_ROTA)
def override(rota_id: int) -> ResponseReturnValue:
    """Ask who stands in, and when."""
    return _act_page("override", rota_for_me(read_session(), rota_id), OverrideForm())


@pages.post("/rota/<int:rota_id>/override")
@requires(Right.PLAN_ROTA)
def record_override(rota_id: int) -> ResponseReturnValue:
    """Let somebody stand in."""
    rota, form = rota_for_me(read_session(), rota_id), OverrideForm()
    with recording(form) as session:
        if not form.person.data:
            raise Refused(N_("Choose who stands in."), field="person")
        place = ZoneInfo(rota.zone)
        times = form.wanted("begins_at", place), form.wanted("ends_at", place)
        key = int(form.person.data) if str(form.person.data).isdecimal() else 0
        cover.override(session, rota_for_me(session, rota_id), key, *times, by=by_me(), now=utcnow())
    if form.errors:
        return _act_page("override", rota, form)
    return _back(rota_id, _("It is written down. Whoever it concerns is told."))


@pages.post("/rota/<int:rota_id>/override/<int:override_id>/end")
@requires(Right.PLAN_ROTA)
def end_override(rota_id: int, override_id: int) -> ResponseReturnValue:
    """Back to the shifts, from now on."""
    try:
        with installation().store.writing() as session:
            rota = rota_for_me(session, rota_id)
            row = cover.override_of(session, rota, override_id) or abort(404)
            cover.end_override(session, rota, row, by=by_me(), now=utcnow())
    except Refused as refused:
        flash(errors.sentence(refused), "warning")
        return redirect(url_for("rotaplan.plan", rota_id=rota_id), code=303)
    return _back(rota_id, _("The shifts count again. Whoever it concerns is told."))


@pages.get("/rota/<int:rota_id>/swap")
@requires(Right.PLAN_ROTA)
def swap(rota_id: int) -> ResponseReturnValue:
    """Ask which two duties are swapped."""
    rota, form = rota_for_me(read_session(), rota_id), SwapForm()
    form.offer(rota, utcnow())
    return _act_page("swap", rota, form)


@pages.post("/rota/<int:rota_id>/swap")
@requires(Right.PLAN_ROTA)
def record_swap(rota_id: int) -> ResponseReturnValue:
    """Swap two duties."""
    rota, form, now = rota_for_me(read_session(), rota_id), SwapForm(), utcnow()
    form.offer(rota, now)
    with recording(form, "other") as session:
        times = form.instant_of("one"), form.instant_of("other")
        cover.swap(session, rota_for_me(session, rota_id), *times, by=by_me(), now=now)
    if form.errors:
        return _act_page("swap", rota, form)
    return _back(rota_id, _("The duties are swapped. Both people are told."))


@pages.get("/rota/<int:rota_id>/calendar")
@requires(Right.PLAN_ROTA)
def calendar(rota_id: int) -> ResponseReturnValue:
    """Ask for a calendar."""
    return _act_page("calendar", rota_for_me(read_session(), rota_id), CalendarForm(), would=None)


@pages.post("/rota/<int:rota_id>/calendar")
@requires(Right.PLAN_ROTA)
def read_calendar(rota_id: int) -> ResponseReturnValue:
    """Show what a calendar would do; do it once that was seen and confirmed."""
    rota, form, now = rota_for_me(read_session(), rota_id), CalendarForm(), utcnow()
    seen: Preview | None = None
    try:
        content = form.content()
        if request.form.get("confirm"):
            with installation().store.writing() as session:
                apply(session, rota_for_me(session, rota_id), content, by=by_me(), now=now)
            return _back(rota_id, _("The calendar is read in. Whoever it concerns is told."))
        seen = preview(read_session(), rota, content, now=now)
    except Refused as refused:
        form.refuse(refused, "calendar")
    return _act_page("calendar", rota, form, would=_would(rota, seen) if seen else None)


def _would(rota: Rota, seen: Preview) -> dict[str, Any]:
    counted = Counter(one.becomes for one in seen.proposed)
    return {
        "counts": [(counted[kind], words) for kind, words in BECOMES.items()],
        "problems": [_problem_words(problem, times) for problem, times in seen.problems],
        "rows": [_line(rota, one) for one in seen.proposed[:MOST_SHOWN]],
        "more": max(len(seen.proposed) - MOST_SHOWN, 0),
        "changes": seen.changes,
    }


def _line(rota: Rota, one: Proposed) -> Would:
    event = one.event
    person: Person | None = one.person
    row = row_of(Duty(event.begins_at, event.ends_at, person, Why.CALENDAR), rota)
    return Would(row, event.title, str(BECOMES[one.becomes]), one.becomes is Becomes.SAME)


def _problem_words(problem: Problem, times: int) -> str:
    words = _(problem.message, **dict(problem.params))
    return words if times == 1 else _("%(sentence)s (%(times)s times)", sentence=words, times=times)


def _act_page(name: str, rota: Rota, form: StaffForm, **more: Any) -> Response:
    page = render_template(
        f"rotacover/{name}.html",
        form=form,
        rota=rota.name,
        zone=rota.zone,
        keep=f"rota-{rota.id}-{name}",
        back=url_for("rotaplan.plan", rota_id=rota.id),
        problem=form.errors,
        **more,
    )
    return make_response(page, 422 if form.errors else 200)


def _back(rota_id: int, words: str) -> ResponseReturnValue:
    installation().store.wake()
    flash(words, "good")
    return redirect(url_for("rotaplan.plan", rota_id=rota_id), code=303)
