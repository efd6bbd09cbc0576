"""The head of an incident's page: what it is, who has it, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from app import shown
from app.access import may, me
from app.case.clocks import title_of
from app.case.lanes import DUTY, Link, step_link
from app.case.told import STILL
from app.language import gettext as _
from app.language import ngettext
from app.navigation import installation
from incidents.desk import Casefile
from incidents.incident import Incident, OurRole, StillHappening, Urgency, What
from incidents.obligations import Obligation
from incidents.people import Right
from incidents.steps import Step
from incidents.words.enums import words_for
from notifications.page import LOUDEST
from notifications.ringing import Ringing, Taken


@dataclass(frozen=True)
class Tag:
    words: str
    tone: str


@dataclass(frozen=True)
class Bell:
    """A page that rings now: where to take it, and through which entry. `held` says how far it is taken, `quiet` for
    how long it is quiet then.
    """

    codename: str
    held: str
    quiet: str
    url: str
    through: int
    since: shown.Moment | None
    incidents: Sequence[Link]
    mute_url: str | None = None
    more: int = 0


@dataclass(frozen=True)
class Head:
    reference: str
    codename: str
    tags: Sequence[Tag]
    what: str
    our_role: str | None
    who: str
    look_url: str | None
    look_note: str
    not_for: Sequence[str]
    notices: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class NextAct:
    """What to do next, by when, and where."""

    title: str
    why: str | None
    left: shown.Left | None
    due: shown.Moment | None
    basis: str | None
    link: Link | None


def tags_of(incident: Incident) -> list[Tag]:
    """Urgency and whether it goes on, as the desk and the incident's page show them."""
    if incident.closed_at is not None:
        return [Tag(_("Dismissed") if incident.dismissed else _("Closed"), "neutral")]
    urgent = incident.urgency is Urgency.URGENT
    tags = [Tag(_("Urgent") if urgent else _("Soon"), "danger" if urgent else "neutral")]
    if incident.contained_at is not None and incident.still_happening is not StillHappening.NO:
        tags.append(Tag(_("Contained"), "good"))
    else:
        words, tone = STILL[incident.still_happening]
        tags.append(Tag(str(words), tone))
    if incident.parked_until is not None:
        tags.append(Tag(_("Waits"), "info"))
    if incident.restricted:
        tags.append(Tag(_("Restricted"), "info"))
    if incident.drill:
        tags.append(Tag(_("Drill"), "info"))
    return tags


def who_has(incident: Incident, handler: str | None, taken: Taken | None, now: datetime) -> str:
    """Who has taken it on, or only heard the bell, or nobody."""
    if handler:
        return handler
    if taken is None:
        return _("Nobody yet")
    if taken.until > now:
        until = shown.moment(taken.until)
        return _("%(name)s, acknowledged, no first step yet (until %(time)s)", name=taken.name, time=clock_of(until))
    return _("%(name)s acknowledged, but no first step came", name=taken.name)


def clock_of(at: shown.Moment | None) -> str:
    """Only the local time of day of a moment."""
    return at.local.rpartition(", ")[2] if at else ""


def bell_of(rings: Ringing, *, may_mute: bool = True, here: str | None = None) -> Bell:
    """A ringing page with its buttons; `here` is the incident on whose own page it is shown, if on one."""
    mutes = may_mute and _is_flood(rings) and may(Right.DECIDE)
    return Bell(
        codename=rings.incidents[0].codename if rings.incidents else rings.page.codename,
        held=_held(rings.has),
        quiet=shown.duration(int(installation().settings.waits.quiet.total_seconds())),
        url=url_for("desk.take", token=rings.page.token),
        through=rings.through_entry_id,
        since=shown.moment(rings.page.opened_at),
        mute_url=url_for("desk.mute", token=rings.page.token) if mutes else None,
        incidents=[
            Link(
                _("%(codename)s, %(reference)s", codename=one.codename, reference=one.reference),
                url_for("incident.incident", reference=one.reference),
            )
            for one in rings.incidents[:NAMED]
            if one.reference != here
        ],
        more=len(rings.incidents[NAMED:]),
    )


NAMED = 5
"""So many incidents of one page are named; of the others it says how many."""

