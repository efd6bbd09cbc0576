"""Assessments: what is known of a breach, question by question, and the signed versions of it with their advice.

A worksheet is what is known now; signing it makes a version. Versions and decisions are added, never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.incident import Incident, OurRole, Part, hold, visible
from incidents.law.assessment import Assessment as Found
from incidents.law.assessment import Says, assess
from incidents.law.facts import FACTS, Facts, Shape, Value, read
from incidents.law.situation import SITUATION
from incidents.orm import Base, Key, by_value, table
from incidents.people import Person, Role
from incidents.refusals import Refused
from incidents.timeline import Entry
from incidents.words import N_

Written = Mapping[str, Any]
"""Facts as JSON keeps them: names such as `recipients.kind`, lists sorted."""


class Worksheet(Base):
    """What is known of one part of an incident so far. Without a part it is our own: what we are controllers of.

    `situation` is where and as what (`law.situation`), `adjusted` the factors of the score that somebody set by hand.
    """

    __tablename__ = "worksheet"
    __table_args__ = table(Index("ix_worksheet_incident", "incident_id", "part_id"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    part_id: Mapped[int | None] = mapped_column(Key, ForeignKey("part.id"))
    facts: Mapped[dict[str, Any]]
    situation: Mapped[dict[str, Any]] = mapped_column(default=dict)
    adjusted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Assessment(Base):
    """One signed version: the facts, what the rules say of them, and what the data protection officer advises.

    `rules_authority` and `rules_people` are what the rules say, `authority` and `people` what the person advises.
    """

    __tablename__ = "assessment"
    __table_args__ = table(
        UniqueConstraint("incident_id", "part_id", "number"), Index("ix_assessment_incident", "incident_id", "number")
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    part_id: Mapped[int | None] = mapped_column(Key, ForeignKey("part.id"))
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))
    number: Mapped[int]
    facts: Mapped[dict[str, Any]]
    situation: Mapped[dict[str, Any]] = mapped_column(default=dict)
    adjusted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reasons: Mapped[dict[str, Any]]
    rules_authority: Mapped[Says] = mapped_column(by_value(Says))
    rules_people: Mapped[Says] = mapped_column(by_value(Says))
    authority: Mapped[Says] = mapped_column(by_value(Says))
    people: Mapped[Says] = mapped_column(by_value(Says))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(by_value(Role))
    signed_at: Mapped[datetime]

    entry: Mapped[Entry] = relationship()
    person: Mapped[Person] = relationship()
    incident: Mapped[Incident] = relationship()

    @property
    def all_told(self) -> dict[str, Any]:
        """The facts, and where and as what."""
        return {**self.facts, **self.situation}

    @property
    def advice(self) -> tuple[Says, Says]:
        """The stricter of what the rules say and what the person advises, for authority and people."""
        return stricter(self.rules_authority, self.authority), stricter(self.rules_people, self.people)


_STRICTNESS = (Says.NOT_REQUIRED, Says.UNDETERMINED, Says.COMMUNICATE, Says.NOTIFY)


def stricter(one: Says, other: Says) -> Says:
    """The one that tells more; what is undetermined is stricter than "not required"."""
    return max(one, other, key=_STRICTNESS.index)


def known(facts: Written) -> Facts:
    """Stored facts as the rules read them."""
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in facts.items()}


def written(facts: Facts) -> dict[str, Any]:
    """Facts as they are stored: in the order of the form, lists sorted."""
    order = list(FACTS)
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in sorted(facts.items(), key=lambda one: order.index(one[0]))
    }


def worksheet(session: Session, incident: Incident, part: Part | None = None) -> Worksheet | None:
    """What is written down so far; None while nothing is."""
    return session.scalars(
        select(Worksheet).where(
            Worksheet.incident_id == incident.id,
            Worksheet.part_id.is_(None) if part is None else Worksheet.part_id == part.id,
        )
    ).first()


def facts_so_far(session: Session, incident: Incident, part: Part | None = None) -> dict[str, Any]:
    """What is known: the worksheet, and before it what report and triage tell by themselves."""
    row = worksheet(session, incident, part)
    if row is not None:
        return dict(row.facts)
    told = told_already(incident, part)
    if part is not None and part.is_own:
        # What happened is the same; how many people are meant is not.
        whole = facts_so_far(session, incident)
        told = {name: value for name, value in whole.items() if not name.startswith("people.")} | told
    return told


def told_already(incident: Incident, part: Part | None = None) -> dict[str, Any]:
    """What triage tells before anybody has answered a question."""
    if part is not None:
        return {"role": part.role.value}
    ours = {OurRole.CONTROLLER: "controller", OurRole.BOTH: "controller", OurRole.PROCESSOR: "processor"}
    return {"role": ours[incident.our_role]} if incident.our_role in ours else {}


def answer(
    session: Session,
    incident_id: int,
    answers: Mapping[str, object],
    *,
    part_id: int | None = None,
    seen: Mapping[str, object] | None = None,
    by: int,
    now: datetime,
) -> Worksheet:
    """Write down the answers to one question; None takes an answer back to "not known yet".

    `seen` is what stood there when the form was shown: an answer that somebody else gave meanwhile is not
    overwritten unawares. Refuses values that are none, naming the fact.
    """
    checked = written(read(nested({name: value for name, value in answers.items() if value not in (None, [])})))
    incident = hold(session, incident_id)
    part = part_of(session, incident, part_id)
    before = facts_so_far(session, incident, part)
    if seen is not None:
        refuse_overwriting(before, checked, answers, seen)
    after = {name: value for name, value in before.items() if name not in answers} | checked
    row = sheet_for(session, incident, part, by=by, now=now)
    row.facts = written(known(after))
    session.flush()
    return row


def sheet_for(session: Session, incident: Incident, part: Part | None, *, by: int, now: datetime) -> Worksheet:
    """The worksheet of a part, to be written on; begun with what is known already where there is none."""
    row = worksheet(session, incident, part)
    if row is None:
        row = Worksheet(
            organisation_id=incident.organisation_id,
            incident_id=incident.id,
            part_id=part.id if part else None,
            facts=facts_so_far(session, incident, part),
            situation={},
            adjusted={},
            changed_at=now,
        )
        session.add(row)
    row.changed_at, row.changed_by_id = now, by
    return row


def refuse_overwriting(
    before: Written, after: Written, asked: Mapping[str, object], seen: Mapping[str, object]
) -> None:
    """Refuse to replace what somebody else wrote since the form was shown, unless it is the same."""
    for name in asked:
        stands = before.get(name)
        if stands != seen.get(name) and stands != after.get(name):
            raise Refused(
                N_("Meanwhile somebody else answered this. Read that answer, then save yours again to replace it.")
            )


def nested(flat: Mapping[str, object]) -> dict[str, object]:
    """Answers by their names as the form of the facts nests them."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        group, dot, inner = name.partition(".")
        if dot:
            found.setdefault(group, {})[inner] = value
        else:
            found[name] = value
    return found


