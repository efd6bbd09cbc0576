"""Which regions' public holidays stand beside the rotas."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app import errors
from app.access import by_me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.navigation import installation, organisation
from app.places import countries
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Right, everybody
from incidents.refusals import Refused
from notifications.rota.publicdays import choose_regions, countries_of, regions_in, regions_of

pages = Blueprint("rotadays", __name__)


@dataclass(frozen=True)
class Country:
    """A country with its regions: code, name, and whether it is chosen."""

    code: str
    name: str
    regions: list[tuple[str, str, bool]]


@pages.get("/rota/holidays")
@requires(Right.PLAN_ROTA)
def days() -> Response:
    """The regions of every country that matters to a rota."""
    return _page(regions_of(read_session()))


@pages.post("/rota/holidays")
@requires(Right.PLAN_ROTA)
def choose() -> Answer:
    """Keep what was ticked; countries that are not on the page keep what they had."""
    session = read_session()
    offered = [country.code for country in _countries({})]
    chosen = {code: request.form.getlist(f"regions-{code}") for code in offered}
    kept = {code: list(regions) for code, regions in regions_of(session).items() if code not in offered}
    try:
        with installation().store.writing() as writing:
            choose_regions(writing, the_organisation(writing), chosen | kept, by=by_me(), now=utcnow())
    except Refused as refused:
        return _page(chosen, errors.sentence(refused))
    flash(_("Saved. The page of the rota shows them."), "good")
    return redirect(url_for("rota.rota"), code=303)


def _countries(chosen: dict[str, list[str]]) -> list[Country]:
    session, mine, named = read_session(), organisation(), dict(countries())
    found = []
    for code in countries_of(session, mine, everybody(session, mine.id)):
        ticked = chosen.get(code, [])
        regions = [(region, name, region in ticked) for region, name in regions_in(code).items()]
        if regions:
            found.append(Country(code, named.get(code, code), regions))
    return found


def _page(chosen: dict[str, list[str]], said: str | None = None) -> Response:
    page = render_template(
        "rotadays/days.html", countries=_countries(chosen), said=(said,) if said else (), problem=said
    )
    return make_response(page, 422 if said else 200)
