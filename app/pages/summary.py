"""The summary that management reads: what needs it, what is open, and the year's figures. No personal data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import get_month_names
from flask import Blueprint, current_app, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import charts, shown
from app.access import may, me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import language, ngettext
from app.navigation import installation, ready
from app.spreadsheet import Cell, sheet
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.summaries import Medians, OpenIncident, Summary, open_incidents, summarise
from incidents.words.enums import words_for
from notifications.figures import time_to_acknowledge
from notifications.ringing import Loud, loud

pages = Blueprint("summary", __name__)

SHOWN = 50
"""So many open incidents stand on the page; the CSV file has them all."""


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody, with the page where to see to it if the reader may open it.

    `yours` is False for what rings for others: the reader may know of it, and cannot take it here.
    """

    words: str
    url: str | None
    yours: bool = True


@dataclass(frozen=True)
class OpenRow:
    """An open incident in the words of the page."""

    codename: str
    url: str | None
    what: str
    act: str | None
    basis: str
    left: shown.Left | None
    due: shown.Moment | None
    limit: shown.Left | None
    limit_due: shown.Moment | None


@pages.get("/summary")
@requires(Right.READ_SUMMARY)
def summary() -> str:
    """The figures as a page."""
    now = utcnow()
    found = summarise(read_session(), me(), zone=shown.zone(), now=now)
    taken = time_to_acknowledge(read_session(), me().organisation_id, found.year)
    rows = [_row(one, now) for one in open_incidents(read_session(), me(), limit=SHOWN)]
    needs = _rings(now) + _needs(found)
    return render_template(
        "summary/summary.html",
        title=_title(needs),
        needs=needs,
        as_of=shown.moment(now),
        year=found.year.number,
        rows=rows,
        open=found.open,
        more=max(found.open - len(rows), 0),
        figures=_figures(found, taken),
        duties=_duties(found),
        kinds=_kinds(found),
        kinds_said=_kinds_said(found),
        taken=_by_month(taken),
        taken_said=_taken_said(taken),
    )


@pages.get("/summary.csv")
@requires(Right.READ_SUMMARY)
def file() -> Response:
    """The same figures as CSV, with every open incident."""
    now, reader, zone = utcnow(), me(), shown.zone()

    def rows(session: Session) -> Iterator[tuple[Cell, ...]]:
        found = summarise(session, reader, zone=zone, now=now)
        return _csv(found, time_to_acknowledge(session, reader.organisation_id, found.year), now)

    return sheet(f"summary-{now:%Y-%m-%d}.csv", rows)


def _title(needs: list[Need]) -> str:
    mine = [need for need in needs if need.yours]
    if len(mine) < len(needs):
        rings = ngettext("A page rings", "%(num)s pages ring", len(needs) - len(mine))
        more = ngettext("%(num)s thing needs you", "%(num)s things need you", len(mine))
        return _("%(rings)s, %(more)s", rings=rings, more=more) if mine else rings
    return ngettext("%(num)s thing needs you", "%(num)s things need you", len(mine)) if mine else _("Nothing needs you")


def _rings(now: datetime) -> list[Need]:
    """What rings now, and who may take it."""
    handles = may(Right.HANDLE)
    return [Need(_rings_words(one, handles), _desk(), yours=handles) for one in loud(read_session(), me(), now=now)]


def _rings_words(one: Loud, handles: bool) -> str:
    since = shown.moment(one.since)
    words = _("%(codename)s has been ringing since %(time)s.", codename=one.codename, time=since.local if since else "")
    has = ngettext(
        "One person has taken it; it wants another.", "%(num)s people have taken it; it wants more.", one.has
    )
    taken = has if one.has else _("Nobody has taken it yet.")
    here = _("Take it on the desk.")
    others = _(
        "The data protection officer, the deputy or a responder can take it on the desk; whoever it rings, by the link "
        "in the message."
    )
    return f"{words} {taken} {here if handles else others}"


def _needs(found: Summary) -> list[Need]:
    desk = _desk()
    needs = []
    if found.overdue:
        words = ngettext(
            "%(num)s incident is past its legal deadline: nothing was sent, and no decision is recorded.",
            "%(num)s incidents are past their legal deadlines: nothing was sent, and no decision is recorded.",
            found.overdue,
        )
        needs.append(Need(words, desk))
    if found.unexplained:
        words = ngettext(
            "%(num)s late notification lacks the reasons for its delay (Art. 33(1)).",
            "%(num)s late notifications lack the reasons for their delay (Art. 33(1)).",
            found.unexplained,
        )
        needs.append(Need(words, desk))
    if not ready().ready:
        people = _url("people.people") if may(Right.CONFIGURE) else None
        needs.append(Need(_("Nobody can be paged: a report tonight would wake no one."), people))
    return needs


