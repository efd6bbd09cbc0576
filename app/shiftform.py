"""The form of a shift: its times, and the people who take turns, in an order that buttons change without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget, TimeInput

from app.case.typed import StaffForm, clock, line, option, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import organisation
from app.roster import clock_time, later, weekdays
from incidents.people import everybody
from incidents.refusals import Refused
from incidents.words import N_
from notifications.rota.planning import Plan
from notifications.rota.shift import MOST_PEOPLE, WEEK, Shift, Weekly

MOVE = "move"


class Days(SelectMultipleField):
    """Days of the week, each with its own box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


@dataclass(frozen=True)
class Place:
    """One place in the order: whose it is, and what its buttons send. `focus` names the button pressed last."""

    key: int
    name: str
    number: int
    up: str | None
    down: str | None
    out: str
    focus: str


class ShiftForm(StaffForm):
    """When a shift is, and who takes turns. Nothing is stored by moving people."""

    name = line(_l("Name of the shift"))
    weekdays = Days(_l("It begins on"), choices=[], validate_choice=False)
    begins = line(_l("It begins at"), widget=TimeInput())
    days = SelectField(_l("It ends on"), choices=[], validate_choice=False)
    ends = line(_l("It ends at"), widget=TimeInput())
    weeks_each = line(_l("Weeks that each turn lasts"))
    added = SelectField(_l("Person"), choices=[], validate_choice=False)
    first = SelectField(_l("Whose turn is it when this begins to hold?"), choices=[], validate_choice=False)
    from_at = clock(_l("From when on does this hold?"))
    from_at_which = which()

    def __init__(self, keys: Sequence[int] = (), **values: Any) -> None:
        super().__init__(**values)
        people = everybody(read_session(), organisation().id)
        self._known = {person.id: person.name for person in people}
        self._offered = [person for person in people if person.out_since is None]
        self.keys = [key for key in keys if key in self._known][: MOST_PEOPLE + 1]
        self.focus = ""
        self.weekdays.choices = [option(day.value, day.words) for day in weekdays()]
        self.days.choices = [option(str(days), later(days)) for days in range(WEEK + 1)]
        self.offer()

    @classmethod
    def new(cls) -> ShiftForm:
        """A whole week, with hand-over on Monday morning."""
        usual = {"weekdays": ["0"], "begins": "09:00", "days": str(WEEK), "ends": "09:00", "weeks_each": "1"}
        return cls(formdata=None, data=usual)

    @classmethod
    def of(cls, shift: Shift) -> ShiftForm:
        """A shift as it is."""
        present = {
            "name": shift.name,
            "weekdays": [str(day) for day in shift.weekdays],
            "begins": f"{shift.begins:%H:%M}",
            "days": str(shift.days),
            "ends": f"{shift.ends:%H:%M}",
            "weeks_each": str(shift.weeks_each),
        }
        return cls(shift.people, formdata=None, data=present)

    @classmethod
    def sent(cls) -> ShiftForm:
        """A shift as it was sent."""
        return cls([_number(key) for key in request.form.getlist("people")])

    @property
    def places(self) -> list[Place]:
        """The order, with what the buttons send."""
        last = len(self.keys) - 1
        return [
            Place(
                key,
                self._known[key],
                number + 1,
                f"up-{number}" if number > 0 else None,
                f"down-{number}" if number < last else None,
                f"out-{number}",
                self.focus,
            )
            for number, key in enumerate(self.keys)
        ]

    def offer(self) -> None:
        """Offer who may be added, and who may come first."""
        self.added.choices = [option(str(person.id), person.name) for person in self._offered]
        self.first.choices = [
            option("", _("Whoever has it anyway, else the first of the list")),
            *(option(str(key), self._known[key]) for key in dict.fromkeys(self.keys)),
        ]

    def plan(self) -> Plan:
        """What was typed. Refuses times and numbers that cannot be read."""
        begins, ends = clock_time(self.said("begins")), clock_time(self.said("ends"))
        if begins is None:
            raise Refused(N_("Write a time from 00:00 to 23:59, such as 09:00."), field="begins")
        if ends is None:
            raise Refused(N_("Write a time from 00:00 to 23:59, such as 09:00."), field="ends")
        days = tuple(sorted({_number(day) for day in self.weekdays.data or []}))
        weekly = Weekly(days, begins, _number(self.said("days")), ends)
        first = _number(self.said("first")) if self.said("first") else None
        return Plan(self.said("name"), weekly, self.keys, _number(self.said("weeks_each")), first)


def reordered(form: ShiftForm) -> bool:
    """Do what a button beside a person asked for; False when the form is to be stored."""
    pressed = request.form.get(MOVE, "")
    act, _dash, place = pressed.partition("-")
    number, keys = _number(place), form.keys
    if act == "add":
        added = _number(form.said("added"))
        form.keys = [*keys, added] if added in form._known and len(keys) < MOST_PEOPLE else keys
        form.focus = "add"
    elif act == "up" and 0 < number < len(keys):
        keys[number - 1], keys[number] = keys[number], keys[number - 1]
        form.focus = f"up-{number - 1}" if number > 1 else f"down-{number - 1}"
    elif act == "down" and 0 <= number < len(keys) - 1:
        keys[number + 1], keys[number] = keys[number], keys[number + 1]
        form.focus = f"down-{number + 1}" if number + 2 < len(keys) else f"up-{number + 1}"
    elif act == "out" and 0 <= number < len(keys):
        del keys[number]
        form.focus = "add"
    form.offer()
    return bool(pressed)


def _number(typed: str) -> int:
    """A number as it was sent; -1, which nothing has, for anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
