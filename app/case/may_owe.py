"""The panel of what may be owed: each duty in words, shortest first, with its reasons and how sure we are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app import shown
from app.access import may
from app.case.clocks import law_words
from app.case.lanes import TONES as IN_LANE
from app.language import gettext as _
from app.language import ngettext
from incidents.desk import Casefile
from incidents.incident import Incident
from incidents.law.arising import STANDING_WORDS, Arising, Standing
from incidents.law.counting import Step, Unit
from incidents.law.profile import CONTRACT_START_WORDS, Contract, Profile, contract_with
from incidents.law.regimes import Rule, load
from incidents.law.regimes.rule import CLOCK_START_WORDS, CONFIDENCE_WORDS
from incidents.may_owe import may_be_owed
from incidents.obligations import CONTRACT, Obligation
from incidents.obligations import Standing as Stored
from incidents.people import Right
from incidents.situations import COUNTRIES, RESIDENTS, SYSTEMS
from incidents.taken_on import can_be_taken_on
from incidents.words.enums import words_for
from incidents.words.facts import QUESTIONS as ASSESSED
from incidents.words.situation import QUESTIONS

PLACES = (COUNTRIES, RESIDENTS, SYSTEMS, "residents")
TRIAGED = ("our_role", "personal_data", "customers.names")
QUESTION_OF: Mapping[str, str] = {name: one.key for one in ASSESSED for name in one.facts}
"""The question of the assessment that a fact is answered in."""

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
    """One duty as the panel shows it. `doubt` is said of a rule that nobody confirmed, `settle` leads to its answer."""

    title: str
    standing: str
    tone: str
    stands: bool
    period: str
    due: shown.Moment | None
    is_target: bool
    reasons: Sequence[str]
    recipients: Sequence[str]
    doubt: str | None
    alternative: str | None
    basis: str
    settle: tuple[str, str] | None


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
    found = may_be_owed(session, incident, reports=case.reports, profile=profile)
    rows = [(one, _owed(one, incident, _stored(one, case.duties, profile.contracts))) for one in found]
    none = [row for one, row in rows if one.standing is Standing.DOES_NOT_ARISE and not row.stands]
    owed = [row for one, row in rows if row.stands or one.standing is Standing.ARISES]
    may = [row for one, row in rows if not row.stands and one.standing is Standing.MAY_ARISE]
    first, more = [*owed, *may[:FIRST]], may[FIRST:]
    return Panel(
        first=first,
        more=more,
        more_words=ngettext("%(num)s more may arise", "%(num)s more may arise", len(more)),
        none=none,
        none_words=ngettext("%(num)s does not arise", "%(num)s do not arise", len(none)),
    )


def _stored(one: Arising, duties: Sequence[Obligation], contracts: Sequence[Contract]) -> Obligation | None:
    """The duty as the lane shows it, open ones first; how it stands there is what counts."""
    lasting = (Stored.OWED, Stored.MET, Stored.DECIDED_AGAINST)
    mine = [row for row in duties if row.rule == one.rule.id and row.standing in lasting]
    if one.contract is not None:
        mine = [row for row in mine if contract_with(row.recipient, contracts) == one.contract]
    elif one.rule.id == CONTRACT:
        return None
    return next(iter(sorted(mine, key=lambda row: lasting.index(row.standing))), None)


def _owed(one: Arising, incident: Incident, row: Obligation | None) -> Owed:
    rule, contract = one.rule, one.contract
    doubt = None if rule.confirmed or contract else _(CONFIDENCE_WORDS[rule.confidence])
    return Owed(
        title=_("Contract: tell %(customer)s", customer=contract.customer) if contract else _(rule.title),
        standing=_(words_for(row.standing)) if row else _(STANDING_WORDS[one.standing]),
        tone=IN_LANE[row.standing] if row else TONES[one.standing],
        stands=row is not None,
        period=_period(one),
        due=shown.moment((row.due_at if row.is_open else None) if row else one.due_at),
        is_target=one.is_target,
        reasons=[sentence(step) for step in one.reasons],
        recipients=[_(name) for name in one.recipients],
        doubt=doubt,
        alternative=sentence(one.alternative) if one.alternative else None,
        basis=_("Contract") if contract else basis_words(rule),
        settle=None if row else _settle(one, incident),
    )


def _settle(one: Arising, incident: Incident) -> tuple[str, str] | None:
    """Where the fact is told that the duty waits for, or where it is taken on; what that is called."""
    if one.standing is not Standing.MAY_ARISE or not may(Right.HANDLE):
        return None
    where: dict[str, Any] = {"reference": incident.reference}
    question = QUESTION_OF.get(one.missing or "")
    if question is not None:
        return _("Answer it"), url_for("assessment.assessment", question=question, **where) + "#next"
    if one.missing in TRIAGED:
        return _("Say it in triage"), url_for("triage.triage", **where)
    if one.missing in PLACES or one.missing in QUESTIONS:
        return _("Answer it"), url_for("situation.situation", **where)
    if one.contract is None and can_be_taken_on(one.rule) and may(Right.DECIDE):
        return _("It is owed: take it on"), url_for("takeon.take_on", rule=one.rule.id, **where)
    return None


def basis_words(rule: Rule) -> str:
    """The place in the law."""
    return law_words(load().regime_of(rule.id), rule.article)


def period_words(rule: Rule) -> str:
    """How long a rule gives, and from when."""
    return _period(Arising(rule, Standing.MAY_ARISE, (), rule.terms))


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
