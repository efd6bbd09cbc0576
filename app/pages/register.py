"""The register of breaches (Art. 33(5) GDPR) for auditors and data protection officers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import shown
from app.access import may, me, requires
from app.case.clocks import recipient_words
from app.case.signatures import line_of
from app.extensions import read_session
from app.language import gettext as _
from app.language import ngettext
from app.spreadsheet import Cell, sheet
from incidents import register as entries
from incidents.incident import OurRole, What
from incidents.law.clock import utcnow
from incidents.law.regimes import numbered
from incidents.obligations import Standing
from incidents.people import Right
from incidents.register import Breach, Duty, Wanted
from incidents.words.enums import words_for

pages = Blueprint("register", __name__)


@dataclass(frozen=True)
class Choice:
    """One choice of a filter."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class SentRow:
    """One notification in the words of the page."""

    at: shown.Moment | None
    recipient: str | None
    reference: str


@dataclass(frozen=True)
class DutyRow:
    """One duty in the words of the page; `tone` is that of its standing."""

    title: str
    standing: str
    tone: str
    arises: bool
    due: shown.Moment | None
    due_words: str
    settled: shown.Moment | None
    filings: tuple[SentRow, ...]
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BreachRow:
    """One breach in the words of the page."""

    reference: str
    url: str | None
    restricted: bool
    withheld: bool
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, shown.Moment | None], ...]
    open: bool
    said: tuple[tuple[str, str], ...]
    duties: tuple[DutyRow, ...]


@pages.get("/register")
@requires(Right.READ_REGISTER)
def register() -> str:
    """One page of the register; `after` names the last breach of the page before."""
    now, zone, wanted = utcnow(), shown.zone(), _wanted()
    leaf = entries.leaf(read_session(), me(), wanted, zone=zone, after=request.args.get("after"), now=now)
    totals = entries.totals(read_session(), me(), wanted, zone=zone)
    first = entries.first_year(read_session(), me(), zone=zone, now=now)
    number = sum(count for what, count in totals.items() if wanted.what in (None, what))
    return render_template(
        "register/register.html",
        years=_years(wanted, first, now.astimezone(zone).year),
        kinds=_kinds(wanted),
        total=ngettext("%(num)s incident", "%(num)s incidents", number),
        totals=[(str(count), _(words_for(what))) for what, count in totals.items()],
        breaches=[_breach(one) for one in leaf.breaches],
        next_url=url_for("register.register", after=leaf.after, **_query(wanted)) if leaf.after else None,
        first_url=url_for("register.register", **_query(wanted)) if request.args.get("after") else None,
        csv_url=url_for("register.file", **_query(wanted)),
    )


@pages.get("/register.csv")
@requires(Right.READ_REGISTER)
def file() -> Response:
    """The whole register, or what the filter leaves of it, as CSV: one row for each duty."""
    now, wanted, reader, zone = utcnow(), _wanted(), me(), shown.zone()

    def rows(session: Session) -> Iterator[tuple[Cell, ...]]:
        return _csv(entries.every(session, reader, wanted, zone=zone, now=now))

    return sheet(f"register-{now:%Y-%m-%d}.csv", rows)


def _wanted() -> Wanted:
    """What the address asks for; what it cannot mean is as if it were not there."""
    year, what = request.args.get("year", ""), request.args.get("what", "")
    return Wanted(
        year=int(year)
        if year.isascii() and year.isdigit() and 1900 < int(year[:4]) < 9999 and len(year) == 4
        else None,
        what=next((one for one in What if one.value == what), None),
    )


def _query(wanted: Wanted) -> dict[str, Any]:
    query = {"year": str(wanted.year or ""), "what": wanted.what.value if wanted.what else ""}
    return {name: value for name, value in query.items() if value}


def _years(wanted: Wanted, first: int, last: int) -> list[Choice]:
    years = [Choice(str(year), str(year), wanted.year == year) for year in range(last, first - 1, -1)]
    return [Choice("", _("All years"), wanted.year is None), *years]


def _kinds(wanted: Wanted) -> list[Choice]:
    kinds = [Choice(what.value, _(words_for(what)), wanted.what is what) for what in What]
    return [Choice("", _("Everything"), wanted.what is None), *kinds]


def _breach(one: Breach) -> BreachRow:
    openable = may(Right.READ_INCIDENTS) and not one.withheld and "incident.incident" in current_app.view_functions
    said = (
        (_("Assessment"), one.assessment),
        (_("Advice and decision"), "\n".join(line_of(each) for each in one.signed)),
        (_("Why aware since then"), one.awareness),
        (_("Remedial action"), one.remedy),
        (_("How it ended"), one.outcome),
    )
    return BreachRow(
        reference=one.reference,
        url=url_for("incident.incident", reference=one.reference) if openable else None,
        restricted=one.restricted,
        withheld=one.withheld,
        facts=tuple(_facts(one)),
        times=tuple((name, shown.moment(at)) for name, at in _times(one)),
        open=one.closed_at is None,
        said=tuple((name, text) for name, text in said if text),
        duties=tuple(_duty(duty) for duty in one.duties),
    )


