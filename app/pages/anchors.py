"""What starts the clock of a duty, where that is something else than becoming aware."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import shown
from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded
from app.case.clocks import Waiting, waiting
from app.case.moving import Trial, tried_or_done
from app.case.typed import StaffForm, clock, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents.anchors import start_clock
from incidents.desk import belonging
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.obligations import Obligation
from incidents.people import Right
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("anchors", __name__)


class StartForm(StaffForm):
    started_at = clock(_l("When was that?"))
    started_at_which = which()
    reason = prose(_l("What happened then, and how is it known?"))


@pages.get("/incident/<reference>/duty/<int:key>/start")
@requires(Right.DECIDE)
def start(reference: str, key: int) -> ResponseReturnValue:
    """Ask when the event was that starts the clock of a duty."""
    incident = incident_for_me(reference)
    return _page(incident, StartForm(), belonging(read_session(), Obligation, incident, key), Trial())


@pages.post("/incident/<reference>/duty/<int:key>/start")
@requires(Right.DECIDE)
def record_start(reference: str, key: int) -> ResponseReturnValue:
    """Show the deadline that follows; record the event once that was confirmed."""
    incident, form, house, now = incident_for_me(reference), StartForm(), installation(), utcnow()
    duty = belonging(read_session(), Obligation, incident, key)

    def act(session: Session) -> None:
        started_at = form.instant("started_at", shown.zone())
        if started_at is None:
            raise Refused(N_("Write the date and the time, like 2026-10-25 01:30."), field="started_at")
        zone, said = str(shown.zone()), form.said("reason")
        start_clock(session, key, started_at, zone=zone, reason=said, by=by_me(), targets=house.targets, now=now)

    trial = tried_or_done(form, incident.id, act)
    if form.errors or trial.rows:
        return _page(incident, form, duty, trial)
    return recorded(incident, f"start-{key}", _("It is recorded. The deadline counts from it."))


def _page(incident: Incident, form: StartForm, duty: Obligation, trial: Trial) -> ResponseReturnValue:
    about: Waiting = waiting(duty)
    return act_page(
        "anchors/start.html",
        incident,
        form,
        act=f"start-{duty.id}",
        title=_("Record what starts the clock"),
        submit=_("Record it") if trial.rows else _("Show the deadline"),
        about=about,
        trial=trial,
        zone=str(shown.zone()),
    )
