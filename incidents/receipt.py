"""The reporter's receipt: a 16-digit code of which only a keyed digest is kept, and the views it opens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.keyring import Keyring
from incidents.orm import Base, Key, insert
from incidents.refusals import Refused
from incidents.timeline import readable
from incidents.words import N_

DIGITS = 16
IDLE = timedelta(minutes=15)
"""How long a reporter's view stays open without the reporter doing anything."""


class View(Base):
    """One look at a report with its code, on one device. Ended by the reporter, or by 15 idle minutes."""

    __tablename__ = "report_view"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    report_id: Mapped[int] = mapped_column(Key, ForeignKey("report.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def new_code(keyring: Keyring, form_token: str | None, what: str) -> str:
    """16 digits; the same form sent twice with the same text yields the same, so a second tap is harmless."""
    if form_token is None:
        return "".join(str(secrets.randbelow(10)) for _ in range(DIGITS))
    seed = keyring.mac("receipt code of a form", readable(form_token) + hashlib.sha256(what.encode()).hexdigest())
    return f"{int(seed, 16) % 10**DIGITS:0{DIGITS}d}"


def in_groups(code: str) -> str:
    """The code as people read it aloud: four groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, DIGITS, 4))


def bare(typed: str) -> str:
    """The digits of a typed code; blanks, dashes and dots do not matter. Refuses what cannot be a code."""
    digits = "".join(sign for sign in typed if not sign.isspace() and sign not in "-–—.·_/")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Refused(
            N_("A code has 16 digits in four groups, such as 1234 5678 9012 3456. Check what you noted."),
            field="code",
        )
    return digits


def code_digests(keyring: Keyring, code: str) -> list[str]:
    """The keyed digests a report with this code may be stored under, newest key first."""
    return [keyring.mac("receipt code", code, name) for name in keyring.names]


def open_view(session: Session, report_id: int, organisation_id: int, *, now: datetime) -> str:
    """Open a view of a report; the token returned goes into the page's forms and nowhere else."""
    token = secrets.token_urlsafe(24)
    view = View(
        organisation_id=organisation_id,
        report_id=report_id,
        token_digest=_token_digest(token),
        opened_at=now,
        seen_at=now,
    )
    insert(session, view)
    return token


def view_of(session: Session, token: str, *, now: datetime) -> View | None:
    """The view that a token opened, unless it was ended or idle for 15 minutes."""
    return session.scalars(
        select(View).where(
            View.token_digest == _token_digest(token), View.ended_at.is_(None), View.seen_at > now - IDLE
        )
    ).first()


def touch(session: Session, token: str, *, now: datetime) -> None:
    """The reporter did something: the 15 minutes begin anew."""
    view = view_of(session, token, now=now)
    if view is not None:
        view.seen_at = now
        session.flush()


def end_view(session: Session, token: str, *, now: datetime) -> None:
    """End the view on this device: its pages show nothing any more, the code still works."""
    view = session.scalars(select(View).where(View.token_digest == _token_digest(token))).first()
    if view is not None:
        view.ended_at = now
        session.flush()


def was_ended(session: Session, report_id: int) -> bool:
    """Whether the reporter finished a view of this report: then Back must not bring the code up again."""
    return (
        session.scalars(select(View.id).where(View.report_id == report_id, View.ended_at.is_not(None))).first()
        is not None
    )


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
