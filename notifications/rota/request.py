"""Requests: one person asks another by name to take a duty; until they accept, nothing changes on the rota."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from incidents.orm import Base, Key, by_value, table
from incidents.people import Person
from notifications.rota import Rota
from notifications.rota.duty import duty_from


class Answer(enum.Enum):
    """How a request ended; one whose turn began unanswered has none, and is over all the same."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


class SwapRequest(Base):
    """One duty of the asker, for one of the asked or for nothing. Never deleted.

    Which duties these are is said by their times: as soon as one of them begins, or is not so any more, it is over.
    """

    __tablename__ = "rota_swap_request"
    __table_args__ = table(Index("ix_rota_swap_request_open", "rota_id", "answered_at"))

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    rota_id: Mapped[int] = mapped_column(Key, ForeignKey("rota.id"))
    asker_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    asked_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    return_begins_at: Mapped[datetime | None]
    return_ends_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[Answer | None] = mapped_column(by_value(Answer))
    version: Mapped[int] = mapped_column(default=1)

    asker: Mapped[Person] = relationship(foreign_keys=[asker_id])
    asked: Mapped[Person] = relationship(foreign_keys=[asked_id])

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def ends_by_itself_at(self) -> datetime:
        """When the first of the two duties begins."""
        return self.begins_at if self.return_begins_at is None else min(self.begins_at, self.return_begins_at)


def still_so(session: Session, request: SwapRequest, *, now: datetime) -> bool:
    """Whether the request can still be accepted: nobody answered, no duty has begun, both are as they were."""
    if request.answer is not None or request.ends_by_itself_at <= now or request.asked.out_since is not None:
        return False
    own = _is_turn(session, request.rota_id, request.asker_id, request.begins_at, request.ends_at)
    if request.return_begins_at is None or not own:
        return own
    return _is_turn(session, request.rota_id, request.asked_id, request.return_begins_at, request.return_ends_at)


def open_requests(session: Session, rota: Rota, *, now: datetime) -> list[SwapRequest]:
    """The requests of a rota that can still be accepted, the nearest duty first."""
    return [request for request in _unanswered(session, rota) if still_so(session, request, now=now)]


def end_overtaken(session: Session, rota: Rota, *, now: datetime) -> None:
    """End the requests whose duties are no longer what they were: what changed back later is asked anew."""
    for request in _unanswered(session, rota):
        if request.ends_by_itself_at > now and not still_so(session, request, now=now):
            request.answer, request.answered_at = Answer.OVERTAKEN, now
    session.flush()


def _unanswered(session: Session, rota: Rota) -> list[SwapRequest]:
    found = select(SwapRequest).where(SwapRequest.rota_id == rota.id, SwapRequest.answered_at.is_(None))
    return list(session.scalars(found.order_by(SwapRequest.begins_at, SwapRequest.id)))


def _is_turn(session: Session, rota_id: int, person_id: int, begins_at: datetime, ends_at: datetime | None) -> bool:
    duty = duty_from(session, rota_id, begins_at)
    return duty is not None and duty.person is not None and (duty.person.id, duty.ends_at) == (person_id, ends_at)
