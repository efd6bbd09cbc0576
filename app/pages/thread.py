"""Asking the reporter back."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.told import told_of
from app.case.typed import StaffForm, prose
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents import thread as verbs
from incidents.desk import belonging, casefile
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.report import Report

pages = Blueprint("thread", __name__)


class AskForm(StaffForm):
    text = prose(_l("What do you want to ask or say?"))


@pages.get("/incident/<reference>/report/<int:key>/ask")
@requires(Right.HANDLE)
def ask(reference: str, key: int) -> ResponseReturnValue:
    """The thread of a report, with a form to ask back."""
    incident = incident_for_me(reference)
    return _page(incident, AskForm(), belonging(read_session(), Report, incident, key))


@pages.post("/incident/<reference>/report/<int:key>/ask")
@requires(Right.HANDLE)
def send(reference: str, key: int) -> ResponseReturnValue:
    """Send a message that the reporter sees with the code."""
    incident, form = incident_for_me(reference), AskForm()
    report = belonging(read_session(), Report, incident, key)
    with recording(form) as session:
        held = belonging(session, Report, incident, key)
        verbs.ask(session, held, form.said("text"), by=by_me(), now=utcnow())
    if form.errors:
        return _page(incident, form, report)
    words = _("The reporter sees your message with the code.")
    return recorded(incident, f"ask-{key}", words, anchor=f"report-{key}")


def _page(incident: Incident, form: AskForm, report: Report) -> ResponseReturnValue:
    told = next(one for one in told_of(casefile(read_session(), incident)) if one.key == report.id)
    return act_page(
        "thread/ask.html",
        incident,
        form,
        act=f"ask-{report.id}",
        title=_("Ask the reporter"),
        submit=_("Send it"),
        why=_("Your name is not shown. The reporter sees the message at the next visit with the code."),
        told=told,
    )
