"""Decisions on an incident: aware since when, contained, closed, opened again; notes and corrections."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import shown
from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.moving import Trial, tried_or_done
from app.case.story import story_of
from app.case.typed import StaffForm, clock, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents import decisions as verbs
from incidents.desk import casefile, entry_of
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.refusals import Refused
from incidents.timeline import Entry
from incidents.words import N_

pages = Blueprint("decisions", __name__)


class AwarenessForm(StaffForm):
    aware_at = clock(_l("Since when were you reasonably certain?"))
    aware_at_which = which()
    reason = prose(_l("Why then, and not earlier?"))


class ContainedForm(StaffForm):
    contained_at = clock(_l("Since when does nothing more leak?"))
    contained_at_which = which()
    reason = prose(_l("How do you know?"))


class NoteForm(StaffForm):
    text = prose(_l("Note"))
    happened_at = clock(_l("When did it happen?"))
    happened_at_which = which()


class CorrectionForm(StaffForm):
    text = prose(_l("What is right instead?"))


class CloseForm(StaffForm):
    reason = prose(_l("How did it end?"))


class ReopenForm(StaffForm):
    reason = prose(_l("Why is it open again?"))


@pages.get("/incident/<reference>/awareness")
@requires(Right.DECIDE)
def awareness(reference: str) -> ResponseReturnValue:
    """Ask since when the organisation is aware."""
    return _awareness_page(incident_for_me(reference), AwarenessForm(), Trial())


@pages.post("/incident/<reference>/awareness")
@requires(Right.DECIDE)
def record_awareness(reference: str) -> ResponseReturnValue:
    """Show what the decision does to the deadlines; record it once that was confirmed."""
    incident, form, house = incident_for_me(reference), AwarenessForm(), installation()
    now = utcnow()

    def act(session: Session) -> None:
        aware_at = form.instant("aware_at", shown.zone())
        if aware_at is None:
            raise Refused(N_("Write the date and the time, like 2026-10-25 01:30."), field="aware_at")
        zone, said = str(shown.zone()), form.said("reason")
        verbs.become_aware(
            session, incident.id, aware_at, zone=zone, reason=said, by=by_me(), targets=house.targets, now=now
        )

    trial = tried_or_done(form, incident.id, act)
    if form.errors or trial.rows:
        return _awareness_page(incident, form, trial)
    return recorded(incident, "awareness", _("The decision is recorded. The deadline counts from it."))


def _awareness_page(incident: Incident, form: AwarenessForm, trial: Trial) -> ResponseReturnValue:
    return act_page(
        "decisions/awareness.html",
        incident,
        form,
        act="awareness",
        title=_("Decide since when we are aware"),
        submit=_("Record the decision") if trial.rows else _("Show what it does to the deadlines"),
        trial=trial,
        opened=shown.moment(incident.opened_at),
        before=shown.moment(incident.aware_at),
        zone=str(shown.zone()),
    )


@pages.get("/incident/<reference>/contained")
@requires(Right.HANDLE)
def contained(reference: str) -> ResponseReturnValue:
    """Ask since when it is contained."""
    return _contained_page(incident_for_me(reference), ContainedForm())


@pages.post("/incident/<reference>/contained")
@requires(Right.HANDLE)
def record_contained(reference: str) -> ResponseReturnValue:
    """Record that nothing more leaks; without a time it is since now."""
    incident, form, now = incident_for_me(reference), ContainedForm(), utcnow()
    with recording(form) as session:
        contained_at = form.instant("contained_at", shown.zone()) or now
        verbs.contain(
            session,
            incident.id,
            contained_at,
            zone=str(shown.zone()),
            how_known=form.said("reason"),
            by=by_me(),
            now=now,
        )
    if form.errors:
        return _contained_page(incident, form)
    return recorded(incident, "contained", _("It is recorded as contained."))


def _contained_page(incident: Incident, form: ContainedForm) -> ResponseReturnValue:
    title, submit = _("Record that it is contained"), _("Record it")
    zone = str(shown.zone())
    return act_page("decisions/contained.html", incident, form, act="contained", title=title, submit=submit, zone=zone)


@pages.get("/incident/<reference>/note")
@requires(Right.HANDLE)
def note(reference: str) -> ResponseReturnValue:
    """Ask for a note with a time of its own."""
    return _note_page(incident_for_me(reference), NoteForm())


@pages.post("/incident/<reference>/note")
@requires(Right.HANDLE)
def record_note(reference: str) -> ResponseReturnValue:
    """Write a note into the timeline."""
    incident, form, now = incident_for_me(reference), NoteForm(), utcnow()
    with recording(form) as session:
        happened_at = form.instant("happened_at", shown.zone())
        entry = verbs.note(
            session,
            incident.id,
            form.said("text"),
            by=by_me(),
            happened_at=happened_at,
            zone=str(shown.zone()),
            now=now,
        )
        seq = entry.seq
    if form.errors:
        return _note_page(incident, form)
    return recorded(incident, "note", _("The note is in the timeline."), anchor=f"entry-{seq}")


def _note_page(incident: Incident, form: NoteForm) -> ResponseReturnValue:
    zone = str(shown.zone())
    title, submit = _("Write a note"), _("Write it into the timeline")
    return act_page("decisions/note.html", incident, form, act="note", title=title, submit=submit, zone=zone)


@pages.get("/incident/<reference>/entry/<int:seq>/correct")
@requires(Right.HANDLE)
def correct(reference: str, seq: int) -> ResponseReturnValue:
    """Ask what is right instead of an entry."""
    incident = incident_for_me(reference)
    return _correct_page(incident, CorrectionForm(), entry_of(read_session(), incident, seq))


@pages.post("/incident/<reference>/entry/<int:seq>/correct")
@requires(Right.HANDLE)
def record_correction(reference: str, seq: int) -> ResponseReturnValue:
    """Write a new entry that names the wrong one, which stays as it is."""
    incident, form = incident_for_me(reference), CorrectionForm()
    wrong = entry_of(read_session(), incident, seq)
    with recording(form) as session:
        entry = verbs.correct(session, wrong.id, form.said("text"), by=by_me(), now=utcnow())
        made = entry.seq
    if form.errors:
        return _correct_page(incident, form, wrong)
    return recorded(incident, f"correct-{seq}", _("The correction is recorded."), anchor=f"entry-{made}")


def _correct_page(incident: Incident, form: CorrectionForm, wrong: Entry) -> ResponseReturnValue:
    told = next(item for item in story_of(casefile(read_session(), incident)) if item.seq == wrong.seq)
    return act_page(
        "decisions/correct.html",
        incident,
        form,
        act=f"correct-{wrong.seq}",
        title=_("Correct an entry"),
        submit=_("Record the correction"),
        why=_("The entry stays as it is. Your correction is written beside it and names it."),
        wrong=told,
    )


@pages.get("/incident/<reference>/close")
@requires(Right.DECIDE)
def close(reference: str) -> ResponseReturnValue:
    """Ask how it ended."""
    return _close_page(incident_for_me(reference), CloseForm())


@pages.post("/incident/<reference>/close")
@requires(Right.DECIDE)
def record_close(reference: str) -> ResponseReturnValue:
    """Close the incident with its outcome."""
    incident, form = incident_for_me(reference), CloseForm()
    with recording(form) as session:
        verbs.close(session, incident.id, reason=form.said("reason"), by=by_me(), now=utcnow())
    if form.errors:
        return _close_page(incident, form)
    return recorded(incident, "close", _("The incident is closed."))


def _close_page(incident: Incident, form: CloseForm) -> ResponseReturnValue:
    why = _("The reporter sees that it is closed, not what you write here.")
    title, submit = _("Close the incident"), _("Close it")
    return act_page("decisions/close.html", incident, form, act="close", title=title, submit=submit, why=why)


@pages.get("/incident/<reference>/reopen")
@requires(Right.HANDLE)
def reopen(reference: str) -> ResponseReturnValue:
    """Ask why it is open again."""
    return _reopen_page(incident_for_me(reference), ReopenForm(), Trial())


@pages.post("/incident/<reference>/reopen")
@requires(Right.HANDLE)
def record_reopen(reference: str) -> ResponseReturnValue:
    """Show the deadlines that come back; open the incident again once that was confirmed. Its clock goes on."""
    incident, form, house = incident_for_me(reference), ReopenForm(), installation()
    now, said = utcnow(), form.said("reason")
    trial = tried_or_done(
        form,
        incident.id,
        lambda session: verbs.reopen(session, incident.id, reason=said, by=by_me(), targets=house.targets, now=now),
    )
    if form.errors or trial.rows:
        return _reopen_page(incident, form, trial)
    return recorded(incident, "reopen", _("The incident is open again."))


def _reopen_page(incident: Incident, form: ReopenForm, trial: Trial) -> ResponseReturnValue:
    why = _("It keeps its old start: the clock does not begin anew.")
    title = _("Open the incident again")
    submit = _("Open it again") if trial.rows else _("Show what it does to the deadlines")
    return act_page(
        "decisions/reopen.html", incident, form, act="reopen", title=title, submit=submit, why=why, trial=trial
    )
