"""People: who has an account, in which roles, how each is reached, and why a page would not reach them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import DataRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app import errors, phoneform
from app.access import me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.newpassword import SecretField
from app.phoneform import PhoneForm
from app.places import mailbox, option, stripped
from app.ways import Way, ways
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person, Right, Role, everybody
from incidents.refusals import Refused
from incidents.timeline import Actor, person_as_actor
from incidents.words.enums import words_for
from notifications import welcome
from notifications.channels import ChannelKind, apprise_urls
from notifications.contact import Contact, add_apprise, add_contact, add_webhook, contacts_of, move, remove_contact
from notifications.counted_on import places_of
from notifications.ladder import is_rung
from notifications.readiness import fault_of

pages = Blueprint("people", __name__)

ROLES = [option(role.value, _l(words_for(role))) for role in Role]


class Ticks(SelectMultipleField):
    """Several choices, each with its own box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class InviteForm(FlaskForm):
    """Somebody new, with at least one role."""

    name = StringField(_l("Name"), [DataRequired(_l("Write the person's name."))], filters=[stripped])
    email = StringField(
        _l("E-mail address"), [mailbox(_l("Write an e-mail address, such as nora@example.com."))], filters=[stripped]
    )
    roles = Ticks(_l("Roles"), [DataRequired(_l("Choose at least one role."))], choices=ROLES, validate_choice=False)


class RoleForm(FlaskForm):
    """Another role. Giving one to oneself has to be confirmed."""

    role = SelectField(_l("Role"), validate_choice=False)
    known = BooleanField(_l("I know that this is recorded for good, and that the data protection officer is told."))

    def __init__(self, person: Person, **given: object) -> None:
        super().__init__(**given)
        self.offered = {role.value: _(words_for(role)) for role in Role if role not in person.roles}
        self.role.choices = [option(value, words) for value, words in self.offered.items()]
        self.own = person.id == me().id
        if not self.own:
            del self.known

    def validate_role(self, field: SelectField) -> None:
        if field.data not in self.offered:
            raise ValidationError(_("Choose a role."))

    def validate_known(self, field: BooleanField) -> None:
        if not field.data:
            raise ValidationError(_("You are giving a role to yourself. Confirm that you know who learns of it."))


class WayForm(FlaskForm):
    """An Apprise address: it may hold a token, so it is never shown again."""

    address = SecretField(_l("Address of the service"), [DataRequired(_l("Write the address of the service."))])


class HookForm(FlaskForm):
    """A webhook of the organisation's own, with the secret that signs what it is sent."""

    url = StringField(_l("Address of the webhook"), [DataRequired(_l("Write the address of the webhook."))])
    secret = SecretField(_l("Secret of the webhook"), [DataRequired(_l("Write the secret of the webhook."))])


class EndForm(FlaskForm):
    """The end of an account has to be confirmed."""

    sure = BooleanField(_l("End this account: no sign-in and no page any more"))

    def validate_sure(self, field: BooleanField) -> None:
        if not field.data:
            raise ValidationError(_("Tick the box, then press the button again."))


@dataclass(frozen=True)
class Shown:
    """A person as the list shows them; `fault` says why a page would not reach them."""

    url: str
    name: str
    roles: str
    ways: list[Way]
    paged: bool
    fault: str | None


@pages.get("/people")
@requires(Right.CONFIGURE)
def people() -> Response:
    """Everybody who has an account, and the form to invite somebody."""
    return _list(InviteForm(), 200)


@pages.post("/people")
@requires(Right.CONFIGURE)
def invite() -> Answer:
    """Make an account and send the invitation."""
    form = InviteForm()
    if not form.validate():
        return _list(form, 422)
    house, chosen = installation(), set(form.roles.data or ())
    roles = [role for role in Role if role.value in chosen]
    try:
        with house.store.writing() as session:
            welcome.welcome(
                session,
                the_organisation(session),
                name=form.name.data or "",
                email=form.email.data or "",
                roles=roles,
                keyring=house.keyring,
                by=person_as_actor(me().id),
                now=utcnow(),
            )
    except Refused as refused:
        form[refused.field or "email"].errors = [errors.sentence(refused)]
        return _list(form, 422)
    house.store.wake()
    flash("people-invite", "kept")
    flash(_("The invitation is on its way."), "good")
    return redirect(url_for("people.people"), code=303)