def part_of(session: Session, incident: Incident, part_id: int | None) -> Part | None:
    """The part of that key; None stands for the incident itself. Refuses what is not of this incident."""
    if part_id is None:
        return None
    part = session.get(Part, part_id)
    if part is None or part.incident_id != incident.id:
        raise Refused(N_("This part does not belong to the incident. Load the page again."))
    return None if part.role is OurRole.CONTROLLER and not part.is_own else part


def latest(session: Session, incident_id: int, part_id: int | None = None) -> Assessment | None:
    """The version in force: the last one that was signed."""
    return next(iter(versions(session, incident_id, part_id)), None)


def versions(session: Session, incident_id: int, part_id: int | None = None) -> Sequence[Assessment]:
    """Every signed version, the latest first."""
    return session.scalars(
        select(Assessment)
        .where(
            Assessment.incident_id == incident_id,
            Assessment.part_id.is_(None) if part_id is None else Assessment.part_id == part_id,
        )
        .order_by(Assessment.number.desc())
    ).all()


@dataclass(frozen=True)
class Difference:
    """One fact that is not as it was; None is "not known yet"."""

    fact: str
    before: Value | None
    after: Value | None


def differences(before: Written, after: Written) -> list[Difference]:
    """What changed from one version to the next, in the order of the form; places and other laws' answers come last."""
    was, is_ = known(before), known(after)
    names = (*FACTS, *SITUATION)
    return [Difference(name, was.get(name), is_.get(name)) for name in names if was.get(name) != is_.get(name)]


def advised(facts: Written) -> Found:
    """What the rules say of stored facts."""
    return assess(known(facts))


LIKE = ("nature", "incident_kind", "data", "recipients.kind", "cause")
"""The facts by which incidents are like each other; the kind of the incident and the data weigh most."""


@dataclass(frozen=True)
class Precedent:
    """An earlier incident with like facts: its last version, and in how many of these facts it is alike."""

    assessment: Assessment
    alike: Sequence[str]


def precedents(
    session: Session, reader: Person, incident: Incident, facts: Written, *, limit: int = 5
) -> list[Precedent]:
    """Own incidents with like facts, the most alike first, only those that the reader may see."""
    mine = visible(reader).with_only_columns(Incident.id)
    rows = session.scalars(
        select(Assessment)
        .where(Assessment.incident_id.in_(mine), Assessment.incident_id != incident.id, Assessment.part_id.is_(None))
        .order_by(Assessment.signed_at.desc(), Assessment.id.desc())
        .limit(500)
    )
    last: dict[int, Assessment] = {}
    for row in rows:
        last.setdefault(row.incident_id, row)
    now_known = known(facts)
    found = [Precedent(row, tuple(_alike(now_known, known(row.facts)))) for row in last.values()]
    alike = [one for one in found if len(one.alike) >= 2]
    return sorted(alike, key=lambda one: (-len(one.alike), -one.assessment.id))[:limit]


def _alike(one: Facts, other: Facts) -> Iterator[str]:
    for name in LIKE:
        mine, theirs = one.get(name), other.get(name)
        if mine is None or theirs is None:
            continue
        if FACTS[name].shape is Shape.SEVERAL:
            if frozenset(mine) & frozenset(theirs):  # type: ignore[arg-type]
                yield name
        elif mine == theirs:
            yield name
