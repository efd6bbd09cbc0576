"""The memo on awareness: since when, why, what was known, signed by whom in which role, and what was decided before.

It is read from the entries of the decision, so it can never say anything else than the timeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from incidents.assessments import Difference, differences, facts_so_far, worksheet
from incidents.incident import Incident, OurRole
from incidents.law.facts import Shape
from incidents.law.situation import VOCABULARY
from incidents.obligations import Obligation, cautious_anchor
from incidents.people import RIGHTS, Person, Right, Role
from incidents.report import Report
from incidents.timeline import Actor, Entry, Kind


@dataclass(frozen=True)
class Memo:
    """One decision on awareness. `role`, `known`, `reports` and `first_sign` are None where it was not recorded."""

    number: int
    entry: Entry
    person: str | None
    role: Role | None
    aware_at: datetime
    known: Mapping[str, Any] | None
    our_role: OurRole | None
    customers: int
    reports: int | None
    first_sign: datetime | None
    corrections: Sequence[tuple[Entry, str]]

    def changed_from(self, before: Memo) -> list[Difference]:
        """The facts that were known otherwise when this one was signed; none where that was not recorded."""
        return [] if None in (before.known, self.known) else differences(before.known or {}, self.known or {})


@dataclass(frozen=True)
class Deadline:
    """One duty whose clock awareness starts: its cautious deadline, and the one that this memo gave it."""

    duty: Obligation
    cautious_at: datetime | None
    decided_at: datetime | None


def signed_in(session: Session, incident: Incident, by: Actor) -> dict[str, Any]:
    """What the entry of a decision keeps of its hour: the signer's role, and what was known. No text, no names."""
    person = session.get(Person, by.person_id) if by.person_id is not None else None
    role = next((role for role in Role if person and role in person.roles and Right.DECIDE in RIGHTS[role]), None)
    first = cautious_anchor(session, incident)
    sheet = worksheet(session, incident)
    told = {**facts_so_far(session, incident), **(sheet.situation if sheet else {})}
    known = {name: value for name, value in told.items() if name != "role" and _told(name)}
    customers = sum(bool(part.customer) and part.dropped_at is None for part in incident.parts)
    reports = session.scalar(select(func.count()).select_from(Report).where(Report.incident_id == incident.id))
    return {
        "role": role.value if role else None,
        "known": known,
        "our_role": incident.our_role.value,
        "customers": customers,
        "reports": reports,
        "first_sign": first.isoformat() if first else None,
    }


def _told(name: str) -> bool:
    return VOCABULARY[name].shape not in (Shape.TEXT, Shape.NAMES)


def memos(session: Session, incident: Incident) -> list[Memo]:
    """Every decision on awareness of an incident, the one that counts first."""
    query = select(Entry).where(Entry.incident_id == incident.id, Entry.kind == Kind.AWARE)
    entries = session.scalars(query.options(selectinload(Entry.prose)).order_by(Entry.seq)).all()
    corrected = _corrections(session, [entry.id for entry in entries])
    authors = {one.person_id for one in (*entries, *corrected)} - {None}
    names = {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(authors)))}
    found = [
        Memo(
            number=number,
            entry=entry,
            person=names.get(entry.person_id or 0),
            role=Role(entry.facts["role"]) if entry.facts.get("role") else None,
            aware_at=entry.happened_at,
            known=entry.facts.get("known"),
            our_role=OurRole(entry.facts["our_role"]) if "our_role" in entry.facts else None,
            customers=entry.facts.get("customers", 0),
            reports=entry.facts.get("reports"),
            first_sign=_instant(entry.facts.get("first_sign")),
            corrections=[(one, names.get(one.person_id or 0, "")) for one in corrected if one.corrects_id == entry.id],
        )
        for number, entry in enumerate(entries, start=1)
    ]
    return found[::-1]


def _corrections(session: Session, keys: Sequence[int]) -> Sequence[Entry]:
    query = select(Entry).where(Entry.corrects_id.in_(keys)).options(selectinload(Entry.prose))
    return session.scalars(query.order_by(Entry.seq)).all() if keys else []


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def deadlines_of(session: Session, incident: Incident, memo: Memo | None) -> list[Deadline]:
    """The clocks that a memo moved; without one, those that wait for a decision with their cautious deadlines."""
    query = select(Obligation).where(Obligation.incident_id == incident.id).order_by(Obligation.id)
    duties = session.scalars(query).all()
    if memo is None:
        return [Deadline(duty, duty.cautious_due_at, None) for duty in duties if duty.is_open and duty.cautious_due_at]
    given = {row["obligation"]: _instant(row["after"]) for row in memo.entry.facts.get("deadlines", ())}
    return [
        Deadline(duty, duty.cautious_due_at, given[duty.id])
        for duty in duties
        if duty.decided_due_at is not None and given.get(duty.id) is not None
    ]
