"""The parts of the readiness page as its template shows them: hours, people with their ways, channels, the watchers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app import shown
from app.config import Settings
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.language import ngettext
from app.ways import KINDS, Way, ways
from incidents.canary import Canary, Through
from incidents.people import Person
from incidents.words.enums import words_for
from notifications import canary as canaries
from notifications.channel_health import Health, last_tests
from notifications.channels import Outcome, Verdict, said
from notifications.contact import Contact, contacts_of_all
from notifications.coverage import Coverage
from notifications.lapsing import Lapse
from notifications.scorecard import Score
from notifications.spells import RedSpell
from notifications.watchdog import WatchdogPing

THROUGH = {Through.PUBLIC: _l("the public address"), Through.LOCAL: _l("the local port of this machine")}
MINUTE = 60
HOURS = [f"{hour:02d}" for hour in range(24)]


@dataclass(frozen=True)
class Cell:
    """One hour of one day: `word` says what the colour says."""

    word: str
    tone: str


@dataclass(frozen=True)
class Reach:
    """One way of one person, with when it was proved and heard to wake."""

    way: Way
    proved: shown.Moment | None
    wakes: bool
    woke: shown.Moment | None
    tested: shown.Moment | None


@dataclass(frozen=True)
class Holder:
    """Somebody whom a page rings."""

    name: str
    roles: str
    sure: bool
    reaches: Sequence[Reach]
    drilled: shown.Moment | None


@dataclass(frozen=True)
class Line:
    """A state in a word, and what more there is to say."""

    word: str
    tone: str
    at: shown.Moment | None = None
    more: str = ""


def days(found: Coverage) -> list[tuple[str, list[Cell]]]:
    """A row for each local day: its date, and 24 cells. Of an hour that the clocks show twice the worse half counts."""
    zone = shown.zone()
    seen: dict[tuple[date, int], bool] = {}
    for number, covered in enumerate(found.hours):
        local = (found.begins + timedelta(hours=number)).astimezone(zone)
        key = local.date(), local.hour
        seen[key] = seen.get(key, True) and covered
    cells = {True: Cell(_("yes"), "good"), False: Cell(_("no"), "danger"), None: Cell("–", "none")}
    dates = sorted({day for day, _hour in seen})
    return [(shown.day(day), [cells[seen.get((day, hour))] for hour in range(24)]) for day in dates]


def gaps(found: Coverage) -> list[tuple[shown.Moment | None, shown.Moment | None]]:
    """From when until when nobody is surely reached."""
    return [(shown.moment(begins), shown.moment(ends)) for begins, ends in found.gaps]


def lapsing(found: Sequence[Lapse]) -> list[tuple[str, shown.Moment | None, shown.Moment | None]]:
    """Whose way was last tested when, and from when on that no longer counts."""
    return [
        (
            _("%(who)s: %(way)s", who=one.person.name, way=KINDS[one.contact.channel]),
            shown.moment(one.tested_at),
            shown.moment(one.lapses_at),
        )
        for one in found
    ]


def holders(
    session: Session, people: Sequence[Person], surely: dict[int, bool], drilled: dict[int, datetime], *, now: datetime
) -> list[Holder]:
    """Everybody whom a page rings, with their ways."""
    contacts = contacts_of_all(session, [person.id for person in people])
    tested = last_tests(session, [contact.id for each in contacts.values() for contact in each])
    return [
        Holder(
            name=person.name,
            roles=", ".join(_(words_for(role)) for role in sorted(person.roles, key=lambda role: role.value)),
            sure=surely[person.id],
            reaches=[
                _reach(contact, way, tested.get(contact.id), now)
                for contact, way in zip(contacts[person.id], ways(session, person.id), strict=True)
            ],
            drilled=shown.moment(drilled.get(person.id)),
        )
        for person in people
    ]


def _reach(contact: Contact, way: Way, tested: datetime | None, now: datetime) -> Reach:
    return Reach(
        way=way,
        proved=shown.moment(contact.verified_at),
        wakes=contact.wakes(now),
        woke=shown.moment(contact.woke_at),
        tested=shown.moment(tested),
    )


def channel(health: Health, reachable: bool) -> tuple[str, Line, shown.Moment | None]:
    """A kind of channel: its name, how it stands, and when it last took a message."""
    accepted = shown.moment(health.accepted_at)
    if not reachable:
        line = Line(_("not set up"), "danger")
    elif health.failing:
        word = ngettext("fails for one way", "fails for %(num)s ways", health.failing)
        line = Line(word, "danger", shown.moment(health.failed_at), said(health.failure, _))
    elif health.accepted_at is None:
        line = Line(_("not used yet"), "warning")
    else:
        line = Line(_("works"), "good")
    return str(KINDS[health.channel]), line, accepted


def beat(age: timedelta | None, *, stale: timedelta) -> Line:
    """How long ago the worker last ticked."""
    if age is None:
        return Line(_("never"), "danger")
    seconds = max(int(age.total_seconds()), 0)
    words = (
        _("%(seconds)s s ago", seconds=seconds) if seconds < MINUTE else _("%(time)s ago", time=shown.duration(seconds))
    )
    return Line(words, "danger" if age > stale else "good")


def waiting(since: datetime | None, *, now: datetime) -> Line:
    """Since when the oldest message waits."""
    if since is None:
        return Line(_("none waits"), "good")
    lasted = now - since
    tone = "danger" if lasted > timedelta(minutes=5) else "warning"
    return Line(shown.duration(int(lasted.total_seconds())), tone, shown.moment(since))


def canary(last: Canary | None, settings: Settings, *, now: datetime) -> Line:
    """What became of the last canary."""
    if not settings.canary:
        return Line(_("switched off"), "warning")
    if last is None:
        return Line(_("none yet"), "neutral")
    way = _("It went through %(way)s.", way=THROUGH[last.through]) if last.through else ""
    if canaries.is_missed(last, now=now):
        cause = canaries.why_missed(last, _)
        problem = said(last.problem, _)
        missed = _("It did not come through: %(cause)s.", cause=cause)
        return Line(_("missed"), "danger", shown.moment(last.planned_at), " ".join((missed, problem, way)).strip())
    if last.cleared_at is None or last.reported_at is None:
        return Line(_("under way"), "neutral", shown.moment(last.started_at))
    took = _("From the form to its hand-over: %(seconds)s s.", seconds=_seconds(last.reported_at, last.settled_at))
    return Line(_("came through"), "good", shown.moment(last.cleared_at), f"{way} {took}")


def _seconds(begun: datetime, ended: datetime | None) -> str:
    return f"{((ended or begun) - begun).total_seconds():.1f}"


def dog(last: WatchdogPing | None, settings: Settings) -> Line:
    """When the outside watcher last heard that all is well."""
    if not settings.watchdog_url:
        return Line(_("none is set"), "neutral")
    if last is None:
        return Line(_("not pinged yet"), "warning")
    fine = last.well and last.pinged_at == last.tried_at
    return Line(
        _("pinged") if fine else _("not pinged"),
        "good" if fine else "danger",
        shown.moment(last.pinged_at),
        said(last.outcome, _),
    )


def mailbox(said_last: tuple[Outcome, datetime] | None, reds: Sequence[RedSpell], *, address: bool, read: bool) -> Line:
    """Whether mail that comes back is noticed: `address` when it has an address to come back to, `read` when Tocsin
    reads its mailbox.
    """
    if not address:
        words = _("An accepted mail that does not arrive comes back to its sender, and Tocsin does not notice it.")
        return Line(_("no bounce address is set"), "warning", more=words)
    if not read:
        return Line(_("handed in by a script"), "neutral", more=_("Tocsin reads no mailbox itself."))
    if said_last is not None:
        outcome, at = said_last
        good = outcome.verdict is Verdict.ACCEPTED
        return Line(
            _("read") if good else _("not read"), "good" if good else "danger", shown.moment(at), _said(outcome)
        )
    if reds:
        return Line(_("not read"), "danger", shown.moment(reds[-1].began_at), reds[-1].words(_))
    return Line(_("no trouble is known"), "neutral")


def _said(outcome: Outcome) -> str:
    return said(outcome.kept, _)


def spells(rows: Sequence[RedSpell], *, now: datetime) -> list[tuple[shown.Moment | None, str, bool, str]]:
    """When each red began, how long it lasted, whether it still does, and what it was."""
    return [
        (
            shown.moment(row.began_at),
            shown.duration(int(row.lasted(now=now).total_seconds())),
            row.ended_at is None,
            " ".join(filter(None, (row.person.name if row.person else "", row.words(_)))),
        )
        for row in rows
    ]


def scores(rows: Sequence[Score]) -> list[tuple[str, str, str, str, str, shown.Moment | None]]:
    """The scorecard: who, over which way, how often answered, in how many minutes, how often missed, when last."""
    return [
        (
            score.name,
            str(KINDS[score.channel]) if score.channel else (_("none") if score.missed else _("signed in")),
            str(score.held),
            _("%(minutes)s min", minutes=f"{score.minutes:.1f}") if score.minutes is not None else "–",
            str(score.missed),
            shown.moment(score.last_at),
        )
        for score in rows
    ]
