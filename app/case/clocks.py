"""The clock card of an incident: what the law wants by when, and how that was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app import shown
from app.language import gettext as _
from app.places import place_words
from incidents.incident import Part
from incidents.law.counting import Count
from incidents.law.profile import CONTRACT_START_WORDS, ContractStart
from incidents.law.regimes import Regime, load, numbered
from incidents.law.regimes.rule import CLOCK_START_WORDS
from incidents.law.seats import zone_of
from incidents.obligations import CONTRACT, Obligation
from incidents.reckoning import Reckoning


@dataclass(frozen=True)
class Counted:
    """How one deadline was counted, in sentences."""

    title: str
    steps: Sequence[str]


@dataclass(frozen=True)
class Clock:
    """Duties that fall due together. `cautious` is shown beside a decided deadline, `ceiling` is never a target."""

    titles: Sequence[str]
    left: shown.Left
    due: shown.Moment | None
    late: bool
    is_target: bool
    basis: str
    decided: bool
    cautious: shown.Moment | None
    cautious_left: shown.Left | None
    ceiling: shown.Moment | None
    counted: Sequence[Counted]
    last_day: str | None
    there: Sequence[shown.Moment]
    """The same instant on the clocks of the authorities, where they show another time than ours."""


@dataclass(frozen=True)
class Waiting:
    """A duty without a deadline yet: what starts its clock, and where that is recorded."""

    title: str
    basis: str
    event: str
    means: str | None
    key: int


def clocks_of(
    duties: Sequence[Obligation], counts: Mapping[int, Count | None], reckoning: Reckoning, now: datetime
) -> list[Clock]:
    """The open duties with a time, nearest first; those that fall due together share a card."""
    together: dict[tuple[datetime, bool], list[Obligation]] = {}
    for duty in sorted((duty for duty in duties if duty.is_open and duty.due_at), key=lambda duty: duty.id):
        if duty.due_at is not None:
            together.setdefault((duty.due_at, duty.is_target), []).append(duty)
    return [_clock(due_at, together[due_at, target], counts, reckoning, now) for due_at, target in sorted(together)]


def waiting_of(duties: Sequence[Obligation]) -> list[Waiting]:
    """The open duties whose clock has not started, because its event is not recorded."""
    return [waiting(duty) for duty in duties if duty.is_open and duty.due_at is None and duty.started_at is None]


def waiting(duty: Obligation) -> Waiting:
    """A duty, and what starts its clock."""
    rule = load().get(duty.rule)
    if "starts" in duty.terms:
        words = _(CONTRACT_START_WORDS[ContractStart(duty.terms["starts"])])
        return Waiting(title_of(duty), basis_of(duty), words, None, duty.id)
    means = _(rule.clock_start_means) if rule.clock_start_means else None
    return Waiting(title_of(duty), basis_of(duty), _(CLOCK_START_WORDS[rule.clock_start]), means, duty.id)


def _clock(
    due_at: datetime,
    duties: Sequence[Obligation],
    counts: Mapping[int, Count | None],
    reckoning: Reckoning,
    now: datetime,
) -> Clock:
    first = duties[0]
    last_days = {found.last_day for duty in duties if (found := counts.get(duty.id)) and found.last_day}
    ceilings = [duty.ceiling_at for duty in duties if duty.ceiling_at]
    left = shown.left(due_at, now)
    if left is None:
        raise ValueError("a clock needs an instant")
    decided = first.decided_due_at is not None
    return Clock(
        titles=[title_of(duty) for duty in duties],
        left=left,
        due=shown.moment(due_at),
        late=due_at < now,
        is_target=first.is_target,
        basis=", ".join(dict.fromkeys(basis_of(duty) for duty in duties)),
        decided=decided,
        cautious=shown.moment(first.cautious_due_at) if decided else None,
        cautious_left=shown.left(first.cautious_due_at, now) if decided else None,
        ceiling=shown.moment(min(ceilings)) if ceilings else None,
        counted=[Counted(title_of(duty), _steps(found)) for duty in duties if (found := counts.get(duty.id))],
        last_day=shown.day(min(last_days)) if last_days else None,
        there=_there(due_at, duties, reckoning),
    )


def title_of(duty: Obligation) -> str:
    """What is owed to whom."""
    title = _(str(duty.terms["title"]))
    if duty.towards_customer:
        return f"{title}: {duty.recipient}"
    names = [recipient_words(duty.recipient)] if duty.towards else []
    if duty.part_id and duty.part is not None:
        names.append(part_words(duty.part))
    return f"{title}: {', '.join(names)}" if names else title


def recipient_words(recipient: str) -> str:
    """To whom a duty is owed; where a place has an authority for each sector, both are named."""
    return " / ".join(_(name) for name in recipient.split(" / "))


def part_words(part: Part) -> str:
    """The name of a part of an incident: the customer, or whose people in which country."""
    if not part.is_own:
        return part.customer or _("Our own data")
    place = place_words(part.place)
    return f"{part.entity.name}, {place}" if part.entity else place


def basis_of(duty: Obligation) -> str:
    """The place in the law."""
    if duty.rule == CONTRACT:
        return _("Contract")
    regime = load().regime_of(duty.rule)
    return law_words(regime, duty.terms["article"])


def law_words(regime: Regime, article: str) -> str:
    """A place in a law: its number, or where the text has none, in words."""
    if numbered(article):
        return _("%(law)s Art. %(article)s", law=_(regime.short_title), article=article)
    return f"{_(regime.short_title)}, {_(article)}"


def _there(due_at: datetime, duties: Sequence[Obligation], reckoning: Reckoning) -> list[shown.Moment]:
    """The local times of the authorities that do not show what our clocks show."""
    here = due_at.astimezone(reckoning.zone).replace(tzinfo=None)
    zones = dict.fromkeys(
        zone_of(duty.towards[:2]) if duty.towards else reckoning.authority_zone(load().get(duty.rule))
        for duty in duties
    )
    found = [
        shown.moment(due_at, zone) for zone in zones if zone and due_at.astimezone(zone).replace(tzinfo=None) != here
    ]
    return [moment for moment in found if moment]


def _steps(found: Count) -> list[str]:
    return [step.words(_, _shown) for step in found.steps]


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        local = shown.moment(value)
        return f"{local.local} ({local.utc})" if local else ""
    return shown.day(value) if isinstance(value, date) else str(value)
