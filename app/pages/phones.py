"""Settings of phones: the gateway for SMS and calls, and the secret with which others pass answers on."""

from __future__ import annotations

import re

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Answer
from wtforms import Field, RadioField, StringField, ValidationError

from app import errors, locked
from app.access import by_me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.newpassword import SecretField
from app.places import option, stripped
from incidents import settings as web
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Right
from incidents.refusals import Refused
from notifications import outbox, phones
from notifications.channels import Channel, ChannelKind, Verdict, webhook
from notifications.channels import sms as pattern
from notifications.channels.sms import SmsChannel
from notifications.channels.twilio import TwilioChannel, TwilioSettings

pages = Blueprint("phones", __name__)

KINDS = {"twilio": _l("Twilio"), "other": _l("Another SMS service"), "none": _l("None")}


class GatewayForm(FlaskForm):
    """The phone gateway. Its secret is kept sealed and never shown again."""

    kind = RadioField(
        _l("Phone service"),
        choices=[option(value, words) for value, words in KINDS.items()],
        default="none",
        validate_choice=False,
    )
    account = StringField(_l("Account SID"), filters=[stripped])
    token = SecretField(_l("Auth token"))
    sender = StringField(_l("Number that pages come from"), filters=[stripped])
    address = SecretField(_l("Address of the other service"))
    kept = False

    def validate_kind(self, field: Field) -> None:
        if field.data not in KINDS:
            raise ValidationError(_("Choose one."))

    def validate_account(self, field: Field) -> None:
        if self.kind.data == "twilio" and not re.fullmatch(r"[A-Za-z0-9]{8,64}", field.data or ""):
            raise ValidationError(_("Copy the account SID from Twilio's console; it begins with AC."))

    def validate_token(self, field: Field) -> None:
        row = web.stored(read_session(), web.PHONE_GATEWAY)
        before = (row.value or {}) if row and row.sealed else {}
        # Else whoever may change the account could use the stored token for it.
        self.kept = not field.data and before.get("kind") == "twilio" and before.get("account") == self.account.data
        if self.kind.data == "twilio" and not field.data and not self.kept:
            raise ValidationError(_("Type the auth token: a stored one is only used for the account it was for."))

    def validate_sender(self, field: Field) -> None:
        if self.kind.data != "twilio":
            return
        try:
            field.data = phones.parse(field.data or "", country=organisation().country).e164
        except Refused as refused:
            raise ValidationError(errors.sentence(refused)) from None

    def validate_address(self, field: Field) -> None:
        if self.kind.data != "other":
            return
        try:
            field.data = pattern.validate(field.data or "")
        except Refused as refused:
            raise ValidationError(errors.sentence(refused)) from None

    def value(self) -> dict[str, object] | None:
        """What is stored and may be shown."""
        if self.kind.data == "none":
            return None
        twilio = {"account": self.account.data, "sender": self.sender.data} if self.kind.data == "twilio" else {}
        return {"kind": self.kind.data} | twilio


class AnswersForm(FlaskForm):
    """The secret of those who pass answers on."""

    secret = SecretField(_l("Secret"))

    def validate_secret(self, field: Field) -> None:
        try:
            if field.data:
                webhook.signing(field.data.strip())
        except Refused as refused:
            raise ValidationError(errors.sentence(refused)) from None


@pages.get("/settings/phones")
@requires(Right.CONFIGURE)
def settings() -> Response:
    """The phone gateway as it is."""
    return _page(200)


@pages.post("/settings/phones")
@requires(Right.CONFIGURE)
def set_gateway() -> Answer:
    """Keep the gateway and say at once whether it lets us in."""
    house, form = installation(), GatewayForm(prefix="gateway")
    if _locked():
        return redirect(url_for("phones.settings"), code=303)
    if not form.validate():
        for secret in (form.token, form.address):
            if secret.data and not secret.errors:
                secret.errors = [_("Type this again. It is the one thing that is not kept.")]
        return _page(422, gateway=form)
    row = web.stored(read_session(), web.PHONE_GATEWAY)
    typed = form.address.data if form.kind.data == "other" else (form.token.data or "").strip()
    sealed = row.sealed if row and form.kept else house.keyring.seal(typed or "")
    with house.store.writing() as session:
        place, value = the_organisation(session), form.value()
        sealed = sealed if value is not None else None
        web.change(session, place, web.PHONE_GATEWAY, value, sealed=sealed, by=by_me(), now=utcnow())
    house.channels_changed()
    return _checked()


