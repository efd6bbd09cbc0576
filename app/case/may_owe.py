"""The panel of what may be owed: each duty in words, shortest first, with its reasons and how sure we are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import shown
from app.language import gettext as _
from app.language import ngettext
from incidents.assessments import facts_so_far, known
from incidents.desk import Casefile
from incidents.law.arising import STANDING_WORDS, Arising, Standing
from incidents.law.counting import Step, Unit
from incidents.law.profile import CONTRACT_START_WORDS, Profile
from incidents.law.regimes import load
from incidents.law.regimes.rule import CLOCK_START_WORDS, CONFIDENCE_WORDS
from incidents.may_owe import may_be_owed

FIRST = 3
"""So many duties that may arise are shown at once; the others unfold."""

TONES = {Standing.ARISES: "danger", Standing.MAY_ARISE: "warning", Standing.DOES_NOT_ARISE: "neutral"}
"""The tone of each standing's tag."""

_PERIODS: Mapping[Unit, Callable[[int], str]] = {
    Unit.HOURS: lambda number: ngettext("%(num)s hour", "%(num)s hours", number),
    Unit.CALENDAR_DAYS: lambda number: ngettext("%(num)s day", "%(num)s days", number),
    Unit.WORKING_DAYS: lambda number: ngettext("%(num)s working day", "%(num)s working days", number),
    Unit.MONTHS: lambda number: ngettext("%(num)s month", "%(num)s months", number),
    Unit.YEARS: lambda number: ngettext("%(num)s year", "%(num)s years", number),
}


@dataclass(frozen=True)
class Owed:
    """One duty as the panel shows it. `doubt` is said of a rule that nobody confirmed."""

    title: str
    standing: str
    tone: str
    period: str
    due: shown.Moment | None
    is_target: bool
    reasons: Sequence[str]
    recipients: Sequence[str]
    doubt: str | None
    alternative: str | None
    basis: str


@dataclass(frozen=True)
class Panel:
    """What arises and the first that may, what else may, and what does not; with the words that unfold the rest."""

    first: Sequence[Owed]
    more: Sequence[Owed]
    more_words: str
    none: Sequence[Owed]
    none_words: str


def panel_of(session: Session, case: Casefile, profile: Profile) -> Panel | None:
    """The panel of an incident; None once it is closed or dismissed."""
    incident = case.incident
    if incident.closed_at is not None or incident.dismissed:
        return None
    facts = known(facts_so_far(session, incident))
    found = may_be_owed(session, incident, facts=facts, reports=case.reports, profile=profile)
    owed = [_owed(one) for one in found if one.standing is Standing.ARISES]
    may = [_owed(one) for one in found if one.standing is Standing.MAY_ARISE]
    none = [_owed(one) for one in found if one.standing is Standing.DOES_NOT_ARISE]
    first, more = [*owed, *may[:FIRST]], may[FIRST:]
    return Panel(
        first=first,
        more=more,
        more_words=ngettext("%(num)s more may arise", "%(num)s more may arise", len(more)),
        none=none,
        none_words=ngettext("%(num)s does not arise", "%(num)s do not arise", len(none)),
    )


def _owed(one: Arising) -> Owed:
    rule, contract = one.rule, one.contract
    law = load().regime_of(rule.id)
    doubt = None if rule.confirmed or contract else _(CONFIDENCE_WORDS[rule.confidence])
    place = _("%(law)s Art. %(article)s", law=_(law.short_title), article=rule.article)
    return Owed(
        title=_("Contract: tell %(customer)s", customer=contract.customer) if contract else _(rule.title),
        standing=_(STANDING_WORDS[one.standing]),
        tone=TONES[one.standing],
        period=_period(one),
        due=shown.moment(one.due_at),
        is_target=one.is_target,
        reasons=[sentence(step) for step in one.reasons],
        recipients=[_(name) for name in one.recipients],
        doubt=doubt,
        alternative=sentence(one.alternative) if one.alternative else None,
        basis=_("Contract") if contract else place,
    )


def _period(one: Arising) -> str:
    starts = _(CONTRACT_START_WORDS[one.contract.starts] if one.contract else CLOCK_START_WORDS[one.rule.clock_start])
    if one.rule.keeping and one.rule.period:
        return _("kept for %(period)s", period=_PERIODS[one.rule.unit](one.rule.period))
    if one.terms.period is None:
        return _("without undue delay") if one.terms.unit is Unit.NO_FIXED_PERIOD else _("as the text says")
    return _("%(period)s from %(start)s", period=_PERIODS[one.terms.unit](one.terms.period), start=starts)


def sentence(step: Step) -> str:
    """A reason in the reader's language; what it names is translated too."""
    return step.words(_, lambda value: _(value) if isinstance(value, str) else str(value))
