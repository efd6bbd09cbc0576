"""Entering a report that came by phone, letter or mail, with the time it first reached anybody here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from wtforms import HiddenField, RadioField

from app import shown
from app.access import me, requires
from app.case.typed import StaffForm, chosen, clock, line, option, prose, which
from app.extensions import read_session
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from incidents import intake, receipt
from incidents.incident import Incident, StillHappening, find
from incidents.intake import Arrival, Told
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Right
from incidents.refusals import Refused
from incidents.report import Medium, Relation
from incidents.timeline import person_as_actor
from incidents.triage import attach
from incidents.words import N_
from incidents.words.enums import words_for

pages = Blueprint("enter", __name__)

KEEP = "enter"
TRIES = 5
WORDS = {"which_data": "data", "whose": "whose", "how_many": "how_many", "where": "where", "not_for": "not_for"}
"""The form's field for each word of a report; `data` is taken by the form itself."""


class EnterForm(StaffForm):
    medium = RadioField(
        _l("How did it come?"),
        choices=[option(medium.value, _l(words_for(medium))) for medium in Medium if medium is not Medium.WEB],
        validate_choice=False,
    )
    told_by = line(_l("Who told it?"))
    first_known_at = clock(_l("When did it first reach anybody here?"))
    first_known_at_which = which()
    what = prose(_l("What happened?"))
    still_happening = RadioField(
        _l("Is it still happening?"),
        choices=[option(answer.value, _l(words_for(answer))) for answer in StillHappening],
        validate_choice=False,
    )
    noticed_at = clock(_l("When did they notice it?"))
    noticed_at_which = which()
    occurred_at = clock(_l("When did it happen?"))
    occurred_at_which = which()
    which_data = line(_l("What data is it about?"))
    whose = line(_l("Whose data is it?"))
    how_many = line(_l("About how many people?"))
    where = line(_l("Where did it happen?"))
    not_for = line(_l("Who must not see this report?"))
    contact = line(_l("How can they be reached?"))
    relation = RadioField(
        _l("Do they work here?"),
        choices=[
            option(Relation.UNSAID.value, _l("Not known")),
            option(Relation.STAFF.value, _l("Yes")),
            option(Relation.OUTSIDE.value, _l("No")),
        ],
        default=Relation.UNSAID.value,
        validate_choice=False,
    )
    belongs_to = line(_l("Reference of the incident it belongs to"))
    form_token = HiddenField()


@dataclass(frozen=True)
class Entered:
    """What is shown once after saving: the code to pass on, and whether time has run out already."""

    code: str
    reference: str
    codename: str
    left: shown.Left | None
    due: shown.Moment | None
    late: bool


@pages.get("/enter")
@requires(Right.ENTER_REPORTS)
def enter() -> ResponseReturnValue:
    """The empty form."""
    return _page(EnterForm(form_token=secrets.token_urlsafe(18)))


@pages.post("/enter")
@requires(Right.ENTER_REPORTS)
def save() -> ResponseReturnValue:
    """Store the report; the code for the reporter is only ever in this answer."""
    form, now = EnterForm(), utcnow()
    try:
        told, arrival = _read(form, now)
        wanted = form.said("belongs_to").strip()
        target = find(read_session(), me(), wanted) if wanted else None
    except Refused as refused:
        form.refuse(refused, "belongs_to")
        return _page(form)
    try:
        incident, code = _store(told, arrival, target, now)
    except Refused as refused:
        form.refuse(refused)
        return _page(form)
    entered = Entered(
        code=code,
        reference=incident.reference,
        codename=incident.codename,
        left=shown.left(incident.law_due_at, now),
        due=shown.moment(incident.law_due_at),
        late=incident.law_due_at is not None and incident.law_due_at < now,
    )
    return render_template("enter/entered.html", entered=entered, keep=KEEP, groups=receipt.in_groups(code).split())


def _read(form: EnterForm, now: datetime) -> tuple[Told, Arrival]:
    """What was typed as the domain takes it. All times are read, so that all questions are asked at once."""
    zone, refusals = shown.zone(), []
    times: dict[str, datetime | None] = {}
    for name in ("first_known_at", "noticed_at", "occurred_at"):
        try:
            times[name] = form.instant(name, zone)
            _past(times[name], name, now)
        except Refused as refused:
            refusals.append(refused)
    asked = {one.field for one in refusals}
    if times.get("first_known_at") is None and not asked & {"first_known_at", "first_known_at_which"}:
        words = N_("Write when it first reached anybody here: a call, an inbox, a desk. The clock starts there.")
        refusals.append(Refused(words, field="first_known_at"))
    if not form.medium.data:
        refusals.append(Refused(N_("Choose how it came."), field="medium"))
    if not form.said("what").strip():
        refusals.append(Refused(N_("Write what happened. A few words are enough."), field="what"))
    for one in refusals[:-1]:
        form.refuse(one)
    if refusals:
        raise refusals[-1]
    told = Told(
        what=form.said("what"),
        still_happening=chosen(StillHappening, form.still_happening.data, StillHappening.UNKNOWN),
        words={word: form.said(name) for name, word in WORDS.items()} | {"contact": form.said("contact")},
        relation=chosen(Relation, form.relation.data, Relation.UNSAID),
        noticed_at=times["noticed_at"],
        occurred_at=times["occurred_at"],
        zone=str(zone),
    )
    arrival = Arrival(
        medium=chosen(Medium, form.medium.data, Medium.PHONE),
        first_known_at=times["first_known_at"],
        by=person_as_actor(me().id, form.said("told_by").strip() or None),
        form_token=form.form_token.data or None,
    )
    return told, arrival


def _past(at: datetime | None, field: str, now: datetime) -> None:
    if at is not None and at > now:
        raise Refused(N_("This time is still to come. Check the date and time."), field=field)


def _store(told: Told, arrival: Arrival, target: Incident | None, now: datetime) -> tuple[Incident, str]:
    """Store the report, if need be as part of another incident, in one transaction. A clash of names is tried again."""
    house = installation()
    for attempt in range(TRIES):
        try:
            with house.store.writing() as session:
                made = intake.receive(
                    session,
                    the_organisation(session),
                    told,
                    keyring=house.keyring,
                    targets=house.targets,
                    arrival=arrival,
                    now=now,
                )
                incident = made.report.incident
                if target is not None and incident.id != target.id:
                    incident = attach(session, made.report, target.id, by=arrival.by, targets=house.targets, now=now)
                return incident, made.code
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _page(form: EnterForm) -> ResponseReturnValue:
    words = {"organisation": organisation().name or "Tocsin", "zone": str(shown.zone())}
    return render_template("enter/enter.html", form=form, keep=KEEP, **words), 422 if form.errors else 200
