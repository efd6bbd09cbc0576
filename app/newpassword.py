"""Choosing a password: the fields, and showing them without script. What was typed never goes back to a browser."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, ValidationError
from wtforms.widgets import Input, PasswordInput, TextInput

from app import errors, passwords
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents.refusals import Refused


class SecretField(StringField):
    """A secret: what was typed is never written into a page."""

    widget: Input = PasswordInput()

    def _value(self) -> str:
        return ""


class NewPassword(FlaskForm):
    """Asks for a password twice, or once where it can be read while it is typed."""

    password = SecretField(_l("Password"))
    again = SecretField(_l("The same password again"))
    shown = HiddenField(default="")

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)
        if self.asks_to_show or self.shown.data:
            self.shown.data = "yes"
            self.password.widget = TextInput()
            del self.again  # what can be read need not be typed twice

    @property
    def asks_to_show(self) -> bool:
        """The button "show" was pressed: nothing is to be done but to draw the page with the password readable."""
        return request.method == "POST" and "show" in request.form

    def about(self) -> Iterable[str]:
        """Names that the password must not be made of."""
        return ()

    def validate_password(self, field: SecretField) -> None:
        try:
            passwords.refuse_weak(field.data or "", self.about())
        except Refused as refused:
            raise ValidationError(errors.sentence(refused)) from refused

    def validate_again(self, field: SecretField) -> None:
        if field.data != self.password.data and not self.password.errors:
            raise ValidationError(_("The two are not the same. Type both again."))

    def ask_again(self) -> None:
        """Say beside the password that it has to be typed anew, because something else was refused."""
        if not self.password.errors:
            self.password.errors = [_("Type the password again. It is the one thing that is not kept.")]
