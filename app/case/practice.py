"""The authorities that a duty concerns, as people read of them: where they are, and what they are known to want."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.language import gettext as _
from app.navigation import organisation
from incidents.law.authorities import Authority, notes_for
from incidents.law.regimes import load
from incidents.law.regimes.rule import CONFIDENCE_WORDS, Confidence
from incidents.obligations import Obligation
from incidents.profile import profile_of


@dataclass(frozen=True)
class Known:
    """One thing known of an authority, with its source; `doubt` says so where nobody confirmed it."""

    text: str
    source: str
    doubt: str | None


@dataclass(frozen=True)
class Note:
    """One authority: its names and website, the way to it, and what it is known to want or to have decided."""

    name: str
    short_name: str
    website: str
    way: Known | None
    practices: Sequence[Known]


def notes_on(session: Session, duties: Iterable[Obligation]) -> list[Note]:
    """The authorities that these duties concern, each once."""
    profile, regimes = profile_of(session, organisation()), load()
    found = (one for duty in duties for one in notes_for(regimes.get(duty.rule), duty.towards, profile))
    return [_note(one) for one in dict.fromkeys(found)]


def _note(one: Authority) -> Note:
    return Note(
        name=_(one.name),
        short_name=one.short_name,
        website=one.website,
        way=Known(_(one.note), _(one.source), _doubt(one.confidence)) if one.note else None,
        practices=[Known(_(each.text), _(each.source), _doubt(each.confidence)) for each in one.practices],
    )


def _doubt(confidence: Confidence) -> str | None:
    sure = confidence in (Confidence.TEXT, Confidence.SECONDARY)
    return None if sure else _(CONFIDENCE_WORDS[confidence])
