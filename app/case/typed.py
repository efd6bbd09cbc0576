"""Forms that handlers fill in: nothing typed is lost, and a local time that came twice is asked about."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import DateTimeLocalInput

from app import errors, shown
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents.law.localtime import AmbiguousTime, Reading, read_local
from incidents.refusals import Refused
from incidents.timeline import readable
from incidents.words import N_

Choice = TypeVar("Choice", bound=enum.Enum)

WHICH = "_which"
YES, NO = "yes", "no"


def tidy(text: str | None) -> str:
    """Typed text with the line ends of every other text, and without what a database cannot keep."""
    return readable(text or "").replace("\r\n", "\n")


def line(label: Any, **options: Any) -> StringField:
    """One line of text."""
    return StringField(label, filters=[tidy], **options)


def prose(label: Any, **options: Any) -> TextAreaField:
    """Some lines of text."""
    return TextAreaField(label, filters=[tidy], **options)


def option(value: str, label: object) -> Any:
    """One of several things to choose from."""
    return SelectChoice(value, label)


def clock(label: Any, **options: Any) -> StringField:
    """A date and time in the organisation's local time, kept as it was typed."""
    return StringField(label, widget=DateTimeLocalInput(), filters=[tidy], **options)


def which() -> RadioField:
    """The question that goes with a clock field called the same without `_which`: it has no choices until asked."""
    return RadioField(_l("Which of the two do you mean?"), choices=[], validate_choice=False)


class StaffForm(FlaskForm):
    """A form for people who are signed in. `back` is where they come back to after signing in again."""

    back = HiddenField()

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.back.data = request.path

    def said(self, name: str) -> str:
        """What was typed into a text field."""
        return str(self[name].data or "")

    def yes(self, name: str) -> bool:
        """The answer to a `yes_or_no` question. Refuses none, naming the field."""
        answer = {YES: True, NO: False}.get(self[name].data or "")
        if answer is None:
            raise Refused(N_("Choose yes or no."), field=name)
        return answer

    def refuse(self, refused: Refused, field: str | None = None) -> None:
        """Show a refusal beside the field it belongs to, or above the form."""
        found = self._fields.get(refused.field or field or "")
        if found is None:
            self.form_errors.append(errors.sentence(refused))
        else:
            found.errors = [*found.errors, errors.sentence(refused)]

    def instant(self, name: str, zone: ZoneInfo) -> datetime | None:
        """The instant typed into a clock field; None when it was left empty.

        Refuses what cannot be read, naming the field; a time that came twice puts its two readings up for choice.
        """
        text = self.said(name).strip()
        if not text:
            return None
        try:
            return read_local(text, zone)
        except AmbiguousTime as twice:
            return self._chosen(name, twice, zone)
        except Refused as refused:
            refused.field = name
            raise

    def _chosen(self, name: str, twice: AmbiguousTime, zone: ZoneInfo) -> datetime:
        question = self[name + WHICH]
        readings = {str(reading.fold): reading for reading in (twice.first, twice.second)}
        question.choices = [option(fold, _reading_words(reading, zone)) for fold, reading in readings.items()]
        answer = readings.get(question.data or "")
        if answer is None:
            twice.field = name + WHICH
            raise twice
        return answer.at


def yes_or_no(label: Any, yes: Any, no: Any) -> RadioField:
    """A question with two answers, each in words of its own; `StaffForm.yes` reads it."""
    return RadioField(label, choices=[option(YES, yes), option(NO, no)], validate_choice=False)


def _reading_words(reading: Reading, zone: ZoneInfo) -> str:
    local = shown.moment(reading.at, zone)
    words = (local.local, local.utc) if local else ("", "")
    if reading.fold:
        return _("The second one: %(local)s, %(utc)s", local=words[0], utc=words[1])
    return _("The first one: %(local)s, %(utc)s", local=words[0], utc=words[1])


def chosen(kind: type[Choice], value: str | None, otherwise: Choice) -> Choice:
    """The member with that value; `otherwise` when none was chosen or a stranger's value came."""
    return next((member for member in kind if member.value == value), otherwise)
