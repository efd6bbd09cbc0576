"""What waits for a second person, by day: decisions that leave somebody out, and dismissals."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app import shown
from app.access import me, requires
from app.case import questions
from app.case.act import act_page, incident_for_me, recorded, recording
from app.case.told import texts
from app.case.typed import StaffForm, prose, yes_or_no
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from incidents import second_look as verbs
from incidents.assessments import Assessment
from incidents.desk import casefile
from incidents.holidays import corrections
from incidents.incident import Incident
from incidents.law.calendars import workdays_in
from incidents.law.clock import utcnow
from incidents.people import Person, Right

pages = Blueprint("secondlook", __name__)


class LookForm(StaffForm):
    answer = yes_or_no(_l("Was it nothing?"), _l("Yes, it was nothing"), _l("No, open the triage again"))
    reason = prose(_l("Why?"))


@pages.get("/second-look")
@requires(Right.DECIDE, Right.SIGN)
def second_look() -> ResponseReturnValue:
    """Both lists, the longest waiting first."""
    session, person, now = read_session(), me(), utcnow()
    today = now.astimezone(shown.zone()).date()
    workdays = workdays_in(organisation().country or "", corrections(session))
    decisions = [
        {
            "words": f"{row.assessment.incident.codename}, {row.assessment.incident.reference}",
            "url": _sheet(row.assessment),
            "decided": questions.told_words(row.authority, row.people),
            "below": row.below,
            "at": shown.moment(row.signed_at),
        }
        for row in verbs.unseconded(session, person)
    ]
    undecided = [
        {
            "words": f"{row.incident.codename}, {row.incident.reference}",
            "url": _sheet(row),
            "advised": questions.told_words(*row.advice),
            "at": shown.moment(row.signed_at),
        }
        for row in verbs.undecided(session, person, now=now)
    ]
    dismissals = [
        {
            "words": f"{row.incident.codename}, {row.incident.reference}",
            "url": url_for("secondlook.look", reference=row.incident.reference),
            "at": shown.moment(row.dismissed_at),
            "until": shown.day(row.until),
            "late": row.until < today,
            "mine": row.by_id == person.id,
        }
        for row in (verbs.dismissals(session, person, workdays) if Right.HANDLE in person.rights else [])
    ]
    return render_template(
        "secondlook/second_look.html",
        undecided=undecided,
        decisions=decisions,
        dismissals=dismissals,
        delegations_url=url_for("delegations.delegations"),
    )


def _sheet(row: Assessment) -> str:
    return url_for("decision.sheet", reference=row.incident.reference, part=row.part_id)


@pages.get("/incident/<reference>/second-look")
@requires(Right.HANDLE)
def look(reference: str) -> ResponseReturnValue:
    """Ask a second person whether a dismissed incident was nothing."""
    return _look_page(incident_for_me(reference), LookForm())


@pages.post("/incident/<reference>/second-look")
@requires(Right.HANDLE)
def record_look(reference: str) -> ResponseReturnValue:
    """Record what the second person says; a "no" opens the triage again."""
    incident, form, house = incident_for_me(reference), LookForm(), installation()
    with recording(form) as session:
        agrees = form.yes("answer")
        verbs.look_again(
            session,
            incident.id,
            agrees,
            reason=form.said("reason"),
            by=session.get_one(Person, me().id),
            targets=house.targets,
            now=utcnow(),
        )
    if form.errors:
        return _look_page(incident, form)
    words = _("Recorded: it was nothing.") if agrees else _("Triage is open again. The clock runs since before.")
    return recorded(incident, "second-look", words)


def _look_page(incident: Incident, form: LookForm) -> ResponseReturnValue:
    case = casefile(read_session(), incident)
    return act_page(
        "secondlook/look.html",
        incident,
        form,
        act="second-look",
        title=_("Look at a dismissal again"),
        submit=_("Record it"),
        why=_("Triage said that it was nothing. A second person looks at it by day, within five working days."),
        told=texts(case),
    )
