"""Where people and systems are and what other laws ask: saved card by card, with the duties that follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import errors, shown
from app.access import me, requires
from app.case import situating
from app.case.act import address, incident_for_me, kept_as
from app.case.clocks import basis_of, part_words, title_of
from app.case.questions import NO, YES
from app.case.situating import LAWS, Row, Typed
from app.extensions import read_session
from app.language import gettext as _
from app.language import language
from app.navigation import installation, organisation
from app.places import places_of
from incidents import answering
from incidents.incident import Incident, Part
from incidents.law.clock import utcnow
from incidents.may_owe import may_be_owed
from incidents.obligations import Obligation, any_met, open_duties
from incidents.people import Right
from incidents.profile import profile_of
from incidents.refusals import Refused
from incidents.situations import worksheets
from incidents.words.situation import QUESTIONS

pages = Blueprint("situation", __name__)


@pages.get("/incident/<reference>/situation")
@requires(Right.HANDLE)
def situation(reference: str) -> ResponseReturnValue:
    """What is known of places and of what other laws ask."""
    return _page(incident_for_me(reference), None)


@pages.post("/incident/<reference>/situation/<card>")
@requires(Right.HANDLE)
def tell(reference: str, card: str) -> ResponseReturnValue:
    """Save one card; the duties follow at once."""
    incident = incident_for_me(reference)
    rows = [Row(*pair) for pair in zip(request.form.getlist("place"), _numbers(), strict=False)]
    complete, answers, part = bool(request.form.get("complete")), _answers(), _part(incident)
    try:
        given = answers if card == LAWS else situating.read_places(card, rows, complete)
        with installation().store.writing() as session:
            answering.tell(
                session,
                incident.id,
                given,
                part_id=part.id if part else None,
                seen=_seen(given),
                by=me().id,
                targets=installation().targets,
                now=utcnow(),
            )
    except Refused as refused:
        kept = [row for row in rows if row.place or row.number]
        return _page(incident, Typed(card, kept, complete, answers, [errors.sentence(refused)]))
    flash(_("Saved. The duties are worked out anew."), "good")
    flash(kept_as(incident, f"situation-{card}"), "kept")
    return redirect(url_for("situation.situation", reference=reference, part=part.id if part else None), code=303)


def _numbers() -> list[str]:
    places = request.form.getlist("place")
    return [*request.form.getlist("number"), *[""] * len(places)]


def _answers() -> dict[str, object]:
    found: dict[str, object] = {}
    for name in QUESTIONS:
        if name in request.form:
            found[name] = {YES: True, NO: False}.get(request.form[name])
    return found


def _seen(given: Mapping[str, object]) -> Mapping[str, object] | None:
    try:
        found = json.loads(request.form.get("seen") or "")
    except ValueError:
        return None
    return {name: found.get(name) for name in given} if isinstance(found, dict) else None


def _part(incident: Incident) -> Part | None:
    key = request.values.get("part", "")
    return next((part for part in incident.parts if str(part.id) == key and part.is_own), None)


def _page(incident: Incident, typed: Typed | None) -> ResponseReturnValue:
    session, part, now = read_session(), _part(incident), utcnow()
    sheets = worksheets(session, incident)
    sheet = sheets.get(part.id if part else None)
    told = sheet.situation if sheet else {}
    profile = profile_of(session, organisation())
    filed = any_met(session, incident)
    asked = situating.asked_of(may_be_owed(session, incident, profile=profile), told, filed=filed)
    cards = situating.cards_of(told, asked, whole=part is None, typed=typed)
    wrong: Sequence[str] = typed.wrong if typed else ()
    return render_template(
        "situation/situation.html",
        incident=incident,
        back=address(incident),
        cards=cards,
        part=part,
        described=profile.capacities_complete,
        part_words=part_words(part) if part else None,
        problems=wrong,
        places=list(places_of(language().locale).values()),
        urls={card.key: url_for("situation.tell", reference=incident.reference, card=card.key) for card in cards},
        duties=[_duty(row, now) for row in open_duties(session, incident)],
        parts_url=url_for("parts.parts", reference=incident.reference),
    ), 422 if wrong else 200


def _duty(row: Obligation, now: Any) -> tuple[str, str, shown.Left | None, shown.Moment | None]:
    return title_of(row), basis_of(row), shown.left(row.due_at, now), shown.moment(row.due_at)
