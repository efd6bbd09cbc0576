"""The timeline of an incident as people read it: what happened, when, who wrote it for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from app import shown
from app.access import may
from app.case.clocks import part_words, title_of
from app.case.lanes import Link
from app.case.score import number
from app.case.signatures import detail_of
from app.case.told import STILL, size_words
from app.language import gettext as _
from app.language import language
from app.language import lazy_gettext as _l
from app.places import place_words
from incidents.adjusting import NAMED
from incidents.desk import Casefile
from incidents.incident import OurRole, Part, StillHappening, What
from incidents.law.adjusting import FACTOR_WORDS, Factor
from incidents.law.regimes import load
from incidents.people import Right, Role
from incidents.timeline import ActorKind, Entry, Kind
from incidents.words.enums import words_for
from incidents.words.kinds import SENTENCES
from notifications.changed import Reader, lines_of

LABELS: Mapping[str, str] = {
    "customers": _l("Customers"),
    "recipient": _l("To"),
    "reference": _l("Reference"),
    "delay_reasons": _l("Reasons for the delay"),
}
UNLABELLED = ("text", "note", "reason", "name")
CORRECTABLE = frozenset(Kind) - {
    Kind.RANG,
    Kind.SEEN,
    Kind.RINGS_AGAIN,
    Kind.PARKING_ENDED,
    Kind.DEADLINE_NEAR,
    Kind.DEADLINE_PASSED,
}


@dataclass(frozen=True)
class Told:
    """One entry. `written` is left out where both times are the same; links go both ways between corrections.

    `lines` say which deadlines it moved, or how many warnings it stands for.
    """

    seq: int
    anchor: str
    happened: shown.Moment | None
    written: shown.Moment | None
    who: str
    words: str
    lines: Sequence[str]
    prose: str | None
    blanked: str | None
    corrects: Link | None
    corrected_by: Link | None
    correct_url: str | None
    more: Link | None


def story_of(case: Casefile) -> list[Told]:
    """Every entry, the latest first."""
    by_key = {entry.id: entry for entry in case.entries}
    corrected = {entry.corrects_id: entry for entry in case.entries if entry.corrects_id is not None}
    return [_told(case, entry, by_key, corrected.get(entry.id)) for entry in reversed(case.entries)]


def _told(case: Casefile, entry: Entry, by_key: Mapping[int, Entry], correction: Entry | None) -> Told:
    wrong = by_key.get(entry.corrects_id or 0)
    open_to = entry.kind in CORRECTABLE and may(Right.HANDLE)
    where: dict[str, Any] = {"reference": case.incident.reference, "seq": entry.seq}
    return Told(
        seq=entry.seq,
        anchor=f"entry-{entry.seq}",
        happened=shown.moment(entry.happened_at),
        written=None if entry.happened_at == entry.written_at else shown.moment(entry.written_at),
        who=who_wrote(case, entry),
        words=_words(case, entry),
        lines=lines_of(entry, _reader(case)),
        prose=_prose(entry),
        blanked=_("Its words were erased.") if any(row.blanked_at for row in entry.prose) else None,
        corrects=_link(wrong, _("Corrects the entry of %(time)s")) if wrong else None,
        corrected_by=_link(correction, _("Corrected %(time)s")) if correction else None,
        correct_url=url_for("decisions.correct", **where) if open_to else None,
        more=_memo(case) if entry.kind is Kind.AWARE else None,
    )


def _reader(case: Casefile) -> Reader:
    return Reader(_, language().locale, shown.zone(), lambda key: case.names.get(key, ""), lambda _key: "")


def _memo(case: Casefile) -> Link:
    return Link(_("Read the memo"), url_for("memo.memo", reference=case.incident.reference))


def _link(entry: Entry, words: str) -> Link:
    at = shown.moment(entry.written_at)
    return Link(words % {"time": at.local if at else ""}, f"#entry-{entry.seq}")


def who_wrote(case: Casefile, entry: Entry) -> str:
    """Who wrote an entry, and for whom."""
    if entry.by is ActorKind.SYSTEM:
        return "Tocsin"
    if entry.by is ActorKind.REPORTER:
        return _("The reporter")
    name, whom = case.names.get(entry.person_id or 0, ""), entry.text("for_whom")
    return _("%(name)s for %(whom)s", name=name, whom=whom) if whom else name


def _prose(entry: Entry) -> str | None:
    """What somebody wrote. A report's own words stand above, as sent, and its contacts want a right of their own."""
    if entry.kind is Kind.REPORTED:
        return None
    parts = [row.text for row in entry.prose if row.field in UNLABELLED and row.text]
    parts += [f"{LABELS[row.field]}: {row.text}" for row in entry.prose if row.field in LABELS and row.text]
    texts = {row.field: row.text for row in entry.prose if row.text}
    set_to: Mapping[str, float] = entry.facts.get("adjusted", {})
    named = ((factor, texts.get(f"{NAMED}{factor.value}")) for factor in Factor)
    parts += [f"{_set(factor, set_to.get(factor.value))}: {text}" for factor, text in named if text]
    return "\n".join(parts) or None


def _set(factor: Factor, value: float | None) -> str:
    return _("%(factor)s, set to %(value)s", factor=_(FACTOR_WORDS[factor]), value=number(value))


