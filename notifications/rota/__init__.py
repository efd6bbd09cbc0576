"""The rota: who is on call when."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from incidents.orm import Base, Key


class Rota(Base):
    """A schedule by week, with hand-over times in an IANA zone. Never deleted; `ended_at` takes it out of use.

    `token` is what the address of its calendar feed carries; `changed_at` is when anything of it last changed.
    """

    __tablename__ = "rota"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    zone: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(48), unique=True, default=lambda: secrets.token_urlsafe(24))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
