"""The guided assessment of a breach: a dozen questions, saved one by one, with the advice beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import errors, shown
from app.access import by_me, me, requires
from app.case import questions
from app.case.act import act_page, address, incident_for_me, kept_as, recorded, recording
from app.case.clocks import part_words
from app.case.nobody import nobody_decides
from app.case.practice import notes_on
from app.case.score import kept_for, read_value, score_of
from app.case.told import texts
from app.case.typed import prose, tidy
from app.case.whom import WhomForm
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents import adjusting, answering, assessments, deciding
from incidents.assessments import Assessment, advised, differences, facts_so_far, precedents
from incidents.desk import casefile
from incidents.incident import Incident, Part
from incidents.law.adjusting import Factor
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.words.enums import words_for
from incidents.words.facts import QUESTIONS

pages = Blueprint("assessment", __name__)

SEEN = "seen"


class AdviceForm(WhomForm):
    happened = prose(_l("What happened, in a sentence or two?"))


@pages.get("/incident/<reference>/assessment")
@requires(Right.HANDLE)
def assessment(reference: str) -> ResponseReturnValue:
    """The questions, the answers so far, and the advice that they give."""
    return _page(incident_for_me(reference), first=request.args.get("question"), wrong={})


@pages.post("/incident/<reference>/assessment/<question>")
@requires(Right.HANDLE)
def answer(reference: str, question: str) -> ResponseReturnValue:
    """Save the answer to one question, and go on to the next."""
    incident = incident_for_me(reference)
    asked = next((one for one in QUESTIONS if one.key == question), None)
    part = _part(incident)
    if asked is None:
        return redirect(_url(incident, part), code=303)
    given = {name: request.form.getlist(name) for name in asked.facts}
    answers = questions.read_answers(asked, given)
    try:
        with installation().store.writing() as session:
            answering.answer(
                session,
                incident.id,
                answers,
                part_id=part.id if part else None,
                seen=_seen(request.form.get(SEEN)),
                by=me().id,
                targets=installation().targets,
                now=utcnow(),
            )
    except Refused as refused:
        return _page(incident, first=question, wrong={question: [errors.sentence(refused)]}, typed=answers)
    flash(kept_as(incident, f"assessment-{question}"), "kept")
    return redirect(_url(incident, part) + "#next", code=303)


@pages.post("/incident/<reference>/assessment/score/<factor>")
@requires(Right.HANDLE)
def adjust(reference: str, factor: str) -> ResponseReturnValue:
    """Set a factor of the score by hand, with a comment, or take that back."""
    incident = incident_for_me(reference)
    part, asked = _part(incident), next((one for one in Factor if one.value == factor), None)
    if asked is None:
        return redirect(_url(incident, part), code=303)
    typed = {"value": request.form.get("value", ""), "comment": tidy(request.form.get("comment"))}
    try:
        with installation().store.writing() as session:
            adjusting.adjust(
                session,
                incident.id,
                asked,
                read_value(typed["value"]),
                comment=typed["comment"],
                part_id=part.id if part else None,
                seen=_seen(request.form.get(SEEN)),
                by=me().id,
                now=utcnow(),
            )
    except Refused as refused:
        return _page(incident, first=None, wrong={asked.value: [errors.sentence(refused)]}, typed=typed)
    flash(kept_for(incident, part, asked), "kept")
    return redirect(_url(incident, part) + "#score", code=303)


def _seen(text: str | None) -> Mapping[str, object] | None:
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _part(incident: Incident) -> Part | None:
    key = request.values.get("part", "")
    return next((part for part in incident.parts if str(part.id) == key and (part.customer or part.is_own)), None)


def _url(incident: Incident, part: Part | None) -> str:
    return url_for("assessment.assessment", reference=incident.reference, part=part.id if part else None)


def _page(
    incident: Incident,
    *,
    first: str | None,
    wrong: Mapping[str, Sequence[str]],
    typed: Mapping[str, object] | None = None,
) -> ResponseReturnValue:
    session, part = read_session(), _part(incident)
    facts = facts_so_far(session, incident, part)
    found = advised(facts)
    signed = assessments.versions(session, incident.id, part.id if part else None)
    by_hand = adjusting.adjusted_so_far(session, incident, part)
    sheet = assessments.worksheet(session, incident, part)
    told_now = {**facts, **(sheet.situation if sheet else {})}
    changes = differences(signed[0].all_told, told_now) if signed else []
    changes += adjusting.differences(signed[0].adjusted, by_hand) if signed else []
    return render_template(
        "assessment/assessment.html",
        incident=incident,
        back=address(incident),
        cards=questions.cards_of(facts, typed or {}, first=first, wrong=wrong),
        problems=[text for texts_ in wrong.values() for text in texts_],
        part=part,
        parts=_parts(incident, part),
        for_customer=part is not None and not part.is_own,
        authority=questions.side_of(found.authority),
        people=questions.side_of(found.people),
        missing=questions.missing_words(found),
        score=score_of(session, incident, part, found.severity, by_hand, wrong=wrong, typed=typed or {}),
        versions=[_version(row) for row in signed],
        changes=questions.differences_words(changes) if signed else [],
        likes=_likes(session, incident, facts),
        told=texts(casefile(session, incident)),
        sign_url=_sign_url(incident, part) if Right.DECIDE in me().rights else None,
        decision_url=_decision_url(incident, part) if signed else None,
        answer_urls={
            one.key: url_for("assessment.answer", reference=incident.reference, question=one.key) for one in QUESTIONS
        },
        left=shown.left(incident.law_due_at, utcnow()) if incident.law_due_at else None,
        due=shown.moment(incident.law_due_at),
    ), 422 if wrong else 200


def _parts(incident: Incident, here: Part | None) -> list[tuple[str, str, bool]]:
    """Our own part, one for each country that was set apart, and one for each customer whom we process for."""
    found = [(_("Our own data"), _url(incident, None), here is None)]
    for part in incident.parts:
        if (part.customer or part.is_own) and part.dropped_at is None:
            found.append((part_words(part), _url(incident, part), here is not None and part.id == here.id))
    return found if len(found) > 1 else []


def _version(row: Assessment) -> tuple[str, str, shown.Moment | None]:
    words = _(
        "Version %(number)s, signed by %(name)s, %(role)s",
        number=row.number,
        name=row.person.name,
        role=_(words_for(row.role)),
    )
    return words, questions.told_words(row.authority, row.people), shown.moment(row.signed_at)


def _likes(session: Any, incident: Incident, facts: Mapping[str, Any]) -> list[questions.Like]:
    found = precedents(session, me(), incident, facts)
    return [questions.like_words(one, address(one.assessment.incident)) for one in found]


def _decision_url(incident: Incident, part: Part | None) -> str | None:
    """The sheet of a part; none for a customer's: a processor weighs no risk and tells every customer."""
    if part is not None and not part.is_own:
        return None
    return url_for("decision.sheet", reference=incident.reference, part=part.id if part else None)


