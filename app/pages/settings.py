"""Settings: the mail server, the organisation, what the receipt advises; the waits are shown only."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer
from wtforms import Field, RadioField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired

from app import errors, locked, shown
from app.access import me, requires
from app.case.moving import Trial, tried_or_done
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.newpassword import SecretField
from app.places import OrganisationFields, Port, mailbox, option, stripped
from incidents import settings as web
from incidents.accounts import Identity
from incidents.law.clock import utcnow
from incidents.obligations import owing
from incidents.organisation import the_organisation
from incidents.people import Right
from incidents.recounting import PLACING, move_organisation
from incidents.refusals import Refused
from incidents.timeline import person_as_actor
from incidents.words.advice import DO, DONT
from notifications import outbox
from notifications.channels import ChannelKind, Verdict
from notifications.channels.smtp import Security, SmtpChannel
from notifications.contact import forget_proofs

pages = Blueprint("settings", __name__)

MOST_ADVICE = 5
LONGEST_ADVICE = 200
SECURITY = {
    Security.STARTTLS: _l("STARTTLS (port 587)"),
    Security.TLS: _l("TLS from the start (port 465)"),
    Security.NONE: _l("None (only for a server on this machine)"),
}
WAITS = (
    ("wait_repeat", _l("A page rings again after")),
    ("wait_climb", _l("It climbs to the next people after")),
    ("wait_round", _l("It starts from the beginning after")),
    ("wait_quiet", _l("Pressing the button quiets it for")),
    ("wait_louder_receipt", _l("The receipt shows the emergency number larger after")),
)


class MailForm(FlaskForm):
    """The mail server. The password is kept sealed and never shown again."""

    host = StringField(_l("Mail server"), [DataRequired(_l("Write the name of the mail server."))], filters=[stripped])
    port = Port(_l("Port"), default=587)
    security = RadioField(
        _l("Security"),
        choices=[option(kind.value, words) for kind, words in SECURITY.items()],
        default=Security.STARTTLS.value,
        validate_choice=False,
    )
    sender = StringField(
        _l("Sender of pages"),
        [mailbox(_l("Write the e-mail address that pages come from, such as bell@example.com."))],
        filters=[stripped],
    )
    username = StringField(_l("User name"), filters=[stripped])
    password = SecretField(_l("Password"))
    kept = False

    def validate_host(self, field: Field) -> None:
        if not field.data.isprintable() or set(field.data) & set(" /@"):
            raise ValidationError(_("Write the server's name alone, such as mail.example.com."))

    def validate_port(self, field: Field) -> None:
        if field.data not in range(1, 65536):
            raise ValidationError(_("Write a port from 1 to 65535, such as 587."))

    def validate_security(self, field: Field) -> None:
        if field.data not in {kind.value for kind in Security}:
            raise ValidationError(_("Choose one."))

    def validate_password(self, field: Field) -> None:
        row = web.stored(read_session(), web.MAIL_SERVER)
        before = (row.value or {}) if row and row.sealed else {}
        same = all(before.get(name) == self[name].data for name in ("host", "port", "security", "username"))
        self.kept = bool(self.username.data and not field.data and before and same)
        if self.username.data and not field.data and not self.kept:
            # Else whoever may change the server's name could have the old password sent to any machine.
            raise ValidationError(_("Type the password: a stored one is only used for the server and user it was for."))

    def value(self) -> dict[str, object]:
        """What is stored and may be shown."""
        return {name: self[name].data for name in ("host", "port", "security", "sender", "username")}


class OrganisationForm(OrganisationFields):
    """The organisation's details. Where they move a deadline, the reason for that is asked for."""

    reason = StringField(_l("Why do deadlines move?"), filters=[stripped])

    def refuse(self, refused: Refused, field: str | None = None) -> None:
        """Show a refusal beside the field it belongs to."""
        self[refused.field or field or "name"].errors = [errors.sentence(refused)]


