"""The suspected breach and its life: the incident row, who may see it, and the names it goes by."""

from __future__ import annotations

import enum
import secrets
import tomllib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources

from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.organisation import LegalEntity
from incidents.orm import Base, Key, by_value, only_some, table
from incidents.people import Person, Right
from incidents.refusals import Refused
from incidents.store import is_postgresql
from incidents.timeline import Timeline, readable
from incidents.words import N_


class StillHappening(enum.Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Urgency(enum.Enum):
    """How loud an incident rings."""

    URGENT = "urgent"
    SOON = "soon"


class What(enum.Enum):
    """What triage says it is."""

    UNDECIDED = "undecided"
    PERSONAL_DATA_BREACH = "personal-data-breach"
    SECURITY_INCIDENT = "security-incident"
    NEAR_MISS = "near-miss"
    NOTHING = "nothing"


class OurRole(enum.Enum):
    """In which role the organisation is concerned."""

    UNKNOWN = "unknown"
    CONTROLLER = "controller"
    PROCESSOR = "processor"
    BOTH = "both"


class Lane(enum.Enum):
    TRIAGE = "triage"
    CONTAINMENT = "containment"
    NOTIFICATION = "notification"


class Incident(Base):
    """One suspected breach. `next_due_at` is the nearest act due, `law_due_at` the nearest legal limit.

    `next_act` is what that act is, as a message id; `next_is_law` tells law from the organisation's own target.
    `parked_until` is when "this can wait until" ends: it rings again then unless somebody went on meanwhile.
    `awareness_asked_at` is when it is told that awareness is undecided; None once it was told, or decided.
    """

    __tablename__ = "incident"
    __table_args__ = table(
        only_some("ix_incident_parked", "parked_until"),
        only_some("ix_incident_awareness", "awareness_asked_at"),
        Index("ix_incident_desk", "organisation_id", "closed_at", "next_due_at", "id"),
        # The few that were dismissed, among all that were closed.
        Index("ix_incident_dismissed", "organisation_id", "what", "closed_at", "id"),
        # Covers the figures of a year, so that they never read the rows themselves.
        Index(
            "ix_incident_opened",
            *("organisation_id", "opened_at", "what", "restricted", "drill", "canary", "first_step_at"),
        ),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    legal_entity_id: Mapped[int | None] = mapped_column(Key, ForeignKey("legal_entity.id"))
    site_id: Mapped[int | None] = mapped_column(Key, ForeignKey("site.id"))
    timeline_id: Mapped[int] = mapped_column(Key, ForeignKey("timeline.id"), unique=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    codename: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    urgency: Mapped[Urgency] = mapped_column(by_value(Urgency))
    still_happening: Mapped[StillHappening] = mapped_column(by_value(StillHappening))
    what: Mapped[What] = mapped_column(by_value(What), default=What.UNDECIDED)
    our_role: Mapped[OurRole] = mapped_column(by_value(OurRole), default=OurRole.UNKNOWN)
    handler_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    first_step_at: Mapped[datetime | None]
    triaged_at: Mapped[datetime | None]
    contained_at: Mapped[datetime | None]
    containment_owner_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    containment_owned_at: Mapped[datetime | None]
    parked_until: Mapped[datetime | None]
    awareness_asked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    aware_at: Mapped[datetime | None]
    noticed_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    next_act: Mapped[str | None] = mapped_column(String(200))
    next_is_law: Mapped[bool] = mapped_column(default=False)
    law_due_at: Mapped[datetime | None]
    restricted: Mapped[bool] = mapped_column(default=False)
    drill: Mapped[bool] = mapped_column(default=False)
    canary: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    timeline: Mapped[Timeline] = relationship()
    handler: Mapped[Person | None] = relationship(foreign_keys=[handler_id])
    containment_owner: Mapped[Person | None] = relationship(foreign_keys=[containment_owner_id])
    parts: Mapped[list[Part]] = relationship(order_by="Part.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def dismissed(self) -> bool:
        """Triage said that it is nothing."""
        return self.what is What.NOTHING


class Part(Base):
    """Role × legal entity × customer or place of one incident: whom we owe, and as what.

    `place` is a code of ISO 3166, where it is a part of our own for the people of one country alone; else empty.
    """

    __tablename__ = "part"
    __table_args__ = table(UniqueConstraint("incident_id", "role", "legal_entity_id", "customer", "place"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    legal_entity_id: Mapped[int | None] = mapped_column(Key, ForeignKey("legal_entity.id"))
    role: Mapped[OurRole] = mapped_column(by_value(OurRole))
    customer: Mapped[str] = mapped_column(String(200), default="")
    place: Mapped[str] = mapped_column(String(10), default="")
    added_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]

    entity: Mapped[LegalEntity | None] = relationship()

    @property
    def is_own(self) -> bool:
        """Whether it is a part of our own for one country, weighed and decided by itself."""
        return self.role is OurRole.CONTROLLER and bool(self.place)


class Access(Base):
    """A person named on a restricted incident."""

    __tablename__ = "incident_access"
    __table_args__ = table(UniqueConstraint("incident_id", "person_id"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    granted_at: Mapped[datetime]


def visible(person: Person) -> Select[Incident]:
    """The incidents this person may know of: the only source of incident queries."""
    own = exists().where(Access.incident_id == Incident.id, Access.person_id == person.id)
    query = select(Incident).where(Incident.organisation_id == person.organisation_id, Incident.canary.is_(False))
    if Right.READ_INCIDENTS not in person.rights:
        return query.where(own)
    return query.where(or_(Incident.restricted.is_(False), own))


def may_see(session: Session, person: Person, incident: Incident) -> bool:
    """Whether a person may be called to an incident: everybody, unless it is restricted and does not name them."""
    if not incident.restricted:
        return True
    return session.scalars(visible(person).where(Incident.id == incident.id)).first() is not None


def those_seen(session: Session, person: Person, incident_ids: Sequence[int]) -> Sequence[Incident]:
    """Those of some incidents that this person may know of."""
    return session.scalars(visible(person).where(Incident.id.in_(incident_ids)).order_by(Incident.id)).all()


def find(session: Session, person: Person, reference: str) -> Incident:
    """The incident of that reference. Refuses alike what does not exist and what this person may not see."""
    wanted = visible(person).where(Incident.reference == readable(reference).strip().upper())
    incident = session.scalars(wanted).first()
    if incident is None:
        raise NotFound(N_("There is no incident %(reference)s for you to see."), reference=reference)
    return incident


class NotFound(Refused):
    """What was asked for does not exist, or not for this person."""


def hold(session: Session, incident_id: int) -> Incident:
    """Load an incident to change it; on PostgreSQL other writers of it wait."""
    # Not FOR UPDATE, which would also stop everybody who only refers to this row, and deadlock with an acknowledgement.
    incident = session.get(
        Incident, incident_id, with_for_update={"key_share": True} if is_postgresql(session) else None
    )
    if incident is None:
        raise NotFound(N_("This incident does not exist."))
    return incident


# No letters or digits that are easily read as another (0 O, 1 I L, 5 S, 8 B).
_ALPHABET = "234679ACDEFGHJKMNPQRTUVWXYZ"


def new_reference() -> str:
    """A public name such as TCN-7K4M-Q2: random, so that nobody learns how many there are.

    The column is unique; whoever commits tries again on the rare clash.
    """
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"TCN-{letters[:4]}-{letters[4:]}"


def new_codename() -> str:
    """An innocuous name for messages, such as Blue Harbour. It says nothing about the incident."""
    names = _codenames()
    return f"{secrets.choice(names['first'])} {secrets.choice(names['second'])}"


@cache
def _codenames() -> dict[str, list[str]]:
    text = resources.files("incidents.words").joinpath("codenames.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
