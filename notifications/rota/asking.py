"""Asking: who has a duty asks a colleague to take it, who accepts or declines; what is accepted is a swap like any."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from incidents.people import Person
from incidents.refusals import Refused
from incidents.timeline import Actor, Kind, instant, organisation_timeline, record
from incidents.words import N_
from notifications.rota import Rota
from notifications.rota.change import Change, changing, planner_of
from notifications.rota.cover import FURTHEST, add, members
from notifications.rota.duty import Duty, duty_from
from notifications.rota.override import Reason
from notifications.rota.planning import present_person
from notifications.rota.request import Answer, SwapRequest, open_requests, still_so

MOST_OPEN = 20
OVER = N_("This request is over: a duty of it has begun or has changed, or it was answered. Look at the rota.")


def ask(
    session: Session,
    rota: Rota,
    asker: Person,
    asked_id: int,
    begins_at: datetime,
    return_begins_at: datetime | None = None,
    *,
    by: Actor,
    now: datetime,
) -> SwapRequest:
    """Ask a colleague on the rota to take a duty of one's own, for one of theirs or for nothing: nothing changes yet.

    Duties are named by their beginnings. Refuses one that has begun, that is somebody else's or asked for already.
    """
    if rota.ended_at is not None:
        raise Refused(N_("This rota has ended. Begin another one."))
    own = _turn(session, rota, asker, begins_at, "turn", N_("This duty is not yours. Choose one of your own."), now)
    if asked_id == asker.id:
        raise Refused(N_("You cannot ask yourself. Choose a colleague."), field="asked")
    asked = present_person(session, rota, asked_id, field="asked")
    if asked.id not in members(session, rota, now=now):
        raise Refused(N_("Only people on this rota can take a duty of it. Choose one of them."), field="asked")
    back = None
    if return_begins_at is not None:
        not_theirs = N_("This duty is not theirs. Choose one of theirs, or nothing in return.")
        back = _turn(session, rota, asked, return_begins_at, "other", not_theirs, now)
    _refuse_twice(open_requests(session, rota, now=now), asker, own)
    request = SwapRequest(
        organisation_id=rota.organisation_id,
        rota_id=rota.id,
        asker=asker,
        asked=asked,
        begins_at=own.begins_at,
        ends_at=own.ends_at,
        return_begins_at=back.begins_at if back else None,
        return_ends_at=back.ends_at if back else None,
        asked_at=now,
    )
    session.add(request)
    session.flush()
    _record(session, request, Kind.SWAP_ASKED, request.asked_id, by=by, now=now)
    return request


def accept(session: Session, request: SwapRequest, person: Person, *, by: Actor, now: datetime) -> None:
    """Take the duty, and give the other one, if one was asked for. Only who was asked may, while it is still so."""
    if request.asked_id != person.id:
        raise Refused(N_("This request is for somebody else."))
    rota = session.get_one(Rota, request.rota_id, with_for_update=True)
    session.refresh(request)
    if rota.ended_at is not None or not still_so(session, request, now=now):
        raise Refused(OVER)
    planner = planner_of(session, rota)
    tell = {request.asker_id, request.asked_id} | ({planner.id} if planner is not None else set())
    what = Change.TAKEN if request.return_begins_at is None else Change.SWAPPED
    with changing(session, rota, what, tell=tell, by=by, now=now) as detail:
        detail.facts["asked"] = request.id
        request.answer, request.answered_at = Answer.ACCEPTED, now
        reason = Reason.TAKEN if request.return_begins_at is None else Reason.SWAPPED
        given = {"by": by, "now": now, "pair": secrets.token_hex(16)}
        add(session, rota, request.asked_id, request.begins_at, request.ends_at, reason, **given)  # type: ignore[arg-type]
        if request.return_begins_at is not None and request.return_ends_at is not None:
            times = request.return_begins_at, request.return_ends_at
            add(session, rota, request.asker_id, *times, reason, **given)  # type: ignore[arg-type]


def decline(session: Session, request: SwapRequest, person: Person, *, by: Actor, now: datetime) -> None:
    """Leave the duty with whoever asked, who is told."""
    if request.asked_id != person.id:
        raise Refused(N_("This request is for somebody else."))
    _end(session, request, Answer.DECLINED, now)
    _record(session, request, Kind.SWAP_DECLINED, request.asker_id, by=by, now=now)


def withdraw(session: Session, request: SwapRequest, person: Person, *, by: Actor, now: datetime) -> None:
    """Ask no longer; whoever was asked is told."""
    if request.asker_id != person.id:
        raise Refused(N_("This request is somebody else's."))
    _end(session, request, Answer.WITHDRAWN, now)
    _record(session, request, Kind.SWAP_WITHDRAWN, request.asked_id, by=by, now=now)


def request_of(session: Session, person: Person, key: int) -> SwapRequest | None:
    """The request of that key, if this person asked or was asked."""
    return session.scalars(
        select(SwapRequest).where(
            SwapRequest.id == key,
            SwapRequest.organisation_id == person.organisation_id,
            or_(SwapRequest.asker_id == person.id, SwapRequest.asked_id == person.id),
        )
    ).first()


def _end(session: Session, request: SwapRequest, answer: Answer, now: datetime) -> None:
    if not still_so(session, request, now=now):
        raise Refused(OVER)
    request.answer, request.answered_at = answer, now
    session.flush()


def _turn(
    session: Session, rota: Rota, person: Person, begins_at: datetime, field: str, not_theirs: str, now: datetime
) -> Duty:
    """The duty of a person that begins at an instant to come."""
    if begins_at <= now:
        raise Refused(N_("This duty has begun already. Choose one that is still to come."), field=field)
    duty = duty_from(session, rota.id, begins_at) if begins_at <= now + FURTHEST else None
    if duty is None:
        raise Refused(
            N_("The rota has changed meanwhile: there is no such duty any more. Load the page again."), field=field
        )
    if duty.person is None or duty.person.id != person.id:
        raise Refused(not_theirs, field=field)
    return duty


def _refuse_twice(asked: list[SwapRequest], asker: Person, own: Duty) -> None:
    mine = [request for request in asked if request.asker_id == asker.id]
    if any(request.begins_at == own.begins_at for request in mine):
        raise Refused(
            N_("You have asked for this duty already. Withdraw that request before you ask somebody else."),
            field="turn",
        )
    if len(mine) >= MOST_OPEN:
        raise Refused(N_("You have asked for many duties already. Withdraw a request first."), field="turn")


def _record(session: Session, request: SwapRequest, kind: Kind, told: int, *, by: Actor, now: datetime) -> None:
    back = request.return_begins_at, request.return_ends_at
    facts = {
        "request": request.id,
        "rota": request.rota_id,
        "affected": [told],
        "turn": [instant(request.begins_at), instant(request.ends_at)],
        "return": [instant(at) for at in back if at is not None],
        # What is told by day must not come when the turn has begun.
        "due_at": instant(request.ends_by_itself_at),
    }
    record(session, organisation_timeline(session, request.organisation_id), kind, by=by, facts=facts, now=now)