class AdviceForm(FlaskForm):
    """The sentences of the receipt, one a line; none stands for the usual ones."""

    do = TextAreaField(_l("Do"))
    dont = TextAreaField(_l("Do not"))

    def validate_do(self, field: Field) -> None:
        self._check(field)

    def validate_dont(self, field: Field) -> None:
        self._check(field)

    def _check(self, field: Field) -> None:
        sentences = lines(field.data)
        if len(sentences) > MOST_ADVICE:
            raise ValidationError(_("Write at most %(number)s sentences. More is not read.", number=MOST_ADVICE))
        if any(len(sentence) > LONGEST_ADVICE for sentence in sentences):
            raise ValidationError(_("Keep each sentence under %(number)s characters.", number=LONGEST_ADVICE))


def lines(typed: str | None) -> list[str]:
    """The sentences of a text, one a line."""
    return [line.strip() for line in (typed or "").splitlines() if line.strip()]


@pages.get("/settings")
@requires(Right.CONFIGURE)
def settings() -> Response:
    """All settings as they are."""
    return _page(200)


@pages.post("/settings/mail")
@requires(Right.CONFIGURE)
def set_mail() -> Answer:
    """Keep the mail server and say at once whether it answers."""
    house, form = installation(), MailForm(prefix="mail")
    if house.settings.smtp_host:
        return redirect(url_for("settings.settings"), code=303)
    if not form.validate():
        if not form.password.errors and form.password.data:
            form.password.errors = [_("Type the password again. It is the one thing that is not kept.")]
        return _page(422, mail=form)
    row = web.stored(read_session(), web.MAIL_SERVER)
    sealed = row.sealed if row and form.kept else None
    if form.username.data and form.password.data:
        sealed = house.keyring.seal(form.password.data)
    with house.store.writing() as session:
        place, by = the_organisation(session), person_as_actor(me().id)
        web.change(session, place, web.MAIL_SERVER, form.value(), sealed=sealed, by=by, now=utcnow())
    house.channels_changed()
    flash("settings-mail", "kept")
    return _checked()


@pages.post("/settings/mail/check")
@requires(Right.CONFIGURE)
def check_mail() -> Answer:
    """Ask the mail server whether it would take a message now."""
    return _checked()


def _checked() -> Answer:
    house, now = installation(), utcnow()
    with house.store.reading() as session:
        server = house.smtp(session)
    if server is None:
        flash(_("No mail server is set."), "warning")
        return redirect(url_for("settings.settings"), code=303)
    outcome = SmtpChannel(server).check()
    words = _(outcome.cause, **outcome.params)
    if outcome.verdict is not Verdict.ACCEPTED:
        flash(_("%(cause)s Until this is put right, nobody is reached by e-mail.", cause=words), "danger")
        return redirect(url_for("settings.settings"), code=303)
    with house.store.writing() as session:
        waiting = outbox.send_waiting(session, organisation().id, ChannelKind.EMAIL, now=now)
    house.store.wake()
    flash(words, "good")
    if waiting:
        flash(_("Messages that waited on the screen and are sent now: %(number)s.", number=waiting), "good")
    return redirect(url_for("settings.settings"), code=303)


@pages.post("/settings/organisation")
@requires(Right.CONFIGURE)
def set_organisation() -> Answer:
    """Change the organisation's details."""
    house, form = installation(), OrganisationForm(prefix="organisation")
    form.lock()
    if not form.validate():
        return _page(422, place=form)
    now, before = utcnow(), web.identity_of(organisation())
    after = Identity(**{name: form[name].data if name in form else getattr(before, name) for name in vars(before)})
    said, by, touched = form.reason.data or "", person_as_actor(me().id), owing(read_session(), organisation().id)
    placed = any(getattr(before, name) != getattr(after, name) for name in PLACING)
    moved = False

    def act(session: Session) -> None:
        nonlocal moved
        place = the_organisation(session)
        entry = move_organisation(session, place, after, reason=said, by=by, targets=house.targets, now=now)
        moved = entry is not None and "public_address" in entry.facts["fields"]
        if moved:
            forget_proofs(session, place.id)

    trial = tried_or_done(form, touched if placed else [], act, reason=said)
    if form.errors or trial.seen:
        return _page(422 if form.errors else 200, place=form, trial=trial)
    flash("settings-organisation", "kept")
    flash(_("Saved."), "good")
    if moved:
        flash(_("Links now begin with another address. Everybody has to acknowledge a test page anew."), "warning")
    if before.trusted_proxies != after.trusted_proxies:
        flash(_("The number of proxies counts from the next start. Restart Tocsin."), "warning")
    return redirect(url_for("settings.settings"), code=303)


