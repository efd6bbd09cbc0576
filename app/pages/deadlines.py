"""The calendar of one's deadlines: its secret address, made, made anew and ended."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from app.access import me, public, requires
from app.extensions import read_session
from app.language import gettext as _
from app.navigation import installation, organisation
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from notifications.deadlinefeed import calendar_for, end_feed, feed_of, new_feed, reader_at

pages = Blueprint("deadlines", __name__)


@pages.get("/deadlines/calendar")
@requires(Right.READ_INCIDENTS)
def calendar() -> str:
    """The address in use, if there is one, and what it gives."""
    own = feed_of(read_session(), me())
    return render_template("deadlines/calendar.html", address=_address(own.token) if own else None)


@pages.post("/deadlines/calendar")
@requires(Right.READ_INCIDENTS)
def make_address() -> Answer:
    """Make the secret address, or another one."""
    with installation().store.writing() as session:
        new_feed(session, session.get_one(Person, me().id), now=utcnow())
    flash(_("Here is the address. An earlier one no longer works."), "good")
    return redirect(url_for("deadlines.calendar"), code=303)


@pages.post("/deadlines/calendar/end")
@requires(Right.READ_INCIDENTS)
def end_address() -> Answer:
    """Let the address stop working."""
    with installation().store.writing() as session:
        end_feed(session, session.get_one(Person, me().id), now=utcnow())
    flash(_("The address no longer works."), "good")
    return redirect(url_for("deadlines.calendar"), code=303)


@pages.get("/deadlines/feed/<token>.ics")
@public
def feed(token: str) -> Response:
    """The open deadlines that one person may see, for a calendar program. The address is the whole right."""
    session = read_session()
    reader = reader_at(session, token) or abort(404)
    base = installation().public_address(organisation()) + url_for("incident.incident", reference="")
    response = make_response(calendar_for(session, reader, _, base=base, now=utcnow()))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'inline; filename="deadlines.ics"'
    return response


def _address(token: str) -> str:
    return f"{installation().public_address(organisation())}{url_for('deadlines.feed', token=token)}"
