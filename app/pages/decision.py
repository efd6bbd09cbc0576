"""The decision sheet: what happened, what is advised, what waiting costs; sign, ask or delegate, on a phone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import SelectField

from app import shown
from app.access import may, me, requires
from app.case import questions
from app.case.act import act_page, address, kept_as, recording
from app.case.clocks import part_words
from app.case.nobody import nobody_decides
from app.case.typed import StaffForm, prose, yes_or_no
from app.case.whom import WhomForm
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.language import ngettext
from app.navigation import installation, organisation
from app.roster import signers
from incidents import deciding, delegating, signing
from incidents.adjusting import differences as by_hand_differences
from incidents.assessments import Assessment, differences, versions
from incidents.incident import Incident, Part
from incidents.law.clock import utcnow
from incidents.obligations import deadline_of_decision
from incidents.owed import own_parts
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.words import N_
from incidents.words.enums import words_for

pages = Blueprint("decision", __name__)


class SecondForm(StaffForm):
    answer = yes_or_no(_l("Does the decision hold?"), _l("Yes, I agree"), _l("No, the advice shall stand"))
    reason = prose(_l("Why?"))


class AskForm(StaffForm):
    question = prose(_l("What do you want to know?"))


class DelegateForm(StaffForm):
    to = SelectField(_l("Who decides instead of you?"), choices=[], validate_choice=False)
    reason = prose(_l("Why?"))


def _incident(reference: str) -> Incident:
    return signing.find_to_sign(read_session(), me(), reference)


def _part(incident: Incident) -> Part | None:
    """The part of our own that is decided on; None for the incident itself."""
    key = request.values.get("part", "")
    return next((part for part in incident.parts if str(part.id) == key and part.is_own), None)


def _named(incident: Incident, title: str) -> str:
    part = _part(incident)
    return f"{title}: {part_words(part)}" if part else title


def _part_id(incident: Incident) -> int | None:
    part = _part(incident)
    return part.id if part else None


def _myself(session: Session) -> Person:
    return session.get_one(Person, me().id)


@pages.get("/incident/<reference>/decision")
@requires(Right.SIGN, Right.HANDLE)
def sheet(reference: str) -> ResponseReturnValue:
    """One page for whoever decides."""
    session, incident, now = read_session(), _incident(reference), utcnow()
    stands = signing.in_force(session, incident.id, _part_id(incident))
    signed = versions(session, incident.id, _part_id(incident))
    due_at = deadline_of_decision(session, incident, _part_id(incident))
    return render_template(
        "decision/sheet.html",
        incident=incident,
        back=address(incident) if may(Right.READ_INCIDENTS) else None,
        assessment=_advised(stands.assessment) if stands.assessment else None,
        changes=_changes(signed),
        waiting=_waiting(due_at),
        left=shown.left(due_at, now) if due_at else None,
        due=shown.moment(due_at),
        holds=questions.told_words(stands.authority, stands.people),
        holds_why=_why(stands),
        decision=_decided(stands),
        acts=_acts(session, incident, stands, me()),
        assess_url=_assess_url(incident) if may(Right.HANDLE) else None,
        part=part_words(part) if (part := _part(incident)) else None,
        others=_others(incident),
        nobody=nobody_decides(session, incident, stands.assessment.person_id if stands.assessment else None, now=now),
    )


def _assess_url(incident: Incident) -> str:
    return url_for("assessment.assessment", reference=incident.reference, part=_part_id(incident))


def _others(incident: Incident) -> list[tuple[str, str]]:
    """The sheets of the incident's other parts, and of the incident itself."""
    here = _part_id(incident)
    found = [(part_words(part), part.id) for part in own_parts(incident)]
    listed: list[tuple[str, int | None]] = [(_("The incident as a whole"), None), *found] if found else []
    return [
        (words, url_for("decision.sheet", reference=incident.reference, part=key))
        for words, key in listed
        if key != here
    ]


def _advised(row: Assessment) -> dict[str, Any]:
    return {
        "signed": _("Version %(number)s, signed by %(name)s, %(role)s")
        % {"number": row.number, "name": row.person.name, "role": _(words_for(row.role))},
        "at": shown.moment(row.signed_at),
        "happened": row.entry.text("happened"),
        "advice": questions.told_words(row.authority, row.people),
        "rules": questions.told_words(row.rules_authority, row.rules_people),
        "reasons": questions.reasons_of(row),
        "reason": row.entry.text("reason"),
        "minority": row.entry.text("minority"),
    }


def _changes(signed: Any) -> list[tuple[str, str, str]]:
    if len(signed) < 2:
        return []
    changes = differences(signed[1].all_told, signed[0].all_told)
    return questions.differences_words(changes + by_hand_differences(signed[1].adjusted, signed[0].adjusted))


