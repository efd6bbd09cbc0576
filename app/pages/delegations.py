"""Who may decide in whose place, written down beforehand: seen, given for a time, taken back."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from app import shown
from app.access import me, requires
from app.case.act import recording
from app.case.typed import StaffForm, clock, prose, which
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from app.roster import signers
from incidents import delegating, signing
from incidents.law.clock import utcnow
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.words import N_

pages = Blueprint("delegations", __name__)


class DelegationForm(StaffForm):
    to = SelectField(_l("Who decides instead of you?"), choices=[], validate_choice=False)
    until = clock(_l("Until when?"))
    until_which = which()
    reason = prose(_l("Why?"))


@pages.get("/delegations")
@requires(Right.SIGN, Right.HANDLE)
def delegations() -> ResponseReturnValue:
    """What is delegated now, and a form for more."""
    return _page(DelegationForm())


@pages.post("/delegations")
@requires(Right.SIGN)
def delegate() -> ResponseReturnValue:
    """Delegate every decision to somebody for a time."""
    form, now = DelegationForm(), utcnow()
    with recording(form, "to") as session:
        to = session.get(Person, int(form.to.data)) if (form.to.data or "").isdecimal() else None
        if to is None or to.organisation_id != me().organisation_id:
            raise Refused(N_("Choose who decides instead of you."), field="to")
        until: datetime | None = form.instant("until", shown.zone())
        delegating.delegate(
            session,
            organisation(),
            to,
            incident_id=None,
            until=until,
            reason=form.said("reason"),
            by=session.get_one(Person, me().id),
            now=now,
        )
    if form.errors:
        return _page(form)
    flash(_("It is delegated. They are told at once."), "good")
    return redirect(url_for("delegations.delegations"), code=303)


@pages.post("/delegations/<int:key>/end")
@requires(Right.SIGN, Right.HANDLE)
def end(key: int) -> ResponseReturnValue:
    """Take a delegation back."""
    try:
        with installation().store.writing() as session:
            delegating.end_delegation(session, key, by=session.get_one(Person, me().id), now=utcnow())
        flash(_("The delegation has ended."), "good")
    except Refused as refused:
        flash(_(refused.message), "warning")
    return redirect(url_for("delegations.delegations"), code=303)


def _page(form: DelegationForm) -> ResponseReturnValue:
    session, person = read_session(), me()
    form.to.choices = [("", _("Choose somebody")), *signers(session, person)]
    rows = [
        {
            "words": _("%(giver)s lets %(taker)s decide", giver=row.giver.name, taker=row.taker.name),
            "where": _("on one incident") if row.incident_id else _("on every incident"),
            "until": shown.moment(row.until),
            "reason": row.reason,
            "end_url": url_for("delegations.end", key=row.id) if person.id in (row.from_id, row.to_id) else None,
        }
        for row in signing.delegations(session, person.organisation_id, now=utcnow())
    ]
    signs = Right.SIGN in person.rights
    page = render_template("delegations/delegations.html", rows=rows, form=form, signs=signs, zone=str(shown.zone()))
    return page, 422 if form.errors else 200
