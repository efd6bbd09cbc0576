"""People who sign in, their roles, and what each role may do."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType

from sqlalchemy import ForeignKey, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from incidents.orm import Base, Key, by_value
from incidents.timeline import readable


class Role(enum.Enum):
    """The few fixed roles. A person may hold several."""

    RESPONDER = "responder"
    DPO = "dpo"
    DEPUTY = "deputy"
    MANAGEMENT = "management"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(enum.Enum):
    """What a page may ask for. Whatever no role holds, nobody may do."""

    READ_INCIDENTS = "read incidents"
    READ_CONTACTS = "read reporters' contacts"
    ENTER_REPORTS = "enter reports"
    HANDLE = "work on incidents"
    DECIDE = "record decisions"
    SIGN = "sign for the organisation"
    READ_SUMMARY = "read the summary"
    READ_REGISTER = "read the register"
    CONFIGURE = "configure"
    SEE_READINESS = "see who can be paged"
    PLAN_ROTA = "plan the rota"


_HANDLER = frozenset(
    {
        Right.READ_INCIDENTS,
        Right.READ_CONTACTS,
        Right.ENTER_REPORTS,
        Right.HANDLE,
        Right.SEE_READINESS,
    }
)
_DPO = _HANDLER | {Right.DECIDE, Right.READ_SUMMARY, Right.READ_REGISTER, Right.PLAN_ROTA}

RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.RESPONDER: _HANDLER,
        Role.DPO: frozenset(_DPO),
        Role.DEPUTY: frozenset(_DPO),
        # Figures and what it must sign: no reports, no contacts.
        Role.MANAGEMENT: frozenset({Right.READ_SUMMARY, Right.SEE_READINESS, Right.SIGN}),
        Role.AUDITOR: frozenset({Right.READ_REGISTER, Right.READ_SUMMARY}),
        # Configures, reads no report; granting oneself a role is recorded and told to the DPO.
        Role.ADMINISTRATOR: frozenset({Right.CONFIGURE, Right.SEE_READINESS, Right.PLAN_ROTA}),
    }
)


class Person(Base):
    """Somebody who signs in, or was invited to. Never deleted: entries name them by key.

    `email` is in small letters. What only tells waits for the hours from `tell_from` to `tell_until`, in minutes of
    the local day; None is the organisation's own 07:00 to 22:00.
    """

    __tablename__ = "person"
    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    zone: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    tell_from: Mapped[int | None]
    tell_until: Mapped[int | None]
    drills_any_hour: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    grants: Mapped[list[Grant]] = relationship(back_populates="person", foreign_keys="Grant.person_id", lazy="selectin")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def roles(self) -> frozenset[Role]:
        """Roles held now; none for somebody who left."""
        if self.left_at is not None:
            return frozenset()
        return frozenset(grant.role for grant in self.grants if grant.revoked_at is None)

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset(right for role in self.roles for right in RIGHTS[role])

    @property
    def out_since(self) -> datetime | None:
        """Since when no page rings this person: they left, or lost the last role with which they could answer one.

        None while they can.
        """
        if self.left_at is not None:
            return self.left_at
        if Right.SEE_READINESS in self.rights:
            return None
        lost = [grant.revoked_at for grant in self.grants if Right.SEE_READINESS in RIGHTS[grant.role]]
        return max((at for at in lost if at is not None), default=self.created_at)


class Grant(Base):
    """A role given to a person, and taken back: a row each time, never overwritten."""

    __tablename__ = "role_grant"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(by_value(Role))
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))

    person: Mapped[Person] = relationship(back_populates="grants", foreign_keys=[person_id])


class Invitation(Base):
    """A link with which an invited person chooses a password. Only its digest is kept; it works once."""

    __tablename__ = "invitation"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """One signed-in browser. Ending the row signs it out everywhere it was copied to."""

    __tablename__ = "sign_in"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")


def by_email(session: Session, email: str) -> Person | None:
    """The person with this address, whatever its capitals."""
    return session.scalars(select(Person).where(Person.email == readable(email).strip().lower())).first()


def everybody(session: Session, organisation_id: int) -> list[Person]:
    """All who have an account now, by name."""
    return list(
        session.scalars(
            select(Person)
            .where(Person.organisation_id == organisation_id, Person.left_at.is_(None))
            .order_by(Person.name, Person.id)
        )
    )


def pageable(session: Session, organisation_id: int) -> list[Person]:
    """All whom a page can ring now, by name."""
    return [person for person in everybody(session, organisation_id) if person.out_since is None]


@cache
def _holders() -> Select[Role, Person]:
    # Written out once, like what every page asks: to build a query takes longer than to run it.
    return (
        select(Grant.role, Person)
        .join(Person, Person.id == Grant.person_id)
        .where(
            Person.organisation_id == bindparam("organisation_id"),
            Person.left_at.is_(None),
            Grant.role.in_(bindparam("roles", expanding=True)),
            Grant.revoked_at.is_(None),
        )
        .options(lazyload(Person.grants))
        .order_by(Grant.id)
    )


def holders_of(session: Session, organisation_id: int, roles: Iterable[Role]) -> dict[Role, list[Person]]:
    """Present holders of each of these roles, longest held first, in one query; none is the empty list."""
    found: dict[Role, list[Person]] = {role: [] for role in roles}
    for role, person in session.execute(_holders(), {"organisation_id": organisation_id, "roles": list(found)}):
        if person not in found[role]:
            found[role].append(person)
    return found


def holders(session: Session, organisation_id: int, role: Role) -> list[Person]:
    """Present holders of a role, longest held first."""
    return list(
        session.scalars(
            select(Person)
            .join(Grant, Grant.person_id == Person.id)
            .where(
                Person.organisation_id == organisation_id,
                Person.left_at.is_(None),
                Grant.role == role,
                Grant.revoked_at.is_(None),
            )
            .order_by(Grant.id)
        ).unique()
    )