def _desk() -> str | None:
    return _url("desk.desk") if may(Right.READ_INCIDENTS) else None


def _url(endpoint: str, **values: Any) -> str | None:
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None


def _row(one: OpenIncident, now: datetime) -> OpenRow:
    url = _url("incident.incident", reference=one.reference) if may(Right.READ_INCIDENTS) else None
    return OpenRow(
        codename=one.codename,
        url=url,
        what=_(words_for(one.what)),
        act=_(one.next_act) if one.next_act else None,
        basis=_("law") if one.next_is_law else _("our target, not law"),
        left=shown.left(one.next_due_at, now),
        due=shown.moment(one.next_due_at),
        limit=shown.left(one.law_due_at, now),
        limit_due=shown.moment(one.law_due_at),
    )


def _figures(found: Summary, taken: Medians) -> list[tuple[str, str]]:
    duties = found.duties
    in_time = (
        _("%(in_time)s of %(judged)s", in_time=duties.in_time, judged=duties.judged) if duties.judged else _("none due")
    )
    return [
        (str(found.open), _("open incidents")),
        (in_time, _("authority notified in time")),
        (_length(taken.year), _("median time until a person took the page")),
        (_length(found.first_step.year), _("median time until the first step")),
    ]


def _duties(found: Summary) -> list[tuple[str, int]]:
    duties = found.duties
    return [
        (_("Sent in time"), duties.in_time),
        (_("Sent late"), duties.late),
        (_("Overdue, nothing sent"), duties.unsent),
        (_("Decided against, with a reason (not part of the share)"), duties.against),
        (_("Not due yet, or may not arise (not part of the share)"), duties.ahead),
    ]


def _kinds(found: Summary) -> charts.BarChart:
    return charts.bars([(_(words_for(what)), charts.Figure(count, str(count))) for what, count in found.kinds])


def _kinds_said(found: Summary) -> str:
    total = sum(count for _what, count in found.kinds)
    if not total:
        return _("No incident was opened this year.")
    what, most = max(found.kinds, key=lambda pair: pair[1])
    return ngettext(
        "One incident was opened this year: %(what)s.",
        "Of %(num)s incidents opened this year, most are: %(what)s, with %(most)s.",
        total,
        what=_(words_for(what)),
        most=most,
    )


def _by_month(taken: Medians) -> charts.LineChart:
    """The median by month, in minutes; the level is where the deputy is rung."""
    climb = installation().settings.waits.climb
    target = charts.Figure(_minutes(climb[0]), _("deputy is rung: %(time)s", time=_length(climb[0]))) if climb else None
    figures = tuple(charts.Figure(_minutes(one), _length(one)) if one is not None else None for one in taken.months)
    return charts.line(
        _months(), charts.Series(_("Median"), figures), target=target, words=lambda value: _("%(n)g min", n=value)
    )


def _taken_said(taken: Medians) -> str:
    if taken.year is None:
        return _("No page was taken this year.")
    return ngettext(
        "The one page of this year was taken within %(time)s.",
        "Half of the %(num)s pages of this year were taken within %(time)s.",
        taken.count,
        time=_length(taken.year),
    )


def _months() -> list[str]:
    names = get_month_names("abbreviated", locale=language().locale)
    return [names[number] for number in range(1, 13)]


def _minutes(length: timedelta) -> float:
    return length.total_seconds() / 60


def _length(length: timedelta | None) -> str:
    return shown.duration(int(length.total_seconds())) if length is not None else _("none yet")


def _csv(found: Summary, taken: Medians, now: datetime) -> Iterator[tuple[Cell, ...]]:
    """One figure a row: part, name, value, unit, detail, due. Lengths of time are in seconds."""
    yield _("Part"), _("Name"), _("Value"), _("Unit"), _("Detail"), _("Due (UTC)")
    yield _("Summary"), _("Restricted incidents may be left out"), "", "", _("as of"), now
    for need in _rings(now) + _needs(found):
        yield _("Needs you") if need.yours else _("Rings"), need.words, "", "", "", ""
    year = _("Year %(year)s", year=found.year.number)
    yield year, _("open incidents"), found.open, "", "", ""
    for name, count in _duties(found):
        yield year, _("Authority"), count, "", name, ""
    for what, count in found.kinds:
        yield year, _("Incidents by kind"), count, "", _(words_for(what)), ""
    for name, medians in ((_("Median until taken"), taken), (_("Median until the first step"), found.first_step)):
        lengths = [(str(found.year.number), medians.year), *zip(_months(), medians.months, strict=True)]
        for month, length in lengths:
            yield year, name, int(length.total_seconds()) if length is not None else "", _("seconds"), month, ""
    for one in open_incidents(read_session(), me()):
        act = _(one.next_act) if one.next_act else ""
        yield _("Open incidents"), one.codename, _(words_for(one.what)), "", act, one.next_due_at
