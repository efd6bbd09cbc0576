"""Who may open which page: denied unless a view says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from app.extensions import login, read_session
from incidents.accounts import signed_in
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.timeline import Actor, person_as_actor

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"


class Principal(UserMixin):
    """Somebody signed in: the person, and the token of this browser's sign-in."""

    def __init__(self, person: Person, token: str) -> None:
        self.person = person
        self.token = token

    def get_id(self) -> str:
        return self.token


def public(view: View) -> View:
    """Anybody may open this, without an account."""
    view.tocsin_access = PUBLIC  # type: ignore[attr-defined]
    return view


def anybody_signed_in(view: View) -> View:
    """Whoever has signed in may open this, whatever the role."""
    view.tocsin_access = SIGNED_IN  # type: ignore[attr-defined]
    return view


def requires(*rights: Right) -> Callable[[View], View]:
    """Only holders of one of these rights may open this."""

    def mark(view: View) -> View:
        view.tocsin_access = rights  # type: ignore[attr-defined]
        return view

    return mark


def me() -> Person:
    """The person signed in. Only for views that are not public."""
    person: Person = current_user.person
    return person


def by_me() -> Actor:
    """The person signed in, as the author of an entry."""
    return person_as_actor(me().id)


def may(right: Right) -> bool:
    """Whether the person signed in holds a right; false for nobody."""
    return bool(current_user.is_authenticated) and right in me().rights


def guard(app: Flask) -> None:
    """Check every request against the mark of its view."""

    @login.user_loader
    def load(token: str) -> Principal | None:
        lasts = timedelta(seconds=current_app.extensions["tocsin"].settings.sign_in_lasts)
        found = signed_in(read_session(), token, since=utcnow() - lasts)
        return Principal(found.person, token) if found else None

    @app.before_request
    def check() -> Response | None:
        if request.endpoint is None or request.endpoint == "static":
            return None
        access = getattr(current_app.view_functions[request.endpoint], "tocsin_access", None)
        if access == PUBLIC:
            return None
        if access is None:
            abort(403)  # a view that forgot its mark is closed, not open
        if not current_user.is_authenticated:
            return to_sign_in()
        if access != SIGNED_IN and not me().rights.intersection(access):
            abort(403)
        return None


def is_public(endpoint: str | None) -> bool:
    """Whether a view may be opened without an account."""
    return getattr(current_app.view_functions.get(endpoint or ""), "tocsin_access", None) == PUBLIC


def to_sign_in() -> Response:
    """Ask to sign in and come back; what a form had typed is kept by the browser (keepdraft.js)."""
    g.signed_out = True
    session["next"] = request.full_path if request.method == "GET" else (request.form.get("back") or "/desk")
    return redirect(url_for("login.sign_in"), code=303)
