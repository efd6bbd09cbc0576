"""The rota: who is on call when."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.orm import Base, Key
from incidents.people import Person


class Rota(Base):
    """A schedule by week, with hand-over times in an IANA zone. Never deleted; `ended_at` takes it out of use.

    `token` is what the address of its calendar feed carries.
    """

    __tablename__ = "rota"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    zone: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(48), unique=True, default=lambda: secrets.token_urlsafe(24))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


def on_duty(session: Session, rota_id: int, at: datetime) -> list[Person]:
    """Who is on call at an instant."""
    raise NotImplementedError
