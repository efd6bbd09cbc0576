"""An invited person chooses a password, and is sent the test page that proves that a page reaches them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app import errors, passwords, signing_in
from app.access import anybody_signed_in, me, public
from app.extensions import read_session
from app.language import gettext as _
from app.navigation import installation
from app.newpassword import NewPassword
from app.ways import ways
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.people import Invitation, Person
from incidents.refusals import Refused
from incidents.words.enums import words_for
from notifications import welcome
from notifications.ladder import is_rung

pages = Blueprint("invitation", __name__)

GONE = 410


class AcceptForm(NewPassword):
    """The password that the invited person chooses."""

    person: Person | None = None

    def about(self) -> Iterable[str]:
        return (self.person.name, self.person.email) if self.person else ()


@pages.get("/invitation/<token>")
@public
def invitation(token: str) -> Response:
    """Who invites whom to what, and the password to choose."""
    try:
        found = accounts.invited(read_session(), token, now=utcnow())
    except Refused as refused:
        return _gone(refused)
    return _form(AcceptForm(), found, 200)


@pages.post("/invitation/<token>")
@public
def accept(token: str) -> Answer:
    """Take the invitation, sign in, and test the ways to reach whoever can be paged."""
    now = utcnow()
    try:
        found = accounts.invited(read_session(), token, now=now)
    except Refused as refused:
        return _gone(refused)
    form = AcceptForm()
    form.person = read_session().get_one(Person, found.person_id)
    if form.asks_to_show:
        return _form(form, found, 200)
    if not form.validate():
        return _form(form, found, 422)
    try:
        password_hash = passwords.hashed(form.password.data or "")
        with installation().store.writing() as session:
            person = accounts.accept(session, token, password_hash, now=now)
            if current_user.is_authenticated:
                accounts.sign_out(session, current_user.token, now=now)
            signed_in = accounts.sign_in(session, person, now=now)
            welcome.send_tests(session, person, now=now)
    except passwords.Busy:
        form.form_errors.append(_("Many people are signing in just now. Try again in a few seconds."))
        return _form(form, found, 503)
    except Refused as refused:
        return _gone(refused)
    installation().store.wake()
    signing_in.enter(person, signed_in)
    return redirect(url_for("invitation.welcomed"), code=303)


@pages.get("/welcome")
@anybody_signed_in
def welcomed() -> str:
    """What comes next for somebody who has just chosen a password."""
    session, reachable = read_session(), installation().reachable
    return render_template(
        "invitation/welcome.html",
        paged=is_rung(session, me(), now=utcnow()),
        ways=ways(session, me().id, masked=False),
        reachable=any(reachable(session, kind) for kind in welcome.kinds_of(session, me())),
    )


def _form(form: AcceptForm, found: Invitation, status: int) -> Response:
    person = read_session().get_one(Person, found.person_id)
    inviter = accounts.inviter(read_session(), person)
    page = render_template(
        "invitation/accept.html",
        form=form,
        name=person.name,
        email=person.email,
        inviter=inviter.name if inviter else None,
        roles=[_(words_for(role)) for role in sorted(person.roles, key=lambda role: role.value)],
        again=person.password_hash is not None,
        shortest=passwords.SHORTEST,
    )
    return make_response(page, status)


def _gone(refused: Refused) -> Response:
    return make_response(render_template("invitation/gone.html", sentence=errors.sentence(refused)), GONE)
