"""The page of one act on an incident: a form with its context, and the way back once it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import shown
from app.access import me
from app.case.typed import StaffForm
from app.extensions import read_session
from app.language import gettext as _
from app.navigation import installation
from incidents.incident import Incident, find
from incidents.law.clock import utcnow
from incidents.refusals import Refused


@dataclass(frozen=True)
class Act:
    """What the person is about to record, on which incident, and how much time the law leaves."""

    title: str
    why: str | None
    submit: str
    keep: str
    tone: str
    incident: str
    codename: str
    url: str
    left: shown.Left | None
    due: shown.Moment | None


def incident_for_me(reference: str) -> Incident:
    """The incident of that reference, if the person signed in may see it."""
    return find(read_session(), me(), reference)


def address(incident: Incident, anchor: str | None = None) -> str:
    """Where an incident's page is."""
    return url_for("incident.incident", reference=incident.reference, _anchor=anchor)


def kept_as(incident: Incident, act: str) -> str:
    """The name under which the browser keeps what is typed for this act."""
    return f"incident-{incident.reference}-{act}"


def act_page(
    template: str,
    incident: Incident,
    form: StaffForm,
    *,
    act: str,
    title: str,
    submit: str,
    why: str | None = None,
    tone: str = "primary",
    back: str | None = None,
    **more: Any,
) -> ResponseReturnValue:
    """The page with the form: 422 when something needs putting right, everything typed still there."""
    due_at = None if incident.closed_at else incident.law_due_at
    about = Act(
        title=title,
        why=why,
        submit=submit,
        keep=kept_as(incident, act),
        tone=tone,
        incident=incident.reference,
        codename=incident.codename,
        url=back or address(incident),
        left=shown.left(due_at, utcnow()),
        due=shown.moment(due_at),
    )
    return render_template(template, act=about, form=form, **more), 422 if form.errors else 200


class Refusing(Protocol):
    """A form that shows a refusal beside the field it belongs to."""

    def refuse(self, refused: Refused, field: str | None = None) -> None: ...


@contextmanager
def recording(form: Refusing, field: str | None = None) -> Iterator[Session]:
    """One transaction for what was typed. A refusal stores nothing and is put into the form, beside its field."""
    try:
        with installation().store.writing() as session:
            yield session
    except Refused as refused:
        form.refuse(refused, field)


def recorded(
    incident: Incident, act: str, words: str | None = None, *, level: str = "good", anchor: str | None = None
) -> ResponseReturnValue:
    """Say that it is recorded, let the browser forget what it kept, and go back to the incident."""
    flash(words or _("Recorded."), level)
    flash(kept_as(incident, act), "kept")
    return redirect(address(incident, anchor), code=303)