def _sign_url(incident: Incident, part: Part | None) -> str:
    return url_for("assessment.advice", reference=incident.reference, part=part.id if part else None)


@pages.get("/incident/<reference>/assessment/advice")
@requires(Right.DECIDE)
def advice(reference: str) -> ResponseReturnValue:
    """Ask for one's advice; filled in with what the rules say."""
    incident = incident_for_me(reference)
    part = _part(incident)
    session = read_session()
    found = advised(facts_so_far(session, incident, part))
    before = assessments.latest(session, incident.id, part.id if part else None)
    form = AdviceForm(
        authority=found.authority.says.value,
        people=found.people.says.value,
        happened=(before.entry.text("happened") or "") if before else "",
    )
    return _advice_page(incident, part, form)


@pages.post("/incident/<reference>/assessment/advice")
@requires(Right.DECIDE)
def sign_advice(reference: str) -> ResponseReturnValue:
    """Sign what is known as the next version, with the advice."""
    incident, form, house = incident_for_me(reference), AdviceForm(), installation()
    part, now = _part(incident), utcnow()
    opinion = replace(form.opinion(), happened=form.said("happened"))
    with recording(form) as session:
        deciding.advise(
            session,
            incident.id,
            opinion,
            part_id=part.id if part else None,
            by=session.get_one(Person, by_me().person_id),
            targets=house.targets,
            now=now,
        )
    if form.errors:
        return _advice_page(incident, part, form)
    if part is None and nobody_decides(read_session(), incident, me().id, now=now):
        words = _("Your advice is signed and stands. Nobody can decide on it yet: whoever can name somebody is told.")
        return recorded(incident, "advice", words, level="warning")
    return recorded(incident, "advice", _("Your advice is signed. Whoever decides for the organisation is told."))


def _advice_page(incident: Incident, part: Part | None, form: AdviceForm) -> ResponseReturnValue:
    session = read_session()
    found = advised(facts_so_far(session, incident, part))
    return act_page(
        "assessment/advice.html",
        incident,
        form,
        act="advice",
        title=_("Sign your advice") + (f": {part_words(part)}" if part else ""),
        submit=_("Sign it"),
        why=_("You advise. Somebody else decides for the organisation, and reads what you write here."),
        authority=questions.side_of(found.authority),
        people=questions.side_of(found.people),
        missing=questions.missing_words(found),
        nobody=None if part else nobody_decides(session, incident, me().id, now=utcnow()),
        notes=[] if part else notes_on(session, casefile(session, incident).duties),
        part=part,
    )
