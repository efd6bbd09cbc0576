"""What was sent under a duty, why nothing was sent, and what a record still lacks."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, RadioField

from app import shown
from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.clocks import recipient_words
from app.case.lanes import DUTY, duty_words
from app.case.practice import notes_on
from app.case.typed import StaffForm, clock, line, option, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents import filing as verbs
from incidents.desk import belonging
from incidents.filing import Filing, Sent
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.obligations import Against, Obligation
from incidents.people import Right
from incidents.refusals import Refused
from incidents.words import N_
from incidents.words.enums import words_for

pages = Blueprint("filing", __name__)


class SentForm(StaffForm):
    sent_at = clock(_l("When was it sent?"))
    sent_at_which = which()
    recipient = line(_l("To whom was it sent?"))
    reference = line(_l("Reference you were given"))
    awaited = BooleanField(_l("The reference is awaited"))
    delay_reasons = prose(_l("Reasons for the delay"))


class AgainstForm(StaffForm):
    ground = RadioField(
        _l("On which ground?"),
        choices=[option(ground.value, _l(words_for(ground))) for ground in Against],
        validate_choice=False,
    )
    reason = prose(_l("Why is nothing sent?"))


class CompleteForm(StaffForm):
    reference = line(_l("Reference you were given"))
    delay_reasons = prose(_l("Reasons for the delay"))


@pages.get("/incident/<reference>/duty/<int:key>/sent")
@requires(Right.DECIDE)
def sent(reference: str, key: int) -> ResponseReturnValue:
    """Ask when and to whom it was sent."""
    incident = incident_for_me(reference)
    duty = belonging(read_session(), Obligation, incident, key)
    form = SentForm(recipient=recipient_words(duty.recipient) if duty.towards_customer or duty.towards else "")
    return _sent_page(incident, form, duty, utcnow())


@pages.post("/incident/<reference>/duty/<int:key>/sent")
@requires(Right.DECIDE)
def record_sent(reference: str, key: int) -> ResponseReturnValue:
    """Record that it was sent. Missing reasons for a delay never stand in the way; they leave a red step."""
    incident, form, now = incident_for_me(reference), SentForm(), utcnow()
    duty = belonging(read_session(), Obligation, incident, key)
    with recording(form) as session:
        sent_at = form.instant("sent_at", shown.zone())
        if sent_at is None:
            raise Refused(N_("Write the date and the time, like 2026-10-25 01:30."), field="sent_at")
        told = Sent(
            at=sent_at,
            zone=str(shown.zone()),
            recipient=form.said("recipient"),
            reference=form.said("reference"),
            awaited=form.awaited.data,
            delay_reasons=form.said("delay_reasons"),
        )
        filing = verbs.record_sent(session, duty.id, told, by=by_me(), targets=installation().targets, now=now)
        unexplained = filing.late and not filing.delay_explained
    if form.errors:
        return _sent_page(incident, form, duty, now)
    if unexplained:
        words = _("Recorded as sent after the deadline. Give the reasons for the delay: that step stays red.")
        return recorded(incident, f"sent-{key}", words, level="warning", anchor=f"{DUTY}-{key}")
    return recorded(incident, f"sent-{key}", _("Recorded as sent."), anchor=f"{DUTY}-{key}")


def _sent_page(incident: Incident, form: SentForm, duty: Obligation, now: datetime) -> ResponseReturnValue:
    return act_page(
        "filing/sent.html",
        incident,
        form,
        act=f"sent-{duty.id}",
        title=_("Record what was sent"),
        submit=_("Record it as sent"),
        duty=duty_words(duty, now),
        to_customer=duty.towards_customer,
        notes=notes_on(read_session(), [duty]),
        zone=str(shown.zone()),
    )


@pages.get("/incident/<reference>/duty/<int:key>/against")
@requires(Right.DECIDE)
def against(reference: str, key: int) -> ResponseReturnValue:
    """Ask why nothing is sent."""
    incident = incident_for_me(reference)
    return _against_page(incident, AgainstForm(), belonging(read_session(), Obligation, incident, key))


@pages.post("/incident/<reference>/duty/<int:key>/against")
@requires(Right.DECIDE)
def record_against(reference: str, key: int) -> ResponseReturnValue:
    """Record the decision not to notify."""
    incident, form = incident_for_me(reference), AgainstForm()
    duty = belonging(read_session(), Obligation, incident, key)
    with recording(form) as session:
        ground = next((one for one in Against if one.value == form.ground.data), None)
        if ground is None:
            raise Refused(N_("Choose on which ground nothing is sent."), field="ground")
        verbs.decide_against(session, duty.id, reason=form.said("reason"), ground=ground, by=by_me(), now=utcnow())
    if form.errors:
        return _against_page(incident, form, duty)
    return recorded(incident, f"against-{key}", _("The decision is recorded."), anchor=f"{DUTY}-{key}")


def _against_page(incident: Incident, form: AgainstForm, duty: Obligation) -> ResponseReturnValue:
    return act_page(
        "filing/against.html",
        incident,
        form,
        act=f"against-{duty.id}",
        title=_("Decide against sending"),
        submit=_("Record the decision"),
        tone="grave",
        duty=duty_words(duty, utcnow()),
        notes=notes_on(read_session(), [duty]),
        assess_url=url_for("assessment.assessment", reference=incident.reference),
    )


@pages.get("/incident/<reference>/filing/<int:key>/complete")
@requires(Right.DECIDE)
def complete(reference: str, key: int) -> ResponseReturnValue:
    """Ask for what the record still lacks."""
    incident = incident_for_me(reference)
    return _complete_page(incident, CompleteForm(), belonging(read_session(), Filing, incident, key))


@pages.post("/incident/<reference>/filing/<int:key>/complete")
@requires(Right.DECIDE)
def record_complete(reference: str, key: int) -> ResponseReturnValue:
    """Enter the reference, or the reasons for the delay."""
    incident, form = incident_for_me(reference), CompleteForm()
    filing = belonging(read_session(), Filing, incident, key)
    with recording(form) as session:
        verbs.complete(
            session,
            filing.id,
            reference=form.said("reference"),
            delay_reasons=form.said("delay_reasons"),
            by=by_me(),
            now=utcnow(),
        )
    if form.errors:
        return _complete_page(incident, form, filing)
    return recorded(incident, f"complete-{key}", _("The record is completed."), anchor=f"{DUTY}-{filing.obligation_id}")


def _complete_page(incident: Incident, form: CompleteForm, filing: Filing) -> ResponseReturnValue:
    return act_page(
        "filing/complete.html",
        incident,
        form,
        act=f"complete-{filing.id}",
        title=_("Complete the record"),
        submit=_("Enter it"),
        duty=duty_words(filing.obligation, utcnow()),
        sent=shown.moment(filing.sent_at),
        recipient=filing.recipient,
        wants_reference=filing.reference is None,
        wants_reasons=filing.late and not filing.delay_explained,
    )
