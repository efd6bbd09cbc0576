"""One's own account: the ways to be reached in their order, the password, and who is signed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response as Answer
from wtforms.validators import DataRequired

from app import errors, passwords, phoneform, shown, signing_in
from app.access import anybody_signed_in, by_me, me
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from app.newpassword import NewPassword, SecretField
from app.phoneform import PhoneForm
from app.ways import Way, ways
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.people import Person
from incidents.refusals import Refused
from incidents.words.enums import words_for
from notifications import devices, drills, welcome
from notifications.channels import ChannelKind
from notifications.contact import contacts_of, move

pages = Blueprint("account", __name__)


class PasswordForm(NewPassword):
    """The password as it was, and another one."""

    old = SecretField(_l("Your present password"), [DataRequired(_l("Type the password that you have now."))])
    password = SecretField(_l("New password"))
    again = SecretField(_l("The new password again"))

    def about(self) -> Iterable[str]:
        return (me().name, me().email)


@pages.get("/account")
@anybody_signed_in
def account() -> Response:
    """The account as it is."""
    return _page(PasswordForm(), 200)


@pages.post("/account/password")
@anybody_signed_in
def change_password() -> Answer:
    """Change the password; every other browser is signed out."""
    form, token = PasswordForm(), current_user.token
    if form.asks_to_show:
        return _page(form, 200)
    counts, source = signing_in.attempts(), f"signed in {me().id}"
    wait = counts.wait(me().email, source)
    if not form.validate() or wait:
        if wait:
            form.form_errors.append(_("Too many wrong passwords. Wait %(time)s.", time=shown.duration(wait)))
        return _page(form, 422)
    try:
        if not passwords.check(me().password_hash, form.old.data or "").right:
            counts.wrong(me().email, source)
            form.old.errors = [_("This is not the password that you have now.")]
            return _page(form, 422)
        password_hash = passwords.hashed(form.password.data or "")
    except passwords.Busy:
        form.form_errors.append(_("Many people are signing in just now. Try again in a few seconds."))
        return _page(form, 503)
    counts.right(me().email, source)
    with installation().store.writing() as writing:
        person = writing.get_one(Person, me().id)
        accounts.change_password(writing, person, password_hash, but=token, now=utcnow())
    flash(_("Your password is changed, and your other browsers are signed out."), "good")
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/test/<int:contact_id>")
@anybody_signed_in
def send_test(contact_id: int) -> Answer:
    """Send a test page to oneself."""
    house = installation()
    with house.store.writing() as writing:
        own = next((contact for contact in contacts_of(writing, me().id) if contact.id == contact_id), None)
        if own is None:
            abort(404)
        reachable = house.reachable(writing, own.channel)
        try:
            welcome.send_test(writing, own, now=utcnow())
        except Refused as refused:
            flash(errors.sentence(refused), "warning")
            return redirect(url_for("account.account"), code=303)
    house.store.wake()
    if reachable and own.channel is ChannelKind.PUSH:
        flash(_("A test page is on its way to that device. Open it there, and press its button."), "good")
    elif reachable:
        flash(_("A test page is on its way. Open it on the phone that should wake you."), "good")
    elif own.channel.by_phone:
        flash(
            _("No phone gateway is set up for this, so the test page reaches nobody. Tell an administrator."), "warning"
        )
    else:
        flash(_("No mail server is set up, so the test page reaches nobody. Tell an administrator."), "warning")
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/phone")
@anybody_signed_in
def add_phone() -> Answer:
    """Add a phone number of one's own."""
    form = PhoneForm(prefix="phone")
    if not form.validate() or not phoneform.add(me().id, form):
        return _page(PasswordForm(None), 422, phone=form)
    flash(*phoneform.added(form, _("Added. Send yourself a test page now, so that it counts.")))
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/way/<int:contact_id>/<any(up, down):where>")
@anybody_signed_in
def move_way(contact_id: int, where: str) -> Answer:
    """Put a way of one's own before or behind its neighbour."""
    with installation().store.writing() as writing:
        own = next((contact for contact in contacts_of(writing, me().id) if contact.id == contact_id), None)
        if own is None:
            abort(404)
        move(writing, own, up=where == "up", by=by_me(), now=utcnow())
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/drill")
@anybody_signed_in
def drill() -> Answer:
    """Ring oneself now, over every way, as a page at night would."""
    house = installation()
    try:
        with house.store.writing() as writing:
            drills.begin_now(writing, writing.get_one(Person, me().id), now=utcnow())
    except Refused as refused:
        flash(errors.sentence(refused), "warning")
        return redirect(url_for("account.account"), code=303)
    flash(_("A drill is on its way over all your ways. Open one of its links and press the button."), "good")
    return redirect(url_for("account.account"), code=303)


@pages.post("/account/sign-out-everywhere")
@anybody_signed_in
def sign_out_everywhere() -> Answer:
    """End every sign-in of one's own, this one too."""
    with installation().store.writing() as writing:
        accounts.sign_out_everywhere(writing, writing.get_one(Person, me().id), now=utcnow())
    logout_user()
    session.clear()
    flash(_("You are signed out everywhere."), "good")
    return redirect(url_for("login.sign_in"), code=303)


def _page(form: PasswordForm, status: int, phone: PhoneForm | None = None) -> Response:
    house, mine = installation(), ways(read_session(), me().id, masked=False)
    pushed = _devices(mine)
    phone = phone or PhoneForm(None, prefix="phone")
    page = render_template(
        "account/account.html",
        form=form,
        phone=phone,
        unset=phoneform.unset(),
        problem=form.errors or phone.errors,
        email=me().email,
        roles=[_(words_for(role)) for role in sorted(me().roles, key=lambda role: role.value)],
        ways=[way for way in mine if way.key not in {device.way.key for device in pushed}],
        devices=pushed,
        push_key=devices.application_key(house.keyring),
        push_scope=f"{request.script_root}/",
        longest_label=devices.LONGEST_LABEL,
        shortest=passwords.SHORTEST,
    )
    return make_response(page, status)


@dataclass(frozen=True)
class Pushed:
    """A device that push is on for. `digest` and `known_as` are for its own browser; `ended` needs turning on again."""

    way: Way
    digest: str
    known_as: str
    ended: bool


def _devices(mine: list[Way]) -> list[Pushed]:
    keyring, by_key = installation().keyring, {way.key: way for way in mine}
    return [
        Pushed(
            by_key[device.contact.id],
            device.digest,
            devices.name_for(device.contact, keyring=keyring),
            device.contact.ended,
        )
        for device in devices.devices_of(read_session(), me().id, keyring=keyring)
    ]
