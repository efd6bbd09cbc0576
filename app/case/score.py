"""ENISA's score as people read it: each factor as counted and as set by hand, with the form to set it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app import shown
from app.case.act import kept_as
from app.language import gettext as _
from incidents.adjusting import NAMED, set_by_hand
from incidents.assessments import Difference
from incidents.incident import Incident, Part
from incidents.law.adjusting import FACTOR_WORDS, VALUES, Counted, Factor, adjusted, factors
from incidents.law.severity import BAND_WORDS, MANY, Severity

AS_COUNTED = ""


@dataclass(frozen=True)
class Value:
    """One value to choose for a factor."""

    value: str
    words: str
    taken: bool
    id: str


@dataclass(frozen=True)
class Row:
    """One factor: what scores, and where somebody set it by hand who did, and why; then the form."""

    id: str
    label: str
    scores: str
    set_words: str | None
    set_at: shown.Moment | None
    set_why: str | None
    url: str
    keep: str
    seen: str
    values: Sequence[Value]
    comment: str
    open: bool
    wrong: Sequence[str]


@dataclass(frozen=True)
class Score:
    """The factors, and what comes of them: the sum of the circumstances, score, band and ENISA's two flags."""

    rows: Sequence[Row]
    totals: Sequence[tuple[str, str]]
    flags: Sequence[str]
    open: bool


def score_of(
    session: Session,
    incident: Incident,
    part: Part | None,
    found: Severity,
    stored: Mapping[str, Any],
    *,
    wrong: Mapping[str, Sequence[str]],
    typed: Mapping[str, object],
) -> Score:
    """The score of a worksheet; what was `typed` for the factor that is `wrong` stands in its form again."""
    by_hand = set_by_hand(session, stored)
    adjustments = {factor: one.adjustment for factor, one in by_hand.items()}
    rows = []
    for one in factors(found, adjustments):
        said, problems = by_hand.get(one.factor), wrong.get(one.factor.value, ())
        kept: Mapping[str, object] = typed if problems else stored.get(one.factor.value, {})
        rows.append(
            Row(
                id=f"score-{one.factor.value}",
                label=_(FACTOR_WORDS[one.factor]),
                scores=number(one.scores),
                set_words=_set_words(one, said.person.name, said.counted) if said else None,
                set_at=shown.moment(said.at) if said else None,
                set_why=said.adjustment.comment if said else None,
                url=url_for("assessment.adjust", reference=incident.reference, factor=one.factor.value),
                keep=kept_for(incident, part, one.factor),
                seen=json.dumps(stored.get(one.factor.value, {}), sort_keys=True),
                values=_values(one, kept.get("value")),
                comment=str(kept.get("comment", "")),
                open=bool(problems),
                wrong=problems,
            )
        )
    total = adjusted(found, adjustments)
    return Score(rows, _totals(found, total), _flags(total), bool(by_hand) or any(row.open for row in rows))


def kept_for(incident: Incident, part: Part | None, factor: Factor) -> str:
    """The name under which the browser keeps the comment on a factor."""
    return kept_as(incident, f"score-{factor.value}" + (f"-{part.id}" if part else ""))


def number(value: float | None) -> str:
    """A factor or score as a number, or that it is not known yet."""
    return _("not known yet") if value is None else f"{value:g}"


def read_value(text: str) -> float | None:
    """The value that was chosen; None is "as counted". What is no number is none that ENISA knows."""
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return nan


def _set_words(one: Counted, name: str, then: float | None) -> str:
    given = {"counted": number(one.counted), "set": number(one.scores), "name": name}
    if then != one.counted:
        given["then"] = number(then)
        return _("Counted %(counted)s (%(then)s then), set to %(set)s by %(name)s", **given)
    return _("Counted %(counted)s, set to %(set)s by %(name)s", **given)


def _values(one: Counted, kept: object) -> list[Value]:
    place = f"score-{one.factor.value}"
    chosen = None if kept in (None, AS_COUNTED) else kept
    found = [Value(AS_COUNTED, _("As counted: %(value)s", value=number(one.counted)), chosen is None, f"{place}-none")]
    for value, words in VALUES[one.factor].items():
        taken = str(chosen) in (f"{value:g}", str(value), str(float(value)))
        found.append(Value(f"{value:g}", f"{value:g}: {_(words)}", taken, f"{place}-{value:g}".replace(".", "-")))
    return found


def _totals(counted: Severity, total: Severity) -> list[tuple[str, str]]:
    told = [(_("Circumstances (0 to 2)"), number(total.cb)), (_("Score"), number(total.score))]
    if total.score != counted.score:
        told.append((_("Score as counted"), number(counted.score)))
    if total.band is not None:
        told.append((_("Band"), _(BAND_WORDS[total.band])))
    return told


def _flags(total: Severity) -> list[str]:
    found = []
    if total.many:
        found.append(_("More than %(number)s people: the score says less than it should.", number=MANY))
    if total.unintelligible:
        found.append(_("Nobody can read the data: the score says more than it should."))
    return found


def difference_words(change: Difference) -> tuple[str, str, str] | None:
    """A factor that was set anew, before and after; None for a fact."""
    if not change.fact.startswith(NAMED):
        return None
    before, after = (
        _("as counted") if value is None else number(float(str(value))) for value in (change.before, change.after)
    )
    return _(FACTOR_WORDS[Factor(change.fact.removeprefix(NAMED))]), before, after
