"""The memo on awareness: one page to print, for whoever asks later why the clock was started then."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from app import shown
from app.access import may, requires
from app.case.act import address, incident_for_me
from app.case.memo import pages_of
from app.extensions import read_session
from app.navigation import organisation
from incidents.law.clock import utcnow
from incidents.people import Right

pages = Blueprint("memo", __name__)


@pages.get("/incident/<reference>/awareness/memo")
@requires(Right.READ_INCIDENTS)
def memo(reference: str) -> str:
    """The memo that counts, both clocks, and the memos before it."""
    incident = incident_for_me(reference)
    found, clocks = pages_of(read_session(), incident)
    open_to_me = may(Right.DECIDE) and incident.closed_at is None
    return render_template(
        "memo/memo.html",
        incident=incident,
        back=address(incident),
        organisation_name=organisation().name,
        memo=found[0] if found else None,
        earlier=found[1:],
        clocks=clocks,
        as_of=shown.moment(utcnow()),
        decide_url=url_for("decisions.awareness", reference=incident.reference) if open_to_me else None,
    )
