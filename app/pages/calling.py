"""Who is on an incident: take it over, hand it over, call somebody to help now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import SelectField

from app.access import by_me, me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.team import callable_people, callable_roles, heirs
from app.case.typed import StaffForm, option
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents import calling as verbs
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Person, Right, Role
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("calling", __name__)

CLIMBS = N_("At first only whoever is called is rung. Unanswered, it climbs to others like any page of its urgency.")
"""How a summons climbs, in the words of each page that sends one; its message says the same (ring.txt)."""


class CallForm(StaffForm):
    """Whom to call; nobody is chosen beforehand."""

    whom = SelectField(_l("Who?"), validate_choice=False)

    def __init__(self, people: Sequence[tuple[str, str]] = (), **given: Any) -> None:
        super().__init__(**given)
        self.whom.choices = [option("", _("Choose …")), *(option(value, words) for value, words in people)]

    def chosen(self, session: Session) -> Person | Role:
        """The person or the role; refuses when none was chosen."""
        kind, _colon, key = self.said("whom").partition(":")
        role = next((role for role in Role if kind == "role" and role.value == key), None)
        person = session.get(Person, int(key)) if kind == "person" and key.isdecimal() and len(key) < 12 else None
        found = role or person
        if found is None:
            raise Refused(N_("Choose who it is."), field="whom")
        return found


@pages.post("/incident/<reference>/take-over")
@requires(Right.HANDLE)
def take_over(reference: str) -> ResponseReturnValue:
    """Become the one who has it."""
    incident = incident_for_me(reference)
    form = StaffForm()
    with recording(form) as session:
        verbs.take_over(session, incident.id, by=by_me(), now=utcnow())
    if form.errors:
        return recorded(incident, "take-over", " ".join(map(str, form.form_errors)), level="warning")
    return recorded(incident, "take-over", _("It is yours now. Whoever had it is told."))


@pages.get("/incident/<reference>/call")
@requires(Right.HANDLE)
def call(reference: str) -> ResponseReturnValue:
    """Ask whom to call."""
    incident = incident_for_me(reference)
    return _page(incident, _call_form(incident))


@pages.post("/incident/<reference>/call")
@requires(Right.HANDLE)
def record_call(reference: str) -> ResponseReturnValue:
    """Page a person or a role now."""
    incident = incident_for_me(reference)
    form = _call_form(incident)
    with recording(form, "whom") as session:
        verbs.summon(session, incident.id, form.chosen(session), by=by_me(), now=utcnow())
    if form.errors:
        return _page(incident, form)
    return recorded(incident, "call", _("It rings there now. %(then)s", then=_(CLIMBS)))


@pages.get("/incident/<reference>/hand-over")
@requires(Right.HANDLE)
def hand_over(reference: str) -> ResponseReturnValue:
    """Ask who is to take it over."""
    incident = incident_for_me(reference)
    return _hand_page(incident, _hand_form(incident))


@pages.post("/incident/<reference>/hand-over")
@requires(Right.HANDLE)
def record_hand_over(reference: str) -> ResponseReturnValue:
    """Page whoever is to take it over; it stays where it is until they answer."""
    incident = incident_for_me(reference)
    form = _hand_form(incident)
    with recording(form, "whom") as session:
        to = form.chosen(session)
        if not isinstance(to, Person):
            raise Refused(N_("Choose a person, not a role."), field="whom")
        verbs.hand_over(session, incident.id, to, by=by_me(), now=utcnow())
    if form.errors:
        return _hand_page(incident, form)
    words = _("It rings there now, and stays with whoever has it until somebody answers. %(then)s", then=_(CLIMBS))
    return recorded(incident, "hand-over", words)


def _call_form(incident: Incident) -> CallForm:
    session = read_session()
    return CallForm(callable_people(session, me(), incident) + callable_roles(session, me(), incident))


def _hand_form(incident: Incident) -> CallForm:
    return CallForm(heirs(read_session(), me(), incident))


def _page(incident: Incident, form: CallForm) -> ResponseReturnValue:
    return act_page(
        "calling/call.html",
        incident,
        form,
        act="call",
        title=_("Call somebody to help now"),
        why=_("It rings there now, whatever the hour. %(then)s It says no word of the report.", then=_(CLIMBS)),
        submit=_("Ring now"),
    )


def _hand_page(incident: Incident, form: CallForm) -> ResponseReturnValue:
    return act_page(
        "calling/call.html",
        incident,
        form,
        act="hand-over",
        title=_("Hand it over to somebody else"),
        why=_(
            "It rings there now. It stays with whoever has it until somebody answers, and is theirs from then on. "
            "%(then)s",
            then=_(CLIMBS),
        ),
        submit=_("Ring now"),
    )
