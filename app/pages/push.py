"""Web Push: turning it on for a device, off again, and what a browser needs for it (manifest and service worker)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, make_response, redirect, request, url_for
from flask import json as flask_json
from werkzeug.wrappers import Response as Answer

from app import errors
from app.access import anybody_signed_in, by_me, me, public
from app.extensions import csrf
from app.language import gettext as _
from app.navigation import installation, organisation
from app.web import STATIC, asset
from incidents.law.clock import utcnow
from incidents.people import Person
from incidents.refusals import Refused
from notifications import devices
from notifications.channels import ChannelKind
from notifications.channels.push_subscription import Subscription

pages = Blueprint("push", __name__)

DARK = "#12203a"
ICONS = {"icon-192.png": "192x192", "icon-512.png": "512x512"}


@pages.post("/account/devices")
@anybody_signed_in
def turn_on() -> Answer:
    """Push to this browser from now on; its script has asked the browser's push service for an address."""
    house, now = installation(), utcnow()
    label, known_as = request.form.get("label", ""), request.form.get("device", "")
    try:
        wanted = _subscription()
        with house.store.writing() as session:
            person = session.get_one(Person, me().id)
            devices.turn_on(
                session, person, wanted, label, known_as=known_as, keyring=house.keyring, by=by_me(), now=now
            )
            reachable = house.reachable(session, ChannelKind.PUSH)
    except Refused as refused:
        flash(errors.sentence(refused), "warning")
        return redirect(url_for("account.account"), code=303)
    house.store.wake()
    if reachable:
        flash(_("Push is on for this device. A test page is on its way: open it here and press its button."), "good")
    else:
        flash(_("This device is noted, but nothing is sent from a demo."), "warning")
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/devices/<int:contact_id>/remove")
@anybody_signed_in
def turn_off(contact_id: int) -> Answer:
    """Push to this device no more."""
    with installation().store.writing() as session:
        if not devices.turn_off(session, me().id, contact_id, by=by_me(), now=utcnow()):
            abort(404)
    flash(_("Push is off for this device."), "good")
    return redirect(url_for("account.account"), code=303)


@pages.post("/push/renewed")
@csrf.exempt  # a service worker has no page; what it was told when push was turned on is the whole right
@public
def renewed() -> Response:
    """A browser says that its push service gave it another address. Nobody needs to be signed in."""
    house, known_as = installation(), request.form.get("device", "")
    try:
        wanted = _subscription()
    except Refused:
        return make_response("", 422)
    with house.store.writing() as session:
        found = devices.renew(session, known_as, wanted, keyring=house.keyring, now=utcnow())
    house.store.wake()
    return make_response("", 410 if found is None else 204)


@pages.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """What a phone needs to know to put Tocsin on its home screen."""
    icons = [
        {"src": asset(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for name, sizes in ICONS.items()
        for purpose in ("any", "maskable")
    ]
    root = f"{request.script_root}/"
    told = {
        "id": root,
        "name": "Tocsin",
        "short_name": "Tocsin",
        "start_url": url_for("login.home"),
        "scope": root,
        "display": "standalone",
        "background_color": DARK,
        "theme_color": DARK,
        "icons": icons,
    }
    return Response(flask_json.dumps(told), mimetype="application/manifest+json")


@pages.get("/sw.js")
@public
def worker() -> Response:
    """The service worker; at the root, because it may only serve what lies below it."""
    return Response((STATIC / "sw.js").read_bytes(), mimetype="text/javascript")


def _subscription() -> Subscription:
    given, house = request.form, installation()
    return devices.subscription(
        given.get("endpoint", ""),
        given.get("p256dh", ""),
        given.get("auth", ""),
        given.get("key", ""),
        keyring=house.keyring,
        reach=house.reach(house.public_address(organisation())),
    )
