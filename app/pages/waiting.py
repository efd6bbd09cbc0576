""" "This can wait until …", and who is at the containment meanwhile."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from app import shown
from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.typed import StaffForm, clock, prose, which
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents import parking
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("waiting", __name__)


class WaitForm(StaffForm):
    until = clock(_l("Until when can it wait?"))
    until_which = which()
    reason = prose(_l("Why can it wait?"))


@pages.get("/incident/<reference>/wait")
@requires(Right.HANDLE)
def wait(reference: str) -> ResponseReturnValue:
    """Ask until when it can wait, and why."""
    return _page(incident_for_me(reference), WaitForm())


@pages.post("/incident/<reference>/wait")
@requires(Right.HANDLE)
def record_wait(reference: str) -> ResponseReturnValue:
    """Let it wait; it rings again then unless somebody went on with it."""
    incident, form = incident_for_me(reference), WaitForm()
    with recording(form) as session:
        until = form.instant("until", shown.zone())
        if until is None:
            raise Refused(N_("Write the date and the time, like 2026-10-25 01:30."), field="until")
        parking.park(session, incident.id, until, reason=form.said("reason"), by=by_me(), now=utcnow())
    if form.errors:
        return _page(incident, form)
    return recorded(incident, "wait", _("It waits. It rings again then, unless somebody goes on with it before."))


@pages.post("/incident/<reference>/containment")
@requires(Right.HANDLE)
def take_on(reference: str) -> ResponseReturnValue:
    """Say that one is at the containment now."""
    incident, form = incident_for_me(reference), StaffForm()
    with recording(form) as session:
        parking.take_containment_on(session, incident.id, by=by_me(), now=utcnow())
    if form.errors:
        return _page(incident, form)
    words = _("The containment is yours now.")
    if incident.handler_id is None:
        words = _("The containment is yours now, and with it the incident, which nobody had begun.")
    return recorded(incident, "containment", words)


def _page(incident: Incident, form: StaffForm) -> ResponseReturnValue:
    shown_form = form if isinstance(form, WaitForm) else WaitForm(formdata=None)
    shown_form.form_errors.extend(form.form_errors if form is not shown_form else [])
    return act_page(
        "waiting/wait.html",
        incident,
        shown_form,
        act="wait",
        title=_("This can wait until …"),
        submit=_("Let it wait"),
        may_wait=parking.may_wait(incident, now=utcnow()),
        contained_url=url_for("decisions.contained", reference=incident.reference),
        own_url=url_for("waiting.take_on", reference=incident.reference),
        zone=str(shown.zone()),
    )