def _words(case: Casefile, entry: Entry) -> str:
    sentence, more = _(SENTENCES[entry.kind]), DETAILS.get(entry.kind)
    detail = more(case, entry) if more else None
    return f"{sentence}: {detail}" if detail else sentence


def _step(case: Casefile, entry: Entry) -> str | None:
    return next((_(step.title) for step in case.steps if step.id == entry.facts.get("step")), None)


def _duty(case: Casefile, entry: Entry) -> str | None:
    duty = next((row for row in case.duties if row.id == entry.facts.get("obligation")), None)
    return title_of(duty) if duty else None


def _sent(case: Casefile, entry: Entry) -> str | None:
    duty = _duty(case, entry) or ""
    return _("%(duty)s, after the deadline", duty=duty) if entry.facts.get("late") else duty


def _deadline(case: Casefile, entry: Entry) -> str | None:
    due = shown.moment(_instant(entry.facts.get("due_at")))
    duty = _duty(case, entry) or ""
    return _("%(duty)s, due %(time)s", duty=duty, time=due.local) if due else duty


def _triaged(_case: Casefile, entry: Entry) -> str | None:
    what, role = What(entry.facts["what"]), OurRole(entry.facts["our_role"])
    return _("%(what)s. Our role: %(role)s", what=_(words_for(what)), role=_(words_for(role)))


def _aware(_case: Casefile, entry: Entry) -> str | None:
    at = shown.moment(_instant(entry.facts.get("aware_at")))
    return _("aware since %(time)s", time=at.local) if at else None


def _still(_case: Casefile, entry: Entry) -> str | None:
    return str(STILL[StillHappening(entry.facts["after"])][0])


def _from(_case: Casefile, entry: Entry) -> str | None:
    return _("from %(reference)s", reference=entry.facts["from"])


def _to(_case: Casefile, entry: Entry) -> str | None:
    return _("to %(reference)s", reference=entry.facts["to"])


def _closed(_case: Casefile, entry: Entry) -> str | None:
    moved = entry.facts.get("to")
    if moved:
        return _("its last report moved to %(reference)s", reference=moved)
    return _(words_for(What(entry.facts["what"])))


def _anchor(_case: Casefile, entry: Entry) -> str | None:
    return _("it starts at the noticed time") if entry.facts.get("counts") else _("the noticed time does not count")


def _taken(_case: Casefile, entry: Entry) -> str | None:
    return _("through a link") if entry.facts.get("by_link") else None


def _size(_case: Casefile, entry: Entry) -> str | None:
    return size_words(int(entry.facts["size"]))


def _instant(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _signed(case: Casefile, entry: Entry) -> str:
    return detail_of(entry.kind, entry.facts, _part(case, entry))


def _part(case: Casefile, entry: Entry) -> Part | None:
    return next((part for part in case.incident.parts if part.id == entry.facts.get("part")), None)


def _part_named(case: Casefile, entry: Entry) -> str | None:
    part = _part(case, entry)
    return part_words(part) if part else None


def _changed(_case: Casefile, entry: Entry) -> str | None:
    came, went = (_rules(entry.facts.get(key, ())) for key in ("arisen", "gone"))
    words = [_("new: %(duties)s", duties=came)] if came else []
    return "; ".join([*words, *([_("no longer: %(duties)s", duties=went)] if went else [])]) or None


def _rules(keys: Sequence[str]) -> str:
    found = []
    for key in keys:
        rule, _colon, place = key.partition(":")
        title = _(load().get(rule).title)
        found.append(f"{title} ({place_words(place)})" if place else title)
    return ", ".join(dict.fromkeys(found))


def _until(_case: Casefile, entry: Entry) -> str | None:
    at = shown.moment(_instant(entry.facts.get("until")))
    return _("until %(time)s", time=at.local) if at else None


def _called(case: Casefile, entry: Entry) -> str | None:
    role = entry.facts.get("role")
    return _(words_for(Role(role))) if role else case.names.get(entry.facts.get("person", 0))


DETAILS: Mapping[Kind, Callable[[Casefile, Entry], str | None]] = {
    Kind.STEP_DONE: _step,
    Kind.STEP_SKIPPED: _step,
    Kind.STEP_REOPENED: _step,
    Kind.NOTIFIED: _sent,
    Kind.NOT_NOTIFIED: _duty,
    Kind.DEADLINE_NEAR: _deadline,
    Kind.DEADLINE_PASSED: _deadline,
    Kind.TRIAGED: _triaged,
    Kind.AWARE: _aware,
    Kind.STILL_HAPPENING: _still,
    Kind.ATTACHED: _from,
    Kind.DETACHED: _to,
    Kind.CLOSED: _closed,
    Kind.ANCHOR_MOVED: _anchor,
    Kind.TAKEN: _taken,
    Kind.SUMMONED: _called,
    Kind.HANDED_OVER: _called,
    Kind.PARKED: _until,
    Kind.AWAKE: _until,
    Kind.FILE_ADDED: _size,
    Kind.ASSESSED: _signed,
    Kind.DECIDED: _signed,
    Kind.SECONDED: _signed,
    Kind.PART_NAMED: _part_named,
    Kind.PART_DROPPED: _part_named,
    Kind.DUTY_TAKEN_ON: _duty,
    Kind.DUTIES_CHANGED: _changed,
}
