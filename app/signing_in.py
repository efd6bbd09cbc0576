"""How a browser is let in and known again, for every page that lets somebody in."""

from __future__ import annotations

import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Response, current_app, request, session
from flask_login import login_user
from itsdangerous import BadSignature, URLSafeSerializer

from app.access import Principal
from app.attempts import Attempts
from app.navigation import installation
from incidents.people import Person

KNOWN = "tocsin-known"
A_YEAR = 365 * 86400


def enter(person: Person, token: str) -> None:
    """Let this browser in with a session of its own: whatever it held before is gone."""
    session.clear()
    login_user(Principal(person, token))


def local(address: str | None) -> str | None:
    """The address if it is a path of ours; None for anything that could lead elsewhere."""
    if not address or not address.startswith("/") or address[1:2] in ("/", "\\") or not address.isprintable():
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc or "\\" in address else address.removesuffix("?")


def attempts() -> Attempts:
    """The counts of wrong passwords of this process."""
    found: Attempts = current_app.extensions.setdefault("tocsin-attempts", Attempts())
    return found


def source(account: str) -> str:
    """Where a try comes from: this browser if it signed in to the account before, else its network address."""
    try:
        known = _signer().loads(request.cookies.get(KNOWN, ""))
    except BadSignature:
        return _network()
    if isinstance(known, list) and len(known) == 2 and known[1] == _digest(account):
        return f"browser {known[0]}"
    return _network()


def remember(response: Response, account: str) -> Response:
    """Let this browser be known as one that has signed in to the account. It opens nothing by itself."""
    response.set_cookie(
        KNOWN,
        str(_signer().dumps([secrets.token_hex(8), _digest(account)])),
        max_age=A_YEAR,
        path="/sign-in",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(installation().keyring.derive("known browser"), salt="known browser")


def _digest(account: str) -> str:
    return installation().keyring.mac("known browser", account.strip().lower())[:32]


def _network() -> str:
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    # One household or server gets a whole /64.
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
