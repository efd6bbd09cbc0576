"""Signing in and out, and the first page that somebody's rights open."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as Answer
from wtforms import StringField
from wtforms.validators import DataRequired

from app import passwords, shown, signing_in
from app.access import anybody_signed_in, me, public
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import PLACES, installation
from app.newpassword import SecretField
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.people import Person, by_email

log = logging.getLogger(__name__)

pages = Blueprint("login", __name__)

SEEN_EVERY = 60.0
"""Seconds: how exact the time is at which a browser was last in use."""


class SignInForm(FlaskForm):
    """The address is a person's e-mail address, in whatever letters."""

    email = StringField(_l("E-mail address"), [DataRequired(_l("Write your e-mail address."))])
    password = SecretField(_l("Password"), [DataRequired(_l("Type your password."))])


@pages.get("/sign-in")
@public
def sign_in() -> Answer:
    """The form; whoever is signed in already goes on."""
    if current_user.is_authenticated:
        return redirect(url_for("login.home"), code=303)
    return _form(SignInForm(), 200)


@pages.post("/sign-in")
@public
def try_to_sign_in() -> Answer:
    """Let somebody in. An unknown address, a wrong password and an account that has ended look the same."""
    form = SignInForm()
    if not form.validate():
        return _form(form, 422)
    typed, account = form.password.data or "", (form.email.data or "").strip().lower()
    counts, source = signing_in.attempts(), signing_in.source(account)
    wait = counts.wait(account, source)
    if wait:
        words = _("Too many wrong passwords. Wait %(time)s, then try again.", time=shown.duration(wait))
        return _later(form, 429, wait, words)
    person = by_email(read_session(), account)
    kept = person.password_hash if person is not None and person.left_at is None else None
    try:
        checked = passwords.check(kept, typed)
    except passwords.Busy:
        return _later(form, 503, 3, _("Many people are signing in just now. Try again in a few seconds."))
    if person is None or not checked.right:
        counts.wrong(account, source)
        form.form_errors.append(_("This e-mail address and password do not belong together. Check both."))
        return _form(form, 422)
    counts.right(account, source)
    return _let_in(person.id, account, checked.renewed)


def _let_in(person_id: int, account: str, renewed: str | None) -> Response:
    onward = signing_in.local(session.get("next")) or url_for("login.home")
    now = utcnow()
    with installation().store.writing() as writing:
        person = writing.get_one(Person, person_id)
        person.password_hash = renewed or person.password_hash
        if current_user.is_authenticated:
            accounts.sign_out(writing, current_user.token, now=now)
        token = accounts.sign_in(writing, person, now=now)
    signing_in.enter(person, token)
    return signing_in.remember(make_response(redirect(onward, code=303)), account)


@pages.post("/sign-out")
@public
def sign_out() -> Answer:
    """End this browser's sign-in; harmless when it has ended already."""
    if current_user.is_authenticated:
        with installation().store.writing() as writing:
            accounts.sign_out(writing, current_user.token, now=utcnow())
        logout_user()
    session.clear()
    flash(_("You are signed out."), "good")
    return redirect(url_for("login.sign_in"), code=303)


@pages.get("/home")
@anybody_signed_in
def home() -> Answer:
    """Go to the first page that the person's rights open."""
    rights = me().rights
    first = next((endpoint for endpoint, _label, wanted in PLACES if rights.intersection(wanted)), "account.account")
    return redirect(url_for(first), code=303)


@pages.after_app_request
def note_last_seen(response: Response) -> Response:
    """Keep the time of a sign-in's last use: on POST only, in a write of its own, at most once a minute."""
    if request.method != "POST":
        return response
    now = utcnow()
    try:
        if not current_user.is_authenticated:
            return response
        found = accounts.signed_in(read_session(), current_user.token)
        if found is not None and (now - found.seen_at).total_seconds() > SEEN_EVERY:
            with installation().store.writing() as writing:
                accounts.seen(writing, current_user.token, now=now)
    except SQLAlchemyError:
        # The answer that the person waits for is ready; it must not be lost over this.
        log.warning("the time of a sign-in's last use was not kept: the database cannot be used")
    return response


def _form(form: SignInForm, status: int) -> Response:
    return make_response(render_template("login/sign-in.html", form=form), status)


def _later(form: SignInForm, status: int, seconds: int, words: str) -> Response:
    form.form_errors.append(words)
    response = _form(form, status)
    response.headers["Retry-After"] = str(seconds)
    return response
