"""The timeline: one append-only row for every fact, chained by hash, and a bell for paging to find it by.

Facts are permanent, prose is erasable: an entry keeps salted digests of its free text, the text itself and
the salt sit in `Prose` rows that retention may blank.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload

from incidents.orm import Base, Key, by_value, insert, insert_all, table
from incidents.store import bell_written, is_postgresql

if TYPE_CHECKING:
    from incidents.incident import Incident

HASH_VERSION = 1
NOT_ENCRYPTED = "none"


class Kind(enum.Enum):
    """What happened. Adding one wants a rule row (`notifications.rules`) and a sentence (`incidents.words.kinds`)."""

    REPORTED = "reported"
    ADDED = "added"
    STILL_HAPPENING = "still-happening"
    FILE_ADDED = "file-added"
    ATTACHED = "attached"
    DETACHED = "detached"
    ASKED = "asked"
    RANG = "rang"
    TAKEN = "taken"
    AWAKE = "awake"
    SEEN = "seen"
    RINGS_AGAIN = "rings-again"
    SUMMONED = "summoned"
    HANDED_OVER = "handed-over"
    TAKEN_OVER = "taken-over"
    PARKED = "parked"
    PARKING_ENDED = "parking-ended"
    CONTAINMENT_OWNED = "containment-owned"
    LOOKED_AT = "looked-at"
    TRIAGED = "triaged"
    CONTAINED = "contained"
    STEP_DONE = "step-done"
    STEP_SKIPPED = "step-skipped"
    STEP_REOPENED = "step-reopened"
    NOTED = "noted"
    CORRECTED = "corrected"
    AWARE = "aware"
    ANCHOR_MOVED = "anchor-moved"
    DEADLINE_NEAR = "deadline-near"
    DEADLINE_PASSED = "deadline-passed"
    NOTIFIED = "notified"
    NOT_NOTIFIED = "not-notified"
    REFERENCE_RECEIVED = "reference-received"
    DELAY_EXPLAINED = "delay-explained"
    CLOSED = "closed"
    REOPENED = "reopened"
    MUTED = "muted"
    SET_UP = "set-up"
    PERSON_INVITED = "person-invited"
    PERSON_LEFT = "person-left"
    ROLE_GRANTED = "role-granted"
    ROLE_REVOKED = "role-revoked"
    CONTACT_ADDED = "contact-added"
    CONTACT_REMOVED = "contact-removed"
    CONTACT_VERIFIED = "contact-verified"
    CONTACT_RENEWED = "contact-renewed"
    SETTING_CHANGED = "setting-changed"
    ROTA_CHANGED = "rota-changed"
    POLICY_CHANGED = "policy-changed"


CALLS = (Kind.SUMMONED, Kind.HANDED_OVER)
"""What calls one person or role; the facts name them by key."""


class ActorKind(enum.Enum):
    REPORTER = "reporter"
    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who wrote an entry; `for_whom` names somebody else whose word it was (kept as prose)."""

    kind: ActorKind
    person_id: int | None = None
    for_whom: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
REPORTER = Actor(ActorKind.REPORTER)


def person_as_actor(person_id: int, for_whom: str | None = None) -> Actor:
    """A signed-in person as the author of an entry, if need be for somebody else."""
    return Actor(ActorKind.PERSON, person_id, for_whom)


class Timeline(Base):
    """The head of one chain: an incident's, or (without an incident) the organisation's own."""

    __tablename__ = "timeline"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    head_seq: Mapped[int] = mapped_column(default=0)
    head_hash: Mapped[str] = mapped_column(String(64), default="")

    def __init__(self, **values: Any) -> None:
        values.setdefault("token", secrets.token_hex(16))
        values.setdefault("head_seq", 0)
        values.setdefault("head_hash", "")
        super().__init__(**values)


