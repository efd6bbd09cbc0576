"""Setting Tocsin up, once, with the link that it printed at its first start; and what is next after that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer
from wtforms import Field, RadioField, StringField, ValidationError
from wtforms.validators import DataRequired

from app import errors, locked, passwords, setup_link, signing_in
from app.access import public, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.language import ngettext
from app.navigation import installation, organisation
from app.newpassword import NewPassword, SecretField
from app.places import OrganisationFields, mailbox, option, stripped
from incidents import accounts
from incidents.accounts import Identity
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person, Right, Role
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, person_as_actor
from incidents.words.enums import words_for
from notifications import welcome
from notifications.channels import ChannelKind
from notifications.contact import add_contact
from notifications.ladder import ladder
from notifications.readiness import ENOUGH, faults_of

pages = Blueprint("setup", __name__)

SECOND = (Role.DEPUTY, Role.MANAGEMENT)


class SetUpForm(OrganisationFields, NewPassword):
    """All that set-up asks: the organisation, its addresses, whoever installs, and two people to page."""

    admin_name = StringField(_l("Your name"), [DataRequired(_l("Write your name."))], filters=[stripped])
    admin_email = StringField(
        _l("Your e-mail address"),
        [mailbox(_l("Write your e-mail address, such as adam@example.com."))],
        filters=[stripped],
    )
    password = SecretField(_l("Password"))
    again = SecretField(_l("The same password again"))
    dpo_name = StringField(
        _l("Name of the data protection officer"),
        [DataRequired(_l("Write the name of the data protection officer."))],
        filters=[stripped],
    )
    dpo_email = StringField(
        _l("Their e-mail address"),
        [mailbox(_l("Write the e-mail address of the data protection officer."))],
        filters=[stripped],
    )
    second_name = StringField(
        _l("Name of the second person"), [DataRequired(_l("Write the name of the second person."))], filters=[stripped]
    )
    second_email = StringField(
        _l("Their e-mail address"), [mailbox(_l("Write the e-mail address of the second person."))], filters=[stripped]
    )
    second_role = RadioField(
        _l("What is this person?"),
        choices=[option(role.value, _l(words_for(role))) for role in SECOND],
        default=Role.DEPUTY.value,
        validate_choice=False,
    )

    def about(self) -> Iterable[str]:
        return (self.name.data or "", self.admin_name.data or "", self.admin_email.data or "")

    def validate_second_email(self, field: Field) -> None:
        if field.data and field.data.lower() == (self.dpo_email.data or "").lower():
            raise ValidationError(_("Two people must be reachable. Name a second one here."))

    def validate_second_role(self, field: Field) -> None:
        if field.data not in {role.value for role in SECOND}:
            raise ValidationError(_("Choose one."))


@dataclass(frozen=True)
class Next:
    """One thing to do after set-up; `state` is done or open."""

    title: str
    text: str
    state: str
    label: str
    url: str


@pages.get("/set-up/<token>")
@public
def setup(token: str) -> Answer:
    """The one page that set-up takes."""
    if organisation().set_up_at is not None:
        return redirect(url_for("login.sign_in"), code=303)
    _check(token)
    form = SetUpForm(data={"public_address": _suggestion(), "trusted_proxies": _proxies_seen()})
    return _form(form, form.lock(), 200)


@pages.post("/set-up/<token>")
@public
def set_up(token: str) -> Answer:
    """Set up in one transaction, let whoever installed in, and invite the other two."""
    if organisation().set_up_at is not None:
        return redirect(url_for("login.sign_in"), code=303)
    _check(token)
    form = SetUpForm()
    locked_values = form.lock()
    if form.asks_to_show:
        return _form(form, locked_values, 200)
    if not form.validate():
        form.ask_again()
        return _form(form, locked_values, 422)
    now, house = utcnow(), installation()
    try:
        password_hash = passwords.hashed(form.password.data or "")
        with house.store.writing() as session:
            accounts.set_up(session, the_organisation(session), _identity(form, locked_values), now=now)
            admin = _people(session, form, password_hash)
            signed_in = accounts.sign_in(session, admin, now=now)
    except (Refused, passwords.Busy) as error:
        busy = _("Tocsin is busy. Press the button again in a few seconds.")
        form.form_errors.append(errors.sentence(error) if isinstance(error, Refused) else busy)
        form.ask_again()
        return _form(form, locked_values, 422)
    setup_link.done(house.settings)
    house.store.wake()
    signing_in.enter(admin, signed_in)
    return redirect(url_for("setup.what_is_next"), code=303)


def _people(session: Session, form: SetUpForm, password_hash: str) -> Person:
    """The three accounts. Whoever installs may be one of the other two as well, and is then not invited."""
    now, keyring, place = utcnow(), installation().keyring, the_organisation(session)
    mine = (form.admin_email.data or "").lower()
    others = [
        (form.dpo_name.data, form.dpo_email.data, Role.DPO),
        (form.second_name.data, form.second_email.data, Role(form.second_role.data)),
    ]
    own = [role for _name, email, role in others if (email or "").lower() == mine]
    roles = [Role.ADMINISTRATOR, *own]
    admin = accounts.add_person(
        session, place, name=form.admin_name.data or "", email=mine, roles=roles, by=SYSTEM, now=now
    )
    admin.password_hash = password_hash
    add_contact(session, admin, ChannelKind.EMAIL, admin.email, by=SYSTEM, now=now)
    welcome.send_tests(session, admin, now=now)
    by = person_as_actor(admin.id)
    for name, email, role in others:
        if role not in own:
            welcome.welcome(
                session, place, name=name or "", email=email or "", roles=[role], keyring=keyring, by=by, now=now
            )
    return admin


def _identity(form: SetUpForm, locked_values: dict[str, str]) -> Identity:
    return Identity(
        name=form.name.data or "",
        country=form.country.data or "",
        zone=form.zone.data or "",
        emergency_phone=form.emergency_phone.data or "",
        public_address=locked_values.get("public_address") or form.public_address.data or "",
        trusted_proxies=int(locked_values.get("trusted_proxies") or form.trusted_proxies.data or 0),
    )


@pages.get("/what-is-next")
@requires(Right.CONFIGURE)
def what_is_next() -> str:
    """What is left to do until a page reaches two people."""
    session, house, now = read_session(), installation(), utcnow()
    people = ladder(session, organisation().id, now=now).people
    accepted = sum(person.password_hash is not None for person in people)
    ready = len(people) - len(faults_of(session, people, house.reachable, now=now))
    mail = house.smtp(session) is not None
    steps = [
        Next(
            _("Set the mail server"),
            _("Without it messages are only shown on a screen. The invitations go out by themselves once it is set."),
            "done" if mail else "open",
            _("Open the settings"),
            url_for("settings.settings"),
        ),
        Next(
            _("See that the invitations are accepted"),
            _("%(accepted)s of %(all)s people have chosen a password.", accepted=accepted, all=len(people)),
            "done" if accepted == len(people) else "open",
            _("Open people"),
            url_for("people.people"),
        ),
        Next(
            _("See that the test pages are acknowledged"),
            ngettext(
                "One person has proved that a page reaches them; two must.",
                "%(num)s people have proved that a page reaches them; two must.",
                ready,
            ),
            "done" if ready >= ENOUGH else "open",
            _("Open people"),
            url_for("people.people"),
        ),
        Next(
            _("Send a report yourself"),
            _("Do it as staff would, from a phone. It rings for real, so tell the people who will be woken."),
            "open",
            _("Open the report page"),
            "/",
        ),
    ]
    return render_template("setup/next.html", steps=steps, restart=_restart())


def _restart() -> bool:
    """Whether something was set that counts only from the next start."""
    settings, place = installation().settings, organisation()
    return settings.trusted_proxies is None and place.trusted_proxies > 0


def _check(token: str) -> None:
    if not setup_link.matches(installation().settings, token):
        abort(404)


def _suggestion() -> str:
    """The address by which this very request came, as a guess for people to check; never used unseen."""
    host = request.host.lower()
    if host.split(":")[0] in ("localhost", "127.0.0.1") and not request.headers.get("X-Forwarded-Host"):
        return f"http://{host}"
    return f"https://{(request.headers.get('X-Forwarded-Host') or host).split(':')[0]}"


def _proxies_seen() -> int:
    return 1 if request.headers.get("X-Forwarded-For") else 0


def _form(form: SetUpForm, locked_values: dict[str, str], status: int) -> Response:
    settings = installation().settings
    page = render_template(
        "setup/setup.html",
        form=form,
        locked=[(value, locked.source(settings, name)) for name, value in locked_values.items()],
        shortest=passwords.SHORTEST,
    )
    return make_response(page, status)
