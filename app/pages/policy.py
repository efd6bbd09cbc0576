"""The escalation policy: per urgency whom a page rings, after how long, and how many must acknowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import errors, shown
from app.access import by_me, may, requires
from app.case.act import recording
from app.case.typed import StaffForm, line
from app.extensions import read_session
from app.history import Changed, changed
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.roster import AHEAD
from incidents.incident import Urgency
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person, Right, Role, everybody
from incidents.refusals import Refused
from incidents.timeline import Entry
from incidents.words import N_
from incidents.words.enums import words_for
from notifications import escalation_change as verbs
from notifications.escalation import Aim, Plan, Stage, TargetKind, plan_of
from notifications.rota import Rota
from notifications.rota.planning import rotas

pages = Blueprint("policy", __name__)

MINUTE = timedelta(minutes=1)

TITLES = {
    Urgency.URGENT: _l("Urgent: it may still be happening"),
    Urgency.SOON: _l("Soon: it is over, say the reports"),
}


@dataclass(frozen=True)
class Target:
    """Somebody, a role or a rota to tick."""

    value: str
    words: str
    ticked: bool


@dataclass(frozen=True)
class Typed:
    """A step as the form holds it."""

    number: int
    after: str
    wants: str
    first: bool
    roles: list[Target]
    rotas: list[Target]
    people: list[Target]


class PolicyForm(StaffForm):
    """How often a page rings, and when it starts again."""

    repeat = line(_l("It rings again after (minutes)"))
    round = line(_l("It starts from the first step again after (minutes)"))


@pages.get("/policy")
@requires(Right.PLAN_ROTA)
def policy() -> ResponseReturnValue:
    """Both policies in words."""
    return _page()


@pages.get("/policy/<urgency>")
@requires(Right.PLAN_ROTA)
def change(urgency: str) -> ResponseReturnValue:
    """A policy as it is, to be changed."""
    kind = _urgency(urgency)
    plan = _plan(read_session(), kind)
    typed = {"repeat": _minutes(plan.repeat), "round": _minutes(plan.round)}
    steps = [(_minutes(each.after), str(each.wants), {aim.written for aim in each.aims}) for each in plan.stages]
    return _form_page(kind, PolicyForm(formdata=None, data=typed), steps)


@pages.post("/policy/<urgency>")
@requires(Right.PLAN_ROTA)
def record_change(urgency: str) -> ResponseReturnValue:
    """Change a policy; the buttons for steps add and take out without storing anything."""
    kind, form, steps = _urgency(urgency), PolicyForm(), _sent()
    pressed = request.form.get("move", "")
    if pressed:
        return _form_page(kind, form, _moved(steps, pressed))
    with recording(form) as session:
        waits = installation().settings.waits
        repeat, again = _length(form.said("repeat"), "repeat"), _length(form.said("round"), "round")
        stages = [_stage(number, *step) for number, step in enumerate(steps, 1)]
        place, now = the_organisation(session), utcnow()
        verbs.change_policy(session, place, kind, stages, repeat, again, waits=waits, by=by_me(), now=now)
    if form.errors or form.form_errors:
        return _form_page(kind, form, steps)
    installation().store.wake()
    flash(_("The policy is changed. Whoever it rings otherwise than before is told."), "good")
    return redirect(url_for("policy.policy"), code=303)


@pages.post("/policy/<urgency>/shipped")
@requires(Right.PLAN_ROTA)
def shipped(urgency: str) -> ResponseReturnValue:
    """Back to the policy that Tocsin comes with."""
    kind, waits = _urgency(urgency), installation().settings.waits
    try:
        with installation().store.writing() as session:
            verbs.back_to_shipped(session, the_organisation(session), kind, waits=waits, by=by_me(), now=utcnow())
    except Refused as refused:
        return _page(errors.sentence(refused))
    installation().store.wake()
    flash(_("The shipped policy holds again."), "good")
    return redirect(url_for("policy.policy"), code=303)


def _urgency(value: str) -> Urgency:
    return next((each for each in Urgency if each.value == value), None) or abort(404)


def _plan(session: Session, urgency: Urgency) -> Plan:
    return plan_of(session, organisation().id, urgency, waits=installation().settings.waits)


def _page(said: str | None = None) -> Response:
    now = utcnow()
    page = render_template(
        "policy/policy.html",
        policies=[_in_words(urgency, now) for urgency in Urgency],
        changes=[_changed(entry) for entry in verbs.latest_changes(read_session(), organisation().id)],
        said=(said,) if said else (),
        problem=said,
    )
    return make_response(page, 422 if said else 200)


def _changed(entry: Entry) -> Changed:
    urgency = _(words_for(Urgency(entry.facts["urgency"])))
    words = _("%(urgency)s: the shipped policy", urgency=urgency) if entry.facts["shipped"] else urgency
    return changed(read_session(), entry, words, shown.zone())


def _in_words(urgency: Urgency, now: datetime) -> dict[str, Any]:
    session = read_session()
    plan, own = _plan(session, urgency), verbs.stored(session, organisation().id, urgency)
    empty = verbs.empty_times(session, plan, organisation().id, ahead=AHEAD, now=now)
    return {
        "value": urgency.value,
        "title": TITLES[urgency],
        "own": own is not None and bool(own.steps),
        "repeat": _minutes(plan.repeat),
        "round": _minutes(plan.round),
        # What holds: how many are wanted never falls, whatever a later step says by itself.
        "steps": [
            (_after(stage.after), _names(session, stage.aims), plan.wants(number))
            for number, stage in enumerate(plan.stages)
        ],
        "empty": [
            (each.step, shown.moment(each.begins_at), shown.moment(each.ends_at), _mends(plan.stages[each.step - 1]))
            for each in empty
        ],
    }


@dataclass(frozen=True)
class Mend:
    """How a step that rings nobody is put right; `url` is where, if the reader may open it."""

    words: str
    url: str | None


def _mends(stage: Stage) -> list[Mend]:
    mends = []
    if any(aim.kind is TargetKind.ROLE for aim in stage.aims):
        url = url_for("people.people") if may(Right.CONFIGURE) else None
        words = _("Give somebody the role, under People") if url else _("An administrator gives somebody the role.")
        mends.append(Mend(words, url))
    for aim in stage.aims:
        if aim.kind is TargetKind.ROTA:
            mends.append(Mend(_("Put somebody on the rota"), url_for("rota.rota")))
    return mends


def _names(session: Session, aims: Sequence[Aim]) -> str:
    return ", ".join(_name(session, aim) for aim in aims)


def _name(session: Session, aim: Aim) -> str:
    if isinstance(aim.key, Role):
        return _(words_for(aim.key))
    if aim.kind is TargetKind.PERSON:
        return session.get_one(Person, aim.key).name
    return _("whoever the rota %(rota)s has", rota=session.get_one(Rota, aim.key).name)


Steps = list[tuple[str, str, set[str]]]


def _sent() -> Steps:
    """The steps as they were sent: minutes, how many must acknowledge, and what was ticked."""
    count = min(len(request.form.getlist("step")), verbs.MOST_STEPS + 1)
    return [
        (
            request.form.get(f"after-{number}", ""),
            request.form.get(f"wants-{number}", ""),
            set(request.form.getlist(f"targets-{number}")),
        )
        for number in range(count)
    ]


def _moved(steps: Steps, pressed: str) -> Steps:
    act, _dash, place = pressed.partition("-")
    if act == "add" and len(steps) < verbs.MOST_STEPS:
        return [*steps, ("", "1", set())]
    if act == "out" and place.isdecimal() and int(place) < len(steps):
        return [step for number, step in enumerate(steps) if number != int(place)]
    return steps


def _stage(number: int, after: str, wants: str, targets: set[str]) -> Stage:
    if not wants.isascii() or not wants.isdigit():
        raise Refused(N_("Step %(step)s: write how many people must acknowledge, such as 1."), step=number)
    aims = [aim for value in sorted(targets) if (aim := _aim(value)) is not None]
    return Stage(_length(after, None, number), tuple(aims), int(wants[:3]))


def _length(typed: str, field: str | None, step: int | None = None) -> timedelta:
    text = typed.strip()
    if text.isascii() and text.isdigit() and len(text) <= 5:
        return int(text) * MINUTE
    if step is not None:
        raise Refused(N_("Step %(step)s: write the minutes as a whole number, such as 15."), step=step)
    raise Refused(N_("Write the minutes as a whole number, such as 15."), field=field)


def _aim(value: str) -> Aim | None:
    kind, _colon, key = value.partition(":")
    if kind == TargetKind.ROLE.value:
        role = next((each for each in Role if each.value == key), None)
        return Aim(TargetKind.ROLE, role) if role else None
    found = next((each for each in TargetKind if each.value == kind), None)
    return Aim(found, int(key)) if found and key.isascii() and key.isdigit() and len(key) < 10 else None


def _after(length: timedelta) -> str:
    return _("After %(minutes)s min", minutes=_minutes(length)) if length else _("At once")


def _minutes(length: timedelta) -> str:
    return f"{length / MINUTE:g}"


def _form_page(urgency: Urgency, form: PolicyForm, steps: Steps) -> Response:
    problem = form.errors or form.form_errors
    page = render_template(
        "policy/change.html",
        form=form,
        title=TITLES[urgency],
        steps=[_typed(number, *step) for number, step in enumerate(steps)],
        action=url_for("policy.change", urgency=urgency.value),
        problem=problem,
    )
    return make_response(page, 422 if problem else 200)


def _typed(number: int, after: str, wants: str, ticked: set[str]) -> Typed:
    session, place = read_session(), organisation().id
    paged = (Role.DPO, Role.DEPUTY, Role.RESPONDER, Role.MANAGEMENT, Role.ADMINISTRATOR)
    roles = [(f"role:{role.value}", _(words_for(role))) for role in paged]
    known = [(f"rota:{rota.id}", rota.name) for rota in rotas(session, place)]
    # Whoever is named already stays in sight, so that they can be taken out.
    named = [one for one in everybody(session, place) if one.out_since is None or f"person:{one.id}" in ticked]
    people = [(f"person:{person.id}", person.name) for person in named]
    offered = ([Target(value, words, value in ticked) for value, words in group] for group in (roles, known, people))
    return Typed(number, after, wants, number == 0, *offered)