class Entry(Base):
    """One fact. `happened_at` is when it happened, `written_at` when it was written; never changed or deleted.

    `canonical` is the exact text the hash covers, `previous` the hash before it in the same timeline.
    """

    __tablename__ = "entry"
    __table_args__ = table(UniqueConstraint("timeline_id", "seq"), Index("ix_entry_incident", "incident_id", "seq"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    timeline_id: Mapped[int] = mapped_column(Key, ForeignKey("timeline.id"))
    incident_id: Mapped[int | None] = mapped_column(Key, ForeignKey("incident.id"))
    seq: Mapped[int]
    kind: Mapped[Kind] = mapped_column(by_value(Kind))
    happened_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    written_at: Mapped[datetime]
    by: Mapped[ActorKind] = mapped_column(by_value(ActorKind))
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    corrects_id: Mapped[int | None] = mapped_column(Key, ForeignKey("entry.id"))
    facts: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    hash_version: Mapped[int] = mapped_column(default=HASH_VERSION)
    canonical: Mapped[str] = mapped_column(Text)

    timeline: Mapped[Timeline] = relationship()
    incident: Mapped[Incident | None] = relationship()
    prose: Mapped[list[Prose]] = relationship(back_populates="entry", order_by="Prose.id")

    def text(self, field: str) -> str | None:
        """The free text of one field, or None when there was none or retention blanked it."""
        return next((prose.text for prose in self.prose if prose.field == field), None)


class Prose(Base):
    """Free text or a name that belongs to an entry. Blanking it takes text and salt away; the entry stays proved."""

    __tablename__ = "prose"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"), index=True)
    field: Mapped[str] = mapped_column(String(40))
    text: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[str | None] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(40), default=NOT_ENCRYPTED)
    blanked_at: Mapped[datetime | None]

    entry: Mapped[Entry] = relationship(back_populates="prose")


class Bell(Base):
    """The mark that paging has not looked at an entry yet; the engine deletes it with what it made of it.

    `not_before` is set when an entry could not be handled, so that it does not hold up the others.
    """

    __tablename__ = "bell"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"), unique=True)
    not_before: Mapped[datetime | None]

    entry: Mapped[Entry] = relationship()


def digest(salt: str, text: str) -> str:
    """The salted digest by which an entry vouches for its prose."""
    return hmac.new(bytes.fromhex(salt), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def readable(text: str) -> str:
    """Text as every database can keep it: NUL becomes its visible sign, half a surrogate pair the replacement sign."""
    text = text.replace("\x00", "\u2400")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def instant(moment: datetime) -> str:
    """An instant as the hash sees it: UTC, to the microsecond, on every database alike."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def lock(session: Session, timeline: Timeline) -> None:
    """On PostgreSQL wait for other writers of this timeline and read its head afresh."""
    if is_postgresql(session) and timeline.id is not None:
        # Not FOR UPDATE, which would also stop everybody who only refers to this row.
        session.refresh(timeline, with_for_update={"key_share": True})


def record(
    session: Session,
    timeline: Timeline,
    kind: Kind,
    *,
    by: Actor,
    now: datetime,
    incident_id: int | None = None,
    happened_at: datetime | None = None,
    zone: str = "UTC",
    facts: Mapping[str, Any] | None = None,
    prose: Mapping[str, str | None] | None = None,
    corrects: Entry | None = None,
) -> Entry:
    """Append one fact to a timeline, with its bell, and chain it to the one before.

    `happened_at` defaults to `now`; `facts` are small and hold no personal data; `prose` maps field names to
    free text, empty ones are left out. Flushes, never commits.
    """
    lock(session, timeline)
    entry, texts = compose(
        timeline,
        kind,
        by=by,
        now=now,
        happened_at=happened_at,
        zone=zone,
        facts=facts,
        prose=prose,
        corrects=corrects,
    )
    entry.incident_id, entry.timeline_id = incident_id, timeline.id
    entry.prose = [Prose(**text) for text in texts]
    session.add(Bell(organisation_id=entry.organisation_id, entry=entry))
    bell_written(session)
    session.flush()
    return entry


def insert_first(session: Session, timeline: Timeline, first: Composed) -> Entry:
    """Store a new timeline's first entry with its prose and its bell, by plain INSERTs (see `orm.insert`)."""
    entry, texts = first
    entry.timeline_id = timeline.id
    insert(session, entry)
    insert_all(session, Prose, [{**text, "entry_id": entry.id} for text in texts])
    insert_all(session, Bell, [{"organisation_id": entry.organisation_id, "entry_id": entry.id}])
    bell_written(session)
    return entry


class Composed(NamedTuple):
    """An entry that is not stored yet, and the rows of its prose."""

    entry: Entry
    prose: list[dict[str, Any]]


def compose(
    timeline: Timeline,
    kind: Kind,
    *,
    by: Actor,
    now: datetime,
    happened_at: datetime | None = None,
    zone: str = "UTC",
    facts: Mapping[str, Any] | None = None,
    prose: Mapping[str, str | None] | None = None,
    corrects: Entry | None = None,
) -> Composed:
    """The next entry of a timeline, chained and digested, not stored yet. Whoever calls this holds the timeline."""
    texts = {field: readable(text) for field, text in (prose or {}).items() if text}
    if by.for_whom:
        texts["for_whom"] = readable(by.for_whom)
    salts = {field: secrets.token_hex(16) for field in texts}
    timeline.head_seq += 1
    entry = Entry(
        organisation_id=timeline.organisation_id,
        seq=timeline.head_seq,
        kind=kind,
        happened_at=happened_at or now,
        zone=zone,
        written_at=now,
        by=by.kind,
        person_id=by.person_id,
        corrects_id=corrects.id if corrects else None,
        facts=dict(facts or {}),
        previous=timeline.head_hash,
        hash_version=HASH_VERSION,
    )
    proved = {field: digest(salts[field], text) for field, text in texts.items()}
    entry.canonical = canonical(entry, timeline.token, proved, corrects.hash if corrects else None)
    entry.hash = hashlib.sha256(entry.canonical.encode()).hexdigest()
    timeline.head_hash = entry.hash
    owner = timeline.organisation_id
    return Composed(
        entry,
        [
            {"organisation_id": owner, "field": field, "text": text, "salt": salts[field]}
            for field, text in texts.items()
        ],
    )


def canonical(entry: Entry, timeline_token: str, proved: Mapping[str, str], corrects: str | None) -> str:
    """The text an entry's hash covers: JSON with sorted keys and no blanks."""
    body = {
        "v": entry.hash_version,
        "timeline": timeline_token,
        "seq": entry.seq,
        "kind": entry.kind.value,
        "happened_at": instant(entry.happened_at),
        "zone": entry.zone,
        "written_at": instant(entry.written_at),
        "by": entry.by.value,
        "person": entry.person_id,
        "facts": entry.facts,
        "prose": dict(proved),
        "corrects": corrects,
        "previous": entry.previous,
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def verify(session: Session, timeline: Timeline) -> int | None:
    """Recompute a chain from its stored columns: the first seq that is missing or not as written, None if all are."""
    seq, previous, incident_id = 0, "", None
    entries = session.scalars(
        select(Entry)
        .where(Entry.timeline_id == timeline.id)
        .order_by(Entry.seq)
        .options(selectinload(Entry.prose))
        .execution_options(populate_existing=True)
    )
    for entry in entries:
        incident_id = entry.incident_id if seq == 0 else incident_id
        seq += 1
        linked = (entry.seq, entry.previous, entry.incident_id) == (seq, previous, incident_id)
        if not linked or not _as_written(session, entry, timeline):
            return seq
        previous = entry.hash
    if timeline.head_seq != seq:
        return min(timeline.head_seq, seq) + 1
    return None if timeline.head_hash == previous else seq


def _as_written(session: Session, entry: Entry, timeline: Timeline) -> bool:
    """Whether columns and prose give the canonical text, and that the hash. Of blanked prose the digest stands."""
    try:
        kept: dict[str, str] = json.loads(entry.canonical)["prose"]
    except (ValueError, KeyError, TypeError):
        return False
    proved = {
        prose.field: kept.get(prose.field, "") if prose.text is None else digest(prose.salt or "", prose.text)
        for prose in entry.prose
    }
    wrong = session.get(Entry, entry.corrects_id) if entry.corrects_id else None
    again = canonical(entry, timeline.token, proved, wrong.hash if wrong else None)
    same_house = entry.organisation_id == timeline.organisation_id
    return same_house and again == entry.canonical and entry.hash == hashlib.sha256(again.encode()).hexdigest()


class OrganisationTimeline(Base):
    """Which timeline is the organisation's own: facts that belong to no incident, such as roles and settings."""

    __tablename__ = "organisation_timeline"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), unique=True)
    timeline_id: Mapped[int] = mapped_column(Key, ForeignKey("timeline.id"), unique=True)


def organisation_timeline(session: Session, organisation_id: int) -> Timeline:
    """The chain of facts that belong to no incident: roles, contacts, settings."""
    return session.scalars(
        select(Timeline)
        .join(OrganisationTimeline, OrganisationTimeline.timeline_id == Timeline.id)
        .where(OrganisationTimeline.organisation_id == organisation_id)
    ).one()
