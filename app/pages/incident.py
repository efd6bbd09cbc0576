"""One incident: the next act first, the clock, the reports as sent, three lanes, the timeline."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.access import may, me, requires
from app.case.act import incident_for_me, kept_as
from app.case.backward import backward_of
from app.case.clocks import clocks_of, waiting_of
from app.case.head import bell_of, head_of, next_act
from app.case.lanes import Link, lanes_of
from app.case.may_owe import panel_of
from app.case.story import story_of
from app.case.team import team_of
from app.case.told import told_of
from app.extensions import read_session
from app.language import gettext as _
from app.language import ngettext
from app.navigation import installation, organisation
from incidents.desk import Casefile, casefile
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.obligations import earliest, filed_at
from incidents.people import Right
from incidents.profile import profile_of
from incidents.reckoning import Clocks, Reckoning, starts_among
from incidents.recount import counted
from notifications.ringing import ringing, taken_by

pages = Blueprint("incident", __name__)

LATEST = 12
"""So many entries of the timeline are shown at once; the earlier ones unfold."""


@pages.get("/incident/<reference>")
@requires(Right.READ_INCIDENTS)
def incident(reference: str) -> ResponseReturnValue:
    """The incident as it stands now."""
    now, session = utcnow(), read_session()
    found = incident_for_me(reference)
    case = casefile(session, found)
    story = story_of(case)
    rings = ringing(session, me(), only=found, now=now)
    profile = profile_of(session, organisation())
    reckoning = Reckoning(session, organisation(), notice=installation().targets.notice, profile=profile)
    taken = taken_by(session, [found.id]).get(found.id)
    return render_template(
        "incident/incident.html",
        head=head_of(case, taken, rings=bool(rings), now=now),
        bells=[bell_of(one, here=found.reference) for one in rings] if may(Right.HANDLE) else [],
        act=next_act(case, now),
        team=team_of(session, found, taken, now),
        clocks=clocks_of(case.duties, counted(case.duties, _started(case, reckoning)), reckoning, now),
        plan=backward_of(session, found, case.duties, reckoning, now),
        waiting=waiting_of(case.duties) if found.closed_at is None else [],
        owed=panel_of(session, case, profile),
        reports=told_of(case),
        lanes=lanes_of(case, now),
        story=story[:LATEST],
        earlier=story[LATEST:],
        earlier_words=ngettext("%(num)s earlier entry", "%(num)s earlier entries", len(story[LATEST:])),
        acts=_acts(found),
        handles=may(Right.HANDLE),
        decides=may(Right.DECIDE),
        back=url_for("incident.incident", reference=found.reference),
        memo_url=url_for("memo.memo", reference=found.reference),
        note_url=url_for("decisions.record_note", reference=found.reference),
        note_keep=kept_as(found, "note"),
    )


def _started(case: Casefile, reckoning: Reckoning) -> Clocks:
    """The starts of the incident's clocks, from what was loaded with it."""
    starts = starts_among(case.entries)
    return Clocks(reckoning, earliest(case.reports), case.incident.aware_at, starts, filed_at(case.duties))


def _acts(found: Incident) -> list[Link]:
    """What may be recorded at any time, whatever the lanes say."""
    where: dict[str, Any] = {"reference": found.reference}
    acts: list[Link] = []
    if may(Right.HANDLE):
        if found.closed_at is not None:
            return [Link(_("Open it again"), url_for("decisions.reopen", **where))]
        again = _("Change triage") if found.triaged_at else _("Say what it is")
        acts.append(Link(again, url_for("triage.triage", **where)))
        acts.append(Link(_("Assess the risk"), url_for("assessment.assessment", **where)))
        acts.append(Link(_("Where, and which other laws"), url_for("situation.situation", **where)))
        acts.append(Link(_("The decision"), url_for("decision.sheet", **where)))
        acts.append(Link(_("Record that it is contained"), url_for("decisions.contained", **where)))
    if may(Right.DECIDE) and found.closed_at is None:
        acts.append(Link(_("Decide since when we are aware"), url_for("decisions.awareness", **where)))
        acts.append(Link(_("Close the incident"), url_for("decisions.close", **where)))
    return acts
