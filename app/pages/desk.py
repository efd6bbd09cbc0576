"""The desk: what rings now, and the incidents by the nearest act due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField

from app import shown
from app.access import may, me, requires
from app.case.head import Tag, basis_words, bell_of, tags_of, who_has
from app.case.typed import chosen
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, ready, urls_of_incidents
from incidents.desk import Drawer, Mark, on_desk
from incidents.incident import Incident
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.words import N_
from incidents.words.enums import words_for
from notifications.mute import mute_like
from notifications.page import Page
from notifications.ringing import Taken, ringing, taken_by
from notifications.taking import acknowledge

pages = Blueprint("desk", __name__)

DRAWERS = {
    Drawer.OPEN: (_l("Open"), _l("Open incidents, nearest act first")),
    Drawer.CLOSED: (_l("Closed"), _l("Closed incidents, last closed first")),
    Drawer.DISMISSED: (_l("Dismissed"), _l("Dismissed incidents, last closed first")),
}
BREAK = "_"


@dataclass(frozen=True)
class Row:
    """One incident on the desk. `law` is the nearest legal deadline, `left` the time to the next act."""

    reference: str
    codename: str
    url: str
    what: str
    tags: Sequence[Tag]
    who: str
    act: str
    left: shown.Left | None
    due: shown.Moment | None
    basis: str | None
    law_left: shown.Left | None
    law: shown.Moment | None
    closed: shown.Moment | None


@pages.get("/desk")
@requires(Right.READ_INCIDENTS)
def desk() -> ResponseReturnValue:
    """A sheet of incidents; what rings stands above the open ones."""
    now, session, drawer = utcnow(), read_session(), chosen(Drawer, request.args.get("show"), Drawer.OPEN)
    sheet = on_desk(session, me(), drawer, after=_mark(request.args.get("after", "")))
    taken = taken_by(session, [found.id for found in sheet.incidents if found.handler_id is None])
    url_of = urls_of_incidents()
    rings = ringing(session, me(), now=now) if drawer is Drawer.OPEN and may(Right.HANDLE) else []
    muted = ready().muted_until if drawer is Drawer.OPEN else None
    return render_template(
        "desk/desk.html",
        title=DRAWERS[drawer][1],
        drawers=[
            (words, url_for("desk.desk", show=None if each is Drawer.OPEN else each.value), each is drawer)
            for each, (words, _title) in DRAWERS.items()
        ],
        bells=[bell_of(one, may_mute=muted is None) for one in rings],
        muted=shown.moment(muted),
        rows=[_row(found, taken.get(found.id), url_of, now) for found in sheet.incidents],
        closed=drawer is not Drawer.OPEN,
        more=url_for("desk.desk", show=drawer.value, after=_words(sheet.more)) if sheet.more else None,
        start=url_for("desk.desk", show=drawer.value) if request.args.get("after") else None,
    )


def _row(found: Incident, taken: Taken | None, url_of: Callable[[str], str], now: datetime) -> Row:
    act = _(found.next_act) if found.next_act else _("Nothing is due")
    basis = basis_words(found.next_is_law) if found.next_due_at else None
    law_due_at = None if found.closed_at else found.law_due_at
    return Row(
        reference=found.reference,
        codename=found.codename,
        url=url_of(found.reference),
        what=_(words_for(found.what)),
        tags=tags_of(found),
        who=who_has(found, found.handler.name if found.handler else None, taken, now),
        act=act,
        left=shown.left(found.next_due_at, now),
        due=shown.moment(found.next_due_at),
        basis=basis,
        law_left=shown.left(law_due_at, now),
        law=shown.moment(law_due_at),
        closed=shown.moment(found.closed_at),
    )


def _words(mark: Mark) -> str:
    return f"{mark.reference}{BREAK}{mark.at.isoformat() if mark.at else ''}"


def _mark(text: str) -> Mark | None:
    """Where the sheet begins; whatever cannot be read begins at the top."""
    reference, _break, at = text.partition(BREAK)
    try:
        instant = datetime.fromisoformat(at) if at else None
    except ValueError:
        return None
    if not reference or (instant is not None and instant.tzinfo is None):
        return None
    return Mark(reference, instant)


class TakeForm(FlaskForm):
    through_entry_id = HiddenField()


@pages.post("/desk/take/<token>")
@requires(Right.HANDLE)
def take(token: str) -> ResponseReturnValue:
    """Acknowledge what rings, as far as it was shown. Harmless when somebody has it already."""
    house, now, form = installation(), utcnow(), TakeForm()
    rings = ringing(read_session(), me(), now=now, token=token)
    if not rings:
        flash(_("Somebody has this page already, or it has ended."), "info")
        return redirect(url_for("desk.desk"), code=303)
    through = form.through_entry_id.data or ""
    if not through.isdecimal():
        raise Refused(N_("Load the desk again, then take the page."))
    with house.store.writing() as session:
        taken = acknowledge(
            session,
            rings[0].page.id,
            person=session.get_one(Person, me().id),
            through_entry_id=int(through),
            by_link=None,
            waits=house.settings.waits,
            now=now,
        )
        words = _taken_words(session.get_one(Page, rings[0].page.id), taken.until)
    flash(words, "good")
    incidents = rings[0].incidents
    if len(incidents) == 1:
        return redirect(url_for("incident.incident", reference=incidents[0].reference), code=303)
    return redirect(url_for("desk.desk"), code=303)


def _taken_words(page: Page, until: datetime) -> str:
    if page.ended_at is not None:
        return _("You have answered. It no longer rings.")
    if page.quiet_until is None:
        return _("You have it. It wants another person too, and rings the others until one of them has it as well.")
    words = _("You have it. The bell is quiet until %(time)s.", time=_time(until))
    return _("%(words)s Take a first step before that.", words=words)


@pages.post("/desk/mute/<token>")
@requires(Right.DECIDE)
def mute(token: str) -> ResponseReturnValue:
    """Let further reports like those of this page wait for half an hour."""
    now = utcnow()
    rings = ringing(read_session(), me(), now=now, token=token)
    if not rings:
        flash(_("Somebody has this page already, or it has ended."), "info")
        return redirect(url_for("desk.desk"), code=303)
    with installation().store.writing() as session:
        page = session.get_one(Page, rings[0].page.id)
        until = mute_like(session, page, person=session.get_one(Person, me().id), now=now).until
    flash(_("Further reports like these wait until %(time)s. Louder ones ring.", time=_time(until)), "good")
    return redirect(url_for("desk.desk"), code=303)


def _time(at: datetime) -> str:
    local = shown.moment(at)
    return local.local if local else ""
