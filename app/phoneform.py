"""A phone number as a way to be reached: the form that one fills in for oneself, or an administrator for others."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, StringField, ValidationError
from wtforms.validators import DataRequired

from app import errors
from app.access import by_me
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.places import stripped
from app.ways import lacking
from incidents.law.clock import utcnow
from incidents.people import Person
from incidents.refusals import Refused
from notifications import phones
from notifications.channels import ChannelKind
from notifications.contact import add_phone


class PhoneForm(FlaskForm):
    """A number, and what it shall ring by: at least one of the two."""

    number = StringField(_l("Phone number"), [DataRequired(_l("Write the phone number."))], filters=[stripped])
    sms = BooleanField(_l("Send an SMS"))
    call = BooleanField(_l("Call it, and read the page aloud"))

    def validate_call(self, field: Field) -> None:
        if not field.data and not self.sms.data:
            raise ValidationError(_("Choose SMS, call, or both."))

    @property
    def kinds(self) -> list[ChannelKind]:
        """The call first: it wakes best."""
        chosen = ((ChannelKind.CALL, self.call.data), (ChannelKind.SMS, self.sms.data))
        return [kind for kind, wanted in chosen if wanted]


def add(person_id: int, form: PhoneForm) -> bool:
    """Add the number to a person. False with the refusal beside its field; then nothing of it is added."""
    house, place, now = installation(), organisation(), utcnow()
    try:
        number = phones.parse(form.number.data or "", country=place.country)
        with house.store.writing() as session:
            person = session.get_one(Person, person_id)
            for kind in form.kinds:
                add_phone(
                    session,
                    person,
                    number,
                    kind,
                    keyring=house.keyring,
                    emergency_phone=place.emergency_phone,
                    by=by_me(),
                    now=now,
                )
    except Refused as refused:
        form.number.errors = [errors.sentence(refused)]
        return False
    return True


def added(form: PhoneForm, next_step: str) -> tuple[str, str]:
    """What to say once it is added, and at which level: at once, when nothing can be sent there yet."""
    lacks = [found[0] for kind in form.kinds if (found := lacking(kind))]
    return (_("Added. %(then)s", then=" ".join(lacks)), "warning") if lacks else (next_step, "good")


def unset() -> list[str]:
    """What has to be set up before a number rings anybody: nothing when that is done."""
    return [found[0] for kind in (ChannelKind.SMS, ChannelKind.CALL) if (found := lacking(kind))]