FLOOD = 5
"""From so many reports in one page on it may be muted."""


def _is_flood(rings: Ringing) -> bool:
    return len(rings.incidents) >= FLOOD and rings.page.loudness < LOUDEST and not rings.page.alone


def head_of(case: Casefile, taken: Taken | None, *, rings: bool, now: datetime) -> Head:
    """The head of the page."""
    incident = case.incident
    look = incident.closed_at is None and (incident.first_step_at is None or rings)
    return Head(
        reference=incident.reference,
        codename=incident.codename,
        tags=tags_of(incident),
        what=_(words_for(incident.what)),
        our_role=_(words_for(incident.our_role)) if incident.our_role is not OurRole.UNKNOWN else None,
        who=who_has(incident, case.names.get(incident.handler_id or 0), taken, now),
        look_url=url_for("triage.looked", reference=incident.reference) if look and may(Right.HANDLE) else None,
        look_note=_look_note(incident, case.names.get(incident.handler_id or 0)),
        not_for=[words for report in case.reports if (words := case.told[report.entry_id].text("not_for"))],
        notices=_notices(case),
    )


def _held(has: int) -> str:
    if not has:
        return _("nobody has taken it.")
    return ngettext("one person has it, and it wants another.", "%(num)s people have it, and it wants more.", has)


def _look_note(incident: Incident, handler: str | None) -> str:
    """What becomes of it when somebody has looked at it."""
    if handler is None or incident.handler_id == me().id:
        return _("That is the first step: it is yours, and no longer rings.")
    return _("It no longer rings then, and stays with %(name)s.", name=handler)


def _notices(case: Casefile) -> list[tuple[str, str]]:
    incident, notices = case.incident, []
    if not case.reports:
        notices.append(("info", _("Its reports belong to another incident now; the timeline says to which.")))
    if incident.closed_at is not None:
        closed = shown.moment(incident.closed_at)
        notices.append(("info", _("This incident was closed %(time)s.", time=closed.local if closed else "")))
    if incident.drill:
        notices.append(("info", _("This is a drill.")))
    return notices


def next_act(case: Casefile, now: datetime) -> NextAct | None:
    """The nearest act due with the way to do it; None on a closed incident."""
    incident = case.incident
    if incident.closed_at is not None:
        return None
    if incident.dismissed:
        return NextAct(_("Close it: triage says that it is nothing"), None, None, None, None, _close(incident))
    # The same order as the desk's: of acts due together the law's come first, then the playbook's.
    acts: list[tuple[datetime, bool, int, Obligation | Step]] = [
        (duty.due_at, duty.is_target, 0, duty) for duty in case.duties if duty.is_open and duty.due_at
    ]
    acts += [
        (step.due_at, step.obligation_id is None, 1 + step.position, step)
        for step in case.steps
        if step.is_open and step.due_at and step.is_ours(incident.our_role)
    ]
    if not acts:
        open_duty = any(duty.is_open for duty in case.duties)
        link = None if open_duty or incident.what is What.UNDECIDED else _close(incident)
        return NextAct(_("Nothing is due"), None, None, None, None, link)
    due_at, target, _order, act = min(acts, key=lambda item: item[:3])
    left, due, basis = shown.left(due_at, now), shown.moment(due_at), basis_words(not target)
    if isinstance(act, Obligation):
        return NextAct(title_of(act), None, left, due, basis, _duty_link(incident, act))
    why = _(act.why) if act.why else None
    return NextAct(_(act.title), why, left, due, basis, step_link(incident, act, case.duties))


def basis_words(is_law: bool) -> str:
    """Whether the law puts a time on an act, or only we do."""
    return _("law") if is_law else _("target, not law")


def _close(incident: Incident) -> Link | None:
    if not may(Right.DECIDE):
        return None
    return Link(_("Close it"), url_for("decisions.close", reference=incident.reference))


def _duty_link(incident: Incident, duty: Obligation) -> Link:
    if may(Right.DECIDE):
        url = url_for("filing.sent", reference=incident.reference, key=duty.id)
        return Link(_("Record it as sent"), url)
    return Link(_("See the duty"), f"#{DUTY}-{duty.id}")
