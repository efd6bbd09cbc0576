"""The memo on awareness in words: the one that counts, its clocks, and those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app import shown
from app.case import questions
from app.case.clocks import basis_of, title_of
from app.language import gettext as _
from app.language import ngettext
from incidents.incident import Incident
from incidents.law.situation import VOCABULARY
from incidents.memo import Deadline, Memo, deadlines_of, memos
from incidents.words.enums import words_for


@dataclass(frozen=True)
class Clock:
    """One duty on both clocks; `decided` is None while nothing is decided."""

    title: str
    basis: str
    is_target: bool
    cautious: shown.Moment | None
    decided: shown.Moment | None


@dataclass(frozen=True)
class Page:
    """One memo in words. `known` is None where it was not recorded; `changes` tell it from the one before."""

    title: str
    since: shown.Moment | None
    why: str | None
    signed: str
    written: shown.Moment | None
    seq: int
    hash: str
    reports: str | None
    first_sign: shown.Moment | None
    known: Sequence[tuple[str, str]] | None
    changes: Sequence[tuple[str, str, str]]
    corrections: Sequence[tuple[str, str, shown.Moment | None]]


def pages_of(session: Session, incident: Incident) -> tuple[list[Page], list[Clock]]:
    """Every memo of an incident, the one that counts first, and the clocks of that one."""
    found = memos(session, incident)
    earlier: list[Memo | None] = [*found[1:], None]
    clocks = deadlines_of(session, incident, found[0] if found else None)
    return [_page(memo, before) for memo, before in zip(found, earlier, strict=False)], [_clock(one) for one in clocks]


def _clock(one: Deadline) -> Clock:
    duty = one.duty
    cautious, decided = shown.moment(one.cautious_at), shown.moment(one.decided_at)
    return Clock(title_of(duty), basis_of(duty), duty.is_target, cautious, decided)


def _page(memo: Memo, before: Memo | None) -> Page:
    entry = memo.entry
    return Page(
        title=_("Memo %(number)s", number=memo.number),
        since=shown.moment(memo.aware_at, ZoneInfo(entry.zone)),
        why=entry.text("reason"),
        signed=_signed(memo),
        written=shown.moment(entry.written_at),
        seq=entry.seq,
        hash=entry.hash,
        reports=_reports(memo.reports),
        first_sign=shown.moment(memo.first_sign),
        known=_known(memo),
        changes=_changes(memo, before) if before else [],
        corrections=[(one.text("text") or "", name, shown.moment(one.written_at)) for one, name in memo.corrections],
    )


def _signed(memo: Memo) -> str:
    name = memo.person or _("Tocsin")
    return f"{name}, {_(words_for(memo.role))}" if memo.role else name


def _reports(number: int | None) -> str | None:
    return None if number is None else ngettext("%(num)s report", "%(num)s reports", number)


def _known(memo: Memo) -> list[tuple[str, str]] | None:
    """What was known, our role in it first; a memo from before the role was kept shows none."""
    if memo.known is None:
        return None
    found = [(_("Our role"), _(words_for(memo.our_role)))] if memo.our_role else []
    if memo.customers:
        found.append((_("Customers concerned"), str(memo.customers)))
    return found + [_fact(name, memo.known[name]) for name in VOCABULARY if name in memo.known and name != "role"]


def _fact(name: str, value: object) -> tuple[str, str]:
    return questions.label_of(name), questions.value_words(name, value)


def _changes(memo: Memo, before: Memo) -> list[tuple[str, str, str]]:
    found = questions.differences_words(memo.changed_from(before))
    if memo.aware_at != before.aware_at:
        since = [moment.local if moment else "" for moment in map(shown.moment, (before.aware_at, memo.aware_at))]
        found.insert(0, (_("Aware since"), since[0], since[1]))
    return found