@pages.post("/settings/phones/check")
@requires(Right.CONFIGURE)
def check() -> Answer:
    """Ask the gateway whether it lets us in."""
    return _checked()


@pages.post("/settings/phones/answers")
@requires(Right.CONFIGURE)
def set_answers() -> Answer:
    """Keep the secret of those who pass answers on, or take it away."""
    house, form = installation(), AnswersForm(prefix="answers")
    if house.settings.answer_secret:
        return redirect(url_for("phones.settings"), code=303)
    if not form.validate():
        return _page(422, answers=form)
    typed = (form.secret.data or "").strip()
    sealed = house.keyring.seal(typed) if typed else None
    with house.store.writing() as session:
        place = the_organisation(session)
        web.change(session, place, web.ANSWER_SECRET, bool(typed), sealed=sealed, by=by_me(), now=utcnow())
    flash(_("Saved. Messages now say how to answer.") if typed else _("Taken away. No answer is let in."), "good")
    return redirect(url_for("phones.settings"), code=303)


def _checked() -> Answer:
    house, here = installation(), redirect(url_for("phones.settings"), code=303)
    with house.store.reading() as session:
        gateway = house.phone_gateway(session)
    if gateway is None:
        flash(_("No phone gateway is set: nobody is called, and no SMS is sent."), "warning")
        return here
    twilio = isinstance(gateway, TwilioSettings)
    channel: Channel = (
        TwilioChannel("sms", gateway) if isinstance(gateway, TwilioSettings) else SmsChannel("sms", gateway)
    )
    outcome = channel.check()
    words = _(outcome.cause, **outcome.params)
    if outcome.verdict is not Verdict.ACCEPTED:
        flash(_("%(cause)s Until this is put right, nobody is reached by phone.", cause=words), "danger")
        return here
    with house.store.writing() as session:
        kinds = (ChannelKind.SMS, ChannelKind.CALL) if twilio else (ChannelKind.SMS,)
        for kind in kinds:
            outbox.send_waiting(session, organisation().id, kind, now=utcnow())
    house.store.wake()
    flash(words, "good")
    return here


def _locked() -> list[tuple[str, str]]:
    """The gateway where it is set outside the web interface, with its source; never a secret."""
    mine = installation().settings
    if mine.twilio_account:
        rows = [(_("Account SID"), "twilio_account", mine.twilio_account)]
        rows += [(_("Number that pages come from"), "twilio_sender", mine.twilio_sender)]
    elif mine.sms_address:
        rows = [(_("Address of the other service"), "sms_address", _("set"))]
    else:
        return []
    return [(term, f"{value} ({locked.source(mine, name)})") for term, name, value in rows]


def _page(status: int, gateway: GatewayForm | None = None, answers: AnswersForm | None = None) -> Response:
    house, session = installation(), read_session()
    row = web.stored(session, web.PHONE_GATEWAY)
    gateway = gateway or GatewayForm(None, data=row.value if row else None, prefix="gateway")
    answers = answers or AnswersForm(None, prefix="answers")
    base = house.public_address(organisation())
    now_set = house.phone_gateway(session)
    page = render_template(
        "phones/phones.html",
        gateway=gateway,
        answers=answers,
        problem=gateway.errors or answers.errors,
        locked_rows=_locked(),
        is_set=now_set is not None,
        is_twilio=isinstance(now_set, TwilioSettings),
        has_secret=bool(row and row.sealed),
        has_answers=house.answer_secret(session) is not None,
        answers_locked=bool(house.settings.answer_secret),
        sms_url=f"{base}{url_for('inbound.sms')}",
        answer_url=f"{base}{url_for('inbound.answer')}",
    )
    return make_response(page, status)
