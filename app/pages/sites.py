"""The sites of the organisation: where it works, and on which clocks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Answer
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired

from app import errors
from app.access import me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import countries, option, stripped, zones
from incidents import describing
from incidents.describing import Place
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Right
from incidents.profile import entities_of, sites_of
from incidents.refusals import Refused
from incidents.timeline import person_as_actor

pages = Blueprint("sites", __name__)


class SiteForm(FlaskForm):
    """One site."""

    name = StringField(_l("Name"), [DataRequired(_l("Write the name of the site."))], filters=[stripped])
    entity = SelectField(_l("Legal entity"), validate_choice=False)
    country = SelectField(_l("Country"), [DataRequired(_l("Choose the country."))], validate_choice=False)
    zone = SelectField(_l("Time zone"), validate_choice=False)

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.country.choices = [option(code, name) for code, name in countries()]
        self.zone.choices = [option(code, name) for code, name in zones()]
        rows = entities_of(read_session(), organisation())
        self.entity.choices = [option(str(row.id), row.name) for row in rows]


@pages.get("/settings/profile/site")
@requires(Right.CONFIGURE)
def new_site() -> Response:
    """The form for another site."""
    return _page(SiteForm(data={"zone": organisation().zone}), 200)


@pages.post("/settings/profile/site")
@requires(Right.CONFIGURE)
def add_site() -> Answer:
    """Add a site."""
    return _keep(None)


@pages.get("/settings/profile/site/<int:site_id>")
@requires(Right.CONFIGURE)
def site(site_id: int) -> Response:
    """The form of one site."""
    row = next((one for one in sites_of(read_session(), organisation()) if one.id == site_id), None)
    if row is None:
        abort(404)
    said = {name: getattr(row, name) for name in ("name", "country", "zone")} | {"entity": str(row.legal_entity_id)}
    return _page(SiteForm(data=said), 200, site_id)


@pages.post("/settings/profile/site/<int:site_id>")
@requires(Right.CONFIGURE)
def change_site(site_id: int) -> Answer:
    """Change a site."""
    return _keep(site_id)


@pages.post("/settings/profile/site/<int:site_id>/remove")
@requires(Right.CONFIGURE)
def remove_site(site_id: int) -> Answer:
    """Take a site away."""
    house = installation()
    try:
        with house.store.writing() as session:
            describing.remove_site(
                session,
                the_organisation(session),
                site_id,
                by=person_as_actor(me().id),
                targets=house.targets,
                now=utcnow(),
            )
        flash(_("Removed."), "good")
    except Refused as refused:
        flash(errors.sentence(refused), "danger")
    return redirect(url_for("profile.profile"), code=303)


def _keep(key: int | None) -> Answer:
    form, house = SiteForm(), installation()
    if not form.validate():
        return _page(form, 422, key)
    entity = form.entity.data or ""
    said = Place(
        form.name.data or "", form.country.data, form.zone.data or "", int(entity) if entity.isdecimal() else None
    )
    try:
        with house.store.writing() as session:
            describing.keep_site(
                session,
                the_organisation(session),
                said,
                key=key,
                by=person_as_actor(me().id),
                targets=house.targets,
                now=utcnow(),
            )
    except Refused as refused:
        form[refused.field or "zone"].errors = [errors.sentence(refused)]
        return _page(form, 422, key)
    flash(_("Saved."), "good")
    flash("profile-site", "kept")
    return redirect(url_for("profile.profile"), code=303)


def _page(form: SiteForm, status: int, key: int | None = None) -> Response:
    return make_response(render_template("profile/site.html", form=form, new=key is None), status)
