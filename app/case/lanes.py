"""The three lanes of an incident: its steps, and in the notification lane its duties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from app import shown
from app.access import may
from app.case.clocks import basis_of, title_of
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.language import ngettext
from incidents.desk import Casefile
from incidents.filing import Filing
from incidents.incident import Incident, Lane, OurRole
from incidents.obligations import Obligation, Standing
from incidents.people import Right
from incidents.steps import Step, StepState
from incidents.timeline import Entry, Kind
from incidents.words.enums import words_for

DUTY = "duty"

BY_VERB: Mapping[str, tuple[str, str, Right]] = {
    "triage": ("triage.triage", _l("Say what it is"), Right.HANDLE),
    "awareness": ("decisions.awareness", _l("Decide and record"), Right.DECIDE),
    "assess": ("assessment.assessment", _l("Assess the risk"), Right.HANDLE),
    "tell-people": ("decision.sheet", _l("To the decision"), Right.HANDLE),
    "contained": ("decisions.contained", _l("Record it"), Right.HANDLE),
}
"""Steps that a decision of their own settles: where it is recorded, in which words, and who may."""

BY_DUTY: Mapping[str, bool] = {"notify": False, "tell-customers": True}
"""Steps that their last duty settles: towards authorities, or towards customers."""

TONES: Mapping[Standing, str] = {
    Standing.MAY_ARISE: "warning",
    Standing.OWED: "danger",
    Standing.MET: "good",
    Standing.DECIDED_AGAINST: "neutral",
    Standing.DOES_NOT_ARISE: "neutral",
}


@dataclass(frozen=True)
class Link:
    """Something to do, and where."""

    words: str
    url: str


@dataclass(frozen=True)
class StepCard:
    """One step. `act` is the decision that settles it; without one it may be ticked off at `done_url`."""

    anchor: str
    title: str
    why: str | None
    owner: str
    due: str | None
    state: str
    outcome: str | None
    note: str | None
    open: bool
    act: Link | None
    done_url: str | None
    skip_url: str
    reopen_url: str
    url: str
    keep: str


@dataclass(frozen=True)
class FilingCard:
    sent: shown.Moment | None
    recipient: str
    reference: str
    late: str | None
    reasons: str | None
    complete: Link | None


@dataclass(frozen=True)
class DutyCard:
    """One duty under one rule towards one recipient."""

    anchor: str
    title: str
    basis: str
    is_target: bool
    standing: str
    tone: str
    open: bool
    left: shown.Left | None
    due: shown.Moment | None
    reason: str | None
    filings: Sequence[FilingCard]
    acts: Sequence[Link]


@dataclass(frozen=True)
class LaneCard:
    anchor: str
    title: str
    summary: str
    steps: Sequence[StepCard]
    settled: Sequence[StepCard]
    settled_words: str
    duties: Sequence[DutyCard]


def lanes_of(case: Casefile, now: datetime) -> list[LaneCard]:
    """The lanes side by side, each with its steps in order; settled ones are apart."""
    cards = []
    for lane in Lane:
        steps = [step for step in case.steps if step.lane is lane]
        todo = [step for step in steps if step.is_open and step.is_ours(case.incident.our_role)]
        settled = [step for step in steps if step not in todo]
        duties = [duty for duty in case.duties if duty.standing is not Standing.DOES_NOT_ARISE]
        cards.append(
            LaneCard(
                anchor=f"lane-{lane.value}",
                title=_(words_for(lane)),
                summary=_("%(settled)s of %(all)s settled", settled=len(settled), all=len(steps)),
                steps=[_step(case, step, now) for step in todo],
                settled=[_step(case, step, now) for step in settled],
                settled_words=ngettext("%(num)s settled step", "%(num)s settled steps", len(settled)),
                duties=[_duty(case, duty, now) for duty in duties] if lane is Lane.NOTIFICATION else [],
            )
        )
    return cards


def anchor_of(step: Step) -> str:
    """The step's place on the incident's page."""
    return f"step-{step.id}"


def step_words(incident: Incident, step: Step) -> StepCard:
    """One step alone, for its own page: without who settled it."""
    return _card(incident, step, None, None, None)


def duty_words(duty: Obligation, now: datetime) -> DutyCard:
    """One duty alone, for the page that settles it."""
    return _plain_duty(duty, now, reason=None, filings=(), acts=())


def _step(case: Casefile, step: Step, now: datetime) -> StepCard:
    entry = case.told.get(step.entry_id or 0)
    name = case.names.get(entry.person_id or 0) if entry else None
    return _card(case.incident, step, entry, name, now, case.duties)


def _card(
    incident: Incident,
    step: Step,
    entry: Entry | None,
    name: str | None,
    now: datetime | None,
    duties: Sequence[Obligation] = (),
) -> StepCard:
    where: dict[str, Any] = {"reference": incident.reference, "key": step.id}
    todo = step.is_open and step.is_ours(incident.our_role)
    unneeded = step.is_open and not todo
    late = todo and now is not None and step.due_at is not None and step.due_at < now
    act = _act(incident, step, duties) if todo else None
    tick = todo and act is None and step.key not in BY_VERB
    return StepCard(
        anchor=anchor_of(step),
        title=_(step.title),
        why=_(step.why) if step.why and step.is_open else None,
        owner=_(words_for(step.owner)),
        due=_due_words(step) if step.is_open else None,
        state="overdue" if late else "not-ours" if unneeded else step.state.value,
        outcome=_not_ours(step) if unneeded else _outcome(step, entry, name),
        note=(entry.text("note") or entry.text("reason")) if entry else None,
        open=step.is_open,
        act=act,
        done_url=url_for("steps.record_done", **where) if tick else None,
        skip_url=url_for("steps.record_skip", **where),
        reopen_url=url_for("steps.record_reopen", **where),
        url="" if unneeded else url_for("steps.step", **where),
        keep=f"incident-{incident.reference}-step-{step.id}-done",
    )


def _act(incident: Incident, step: Step, duties: Sequence[Obligation]) -> Link | None:
    """Where a decision settles this step, if it is such a step and this person may."""
    if step.key in BY_DUTY and may(Right.DECIDE):
        duty = next((duty for duty in duties if duty.is_open and BY_DUTY[step.key] is duty.towards_customer), None)
        url = url_for("filing.sent", reference=incident.reference, key=duty.id) if duty else ""
        return Link(_("Record what was sent"), url) if duty else None
    if step.key.startswith(("reference:", "delay:")):
        filing = int(step.key.partition(":")[2])
        url = url_for("filing.complete", reference=incident.reference, key=filing)
        return Link(_("Enter it"), url) if may(Right.DECIDE) else None
    endpoint, words, right = BY_VERB.get(step.key, (None, "", Right.HANDLE))
    if endpoint is None or not may(right):
        return None
    return Link(str(words), url_for(endpoint, reference=incident.reference))


def step_link(incident: Incident, step: Step, duties: Sequence[Obligation]) -> Link:
    """Where the next act is done, when it is this step."""
    url = url_for("steps.step", reference=incident.reference, key=step.id)
    return _act(incident, step, duties) or Link(_("Do it or leave it out"), url)


def _due_words(step: Step) -> str | None:
    due = shown.moment(step.due_at)
    if due is None:
        return None
    if step.obligation_id is not None:
        return _("Due %(time)s", time=due.local)
    return _("Target %(time)s, not law", time=due.local)


def _outcome(step: Step, entry: Entry | None, name: str | None) -> str | None:
    if step.is_open or step.settled_at is None or entry is None:
        return None
    at = shown.moment(step.settled_at)
    values = {"time": at.local if at else "", "name": name or "Tocsin"}
    if step.state is StepState.SKIPPED:
        return _("Left out %(time)s by %(name)s", **values)
    return _("Done %(time)s by %(name)s", **values)


def _not_ours(step: Step) -> str:
    if step.only_for is OurRole.PROCESSOR:
        return _("Not needed: we are the controller.")
    return _("Not needed: we are a processor. It is for the customer, whom we tell.")


def _duty(case: Casefile, duty: Obligation, now: datetime) -> DutyCard:
    filings = [_filing(case, row) for row in case.filings if row.obligation_id == duty.id]
    against = [
        entry for entry in case.entries if entry.kind is Kind.NOT_NOTIFIED and entry.facts.get("obligation") == duty.id
    ]
    reason = against[-1].text("reason") if against and duty.standing is Standing.DECIDED_AGAINST else None
    return _plain_duty(duty, now, reason=reason, filings=filings, acts=_duty_acts(case.incident, duty))


def _duty_acts(incident: Incident, duty: Obligation) -> list[Link]:
    if not may(Right.DECIDE) or duty.standing is Standing.MET:
        return []
    where: dict[str, Any] = {"reference": incident.reference, "key": duty.id}
    sent = _("Record it as sent") if duty.is_open else _("It was sent after all")
    acts = [Link(sent, url_for("filing.sent", **where))]
    if duty.is_open:
        acts.append(Link(_("Decide against"), url_for("filing.against", **where)))
    return acts


def _plain_duty(
    duty: Obligation, now: datetime, *, reason: str | None, filings: Sequence[FilingCard], acts: Sequence[Link]
) -> DutyCard:
    return DutyCard(
        anchor=f"{DUTY}-{duty.id}",
        title=title_of(duty),
        basis=basis_of(duty),
        is_target=duty.is_target,
        standing=_(words_for(duty.standing)),
        tone=TONES[duty.standing],
        open=duty.is_open,
        left=shown.left(duty.due_at, now) if duty.is_open else None,
        due=shown.moment(duty.due_at) if duty.is_open else None,
        reason=reason,
        filings=filings,
        acts=acts,
    )


def _filing(case: Casefile, row: Filing) -> FilingCard:
    lacks = row.reference is None or (row.late and not row.delay_explained)
    url = url_for("filing.complete", reference=case.incident.reference, key=row.id)
    late = None
    if row.late:
        late = _("After the deadline") if row.delay_explained else _("After the deadline, reasons missing")
    return FilingCard(
        sent=shown.moment(row.sent_at),
        recipient=case.told[row.entry_id].text("recipient") or row.recipient,
        reference=row.reference or _("awaited"),
        late=late,
        reasons=_reasons(case, row),
        complete=Link(_("Complete the record"), url) if lacks and may(Right.DECIDE) else None,
    )


def _reasons(case: Casefile, row: Filing) -> str | None:
    """Why it was late: said when it was recorded, or later."""
    said = [case.told[row.entry_id], *(entry for entry in case.entries if entry.facts.get("filing") == row.id)]
    return next((words for entry in reversed(said) if (words := entry.text("delay_reasons"))), None)
