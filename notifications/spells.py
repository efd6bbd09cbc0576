"""The history of reds: when each cause began and ended, told by day to those who can mend it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Urgency
from incidents.organisation import Organisation
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person, Role
from incidents.store import is_postgresql
from incidents.timeline import SYSTEM, Kind, organisation_timeline, record
from notifications.readiness import Fault


class Source(enum.Enum):
    """Who looks after a red: each pass ends only its own."""

    READINESS = "readiness"
    AUDIT = "audit"
    MAILBOX = "mailbox"


_CHOICES: Mapping[str, type[enum.Enum]] = MappingProxyType({"roles": Role, "urgencies": Urgency})
"""What a cause may name that is said in the reader's language: what it is kept under."""


class RedSpell(Base):
    """One cause, from the pass that found it to the pass that found it gone. `said` is the sentence as it began."""

    __tablename__ = "red_spell"
    __table_args__ = table(
        Index("ix_red_spell_open", "organisation_id", "ended_at"),
        Index("ix_red_spell_began", "organisation_id", "began_at"),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    source: Mapped[Source] = mapped_column(by_value(Source))
    cause: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship()

    def lasted(self, *, now: datetime) -> timedelta:
        """How long it lasted, or lasts until now."""
        return (self.ended_at or now) - self.began_at

    def words(self, translate: Callable[[str], str] = str) -> str:
        """The cause as a sentence, with the figures of its beginning."""
        kinds = {name: kind for word, kind in _CHOICES.items() for name in self.said.get(word, ())}
        params = {name: kinds[name](value) if name in kinds else value for name, value in self.said["params"].items()}
        return Fault(self.said["cause"], params=params, failure=self.said["failure"]).words(translate)


def keep(session: Session, organisation: Organisation, source: Source, reds: Sequence[Fault], *, now: datetime) -> int:
    """Begin a spell for each new red, end those that are gone, and record both. Returns how many began or ended."""
    if is_postgresql(session):
        # Two workers that look at once would both begin the same spell: the second waits and finds the first one's.
        session.get_one(Organisation, organisation.id, with_for_update={"key_share": True})
    present = {spell.cause: spell for spell in _open(session, organisation.id) if spell.source is source}
    wanted = {fault.key: fault for fault in reds}
    began = [_begin(session, organisation, source, wanted[key], now) for key in wanted if key not in present]
    ended = [spell for key, spell in present.items() if key not in wanted]
    for spell in ended:
        spell.ended_at = now
    session.flush()
    if began:
        _record(session, organisation, Kind.READINESS_RED, {"source": source.value, "reds": len(began)}, now=now)
    if ended and not _open(session, organisation.id):
        longest = max(spell.lasted(now=now) for spell in ended)
        facts = {"source": source.value, "minutes": int(longest / timedelta(minutes=1))}
        _record(session, organisation, Kind.READINESS_GREEN, facts, now=now)
    return len(began) + len(ended)


def _begin(session: Session, organisation: Organisation, source: Source, fault: Fault, now: datetime) -> RedSpell:
    params = {name: value.value if isinstance(value, enum.Enum) else value for name, value in fault.params.items()}
    choices = {
        word: [name for name, value in fault.params.items() if isinstance(value, kind)]
        for word, kind in _CHOICES.items()
    }
    failure = dict(fault.failure) if fault.failure else None
    spell = RedSpell(
        organisation_id=organisation.id,
        source=source,
        cause=fault.key,
        person_id=fault.person_id,
        said={"cause": fault.cause, "params": params, "failure": failure} | choices,
        began_at=now,
    )
    session.add(spell)
    return spell


def _record(
    session: Session, organisation: Organisation, kind: Kind, facts: Mapping[str, object], *, now: datetime
) -> None:
    record(session, organisation_timeline(session, organisation.id), kind, by=SYSTEM, facts=facts, now=now)


def _open(session: Session, organisation_id: int) -> list[RedSpell]:
    return list(
        session.scalars(
            select(RedSpell)
            .where(RedSpell.organisation_id == organisation_id, RedSpell.ended_at.is_(None))
            .order_by(RedSpell.id)
        )
    )


def lasting(session: Session, organisation_id: int, source: Source) -> list[RedSpell]:
    """The reds of one source that still last, oldest first."""
    return [spell for spell in _open(session, organisation_id) if spell.source is source]


def history(session: Session, organisation_id: int, *, limit: int = 50) -> list[RedSpell]:
    """The latest reds, newest first; those that last have no end."""
    return list(
        session.scalars(
            select(RedSpell)
            .where(RedSpell.organisation_id == organisation_id)
            .order_by(RedSpell.began_at.desc(), RedSpell.id.desc())
            .limit(limit)
        )
    )
