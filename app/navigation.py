"""What every page shows around its own content: who is signed in, where one may go, who cannot be paged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request, url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.access import me
from app.extensions import db, our_organisation, read_session
from app.installation import Installation
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents.law.clock import utcnow
from incidents.organisation import Organisation
from incidents.people import Right
from notifications.readiness import Fault, Mend, Readiness, readiness

PLACES = (
    ("desk.desk", _l("Desk"), (Right.READ_INCIDENTS,)),
    ("enter.enter", _l("Enter a report"), (Right.ENTER_REPORTS,)),
    ("secondlook.second_look", _l("Second look"), (Right.DECIDE, Right.SIGN)),
    ("summary.summary", _l("Summary"), (Right.READ_SUMMARY,)),
    ("register.register", _l("Register"), (Right.READ_REGISTER,)),
    ("people.people", _l("People"), (Right.CONFIGURE,)),
    ("rota.rota", _l("Rota"), (Right.SEE_READINESS,)),
    ("readiness.readiness", _l("Readiness"), (Right.SEE_READINESS,)),
    ("settings.settings", _l("Settings"), (Right.CONFIGURE,)),
    ("outbox.outbox", _l("Outbox"), (Right.CONFIGURE,)),
)


@dataclass(frozen=True)
class Unpageable:
    """A line of the red bar: who cannot be paged, why, and where to mend it."""

    who: str
    why: str
    url: str | None


def installation() -> Installation:
    """The installation that this request is served by."""
    found: Installation = current_app.extensions["tocsin"]
    return found


def organisation() -> Organisation:
    """The organisation, read in this request's session."""
    return our_organisation()


def ready() -> Readiness:
    """Who can be paged, found once a request."""
    if "readiness" not in g:
        g.readiness = readiness(read_session(), organisation(), reachable=installation().reachable, now=utcnow())
    found: Readiness = g.readiness
    return found


def urls_of_incidents() -> Callable[[str], str]:
    """The address of an incident's page by its reference, worked out once for a whole list."""
    # A reference is made of letters, digits and dashes, so nothing in it is ever quoted.
    start = url_for("incident.incident", reference="")
    return lambda reference: start + reference


def shell() -> dict[str, Any]:
    """What the base templates need. Empty where the database is down: the error page must still show."""
    try:
        signed_in = current_user.is_authenticated
        name = organisation().name
    except SQLAlchemyError:
        db.session.rollback()
        return {"organisation": None, "nav": [], "person": None}
    if not signed_in:
        return {"organisation": name, "nav": [], "person": None}
    return {
        "organisation": name,
        "nav": _places(),
        "person": me(),
        "home_url": _url("login.home"),
        "sign_out_url": _url("login.sign_out"),
        "account_url": _url("account.account"),
        **_bars(),
    }


def _bars() -> dict[str, Any]:
    """The red bar; the demo, which sends nothing on purpose, says that instead."""
    if installation().settings.demo:
        return {"notices": [("info", _("This is a demo with invented people. It sends nothing."))]}
    return {"cannot_page": unpageable()}


def _url(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions else "/"


def _places() -> list[tuple[str, str, bool]]:
    return [
        (url_for(endpoint), str(label), request.endpoint == endpoint)
        for endpoint, label, rights in PLACES
        if endpoint in current_app.view_functions and me().rights.intersection(rights)
    ]


def unpageable() -> list[Unpageable]:
    """The red bar: empty once two people have proved that a page reaches them and nothing else is wrong.

    People with the same fault share a line.
    """
    lines: dict[str, list[Fault]] = {}
    for fault in ready().faults:
        lines.setdefault(fault.words(_), []).append(fault)
    return [Unpageable(_who(faults), words, _mend(faults)) for words, faults in lines.items()]


def _who(faults: list[Fault]) -> str:
    return ", ".join(fault.person or _("Paging") for fault in faults)


def _mend(faults: list[Fault]) -> str | None:
    """Where the reader can put a fault right: as an administrator, or at their own account."""
    mend, people = faults[0].mend, [fault.person_id for fault in faults]
    if mend is Mend.WATCH:
        return _url("readiness.readiness") if Right.SEE_READINESS in me().rights else None
    if Right.CONFIGURE in me().rights and mend is not Mend.SERVER:
        if mend is Mend.SETTINGS:
            return _url("settings.settings")
        if len(people) == 1 and people[0] is not None and "people.person" in current_app.view_functions:
            return url_for("people.person", person_id=people[0])
        return _url("people.people")
    return _url("account.account") if mend is Mend.PEOPLE and me().id in people else None
