"""Take a duty on that the rules alone cannot tell: somebody looked the law up, or read the policy."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from app.access import by_me, requires
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.may_owe import basis_words, period_words
from app.case.typed import StaffForm, line, prose
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents import taken_on
from incidents.describing import hours_of
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.law.regimes import Rule, load
from incidents.law.regimes.rule import CONFIDENCE_WORDS
from incidents.people import Right

pages = Blueprint("takeon", __name__)


class TakeOnForm(StaffForm):
    hours = line(_l("How many hours does it give?"))
    reason = prose(_l("Why is it owed?"))


@pages.get("/incident/<reference>/take-on/<rule>")
@requires(Right.DECIDE)
def take_on(reference: str, rule: str) -> ResponseReturnValue:
    """Ask why the duty is owed."""
    return _page(incident_for_me(reference), TakeOnForm(), _rule(rule))


@pages.post("/incident/<reference>/take-on/<rule>")
@requires(Right.DECIDE)
def record_taken_on(reference: str, rule: str) -> ResponseReturnValue:
    """Record it; from now on it warns and rings like every other duty."""
    incident, form, found = incident_for_me(reference), TakeOnForm(), _rule(rule)
    with recording(form) as session:
        typed = form.said("hours").strip()
        taken_on.take_on(
            session,
            incident.id,
            found.id,
            hours=hours_of(typed, "hours") if typed else None,
            reason=form.said("reason"),
            by=by_me(),
            targets=installation().targets,
            now=utcnow(),
        )
    if form.errors:
        return _page(incident, form, found)
    words = _("The duty is taken on. It warns like every other one.")
    return recorded(incident, f"take-on-{found.id}", words, anchor="lane-notification")


def _rule(key: str) -> Rule:
    found = next((rule for rule in load().rules() if rule.id == key), None)
    if found is None or not taken_on.can_be_taken_on(found):
        abort(404)
    return found


def _page(incident: Incident, form: TakeOnForm, rule: Rule) -> ResponseReturnValue:
    return act_page(
        "takeon/take-on.html",
        incident,
        form,
        act=f"take-on-{rule.id}",
        title=_("Take the duty on"),
        submit=_("Take it on"),
        why=_("Look it up first, or ask counsel. Whoever takes it on says that it is owed here."),
        rule_title=_(rule.title),
        basis=basis_words(rule),
        period=period_words(rule),
        threshold=_(rule.threshold),
        to_whom=_(rule.to_whom),
        note=_(rule.note) if rule.note else None,
        doubt=None if rule.confirmed else _(CONFIDENCE_WORDS[rule.confidence]),
        hours=taken_on.wants_hours(rule),
    )
