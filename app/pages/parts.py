"""Parts of our own: whose people in which country, each weighed and decided by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, kept_as, recording
from app.case.clocks import part_words
from app.case.typed import StaffForm, line
from app.extensions import read_session
from app.language import gettext as _
from app.language import language
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import option, place_of, places_of
from incidents import parts as named
from incidents.incident import Incident, Part
from incidents.law.clock import utcnow
from incidents.owed import own_parts
from incidents.people import Right
from incidents.profile import entities_of
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("parts", __name__)


class PartForm(StaffForm):
    place = line(_l("In which country do these people live?"))
    entity = SelectField(_l("Which of our companies is responsible for them?"), choices=[], validate_choice=False)


@dataclass(frozen=True)
class Line:
    """One part, where it is worked on, and where it is taken away."""

    words: str
    links: list[tuple[str, str]]
    drop_url: str


@pages.get("/incident/<reference>/parts")
@requires(Right.HANDLE)
def parts(reference: str) -> ResponseReturnValue:
    """The parts of our own, and a form for one more."""
    return _page(incident_for_me(reference), PartForm())


@pages.post("/incident/<reference>/parts")
@requires(Right.HANDLE)
def add(reference: str) -> ResponseReturnValue:
    """Set the people of one country apart."""
    incident, form, house = incident_for_me(reference), PartForm(), installation()
    with recording(form, "place") as session:
        if not form.said("place").strip():
            raise Refused(N_("Write the country in which these people live."), field="place")
        key = form.entity.data or ""
        named.name_part(
            session,
            incident.id,
            place_of(form.said("place")),
            legal_entity_id=int(key) if key.isdecimal() else None,
            by=by_me(),
            targets=house.targets,
            now=utcnow(),
        )
    if form.errors:
        return _page(incident, form)
    flash(_("The part is there. Assess it by itself."), "good")
    flash(kept_as(incident, "parts"), "kept")
    return redirect(url_for("parts.parts", reference=reference), code=303)


@pages.post("/incident/<reference>/parts/<int:key>/drop")
@requires(Right.HANDLE)
def drop(reference: str, key: int) -> ResponseReturnValue:
    """Take a part away again."""
    incident, form, house = incident_for_me(reference), PartForm(), installation()
    with recording(form, "place") as session:
        named.drop_part(session, incident.id, key, by=by_me(), targets=house.targets, now=utcnow())
    if form.errors:
        return _page(incident, form)
    flash(_("The part is taken away. Its people are the incident's again."), "good")
    return redirect(url_for("parts.parts", reference=reference), code=303)


def _page(incident: Incident, form: PartForm) -> ResponseReturnValue:
    session = read_session()
    entities = [option(str(row.id), row.name) for row in entities_of(session, organisation())]
    form.entity.choices = [option("", _("The organisation as a whole")), *entities]
    return act_page(
        "parts/parts.html",
        incident,
        form,
        act="parts",
        back=url_for("situation.situation", reference=incident.reference),
        title=_("Parts of our own"),
        submit=_("Add this part"),
        why=_(
            "Where people of several countries or companies are affected, each part can have its own facts, "
            "its own advice and decision, and its own duties. Most incidents need none."
        ),
        lines=[_line(incident, part) for part in own_parts(incident)],
        places=list(places_of(language().locale).values()),
    )


def _line(incident: Incident, part: Part) -> Line:
    where: dict[str, Any] = {"reference": incident.reference, "part": part.id}
    return Line(
        part_words(part),
        [
            (_("Assess the risk"), url_for("assessment.assessment", **where)),
            (_("The decision"), url_for("decision.sheet", **where)),
        ],
        url_for("parts.drop", reference=incident.reference, key=part.id),
    )
