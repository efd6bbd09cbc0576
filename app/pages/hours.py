"""One's own hours: from when until when one may be told what wakes nobody, and whether drills may come at night."""

from __future__ import annotations

import re

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, ValidationError
from wtforms.widgets import TimeInput

from app.access import anybody_signed_in, me
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import stripped
from incidents import accounts
from incidents.people import Person
from notifications.hours import hours_of

pages = Blueprint("hours", __name__)

CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


def minutes(text: str) -> int | None:
    """A time of day in minutes; None for what is none."""
    found = CLOCK.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def words(minute: int) -> str:
    """Minutes of a day as a clock shows them."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


class HoursForm(FlaskForm):
    """A day that ends before it begins goes past midnight."""

    begins = StringField(_l("From"), widget=TimeInput(), filters=[stripped])
    ends = StringField(_l("Until"), widget=TimeInput(), filters=[stripped])
    any_hour = BooleanField(_l("Fire drills may reach me at any hour, at night too"))

    def validate_begins(self, field: StringField) -> None:
        _clock(field)

    def validate_ends(self, field: StringField) -> None:
        _clock(field)


def _clock(field: StringField) -> None:
    if minutes(field.data or "") is None:
        raise ValidationError(_("Write a time of day, like 07:00."))


@pages.get("/account/hours")
@anybody_signed_in
def hours() -> ResponseReturnValue:
    """The hours as they are."""
    begins, ends = hours_of(me())
    return _page(HoursForm(begins=words(begins), ends=words(ends), any_hour=me().drills_any_hour), 200)


@pages.post("/account/hours")
@anybody_signed_in
def change() -> ResponseReturnValue:
    """Change them."""
    form = HoursForm()
    if not form.validate():
        return _page(form, 422)
    with installation().store.writing() as session:
        accounts.change_hours(
            session.get_one(Person, me().id),
            minutes(form.begins.data or ""),
            minutes(form.ends.data or ""),
            drills_any_hour=bool(form.any_hour.data),
        )
    flash(_("Your hours are changed."), "good")
    return redirect(url_for("account.account"), code=303)


def _page(form: HoursForm, status: int) -> ResponseReturnValue:
    zone = (me().zone or organisation().zone).replace("_", " ")
    return make_response(render_template("hours/hours.html", form=form, zone=zone), status)
