"""The form with which somebody says whom to tell: the DPO who advises, and whoever decides."""

from __future__ import annotations

from wtforms import RadioField

from app.case.typed import StaffForm, chosen, option, prose
from app.language import lazy_gettext as _l
from incidents.deciding import Opinion
from incidents.law.assessment import Says
from incidents.words.enums import words_for


class WhomForm(StaffForm):
    authority = RadioField(
        _l("The authority (Art. 33)"),
        choices=[option(says.value, _l(words_for(says))) for says in (Says.NOTIFY, Says.NOT_REQUIRED)],
        validate_choice=False,
    )
    people = RadioField(
        _l("The people (Art. 34)"),
        choices=[option(says.value, _l(words_for(says))) for says in (Says.COMMUNICATE, Says.NOT_REQUIRED)],
        validate_choice=False,
    )
    reason = prose(_l("Why?"))
    minority = prose(_l("Does somebody see it differently?"))

    def opinion(self) -> Opinion:
        """What was chosen and written; what was not chosen is undetermined, which the domain refuses."""
        return Opinion(
            authority=chosen(Says, self.authority.data, Says.UNDETERMINED),
            people=chosen(Says, self.people.data, Says.UNDETERMINED),
            reason=self.said("reason"),
            minority=self.said("minority"),
        )