def _times(one: Breach) -> Iterator[tuple[str, datetime | None]]:
    """What is not recorded shows where the law asks for it: on a breach of personal data."""
    yield _("Opened"), one.opened_at
    for name, at in ((_("Aware since"), one.aware_at), (_("Contained since"), one.contained_at)):
        if at is not None or one.what is What.PERSONAL_DATA_BREACH:
            yield name, at
    if one.closed_at is not None:
        yield _("Closed"), one.closed_at


def _facts(one: Breach) -> Iterator[tuple[str, str]]:
    yield _("What"), _(words_for(one.what))
    yield _("Our role"), _(words_for(one.our_role))
    if one.our_role in (OurRole.PROCESSOR, OurRole.BOTH):
        yield _("Customers concerned"), str(one.customers)


def _duty(duty: Duty) -> DutyRow:
    reasons = ((_("Why not notified"), duty.reason_against), (_("Reasons for the delay"), duty.delay_reasons))
    return DutyRow(
        title=_title(duty),
        standing=_standing(duty),
        tone="danger" if duty.late else "good" if duty.settled_at else "neutral",
        arises=duty.standing is not Standing.DOES_NOT_ARISE,
        due=shown.moment(duty.due_at),
        due_words=_("Target, not law") if duty.is_target else _("Legal limit"),
        settled=shown.moment(duty.settled_at),
        filings=tuple(
            SentRow(shown.moment(one.sent_at), one.recipient, _reference(one.reference, one.awaited))
            for one in duty.filings
        ),
        reasons=tuple((name, text) for name, text in reasons if text),
    )


def _title(duty: Duty) -> str:
    recipient = recipient_words(duty.recipient) if duty.recipient else _("a customer")
    if not numbered(duty.article):
        return f"{_(duty.article)}: {recipient}"
    return _("Art. %(article)s: %(recipient)s", article=duty.article, recipient=recipient)


def _standing(duty: Duty) -> str:
    words = _(words_for(duty.standing))
    if duty.late is None:
        return words
    if duty.settled_at is None:
        return _("%(standing)s, overdue", standing=words)
    return _("%(standing)s, late", standing=words) if duty.late else _("%(standing)s, in time", standing=words)


def _reference(reference: str | None, awaited: bool) -> str:
    if awaited:
        return _("reference awaited")
    return _("reference %(reference)s", reference=reference) if reference else _("reference withheld")


def _csv(found: Iterator[Breach]) -> Iterator[tuple[Cell, ...]]:
    yield tuple(_columns())
    yes, no = _("yes"), _("no")
    for one in found:
        head: tuple[Cell, ...] = (
            one.reference,
            one.opened_at,
            _(words_for(one.what)),
            _(words_for(one.our_role)),
            one.customers,
            one.aware_at,
            one.contained_at,
            one.closed_at,
            yes if one.restricted else no,
        )
        decided = "\n".join(line_of(each) for each in one.signed) or None
        said = (one.assessment, decided, one.awareness, one.remedy, one.outcome)
        for duty in one.duties:
            yield *head, *_duty_cells(duty, yes, no), *said
        if not one.duties:
            yield *head, *[None] * 12, *said


def _duty_cells(duty: Duty, yes: str, no: str) -> tuple[Cell, ...]:
    late = None if duty.late is None else yes if duty.late else no
    return (
        _(duty.law),
        duty.article if numbered(duty.article) else _(duty.article),
        recipient_words(duty.recipient) if duty.recipient else None,
        _(words_for(duty.standing)),
        yes if duty.is_target else no,
        duty.due_at,
        duty.settled_at,
        late,
        "; ".join(one.recipient for one in duty.filings if one.recipient),
        "; ".join(_reference(one.reference, one.awaited) for one in duty.filings),
        duty.reason_against,
        duty.delay_reasons,
    )


def _columns() -> Iterator[str]:
    yield from (_("Reference"), _("Opened (UTC)"), _("What"), _("Our role"), _("Customers concerned"))
    yield from (_("Aware since (UTC)"), _("Contained since (UTC)"), _("Closed (UTC)"), _("Restricted"))
    yield from (_("Law"), _("Article"), _("Owed to"), _("Standing"), _("Target, not law"))
    yield from (_("Due (UTC)"), _("Settled (UTC)"), _("Late"), _("Sent to"), _("References"))
    yield from (_("Why not notified"), _("Reasons for the delay"))
    yield from (
        _("Assessment"),
        _("Advice and decision"),
        _("Why aware since then"),
        _("Remedial action"),
        _("How it ended"),
    )