@pages.get("/people/<int:person_id>")
@requires(Right.CONFIGURE)
def person(person_id: int) -> Response:
    """One person, with all that an administrator can do."""
    return _person(_found(read_session(), person_id), 200)


@pages.post("/people/<int:person_id>/invitation")
@requires(Right.CONFIGURE)
def invite_again(person_id: int) -> Answer:
    """Send a new invitation, with which another password can be chosen."""
    keyring = installation().keyring
    return _done(
        person_id,
        lambda session, found, by: welcome.invite_again(session, found, keyring=keyring, by=by, now=utcnow()),
        _("A new invitation is on its way. Earlier ones have ended."),
    )


@pages.post("/people/<int:person_id>/role")
@requires(Right.CONFIGURE)
def give_role(person_id: int) -> Answer:
    """Give a role."""
    found = _found(read_session(), person_id)
    form = RoleForm(found, prefix="role")
    if not form.validate():
        return _person(found, 422, role=form)
    role = Role(form.role.data)
    return _done(
        person_id,
        lambda session, found, by: accounts.grant(session, found, role, by=by, now=utcnow()),
        _("The role is given, and recorded."),
    )


@pages.post("/people/<int:person_id>/role/<role>/end")
@requires(Right.CONFIGURE)
def take_role(person_id: int, role: str) -> Answer:
    """Take a role back."""
    taken = next((each for each in Role if each.value == role), None) or abort(404)
    return _done(
        person_id,
        lambda session, found, by: accounts.revoke(session, found, taken, by=by, now=utcnow()),
        _("The role is taken back, and recorded."),
    )


@pages.post("/people/<int:person_id>/way")
@requires(Right.CONFIGURE)
def add_way(person_id: int) -> Answer:
    """Add an Apprise address, or the person's e-mail address once more.

    An Apprise address is looked at before anything is written, since that can take seconds.
    """
    found, form = _found(read_session(), person_id), WayForm(prefix="way")
    if not form.validate():
        return _person(found, 422, way=form)
    house, phone = installation(), organisation().emergency_phone
    typed, by, now = (form.address.data or "").strip(), person_as_actor(me().id), utcnow()
    mail = typed.lower() == found.email
    try:
        url = typed if mail else apprise_urls.validate(typed)
        with house.store.writing() as session:
            reached = _found(session, person_id)
            if mail:
                add_contact(session, reached, ChannelKind.EMAIL, reached.email, by=by, now=now)
            else:
                add_apprise(session, reached, url, keyring=house.keyring, emergency_phone=phone, by=by, now=now)
    except Refused as refused:
        form.address.errors = [errors.sentence(refused)]
        return _person(found, 422, way=form)
    flash(_("Added. Send a test page now, so that it counts."), "good")
    return redirect(url_for("people.person", person_id=person_id), code=303)


@pages.post("/people/<int:person_id>/phone")
@requires(Right.CONFIGURE)
def add_phone(person_id: int) -> Answer:
    """Add a phone number."""
    found, form = _found(read_session(), person_id), PhoneForm(prefix="phone")
    if not form.validate() or not phoneform.add(person_id, form):
        return _person(found, 422, phone=form)
    flash(*phoneform.added(form, _("Added. Send a test page now, so that it counts.")))
    return redirect(url_for("people.person", person_id=person_id), code=303)


@pages.post("/people/<int:person_id>/webhook")
@requires(Right.CONFIGURE)
def add_hook(person_id: int) -> Answer:
    """Add a signed webhook."""
    found, form, house = _found(read_session(), person_id), HookForm(prefix="hook"), installation()
    if not form.validate():
        return _person(found, 422, hook=form)
    typed, by = (form.url.data or "", form.secret.data or ""), person_as_actor(me().id)
    try:
        with house.store.writing() as session:
            add_webhook(session, _found(session, person_id), *typed, keyring=house.keyring, by=by, now=utcnow())
    except Refused as refused:
        form[refused.field or "url"].errors = [errors.sentence(refused)]
        return _person(found, 422, hook=form)
    flash(_("Added. Send a test page now, so that it counts."), "good")
    return redirect(url_for("people.person", person_id=person_id), code=303)


@pages.post("/people/<int:person_id>/way/<int:contact_id>/<any(up, down):where>")
@requires(Right.CONFIGURE)
def move_way(person_id: int, contact_id: int, where: str) -> Answer:
    """Put a way before or behind its neighbour."""
    return _done(
        person_id,
        lambda session, found, by: move(
            session, _contact(session, found, contact_id), up=where == "up", by=by, now=utcnow()
        ),
        _("The order is changed."),
    )