def _waiting(due_at: datetime | None) -> str:
    """What it costs to wait, in hours of the legal deadline."""
    if due_at is None:
        return _("No legal deadline runs. Waiting still costs the people time to protect themselves.")
    hours = int((due_at - utcnow()).total_seconds() // 3600)
    if hours < 0:
        return _("The legal deadline has passed. Each hour makes it later, and its reasons must be given.")
    left = ngettext(
        "%(num)s hour is left of the legal deadline.", "%(num)s hours are left of the legal deadline.", hours
    )
    at_once = _("The authority can be told now: that needs no decision of yours.")
    return f"{left} {at_once}"


def _why(stands: signing.InForce) -> str:
    if stands.assessment is None:
        return _("Nothing is assessed yet. In doubt, the authority is told.")
    if stands.decision is None:
        return _("The advice stands until somebody decides.")
    if stands.decision.below and (stands.second is None or not stands.second.agrees):
        return _("The decision is below the advice. Until a second person agrees, the advice stands.")
    return _("So it was decided.")


def _decided(stands: signing.InForce) -> dict[str, Any] | None:
    row = stands.decision
    if row is None:
        return None
    return {
        "words": questions.told_words(row.authority, row.people),
        "who": row.person.name,
        "delegated": row.delegation_id is not None,
        "at": shown.moment(row.signed_at),
        "reason": row.entry.text("reason"),
        "minority": row.entry.text("minority"),
        "second": _second_words(stands),
    }


def _second_words(stands: signing.InForce) -> str | None:
    if stands.second is not None:
        words = _("%(name)s agrees.") if stands.second.agrees else _("%(name)s does not agree.")
        return words % {"name": stands.second.person.name}
    if stands.decision is not None and stands.decision.wants_second:
        return _("A second person is asked to look at it.")
    return None


def _acts(session: Session, incident: Incident, stands: signing.InForce, person: Person) -> list[tuple[str, str, str]]:
    """What this person may do here: words, address, tone."""
    where: dict[str, Any] = {"reference": incident.reference, "part": _part_id(incident)}
    acts: list[tuple[str, str, str]] = []
    row = stands.decision
    if stands.assessment is not None and incident.closed_at is None:
        decides = signing.may_decide(session, person, incident, now=utcnow())
        if decides and stands.assessment.person_id != person.id:
            acts.append((_("Sign the decision"), url_for("decision.decide", **where), "primary"))
        asked = row is not None and row.wants_second and row.person_id != person.id and stands.second is None
        if asked and may(Right.DECIDE) | may(Right.SIGN):
            acts.append((_("Give a second opinion"), url_for("decision.second", **where), "quiet"))
    if may(Right.SIGN):
        acts.append((_("Ask something first"), url_for("decision.ask", **where), "quiet"))
        acts.append((_("Let somebody else decide"), url_for("decision.delegate", **where), "quiet"))
    return acts


def _sheet(incident: Incident) -> str:
    return url_for("decision.sheet", reference=incident.reference, part=_part_id(incident))


def _back(incident: Incident, act: str, words: str) -> ResponseReturnValue:
    flash(words, "good")
    flash(kept_as(incident, act), "kept")
    return redirect(_sheet(incident), code=303)


@pages.get("/incident/<reference>/decision/sign")
@requires(Right.SIGN, Right.HANDLE)
def decide(reference: str) -> ResponseReturnValue:
    """Ask for the decision; filled in with the advice."""
    incident = _incident(reference)
    stands = signing.in_force(read_session(), incident.id, _part_id(incident))
    if stands.assessment is None:
        return sheet(reference)  # which says that nothing is assessed yet
    authority, people = stands.assessment.advice
    return _decide_page(incident, WhomForm(authority=authority.value, people=people.value), stands)


@pages.post("/incident/<reference>/decision/sign")
@requires(Right.SIGN, Right.HANDLE)
def sign(reference: str) -> ResponseReturnValue:
    """Sign for the organisation, on the version that was read."""
    incident, form, house = _incident(reference), WhomForm(), installation()
    stands = signing.in_force(read_session(), incident.id, _part_id(incident))
    opinion = form.opinion()
    with recording(form) as session:
        version = request.form.get("version", "")
        if not version.isdecimal():
            raise Refused(N_("Load the page again: it does not say which version you read."))
        deciding.decide(
            session,
            incident.id,
            int(version),
            opinion,
            by=_myself(session),
            targets=house.targets,
            now=utcnow(),
        )
    if form.errors:
        return _decide_page(incident, form, stands)
    return _back(incident, "decide", _("Your decision is signed."))


def _decide_page(incident: Incident, form: WhomForm, stands: signing.InForce) -> ResponseReturnValue:
    return act_page(
        "decision/decide.html",
        incident,
        form,
        act="decide",
        back=_sheet(incident),
        title=_named(incident, _("Decide for the organisation")),
        submit=_("Sign the decision"),
        why=_("Telling needs nobody else. Telling less than advised wants a reason, and a second person."),
        read=stands.assessment.id if stands.assessment else "",
        advised=_advised(stands.assessment) if stands.assessment else None,
    )


@pages.get("/incident/<reference>/decision/second")
@requires(Right.SIGN, Right.DECIDE)
def second(reference: str) -> ResponseReturnValue:
    """Ask a second person whether the decision holds."""
    incident = _incident(reference)
    return _second_page(incident, SecondForm(), signing.in_force(read_session(), incident.id, _part_id(incident)))


@pages.post("/incident/<reference>/decision/second")
@requires(Right.SIGN, Right.DECIDE)
def record_second(reference: str) -> ResponseReturnValue:
    """Record what the second person says."""
    incident, form, house = _incident(reference), SecondForm(), installation()
    stands = signing.in_force(read_session(), incident.id, _part_id(incident))
    with recording(form) as session:
        agrees = form.yes("answer")
        decision = request.form.get("decision", "")
        if not decision.isdecimal():
            raise Refused(N_("Load the page again: it does not say which decision you read."))
        deciding.second(
            session,
            int(decision),
            agrees,
            reason=form.said("reason"),
            by=_myself(session),
            targets=house.targets,
            now=utcnow(),
        )
    if form.errors:
        return _second_page(incident, form, stands)
    return _back(incident, "second", _("Your opinion is recorded."))


def _second_page(incident: Incident, form: SecondForm, stands: signing.InForce) -> ResponseReturnValue:
    return act_page(
        "decision/second.html",
        incident,
        form,
        act="second",
        back=_sheet(incident),
        title=_named(incident, _("Give a second opinion")),
        submit=_("Record it"),
        decision_id=stands.decision.id if stands.decision else "",
        decision=_decided(stands),
        advised=_advised(stands.assessment) if stands.assessment else None,
    )


@pages.get("/incident/<reference>/decision/ask")
@requires(Right.SIGN)
def ask(reference: str) -> ResponseReturnValue:
    """Ask whoever works on it something first."""
    return _ask_page(_incident(reference), AskForm())


@pages.post("/incident/<reference>/decision/ask")
@requires(Right.SIGN)
def record_question(reference: str) -> ResponseReturnValue:
    """Record the question; whoever has the incident is told."""
    incident, form = _incident(reference), AskForm()
    with recording(form, "question") as session:
        delegating.ask(session, incident.id, form.said("question"), by=_myself(session), now=utcnow())
    if form.errors:
        return _ask_page(incident, form)
    return _back(incident, "ask", _("Your question is sent. The clock goes on meanwhile."))


def _ask_page(incident: Incident, form: AskForm) -> ResponseReturnValue:
    title, submit = _("Ask before you decide"), _("Send the question")
    why = _("Whoever has the incident is told.")
    back = _sheet(incident)
    return act_page("decision/ask.html", incident, form, act="ask", title=title, submit=submit, why=why, back=back)


@pages.get("/incident/<reference>/decision/delegate")
@requires(Right.SIGN)
def delegate(reference: str) -> ResponseReturnValue:
    """Ask who decides on this incident instead."""
    return _delegate_page(_incident(reference), DelegateForm())


@pages.post("/incident/<reference>/decision/delegate")
@requires(Right.SIGN)
def record_delegate(reference: str) -> ResponseReturnValue:
    """Let somebody else decide on this incident; they are told at once."""
    incident, form = _incident(reference), DelegateForm()
    with recording(form, "to") as session:
        to = session.get(Person, int(form.to.data)) if (form.to.data or "").isdecimal() else None
        if to is None or to.organisation_id != me().organisation_id:
            raise Refused(N_("Choose who decides instead of you."), field="to")
        delegating.delegate(
            session,
            organisation(),
            to,
            incident_id=incident.id,
            until=None,
            reason=form.said("reason"),
            by=_myself(session),
            now=utcnow(),
        )
    if form.errors:
        return _delegate_page(incident, form)
    return _back(incident, "delegate", _("It is delegated. They are told at once."))


def _delegate_page(incident: Incident, form: DelegateForm) -> ResponseReturnValue:
    form.to.choices = [("", _("Choose somebody")), *signers(read_session(), me())]
    return act_page(
        "decision/delegate.html",
        incident,
        form,
        act="delegate",
        back=_sheet(incident),
        title=_("Let somebody else decide"),
        submit=_("Delegate it"),
        why=_("In writing, for this incident only. Whoever advised on it cannot decide it."),
    )
