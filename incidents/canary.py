"""The canary: a report that Tocsin files with itself at night, to learn by day that the way in is open."""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.keyring import Keyring
from incidents.orm import Base, Key, by_value, table

PREFIX = "canary."
PURPOSE = "canary"


class Through(enum.Enum):
    """Which way the canary went in."""

    PUBLIC = "public"
    LOCAL = "local"


class Canary(Base):
    """One night's canary, planned beforehand, and when it reached each stage; `night` is the local date.

    Only the digest of its token is kept. `problem` is what the form answered, when it did not take the report.
    """

    __tablename__ = "canary"
    __table_args__ = table(UniqueConstraint("organisation_id", "night"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    night: Mapped[str] = mapped_column(String(10))
    planned_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    token_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime | None]
    through: Mapped[Through | None] = mapped_column(by_value(Through))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reported_at: Mapped[datetime | None]
    incident_id: Mapped[int | None] = mapped_column(Key, ForeignKey("incident.id"))
    paged_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


def issue(canary: Canary, *, keyring: Keyring, lasts: timedelta, now: datetime) -> str:
    """Begin a canary: a token that is good for one report within `lasts`."""
    nonce = secrets.token_urlsafe(24)
    token = f"{PREFIX}{nonce}.{keyring.mac(PURPOSE, nonce)}"
    canary.started_at, canary.expires_at, canary.token_digest = now, now + lasts, _digest(token)
    return token


def is_token(carried: str | None) -> bool:
    """Whether this has the shape of a canary's token, forged or not."""
    return carried is not None and carried.startswith(PREFIX)


def redeem(session: Session, carried: str | None, *, keyring: Keyring, now: datetime) -> int | None:
    """Spend a token: the key of its canary. None for anything else, a forged, a spent and an expired one included."""
    if carried is None or not is_token(carried) or not _signed(carried, keyring):
        return None
    return session.execute(
        update(Canary)
        .where(Canary.token_digest == _digest(carried), Canary.reported_at.is_(None), Canary.expires_at > now)
        .values(reported_at=now)
        .returning(Canary.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()


def tie(session: Session, canary_id: int, incident_id: int) -> None:
    """Note which incident the canary has become."""
    session.execute(
        update(Canary)
        .where(Canary.id == canary_id)
        .values(incident_id=incident_id)
        .execution_options(synchronize_session=False)
    )


def _signed(token: str, keyring: Keyring) -> bool:
    nonce, _, given = token.removeprefix(PREFIX).partition(".")
    wanted = (keyring.mac(PURPOSE, nonce, name) for name in keyring.names)
    return any(hmac.compare_digest(each.encode(), given.encode("utf-8", "replace")) for each in wanted)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
