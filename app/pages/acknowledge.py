"""The page behind a paging link: GET shows one big button, only its POST acknowledges (mail scanners open links)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for

from app import shown
from app.access import public
from app.extensions import csrf, read_session
from app.language import gettext as _
from app.navigation import installation, organisation
from incidents.law.clock import utcnow
from incidents.people import Right
from notifications.delivery import Purpose
from notifications.drills import of_page
from notifications.links import (
    Shown,
    acknowledge_by_link,
    awake_by_link,
    confirm_waking,
    masked,
    open_link,
    prove_contact,
    seen_by_link,
)

pages = Blueprint("acknowledge", __name__)

AWAKE, OVER = "awake", "over"


@pages.get("/p/<carried>")
@public
def page(carried: str) -> Response:
    """What rings, and the button. Changes nothing."""
    return _show(_opened(carried), carried)


@pages.post("/p/<carried>")
@csrf.exempt  # the signed link is the whole right; nobody is signed in here
@public
def take(carried: str) -> Response:
    """Acknowledge what was shown, or ask for ten minutes. A second tap, or another person's link, shows who has it."""
    opened, now, house = _opened(carried), utcnow(), installation()
    if opened.delivery.purpose is Purpose.TEST:
        return _test(opened)
    try:
        through = int(request.form.get("through", ""))
    except ValueError:
        through = opened.delivery.through_entry_id or opened.through_entry_id  # what the message spoke of
    key, act = opened.delivery.id, request.form.get("act")
    with house.store.writing() as session:
        if act == AWAKE:
            awake_by_link(session, key, now=now)
        else:
            waits, over = house.settings.waits, act == OVER
            acknowledge_by_link(session, key, through_entry_id=through, waits=waits, take_over=over, now=now)
    read_session().rollback()  # look again, at what was just committed
    return _show(_opened(carried), carried)


@pages.post("/p/<carried>/seen")
@csrf.exempt  # the signed link is the whole right
@public
def seen(carried: str) -> Response:
    """The page's own script says that it was on a screen. Scanners fetch pages; they do not do this."""
    opened, house = _opened(carried), installation()
    with house.store.writing() as session:
        seen_by_link(session, opened.delivery.id, now=utcnow())
    return make_response("", 204)


def _opened(carried: str) -> Shown:
    opened = open_link(read_session(), carried, keyring=installation().keyring, now=utcnow())
    if opened is None:
        abort(410)
    return opened


def _show(opened: Shown, carried: str) -> Response:
    if opened.delivery.purpose is Purpose.TEST:
        return _test_page(200, elsewhere=_elsewhere())
    assert opened.page is not None
    held, now = opened.held, utcnow()
    mine = held is not None and held.delivery_id == opened.delivery.id
    first, practice = opened.alarm.first, of_page(read_session(), opened.page.id) if opened.page.drill else None
    return make_response(
        render_template(
            "acknowledge/page.html",
            codename=first.codename if first else opened.page.codename,
            urgent=opened.alarm.urgent,
            drill=opened.page.drill,
            practice=practice is not None,
            answered=practice is not None and practice.acknowledged_at is not None,
            more=max(opened.alarm.waiting - 1, 0),
            act=_(first.next_act) if first and first.next_act else None,
            left=shown.left(first.next_due_at, now) if first else None,
            due=shown.moment(first.next_due_at) if first else None,
            basis=_("law") if first and first.next_is_law else _("target, not law"),
            through=opened.through_entry_id,
            over=opened.page.ended_at is not None,
            may_begin=Right.HANDLE in opened.delivery.person.rights,
            held=held,
            mine=mine,
            mailbox=masked(held.delivery.contact.label) if held and held.delivery else None,
            held_at=shown.moment(held.at) if held else None,
            until=shown.moment(held.until) if held else None,
            half=opened.half is not None,
            awake_until=shown.moment(opened.awake_until),
            call=_(opened.call) if opened.call else None,
            seen_url=url_for("acknowledge.seen", carried=carried),
        )
    )


def _test(opened: Shown) -> Response:
    """A test page proves a way to reach somebody only if the public address led here, and then asks if it woke them."""
    elsewhere, woke, now = _elsewhere(), request.form.get("woke"), utcnow()
    if elsewhere is not None:
        return _test_page(409, elsewhere=elsewhere)
    with installation().store.writing() as session:
        if woke in ("yes", "no") and confirm_waking(session, opened.delivery.id, yes=woke == "yes", now=now):
            return _test_page(200, woke=woke == "yes")
        proved = prove_contact(session, opened.delivery.id, now=now)
    return _test_page(200, proved=proved, asks=proved and opened.delivery.contact.channel.wakes)


def _test_page(
    status: int,
    *,
    elsewhere: str | None = None,
    proved: bool | None = None,
    asks: bool = False,
    woke: bool | None = None,
) -> Response:
    page = render_template("acknowledge/test.html", elsewhere=elsewhere, proved=proved, asks=asks, woke=woke)
    return make_response(page, status)


def _elsewhere() -> str | None:
    """The public address, when this request did not come through it."""
    address = installation().public_address(organisation())
    return None if request.host_url.rstrip("/") == address else address
