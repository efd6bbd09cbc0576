"""The public report form. Save first, route later: nothing but an empty text refuses a report."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from wtforms import Form, HiddenField, RadioField, StringField, TextAreaField
from wtforms.widgets import DateTimeLocalInput

from app import errors, receipts
from app.access import public
from app.extensions import csrf
from app.installation import Installation
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from app.places import option
from incidents import intake, receipt
from incidents.incident import StillHappening
from incidents.intake import Arrival, Receipt, Told
from incidents.law.clock import utcnow
from incidents.law.localtime import AmbiguousTime, known_zone, read_local
from incidents.organisation import Organisation
from incidents.refusals import Refused
from incidents.report import Relation
from incidents.words.enums import words_for

log = logging.getLogger(__name__)

pages = Blueprint("report", __name__)

TRIES = 5

Member = TypeVar("Member", StillHappening, Relation)


class TypedTime(StringField):
    """A local time kept as it was typed: reading it is `_time`'s work, and never refuses a report."""

    widget = DateTimeLocalInput()


class ReportForm(Form):
    """What happened, and whether it goes on; the rest unfolds. Other ways in use the same fields."""

    what = TextAreaField(_l("What happened?"))
    still_happening = RadioField(
        _l("Is it still happening?"),
        choices=[option(answer.value, _l(words_for(answer))) for answer in StillHappening],
        validate_choice=False,
    )
    noticed_at = TypedTime(_l("When did you notice it?"))
    occurred_at = TypedTime(_l("When did it happen, if you know?"))
    which_data = StringField(_l("What data is it about?"))
    whose = StringField(_l("Whose data is it?"))
    how_many = StringField(_l("About how many people?"))
    where = StringField(_l("Where did it happen?"))
    not_for = StringField(_l("Who must not see this report?"))
    contact = StringField(_l("How can we reach you?"))
    relation = RadioField(
        _l("Do you work here?"),
        choices=[option(answer.value, _l(words_for(answer))) for answer in Relation],
        default=Relation.UNSAID.value,
        validate_choice=False,
    )
    form_token = HiddenField()


@pages.get("/")
@public
def report() -> Response:
    """The empty form. Sets no cookie."""
    return _page(ReportForm(form_token=secrets.token_urlsafe(18)), 200)


@pages.post("/")
@csrf.exempt  # there is nothing to forge: anybody may report, and nobody is signed in here
@public
def send() -> Response:
    """Store the report and answer with its receipt; nowhere else does the code come from."""
    form, now = ReportForm(request.form), utcnow()
    house = installation()
    try:
        made, key = _store(house, form, now)
    except Refused as refused:
        form.what.errors = [errors.sentence(refused)]
        return _page(form, 422)
    except (OperationalError, PoolTimeout, OSError) as error:
        log.error("a report could not be stored: %s", type(error).__name__)
        return _not_saved(form)
    if key is None:
        return receipts.already(made.report)
    if made.again:
        return receipts.page(made.report, key, code=made.code, now=now)
    return receipts.first(made.report, key, code=made.code, next_due_at=made.next_due_at, now=now)


def _store(house: Installation, form: ReportForm, now: datetime) -> tuple[Receipt, str | None]:
    """Store a report and open a view of it. A clash of random names is tried again with others."""
    for attempt in range(TRIES):
        try:
            with house.store.writing() as session:
                organisation = receipts.prepare(session)
                made = intake.receive(
                    session,
                    organisation,
                    _told(form, organisation),
                    keyring=house.keyring,
                    targets=house.targets,
                    arrival=Arrival(form_token=form.form_token.data or None),
                    now=now,
                )
                if made.again and receipt.was_ended(session, made.report.id):
                    return made, None
                return made, receipt.open_view(session, made.report.id, organisation.id, now=now)
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def _told(form: ReportForm, organisation: Organisation) -> Told:
    words = {name: (form[name].data or "") for name in intake.WORDS if name in form}
    words["data"] = form.which_data.data or ""
    noticed, words["noticed_typed"] = _time(form.noticed_at.data, organisation.zone)
    occurred, words["occurred_typed"] = _time(form.occurred_at.data, organisation.zone)
    return Told(
        what=form.what.data or "",
        still_happening=_choice(StillHappening, form.still_happening.data, StillHappening.UNKNOWN),
        words=words,
        relation=_choice(Relation, form.relation.data, Relation.UNSAID),
        noticed_at=noticed,
        occurred_at=occurred,
        zone=organisation.zone,
        language=request.accept_languages.best,
    )


def _choice(members: type[Member], typed: str | None, otherwise: Member) -> Member:
    """The member of that value; whatever else a browser sends is no reason to refuse a report."""
    try:
        return members(typed)
    except ValueError:
        return otherwise


def _time(typed: str | None, zone: str) -> tuple[datetime | None, str]:
    """A typed local time as an instant, or as the words it was typed in when it cannot be read or lies ahead.

    Of a time that the clocks show twice the earlier is taken: it can only bring the deadline forward.
    """
    if not typed or not typed.strip():
        return None, ""
    try:
        at = read_local(typed.strip(), known_zone(zone))
    except AmbiguousTime as twice:
        at = twice.first.at
    except Refused:
        return None, typed
    return (None, typed) if at > utcnow() else (at, "")


def _page(form: ReportForm, status: int) -> Response:
    return make_response(render_template("report/report.html", form=form, **receipts.surroundings()), status)


def _not_saved(form: ReportForm) -> Response:
    """503 with everything typed still in the form, and never a receipt."""
    words = _("We could not save your report. Nothing was stored. What you typed is still here: send it again.")
    response = make_response(
        render_template("report/report.html", form=form, not_saved=words, **receipts.surroundings()), 503
    )
    response.headers["Retry-After"] = str(errors.RETRY_AFTER)
    return response
