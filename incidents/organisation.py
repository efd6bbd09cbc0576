"""The organisation that reports go to, its legal entities and sites, and what it set in the web interface."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import JSON

from incidents.keyring import Keyring
from incidents.law.localtime import known_zone
from incidents.orm import Base, Key, table
from incidents.refusals import Refused
from incidents.words import N_


class Organisation(Base):
    """Every root row belongs to one. The first exists from the first migration: reports may come before set-up."""

    __tablename__ = "organisation"

    name: Mapped[str | None] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    emergency_phone: Mapped[str | None] = mapped_column(String(40))
    public_address: Mapped[str | None] = mapped_column(String(255))
    trusted_proxies: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    set_up_at: Mapped[datetime | None]
    keyring_mark: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class LegalEntity(Base):
    __tablename__ = "legal_entity"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    subdivision: Mapped[str | None] = mapped_column(String(3))
    main_establishment: Mapped[bool] = mapped_column(default=False)
    lead_authority: Mapped[str | None] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Site(Base):
    __tablename__ = "site"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    legal_entity_id: Mapped[int] = mapped_column(Key, ForeignKey("legal_entity.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    zone: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Setting(Base):
    """One thing set in the web interface. A secret is kept sealed; environment and file win over this row."""

    __tablename__ = "setting"
    __table_args__ = table()

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(80), unique=True)
    value: Mapped[Any] = mapped_column(JSON, nullable=True)
    sealed: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


# Written out once, like every query that each page makes: to build one takes longer than to run it.
_FIRST = select(Organisation).order_by(Organisation.id).limit(1)


def the_organisation(session: Session) -> Organisation:
    """The organisation of this installation."""
    return session.scalars(_FIRST).one()


def mark_keyring(organisation: Organisation, keyring: Keyring) -> None:
    """Note which keyring this database began with. Done once; a keyring that grows keeps its first keys."""
    if organisation.keyring_mark is None:
        organisation.keyring_mark = keyring.mac("mark of the keyring", "")


def keyring_fits(organisation: Organisation, keyring: Keyring) -> bool:
    """Whether the keyring is the one of this database: with another, receipt codes and stored secrets are lost."""
    marks = (keyring.mac("mark of the keyring", "", name) for name in keyring.names)
    return organisation.keyring_mark is None or organisation.keyring_mark in marks


def checked_country(code: str) -> str:
    """Two capital letters of ISO 3166. Refuses anything else."""
    code = code.strip().upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Refused(N_("Give the country as two letters, such as GB or DE."), field="country")
    return code


def checked_zone(name: str) -> str:
    """The name of an IANA zone. Refuses what is not one."""
    return str(known_zone(name.strip()))
