"""The dead man's switch: an outside watcher that is told "all is well" each minute, and calls when it hears nothing."""

from __future__ import annotations

import http.client
import logging
import ssl
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, ForeignKey, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.organisation import Organisation
from incidents.orm import Base, Key, table
from incidents.words import N_
from notifications.channels import Outcome, Verdict
from notifications.channels.deadline import Deadline

log = logging.getLogger(__name__)

HELD_BACK = Outcome.because(Verdict.TRY_AGAIN, N_("Not pinged, because something is red."))


class WatchdogPing(Base):
    """The last round towards the outside watcher, one row an organisation: `pinged_at` is when all was well and the
    ping was taken.
    """

    __tablename__ = "watchdog_ping"
    __table_args__ = table()

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), unique=True)
    tried_at: Mapped[datetime]
    pinged_at: Mapped[datetime | None]
    well: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


def last_ping(session: Session, organisation_id: int) -> WatchdogPing | None:
    """The last round; None when there was none yet."""
    return session.scalars(select(WatchdogPing).where(WatchdogPing.organisation_id == organisation_id)).first()


def take_turn(session: Session, organisation: Organisation, *, every: timedelta, now: datetime) -> bool:
    """Whether this worker has the round that is due now; any number of them share one. Writes, so it proves that the
    database can be written.
    """
    if last_ping(session, organisation.id) is None:
        try:
            with session.begin_nested():
                session.add(WatchdogPing(organisation_id=organisation.id, tried_at=now))
        except IntegrityError:  # another worker was quicker
            return False
        return True
    mine = (
        update(WatchdogPing)
        .where(
            WatchdogPing.organisation_id == organisation.id,
            # Rounds drift by some seconds: half of the length is surely another worker's.
            or_(WatchdogPing.tried_at <= now - every / 2, WatchdogPing.tried_at > now),
        )
        .values(tried_at=now)
        .returning(WatchdogPing.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(mine).scalar_one_or_none() is not None


def note(session: Session, organisation: Organisation, outcome: Outcome, *, well: bool, now: datetime) -> None:
    """Keep what became of a round."""
    row = last_ping(session, organisation.id)
    if row is None:
        return
    row.well, row.outcome = well, outcome.kept
    if well and outcome.verdict is Verdict.ACCEPTED:
        row.pinged_at = now
    session.flush()


def ping(url: str, *, fail: bool = False, timeout: float) -> Outcome:
    """Tell the outside watcher that all is well, or with `fail` that it is not. Never raises, follows no redirect.

    `timeout` in seconds holds for the whole call.
    """
    parts = urlsplit(url)
    path = (parts.path.rstrip("/") + ("/fail" if fail else "")) or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    line = _line(parts.scheme, parts.hostname or "", parts.port, timeout)
    try:
        with Deadline(timeout) as deadline:
            line.connect()
            deadline.watch(line.sock)
            line.request("GET", path, headers={"User-Agent": "Tocsin", "Connection": "close"})
            status = line.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome.because(
            Verdict.TRY_AGAIN, N_("The watchdog could not be reached (%(reason)s)."), {"reason": type(error).__name__}
        )
    finally:
        line.close()
    if 200 <= status < 300:
        return Outcome.because(Verdict.ACCEPTED, N_("The watchdog answered."))
    return Outcome.because(Verdict.TRY_AGAIN, N_("The watchdog answered with %(status)s."), {"status": str(status)})


def _line(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)
