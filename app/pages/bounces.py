"""Mail that comes back: where it goes and is read, and the door for whoever hands it in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer
from wtforms import Field, RadioField, StringField, ValidationError

from app import errors, locked
from app.access import by_me, public, requires
from app.extensions import csrf, read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.mailbox import take_in_mail
from app.navigation import installation
from app.newpassword import SecretField
from app.places import Port, option, stripped
from incidents import settings as web
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Right
from incidents.refusals import Refused
from notifications.bounces.mailbox import check as check_mailbox
from notifications.bounces.signed import is_signed
from notifications.channels import Outcome, Verdict
from notifications.channels.mail import ReturnAddress
from notifications.channels.smtp import Security, SmtpChannel

pages = Blueprint("bounces", __name__)

PLAIN = "text/plain; charset=utf-8"
LONGEST = 10_000_000
"""Bytes. A report with the mail it returns is a few thousand; ours carry no attachments."""

SECURITY = {
    Security.TLS: _l("TLS from the start (port 993)"),
    Security.STARTTLS: _l("STARTTLS (port 143)"),
    Security.NONE: _l("None (only for a server on this machine)"),
}
OUTSIDE = ("bounce_address", "bounce_separator", "imap_host", "imap_username", "imap_folder", "inbound_mail_secret")


class BouncesForm(FlaskForm):
    """The bounce address and its mailbox; either may be empty. The password is kept sealed and never shown again."""

    address = StringField(_l("Bounce address"), filters=[stripped])
    separator = StringField(_l("Sign before the mark"), default="+", filters=[stripped])
    host = StringField(_l("IMAP server"), filters=[stripped])
    port = Port(_l("Port"), default=993)
    security = RadioField(
        _l("Security"),
        choices=[option(kind.value, words) for kind, words in SECURITY.items()],
        default=Security.TLS.value,
        validate_choice=False,
    )
    username = StringField(_l("User name"), filters=[stripped])
    password = SecretField(_l("Password"))
    folder = StringField(_l("Folder"), default="INBOX", filters=[stripped])
    kept = False

    def validate_address(self, field: Field) -> None:
        if field.data:
            try:
                ReturnAddress(field.data, self.separator.data or "+")
            except Refused as refused:
                raise ValidationError(errors.sentence(refused)) from refused

    def validate_host(self, field: Field) -> None:
        if field.data and (not field.data.isprintable() or set(field.data) & set(" /@")):
            raise ValidationError(_("Write the server's name alone, such as mail.example.com."))

    def validate_port(self, field: Field) -> None:
        if self.host.data and field.data not in range(1, 65536):
            raise ValidationError(_("Write a port from 1 to 65535, such as 993."))

    def validate_security(self, field: Field) -> None:
        if field.data not in {kind.value for kind in Security}:
            raise ValidationError(_("Choose one."))

    def validate_username(self, field: Field) -> None:
        if self.host.data and not field.data:
            raise ValidationError(_("Write the user name of the mailbox."))

    def validate_password(self, field: Field) -> None:
        row = web.stored(read_session(), web.BOUNCES)
        before = (row.value or {}) if row and row.sealed else {}
        same = all(before.get(name) == self[name].data for name in ("host", "port", "security", "username"))
        self.kept = bool(self.host.data and not field.data and before and same)
        if self.host.data and not field.data and not self.kept:
            # Else whoever may change the server's name could have the old password sent to any machine.
            raise ValidationError(_("Type the password: a stored one is only used for the server and user it was for."))

    def value(self) -> dict[str, object]:
        """What is stored and may be shown."""
        names = ("address", "separator", "host", "port", "security", "username", "folder")
        usual = {"separator": "+", "folder": "INBOX"}
        return {name: self[name].data or usual.get(name, self[name].data) for name in names}


@pages.get("/settings/bounces")
@requires(Right.CONFIGURE)
def settings() -> Response:
    """Where mail comes back to, and where it is read."""
    return _page(200)


@pages.post("/settings/bounces")
@requires(Right.CONFIGURE)
def set_bounces() -> Answer:
    """Keep the bounce address and the mailbox, and say at once whether they work."""
    house, form = installation(), BouncesForm(prefix="bounces")
    if _outside():
        return redirect(url_for("bounces.settings"), code=303)
    if not form.validate():
        if not form.password.errors and form.password.data:
            form.password.errors = [_("Type the password again. It is the one thing that is not kept.")]
        return _page(422, form)
    row = web.stored(read_session(), web.BOUNCES)
    sealed = row.sealed if row and form.kept else None
    if form.host.data and form.password.data:
        sealed = house.keyring.seal(form.password.data)
    with house.store.writing() as session:
        place = the_organisation(session)
        web.change(session, place, web.BOUNCES, form.value(), sealed=sealed, by=by_me(), now=utcnow())
    house.channels_changed()
    flash("settings-bounces", "kept")
    flash(_("Saved."), "good")
    return _checked()


@pages.post("/settings/bounces/check")
@requires(Right.CONFIGURE)
def check() -> Answer:
    """Open the mailbox, and ask the mail server whether mail may come back to the address."""
    return _checked()


def _checked() -> Answer:
    house = installation()
    with house.store.reading() as session:
        mailbox, server = house.mailbox(session), house.smtp(session)
    if mailbox is not None:
        _say(check_mailbox(mailbox))
    if server is not None and server.bounces is not None:
        _say(SmtpChannel(server).check())
    return redirect(url_for("bounces.settings"), code=303)


def _say(outcome: Outcome) -> None:
    good = outcome.verdict is Verdict.ACCEPTED
    flash(_(outcome.cause, **outcome.params), "good" if good else "danger")


def _page(status: int, form: BouncesForm | None = None) -> Response:
    house, session = installation(), read_session()
    row = web.stored(session, web.BOUNCES)
    form = form or BouncesForm(None, data=row.value if row else None, prefix="bounces")
    page = render_template(
        "bounces/settings.html",
        form=form,
        problem=form.errors,
        outside=_outside(),
        can_check=house.mailbox(session) is not None or house.return_address(session) is not None,
        has_password=bool(row and row.sealed),
    )
    return make_response(page, status)


def _outside() -> list[tuple[str, str]]:
    """What is set outside the web interface, each with its source; never a secret."""
    mine = installation().settings
    if not (mine.bounce_address or mine.imap_host):
        return []
    words = {
        "bounce_address": _("Bounce address"),
        "bounce_separator": _("Sign before the mark"),
        "imap_host": _("IMAP server"),
        "imap_username": _("User name"),
        "imap_folder": _("Folder"),
        "inbound_mail_secret": _("Secret for mail that is handed in"),
    }
    usual, none, rows = _("usual value"), _("none"), []
    for name in OUTSIDE:
        value = _("set") if name.endswith("secret") and getattr(mine, name) else getattr(mine, name)
        rows.append((words[name], f"{value or none} ({locked.source(mine, name) or usual})"))
    return rows


@pages.post("/inbound/mail")
@csrf.exempt  # a program calls it; its signature is the whole right
@public
def mail() -> Response:
    """Take in one mail (RFC 5322), or the JSON of a provider; one word says what it changed."""
    house = installation()
    secret = house.settings.inbound_mail_secret
    if not secret:
        return _answer(401, _("No secret is set for mail that is handed in. Set inbound_mail_secret."))
    request.max_content_length = LONGEST
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return _answer(413, _("The mail is too large. At most 10 MB are taken."))
    if not is_signed(secret, body, dict(request.headers)):
        return _answer(401, _("The signature is missing, wrong, or older than five minutes. Sign the body anew."))
    return _answer(200, take_in_mail(house, body).value)


def _answer(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, content_type=PLAIN)
