"""What somebody sent in, kept as sent, for ever; and the rows of the thread with whoever sent it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from incidents.incident import Incident, StillHappening
from incidents.orm import Base, Key, by_value
from incidents.timeline import Entry


class Medium(enum.Enum):
    """How a report came."""

    WEB = "web"
    PHONE = "phone"
    MAIL = "mail"
    LETTER = "letter"
    IN_PERSON = "in-person"


class Relation(enum.Enum):
    """Who the reporter says they are."""

    UNSAID = "unsaid"
    STAFF = "staff"
    OUTSIDE = "outside"


class Report(Base):
    """One report. Its words are prose of `entry`; the instants here only feed the clock.

    `noticed_counts` is None while a "noticed" time more than 72 hours back waits for an answer.
    """

    __tablename__ = "report"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"), index=True)
    incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"), index=True)
    first_incident_id: Mapped[int] = mapped_column(Key, ForeignKey("incident.id"))
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"), unique=True)
    received_at: Mapped[datetime]
    first_known_at: Mapped[datetime | None]
    noticed_at: Mapped[datetime | None]
    noticed_counts: Mapped[bool | None]
    occurred_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    medium: Mapped[Medium] = mapped_column(by_value(Medium))
    relation: Mapped[Relation] = mapped_column(by_value(Relation))
    still_happening: Mapped[StillHappening] = mapped_column(by_value(StillHappening))
    entered_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    form_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    version: Mapped[int] = mapped_column(default=1)

    incident: Mapped[Incident] = relationship(foreign_keys=[incident_id])
    first_incident: Mapped[Incident] = relationship(foreign_keys=[first_incident_id])
    entry: Mapped[Entry] = relationship()
    messages: Mapped[list[Message]] = relationship(order_by="Message.id")
    contacts: Mapped[list[ReporterContact]] = relationship(order_by="ReporterContact.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Direction(enum.Enum):
    FROM_REPORTER = "from-reporter"
    TO_REPORTER = "to-reporter"


class Message(Base):
    """One turn of the thread with the reporter; its text is prose of `entry`."""

    __tablename__ = "message"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    report_id: Mapped[int] = mapped_column(Key, ForeignKey("report.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"), unique=True)
    direction: Mapped[Direction] = mapped_column(by_value(Direction))
    written_at: Mapped[datetime]

    entry: Mapped[Entry] = relationship()


class ReporterContact(Base):
    """How the reporter may be reached: a row of its own, so that rights and retention can treat it apart."""

    __tablename__ = "reporter_contact"

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    report_id: Mapped[int] = mapped_column(Key, ForeignKey("report.id"), index=True)
    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("entry.id"))

    entry: Mapped[Entry] = relationship()