@pages.post("/settings/advice")
@requires(Right.CONFIGURE)
def set_advice() -> Answer:
    """Change what the receipt advises; the usual sentences come back when nothing is left."""
    form, now, by = AdviceForm(prefix="advice"), utcnow(), person_as_actor(me().id)
    if not form.validate():
        return _page(422, advice=form)
    with installation().store.writing() as session:
        place = the_organisation(session)
        for name, field, usual in ((web.RECEIPT_DO, form.do, DO), (web.RECEIPT_DONT, form.dont, DONT)):
            own = lines(field.data)
            kept = None if own == [_(sentence) for sentence in usual] else own or None
            web.change(session, place, name, kept, by=by, now=now)
    flash("settings-advice", "kept")
    flash(_("Saved. The next receipt shows it."), "good")
    return redirect(url_for("settings.settings"), code=303)


def _page(
    status: int,
    mail: MailForm | None = None,
    place: OrganisationForm | None = None,
    advice: AdviceForm | None = None,
    trial: Trial | None = None,
) -> Response:
    house, session = installation(), read_session()
    row = web.stored(session, web.MAIL_SERVER)
    place = place or OrganisationForm(None, obj=organisation(), prefix="organisation")
    mail = mail or MailForm(None, data=row.value if row else None, prefix="mail")
    advice = advice or AdviceForm(
        None,
        data={
            "do": _in_lines(web.value_of(session, web.RECEIPT_DO), DO),
            "dont": _in_lines(web.value_of(session, web.RECEIPT_DONT), DONT),
        },
        prefix="advice",
    )
    page = render_template(
        "settings/settings.html",
        mail=mail,
        place=place,
        advice=advice,
        trial=trial or Trial(),
        problem=mail.errors or place.errors or advice.errors,
        mail_locked=_mail_locked(),
        mail_set=house.smtp(session) is not None,
        comes_back=house.return_address(session) is not None or house.mailbox(session) is not None,
        has_password=bool(row and row.sealed),
        locked=[(value, locked.source(house.settings, name)) for name, value in place.lock().items()],
        waits=_waits(),
        most=MOST_ADVICE,
    )
    return make_response(page, status)


def _in_lines(own: Iterable[str] | None, usual: Iterable[str]) -> str:
    return "\n".join(own if own else [_(sentence) for sentence in usual])


def _mail_locked() -> list[tuple[str, str]] | None:
    """The mail server where it is set outside the web interface: each value with its source; never the password."""
    mine = installation().settings
    if mine.demo or not mine.smtp_host:
        return None
    rows = [
        (_("Mail server"), "smtp_host", f"{mine.smtp_host}:{mine.smtp_port}"),
        (_("Security"), "smtp_security", str(SECURITY[Security(mine.smtp_security)])),
        (_("Sender of pages"), "smtp_sender", mine.smtp_sender),
        (_("User name"), "smtp_username", mine.smtp_username or _("none")),
        (_("Password"), "smtp_password", _("set") if mine.smtp_password else _("none")),
    ]
    usual = _("usual value")
    return [(term, f"{value} ({locked.source(mine, name) or usual})") for term, name, value in rows]


def _waits() -> list[tuple[str, str]]:
    mine, rows, then = installation().settings, [], _("then")
    for name, label in WAITS:
        value = getattr(mine, name)
        lengths = [shown.duration(int(each)) for each in (value if isinstance(value, tuple) else (value,))]
        rows.append((str(label), f"{f', {then} '.join(lengths)} · {name}"))
    return rows
