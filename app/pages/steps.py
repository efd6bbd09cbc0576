"""Working a step: done, left out with a reason, opened again."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from app import shown
from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, kept_as, recorded, recording
from app.case.lanes import anchor_of, step_words
from app.case.typed import StaffForm, clock, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents import workflow
from incidents.desk import belonging
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.steps import Step

pages = Blueprint("steps", __name__)


class DoneForm(StaffForm):
    note = prose(_l("What was done?"))
    done_at = clock(_l("When was it done?"))
    done_at_which = which()


class ReasonForm(StaffForm):
    reason = prose(_l("Why?"))


@pages.get("/incident/<reference>/step/<int:key>")
@requires(Right.HANDLE)
def step(reference: str, key: int) -> ResponseReturnValue:
    """One step with its forms."""
    incident = incident_for_me(reference)
    return _page(incident, belonging(read_session(), Step, incident, key))


@pages.post("/incident/<reference>/step/<int:key>/done")
@requires(Right.HANDLE)
def record_done(reference: str, key: int) -> ResponseReturnValue:
    """Record a step as done; without a time it was done now."""
    incident, form, now = incident_for_me(reference), DoneForm(), utcnow()
    wanted = belonging(read_session(), Step, incident, key)
    with recording(form) as session:
        done_at = form.instant("done_at", shown.zone()) or now
        workflow.do(
            session,
            wanted.id,
            by=by_me(),
            done_at=done_at,
            zone=str(shown.zone()),
            note=form.said("note"),
            now=now,
        )
    if form.errors:
        return _page(incident, wanted, done=form)
    words = _("Done: %(step)s", step=_(wanted.title))
    return recorded(incident, f"step-{key}-done", words, anchor=anchor_of(wanted))


@pages.post("/incident/<reference>/step/<int:key>/skip")
@requires(Right.HANDLE)
def record_skip(reference: str, key: int) -> ResponseReturnValue:
    """Leave a step out, with the reason."""
    return _with_reason(reference, key, "skip", workflow.skip, _("Left out: %(step)s"))


@pages.post("/incident/<reference>/step/<int:key>/reopen")
@requires(Right.HANDLE)
def record_reopen(reference: str, key: int) -> ResponseReturnValue:
    """Open a settled step again, with the reason."""
    return _with_reason(reference, key, "reopen", workflow.reopen_step, _("Open again: %(step)s"))


def _with_reason(reference: str, key: int, act: str, verb: Callable[..., object], words: str) -> ResponseReturnValue:
    """Do something to a step that wants a reason; `words` then say what was done."""
    incident, form = incident_for_me(reference), ReasonForm()
    wanted = belonging(read_session(), Step, incident, key)
    with recording(form) as session:
        verb(session, wanted.id, by=by_me(), reason=form.said("reason"), now=utcnow())
    if form.errors:
        return _page(incident, wanted, skip=form) if act == "skip" else _page(incident, wanted, again=form)
    done = words % {"step": _(wanted.title)}
    return recorded(incident, f"step-{key}-{act}", done, anchor=anchor_of(wanted))


def _page(
    incident: Incident,
    wanted: Step,
    *,
    done: DoneForm | None = None,
    skip: ReasonForm | None = None,
    again: ReasonForm | None = None,
) -> ResponseReturnValue:
    """The step; of its forms the refused one keeps what was typed and speaks in the summary."""
    refused = done or skip or again
    forms = (done or DoneForm(formdata=None), skip or ReasonForm(formdata=None), again or ReasonForm(formdata=None))
    for form in forms:
        form.back.data = url_for("steps.step", reference=incident.reference, key=wanted.id)
    return act_page(
        "steps/step.html",
        incident,
        refused or forms[0],
        act=f"step-{wanted.id}",
        title=_(wanted.title),
        submit="",
        why=_(wanted.why) if wanted.why else None,
        step=step_words(incident, wanted),
        done=forms[0],
        skip=forms[1],
        again=forms[2],
        skip_open=skip is not None,
        keep=kept_as(incident, f"step-{wanted.id}"),
        zone=str(shown.zone()),
    )
