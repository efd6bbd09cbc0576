"""Holiday calendars: the days of a country and year, added to and struck out of with a reason."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer
from wtforms import RadioField

from app import shown
from app.access import by_me, requires
from app.case.moving import Trial, tried_or_done
from app.case.typed import StaffForm, line, option
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import countries
from incidents.holidays import YEARS, choose_region, correct_day, corrections, days_of, touched
from incidents.law.clock import utcnow
from incidents.law.workdays import has_calendar, regions_of
from incidents.organisation import checked_country, the_organisation
from incidents.people import Right
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("calendars", __name__)

OFF, WORKING, BACK = "off", "working", "back"


class DayForm(StaffForm):
    day = line(_l("Day"))
    becomes = RadioField(
        _l("What is it?"),
        choices=[
            option(OFF, _l("A public holiday that is missing")),
            option(WORKING, _l("No public holiday, but a working day")),
            option(BACK, _l("As the calendar says: take my change back")),
        ],
        default=OFF,
        validate_choice=False,
    )
    reason = line(_l("Why?"))

    def date(self) -> date:
        """The day that was typed."""
        try:
            return date.fromisoformat(self.said("day").strip())
        except ValueError as error:
            raise Refused(N_("Write the day like 2026-12-24."), field="day") from error


class RegionForm(StaffForm):
    region = line(_l("Part of the country"))
    reason = line(_l("Why?"), id="region-reason")


@pages.get("/settings/calendars")
@requires(Right.CONFIGURE)
def calendars() -> Response:
    """The holidays of a country in a year."""
    return _page(DayForm(), 200)


@pages.post("/settings/calendars/<country>/day")
@requires(Right.CONFIGURE)
def set_day(country: str) -> Answer:
    """Add a day, strike one out, or take that back; which open deadlines that moves is shown first."""
    form, house, now = DayForm(), installation(), utcnow()
    said = form.said("reason")

    def act(session: Session) -> None:
        off = {OFF: True, WORKING: False, BACK: None}.get(form.becomes.data or "", True)
        place, day = the_organisation(session), form.date()
        correct_day(session, place, country, day, off=off, reason=said, by=by_me(), targets=house.targets, now=now)

    trial = tried_or_done(form, _touched(country), act, reason=said)
    if form.errors or trial.seen:
        return _page(form, 422 if form.errors else 200, country, trial=trial)
    return _back(country, str(form.date().year))


@pages.post("/settings/calendars/<country>/region")
@requires(Right.CONFIGURE)
def set_region(country: str) -> Answer:
    """Choose the part of the country whose holidays count too; which open deadlines that moves is shown first."""
    form, house, now = RegionForm(), installation(), utcnow()
    part, said = form.said("region"), form.said("reason")

    def act(session: Session) -> None:
        place, by = the_organisation(session), by_me()
        choose_region(session, place, country, part, reason=said, by=by, targets=house.targets, now=now)

    trial = tried_or_done(form, _touched(country), act, reason=said)
    if form.errors or trial.seen:
        return _page(DayForm(None), 422 if form.errors else 200, country, form, trial)
    return _back(country, str(now.year))


def _touched(country: str) -> list[int]:
    return touched(read_session(), organisation(), country.upper())


def _back(country: str, year: str) -> Answer:
    installation().store.wake()
    flash(_("Saved. Open deadlines in working days are counted anew."), "good")
    return redirect(url_for("calendars.calendars", country=country.upper(), year=year), code=303)


def _asked(country: str | None) -> tuple[str, int, str | None]:
    typed, year, wrong = country or request.args.get("country") or organisation().country or "GB", utcnow().year, None
    try:
        found = checked_country(typed)
    except Refused as refused:
        found, wrong = organisation().country or "GB", _(refused.message)
    asked = request.args.get("year", "")
    return found, int(asked) if asked.isdecimal() and int(asked) in YEARS else year, wrong


def _page(
    form: DayForm,
    status: int,
    country: str | None = None,
    region: RegionForm | None = None,
    trial: Trial | None = None,
) -> Response:
    place, year, wrong = _asked(country)
    session = read_session()
    own = corrections(session).get(place) or {}
    page = render_template(
        "calendars/calendars.html",
        form=form,
        region=region or RegionForm(None, data={"region": own.get("region") or ""}),
        regions=regions_of(place),
        country=place,
        name=dict(countries()).get(place, place),
        year=year,
        wrong=wrong,
        known=has_calendar(place),
        days=[(shown.day(one.day), one) for one in days_of(session, place, year)],
        problem=form.errors or (region is not None and region.errors),
        trial=trial or Trial(),
        of_region=region is not None,
    )
    return make_response(page, status)
