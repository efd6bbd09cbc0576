"""The rota: who is on call now and in the days ahead, one's own duties, and the addresses for calendar programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app import errors
from app.access import by_me, may, me, public, requires
from app.extensions import read_session
from app.language import gettext as _
from app.navigation import installation, organisation
from app.roster import AHEAD, Row, holidays, requests_of, rota_for_me, row_of
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.refusals import Refused
from notifications.rota import Rota
from notifications.rota.cover import members, take
from notifications.rota.duty import duties
from notifications.rota.feed import feed_at, new_own_feed, own_feed, written
from notifications.rota.planning import rotas

pages = Blueprint("rota", __name__)

SHORT = 2


@dataclass(frozen=True)
class Shown:
    """A rota as the page shows it."""

    key: int
    name: str
    zone: str
    present: Row
    following: Row | None
    rows: list[Row]
    gaps: int
    holidays: list[str]
    member: bool
    address: str


@pages.get("/rota")
@requires(Right.SEE_READINESS)
def rota() -> Response:
    """Who is on call."""
    return _page(200)


@pages.post("/rota/<int:rota_id>/take")
@requires(Right.SEE_READINESS)
def take_duty(rota_id: int) -> Answer:
    """Take a duty that is somebody else's, or nobody's."""
    house, now = installation(), utcnow()
    try:
        begins_at = _instant(request.form.get("begins", ""))
        with house.store.writing() as session:
            person = session.get_one(Person, me().id)
            take(session, rota_for_me(session, rota_id), person, begins_at, by=by_me(), now=now)
    except Refused as refused:
        return _page(422, said=errors.sentence(refused))
    house.store.wake()
    flash(_("This duty is yours now. Whoever had it is told."), "good")
    return redirect(url_for("rota.rota"), code=303)


@pages.post("/rota/my-address")
@requires(Right.SEE_READINESS)
def own_address() -> Answer:
    """Make the secret address of one's own duties, or another one."""
    with installation().store.writing() as session:
        new_own_feed(session, session.get_one(Person, me().id), now=utcnow())
    flash(_("Here is the address. An earlier one no longer works."), "good")
    return redirect(url_for("rota.rota"), code=303)


@pages.get("/rota/feed/<token>.ics")
@public
def feed(token: str) -> Response:
    """A rota, or one person's duties, for a calendar program. The address is the whole right."""
    session = read_session()
    found = feed_at(session, token)
    if found is None:
        abort(404)
    response = make_response(written(session, found, _, now=utcnow()))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'inline; filename="rota.ics"'
    return response


def _page(status: int, said: str | None = None) -> Response:
    session, now = read_session(), utcnow()
    planned = rotas(session, organisation().id)
    found = [_shown(each, now) for each in planned]
    asked = [one for each in planned for one in requests_of(session, each, now=now)]
    own = own_feed(session, me())
    page = render_template(
        "rota/rota.html",
        rotas=sorted(found, key=lambda each: not each.member),
        own=[(row, _ask_at(each, row, now)) for each in found for row in each.rows if row.own],
        asked_of_me=[one for one in asked if not one.mine],
        asked_by_me=[one for one in asked if one.mine],
        own_address=_address(own.token) if own else None,
        may_plan=may(Right.PLAN_ROTA),
        said=(said,) if said else (),
        problem=said,
    )
    return make_response(page, status)


def _ask_at(each: Shown, row: Row, now: datetime) -> str | None:
    """Where one asks a colleague to take this duty; a duty that has begun is nobody else's to be asked for."""
    if datetime.fromisoformat(row.key) <= now:
        return None
    return url_for("rotaask.ask", rota_id=each.key, turn=row.key)


def _shown(each: Rota, now: datetime) -> Shown:
    session = read_session()
    found = duties(session, each.id, now, now + AHEAD)
    rows = [row_of(duty, each) for duty in found]
    people = {duty.person.id: duty.person for duty in found if duty.person}
    return Shown(
        key=each.id,
        name=each.name,
        zone=each.zone,
        present=rows[0],
        following=rows[1] if len(rows) >= SHORT else None,
        rows=rows,
        gaps=sum(1 for row in rows if row.who is None),
        holidays=holidays(session, each, list(people.values()), now=now),
        member=me().id in members(session, each, now=now),
        address=_address(each.token),
    )


def _address(token: str) -> str:
    base = installation().public_address(organisation())
    return f"{base}{url_for('rota.feed', token=token)}"


def _instant(typed: str) -> datetime:
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        abort(400)
    return found if found.tzinfo is not None else abort(400)
