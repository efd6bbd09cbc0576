"""Triage: a first look, what it is and in which role it concerns us, and which reports belong together."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField

from app import shown
from app.access import by_me, me, requires
from app.case.act import act_page, address, incident_for_me, recorded, recording
from app.case.moving import Trial, tried_or_done
from app.case.told import texts
from app.case.typed import StaffForm, chosen, line, option, prose, yes_or_no
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from incidents import triage as verbs
from incidents.desk import belonging, casefile
from incidents.incident import Incident, OurRole, What, find
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.profile import contracts_of
from incidents.refusals import Refused
from incidents.report import Report
from incidents.words.enums import words_for

pages = Blueprint("triage", __name__)


class TriageForm(StaffForm):
    what = RadioField(
        _l("What is it?"),
        choices=[option(what.value, _l(words_for(what))) for what in What if what is not What.UNDECIDED],
        validate_choice=False,
    )
    our_role = RadioField(
        _l("In which role does it concern us?"),
        choices=[option(role.value, _l(words_for(role))) for role in OurRole],
        default=OurRole.UNKNOWN.value,
        validate_choice=False,
    )
    customers = prose(_l("Whose processor are we? One customer a line"))
    reason = prose(_l("Why?"))
    seen = HiddenField()


class AttachForm(StaffForm):
    reference = line(_l("Reference of the incident it belongs to"))
    reason = prose(_l("Why does it belong there?"))


class NoticedForm(StaffForm):
    counts = yes_or_no(_l("Does the clock start there?"), _l("Yes, we knew then"), _l("No, nobody here knew then"))
    reason = prose(_l("Why?"))


@pages.post("/incident/<reference>/looked")
@requires(Right.HANDLE)
def looked(reference: str) -> ResponseReturnValue:
    """A first step: it ends what rings for this incident, and the incident has somebody."""
    incident = incident_for_me(reference)
    with installation().store.writing() as session:
        verbs.look_at(session, incident.id, by=by_me(), now=utcnow())
        mine = session.get_one(Incident, incident.id).handler_id == me().id
    words = _("It is yours now, and no longer rings.") if mine else _("Noted. It no longer rings.")
    flash(words, "good")
    return redirect(address(incident), code=303)


@pages.get("/incident/<reference>/triage")
@requires(Right.HANDLE)
def triage(reference: str) -> ResponseReturnValue:
    """Say what it is; filled in with what was said last."""
    incident = incident_for_me(reference)
    customers = [part.customer for part in incident.parts if part.customer and part.dropped_at is None]
    form = TriageForm(
        what=incident.what.value, our_role=incident.our_role.value, customers="\n".join(customers), reason=""
    )
    return _triage_page(incident, form)


@pages.post("/incident/<reference>/triage")
@requires(Right.HANDLE)
def record_triage(reference: str) -> ResponseReturnValue:
    """Record what it is. Sent twice it changes nothing more."""
    incident, form, house = incident_for_me(reference), TriageForm(), installation()
    with recording(form) as session:
        verbs.triage(
            session,
            incident.id,
            chosen(What, form.what.data, What.UNDECIDED),
            chosen(OurRole, form.our_role.data, OurRole.UNKNOWN),
            reason=form.said("reason"),
            customers=form.said("customers").splitlines(),
            seen=_seen(form),
            by=by_me(),
            targets=house.targets,
            now=utcnow(),
        )
    if form.errors:
        return _triage_page(incident, form)
    return recorded(incident, "triage", _("Triage is recorded."))


def _seen(form: TriageForm) -> datetime | None:
    """When the triage was recorded that the form was filled in with."""
    try:
        return datetime.fromisoformat(form.said("seen"))
    except ValueError:
        return None


def _triage_page(incident: Incident, form: TriageForm) -> ResponseReturnValue:
    form.seen.data = incident.triaged_at.isoformat() if incident.triaged_at else ""
    return act_page(
        "triage/triage.html",
        incident,
        form,
        act="triage",
        title=_("Say what it is"),
        submit=_("Record triage"),
        why=_("It can be changed later. In doubt take the graver one."),
        told=texts(casefile(read_session(), incident)),
        contracts=[row.customer for row in contracts_of(read_session(), organisation())],
    )


@pages.get("/incident/<reference>/report/<int:key>/attach")
@requires(Right.HANDLE)
def attach(reference: str, key: int) -> ResponseReturnValue:
    """Ask which incident a report belongs to."""
    incident = incident_for_me(reference)
    belonging(read_session(), Report, incident, key)
    return _attach_page(incident, AttachForm(), key, Trial())


@pages.post("/incident/<reference>/report/<int:key>/attach")
@requires(Right.HANDLE)
def record_attach(reference: str, key: int) -> ResponseReturnValue:
    """Move a report to another incident that this person may see; what that does to deadlines is shown first."""
    incident, form, house = incident_for_me(reference), AttachForm(), installation()
    belonging(read_session(), Report, incident, key)
    said, now = form.said("reason"), utcnow()
    try:
        target = find(read_session(), me(), form.said("reference"))
    except Refused as refused:
        form.refuse(refused, "reference")
        return _attach_page(incident, form, key, Trial())

    def act(session: Session) -> None:
        report = belonging(session, Report, incident, key)
        verbs.attach(session, report, target.id, reason=said, by=by_me(), targets=house.targets, now=now)

    trial = tried_or_done(form, [incident.id, target.id], act, reason=said)
    if form.errors or trial.seen:
        return _attach_page(incident, form, key, trial)
    words = _("The report belongs to this incident now. It came from %(from_)s.", from_=incident.reference)
    flash(f"incident-{incident.reference}-attach-{key}", "kept")
    return recorded(target, "attach", words)


def _attach_page(incident: Incident, form: AttachForm, key: int, trial: Trial) -> ResponseReturnValue:
    return act_page(
        "triage/attach.html",
        incident,
        form,
        act=f"attach-{key}",
        title=_("Attach the report to another incident"),
        submit=_("Attach it there"),
        why=_("The earliest start of the clock wins there. Attach it back to undo this."),
        trial=trial,
    )


@pages.get("/incident/<reference>/report/<int:key>/noticed")
@requires(Right.DECIDE)
def noticed(reference: str, key: int) -> ResponseReturnValue:
    """Ask whether a "noticed" time far back is when the organisation first knew."""
    incident = incident_for_me(reference)
    return _noticed_page(incident, NoticedForm(), belonging(read_session(), Report, incident, key), Trial())


@pages.post("/incident/<reference>/report/<int:key>/noticed")
@requires(Right.DECIDE)
def record_noticed(reference: str, key: int) -> ResponseReturnValue:
    """Show what the answer does to the deadlines; settle it once that was confirmed."""
    incident, form, house = incident_for_me(reference), NoticedForm(), installation()
    report = belonging(read_session(), Report, incident, key)
    now = utcnow()

    def act(session: Session) -> None:
        counts = form.yes("counts")
        own, said = belonging(session, Report, incident, key), form.said("reason")
        verbs.settle_noticed(session, own, counts, said, by=by_me(), targets=house.targets, now=now)

    trial = tried_or_done(form, incident.id, act)
    if form.errors or trial.rows:
        return _noticed_page(incident, form, report, trial)
    return recorded(incident, f"noticed-{key}", _("The start of the clock is settled."))


def _noticed_page(incident: Incident, form: NoticedForm, report: Report, trial: Trial) -> ResponseReturnValue:
    return act_page(
        "triage/noticed.html",
        incident,
        form,
        act=f"noticed-{report.id}",
        title=_("Did we know then?"),
        submit=_("Settle it") if trial.rows else _("Show what it does to the deadlines"),
        trial=trial,
        noticed=shown.moment(report.noticed_at),
        received=shown.moment(report.received_at),
    )