@pages.post("/people/<int:person_id>/way/<int:contact_id>/end")
@requires(Right.CONFIGURE)
def remove_way(person_id: int, contact_id: int) -> Answer:
    """Stop using a way to reach somebody."""
    return _done(
        person_id,
        lambda session, found, by: remove_contact(session, _contact(session, found, contact_id), by=by, now=utcnow()),
        _("Removed."),
    )


@pages.post("/people/<int:person_id>/way/<int:contact_id>/test")
@requires(Right.CONFIGURE)
def send_test(person_id: int, contact_id: int) -> Answer:
    """Send a test page."""
    return _done(
        person_id,
        lambda session, found, _by: welcome.send_test(session, _contact(session, found, contact_id), now=utcnow()),
        _("The test page is on its way. It counts when the person has acknowledged it."),
    )


@pages.post("/people/<int:person_id>/end")
@requires(Right.CONFIGURE)
def end(person_id: int) -> Answer:
    """End an account."""
    found, form = _found(read_session(), person_id), EndForm(prefix="end")
    if not form.validate():
        return _person(found, 422, ending=form)
    answer = _done(
        person_id,
        lambda session, found, by: accounts.leave(session, found, by=by, now=utcnow()),
        _("The account has ended."),
    )
    return redirect(url_for("people.people"), code=303) if answer.status_code == 303 else answer


def _done(person_id: int, act: Callable[[Session, Person, Actor], object], words: str) -> Answer:
    """Do one thing to a person and go back to them; a refusal is shown on top of their page."""
    house = installation()
    try:
        with house.store.writing() as session:
            act(session, _found(session, person_id), person_as_actor(me().id))
    except Refused as refused:
        return _person(_found(read_session(), person_id), 422, said=errors.sentence(refused))
    house.store.wake()
    flash(words, "good")
    return redirect(url_for("people.person", person_id=person_id), code=303)


def _found(session: Session, person_id: int) -> Person:
    found = session.get(Person, person_id)
    if found is None or found.left_at is not None or found.organisation_id != me().organisation_id:
        abort(404)
    return found


def _contact(session: Session, found: Person, contact_id: int) -> Contact:
    return next((each for each in contacts_of(session, found.id) if each.id == contact_id), None) or abort(404)


def _shown(each: Person) -> Shown:
    session, now = read_session(), utcnow()
    paged = is_rung(session, each, now=now)
    fault = fault_of(session, each, installation().reachable, now=now) if paged else None
    roles = ", ".join(_(words_for(role)) for role in Role if role in each.roles)
    url = url_for("people.person", person_id=each.id)
    return Shown(url, each.name, roles, ways(session, each.id), paged, fault.words(_) if fault else None)


def _counted_on(found: Person) -> str | None:
    """What nobody would have if this account ended, or lost its last role that is paged; None is nothing."""
    rotas, named = places_of(read_session(), found, now=utcnow())
    places = [_("the rota %(rota)s", rota=rota) for rota in rotas]
    return ", ".join([*places, *([_("the escalation policy, by name")] if named else [])]) or None


def _list(form: InviteForm, status: int) -> Response:
    shown = [_shown(each) for each in everybody(read_session(), organisation().id)]
    return make_response(render_template("people/people.html", form=form, people=shown), status)


def _person(
    found: Person,
    status: int,
    role: RoleForm | None = None,
    way: WayForm | None = None,
    phone: PhoneForm | None = None,
    hook: HookForm | None = None,
    ending: EndForm | None = None,
    said: str | None = None,
) -> Response:
    role = role or RoleForm(found, formdata=None, prefix="role")
    way, ending = way or WayForm(None, prefix="way"), ending or EndForm(None, prefix="end")
    phone, hook = phone or PhoneForm(None, prefix="phone"), hook or HookForm(None, prefix="hook")
    page = render_template(
        "people/person.html",
        key=found.id,
        shown=_shown(found),
        email=found.email,
        own=found.id == me().id,
        accepted=found.password_hash is not None,
        held=[(each.value, _(words_for(each))) for each in Role if each in found.roles],
        role=role,
        way=way,
        phone=phone,
        hook=hook,
        unset=phoneform.unset(),
        ending=ending,
        counted_on=_counted_on(found),
        said=(said,) if said else (),
        problem=role.errors or way.errors or phone.errors or hook.errors or ending.errors or said,
    )
    return make_response(page, status)
