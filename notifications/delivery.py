"""One message over one channel to one person: queued, claimed, sent, settled; never sent inside a transaction."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    and_,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, object_session, relationship
from sqlalchemy.orm.attributes import set_committed_value

from incidents.incident import may_see
from incidents.orm import Base, Key, UTCDateTime, adopt, by_value, insert, only_some, table
from incidents.people import Person
from incidents.timeline import Entry
from notifications.channels import ASKED_TO_WAIT, ChannelKind, Outcome, Verdict
from notifications.contact import Contact, in_use, way_to_tell
from notifications.policy import Waits

CAME_BACK = "came_back"
"""Marks the stored cause of a failure that was reported after the message had been accepted."""


class Purpose(enum.Enum):
    """What a delivery is for. `CLEAR` takes the place of a page that still shows on a screen, without a sound."""

    RING = "ring"
    TELL = "tell"
    TEST = "test"
    INVITATION = "invitation"
    CLEAR = "clear"


class DeliveryState(enum.Enum):
    """`ACCEPTED` is handed over, no more; `DELIVERED` is what the far end says of its own accord.

    `ON_SCREEN` is the outbox of an installation without a channel: nobody was reached. `JOINED` went out within
    another message that was due to the same person at the same time.
    """

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    JOINED = "joined"
    CANCELLED = "cancelled"
    ON_SCREEN = "on-screen"


class Delivery(Base):
    """One message to one person over one channel. `token` is what its link carries, signed.

    `through_entry_id` is the last entry the message covers. A claim ends by itself at `claimed_until`.
    `seen_at` is set by the page's own script or by an acknowledgement, never by opening the link: scanners do that.
    `covered_at` is when the person's next way was tried at once, because this one failed or hung.
    """

    __tablename__ = "delivery"
    __table_args__ = table(
        Index("ix_delivery_due", "state", "due_at"),
        Index("ix_delivery_page", "page_id"),
        only_some("ix_delivery_joined", "joined_id"),
        only_some("ix_delivery_remote", "remote_id"),
    )

    organisation_id: Mapped[int] = mapped_column(Key, ForeignKey("organisation.id"))
    token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    purpose: Mapped[Purpose] = mapped_column(by_value(Purpose))
    page_id: Mapped[int | None] = mapped_column(Key, ForeignKey("page.id"))
    entry_id: Mapped[int | None] = mapped_column(Key, ForeignKey("entry.id"))
    through_entry_id: Mapped[int | None] = mapped_column(Key)
    joined_id: Mapped[int | None] = mapped_column(Key, ForeignKey("delivery.id"))
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    contact_id: Mapped[int] = mapped_column(Key, ForeignKey("contact.id"))
    sealed: Mapped[str | None] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(by_value(DeliveryState), default=DeliveryState.QUEUED)
    step: Mapped[int] = mapped_column(default=0)
    covered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    remote_id: Mapped[str | None] = mapped_column(String(200))

    person: Mapped[Person] = relationship(lazy="joined")
    contact: Mapped[Contact] = relationship(lazy="joined")
    entry: Mapped[Entry | None] = relationship()


def queue(
    session: Session,
    contact: Contact,
    purpose: Purpose,
    *,
    page_id: int | None = None,
    entry_id: int | None = None,
    through_entry_id: int | None = None,
    sealed: str | None = None,
    step: int = 0,
    now: datetime,
) -> Delivery:
    """Put one message into the queue, due at once."""
    session.flush()
    delivery = Delivery(
        organisation_id=contact.organisation_id,
        token=secrets.token_hex(16),
        purpose=purpose,
        page_id=page_id,
        entry_id=entry_id,
        through_entry_id=through_entry_id,
        person_id=contact.person_id,
        contact_id=contact.id,
        sealed=sealed,
        state=DeliveryState.QUEUED,
        step=step,
        attempts=0,
        queued_at=now,
        due_at=now,
    )
    return adopt(session, insert(session, delivery))


def waiting(session: Session, page_id: int, contact_id: int) -> Delivery | None:
    """A ring of this page to this contact that has not gone out yet: no second one is stacked on it."""
    return session.scalars(
        select(Delivery).where(
            Delivery.page_id == page_id,
            Delivery.contact_id == contact_id,
            Delivery.purpose == Purpose.RING,
            Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
        )
    ).first()


def joined(session: Session, lead: Delivery) -> list[Delivery]:
    """The messages that go out within this one."""
    return list(session.scalars(select(Delivery).where(Delivery.joined_id == lead.id).order_by(Delivery.id)))


def claim(
    session: Session, worker: str, *, waits: Waits, limit: int = 50, others: int | None = None, now: datetime
) -> list[Delivery]:
    """Take deliveries that are due, those with a lapsed claim included, so that nobody else sends them.

    The claim lasts `waits.lease`; a worker that dies loses it then. Two workers never get the same row. Rings go
    before everything else; of what is no ring at most `others` are taken. Whoever has left, or no longer uses this
    way, gets nothing any more, and nothing goes to an address that has ended.
    """
    due = session.scalars(_due(), {"now": now, "most": limit}).all()
    for row in due:
        if row.purpose is Purpose.TELL and (row.contact.removed_at or row.contact.ended):
            row.contact = way_to_tell(in_use(session, row.person_id)) or row.contact
    gone = [row for row in due if row.contact.removed_at or row.contact.ended or _has_left(row) or _closed_to(row)]
    for delivery in gone:
        _let_go(delivery, DeliveryState.CANCELLED)
    wanted = _joined([row for row in due if row not in gone])
    if others is not None:
        rings = [row for row in wanted if row.purpose is Purpose.RING]
        wanted = rings + [row for row in wanted if row.purpose is not Purpose.RING][:others]
    session.flush()
    _claimed(session, wanted, worker, now + waits.lease)
    return wanted


def _claimed(session: Session, rows: Sequence[Delivery], worker: str, until: datetime) -> None:
    """In one plain UPDATE: a ring waits for it, and a flush costs several times as much."""
    if rows:
        session.connection().execute(_CLAIMED, {"rows": [row.id for row in rows], "worker": worker, "until": until})
    for row in rows:
        values = {"state": DeliveryState.SENDING, "claimed_by": worker, "claimed_until": until}
        for name, value in (values | {"attempts": row.attempts + 1}).items():
            set_committed_value(row, name, value)


_CLAIMED = (
    update(Delivery)
    .where(Delivery.id.in_(bindparam("rows", expanding=True)))
    .values(
        state=DeliveryState.SENDING,
        claimed_by=bindparam("worker"),
        claimed_until=bindparam("until", type_=UTCDateTime()),
        attempts=Delivery.attempts + 1,
    )
)


@cache
def _due() -> Select[Delivery]:
    at = bindparam("now", type_=UTCDateTime())
    return (
        select(Delivery)
        .where(
            or_(
                and_(Delivery.state == DeliveryState.QUEUED, Delivery.due_at <= at),
                and_(Delivery.state == DeliveryState.SENDING, Delivery.claimed_until < at),
            )
        )
        # Their roles are asked for by few messages.
        .options(
            joinedload(Delivery.person).lazyload(Person.grants),
            joinedload(Delivery.contact).lazyload(Contact.person),
        )
        .order_by(Delivery.purpose != Purpose.RING, Delivery.due_at, Delivery.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=Delivery)
    )


def _closed_to(row: Delivery) -> bool:
    """Whether what waited for the morning is of an incident that was closed to this person meanwhile."""
    incident = row.entry.incident if row.purpose is Purpose.TELL and row.due_at > row.queued_at and row.entry else None
    session = object_session(row)
    return incident is not None and session is not None and not may_see(session, row.person, incident)


def _joined(due: Sequence[Delivery]) -> list[Delivery]:
    """What only tells and is due over one way at the same time is one message: the first takes in the others."""
    first: dict[int, Delivery] = {}
    for row in due:
        if row.purpose is Purpose.TELL:
            lead = first.setdefault(row.contact_id, row)
            if lead is not row:
                row.state, row.joined_id, row.claimed_by, row.claimed_until = DeliveryState.JOINED, lead.id, None, None
    return [row for row in due if row.state is not DeliveryState.JOINED]


def release(session: Session, delivery_id: int, worker: str, state: DeliveryState, *, now: datetime) -> None:
    """Give a claim back without having sent: `QUEUED` to be sent again now, or `CANCELLED` for good."""
    delivery = session.get(Delivery, delivery_id, with_for_update={"of": Delivery})
    if delivery is not None and delivery.claimed_by == worker:
        _let_go(delivery, state)
        delivery.due_at = now
    session.flush()


def _has_left(delivery: Delivery) -> bool:
    """The canary's sink is nobody's, so it stands under a name that was never there."""
    return delivery.person.left_at is not None and delivery.contact.channel is not ChannelKind.CANARY


def put_off(session: Session, delivery: Delivery, wait: timedelta, *, now: datetime) -> None:
    """Try a delivery that cannot be made into a message again later, so that it holds up no other."""
    _let_go(delivery, DeliveryState.QUEUED)
    delivery.due_at = now + wait
    session.flush()


def _let_go(delivery: Delivery, state: DeliveryState) -> None:
    delivery.state, delivery.claimed_by, delivery.claimed_until = state, None, None


def settle(
    session: Session, delivery_id: int, worker: str, outcome: Outcome, *, waits: Waits, now: datetime
) -> Delivery | None:
    """Write back what became of a send. None when the claim was lost meanwhile: then its new holder decides."""
    delivery = session.get(Delivery, delivery_id, with_for_update={"of": Delivery})
    if delivery is None or delivery.claimed_by != worker:
        return None
    delivery.claimed_by = delivery.claimed_until = None
    delivery.outcome = outcome.kept
    delivery.remote_id = outcome.remote_id
    if outcome.verdict is Verdict.ACCEPTED:
        _accepted(session, delivery, now=now)
    elif outcome.verdict is Verdict.NEVER:
        failed(session, delivery, outcome, now=now)
    else:
        delivery.state = DeliveryState.QUEUED
        delivery.due_at = now + max(waits.retry_after(delivery.attempts), outcome.retry_after or timedelta())
        _contact_failed(session, delivery, outcome, now=now)
    session.flush()
    return delivery


def failed(session: Session, delivery: Delivery, outcome: Outcome, *, came_back: bool = False, now: datetime) -> None:
    """It will not arrive, and is not tried again: the way to the person counts as failing.

    After one that came back it does so until a message gets through: that the next is accepted proves nothing.
    """
    delivery.state, delivery.outcome = DeliveryState.FAILED, outcome.kept
    delivery.claimed_by = delivery.claimed_until = None
    _contact_failed(session, delivery, outcome, came_back=came_back, now=now)
    session.flush()


def got_through(session: Session, delivery: Delivery) -> None:
    """It reached the person: the way works, whatever came back before."""
    if delivery.contact.failed_at is not None:
        _note_on_contact(session, delivery, failed_at=None, failure=None)


def _accepted(session: Session, delivery: Delivery, *, now: datetime) -> None:
    delivery.state = DeliveryState.DELIVERED if delivery.delivered_at else DeliveryState.ACCEPTED
    delivery.accepted_at = now
    if delivery.purpose is Purpose.TELL:
        joined = update(Delivery).where(Delivery.joined_id == delivery.id).values(accepted_at=now)
        session.execute(joined.execution_options(synchronize_session=False))
    if CAME_BACK not in (delivery.contact.failure or {}):
        got_through(session, delivery)
    # The channel works again: whatever waited for it to come back goes out now. What another worker holds at this
    # moment is passed over, because waiting for it could end in a deadlock.
    rows = session.execute(
        select(Delivery.id, Delivery.outcome)
        .where(
            Delivery.state == DeliveryState.QUEUED,
            Delivery.attempts > 0,
            Delivery.due_at > now,
            _same_channel(delivery.contact),
        )
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    waiting_too = [row.id for row in rows if not (row.outcome or {}).get(ASKED_TO_WAIT)]
    if waiting_too:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(waiting_too))
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )


def _same_channel(contact: Contact) -> ColumnElement[bool]:
    """Mail and phones go through one service each; behind any other kind each address may be another service."""
    if contact.channel is ChannelKind.EMAIL or contact.channel.by_phone:
        return Delivery.contact_id.in_(select(Contact.id).where(Contact.channel == contact.channel))
    return Delivery.contact_id == contact.id


def _contact_failed(
    session: Session, delivery: Delivery, outcome: Outcome, *, came_back: bool = False, now: datetime
) -> None:
    failed_at, before = delivery.contact.failed_at or now, delivery.contact.failure or {}
    still = {CAME_BACK: True} if came_back or CAME_BACK in before else {}
    _note_on_contact(session, delivery, failed_at=failed_at, failure=outcome.kept | still)


def _note_on_contact(
    session: Session, delivery: Delivery, *, failed_at: datetime | None, failure: dict[str, Any] | None
) -> None:
    # Past the version column: two workers note the same outage at once, and neither may lose its outcome by that.
    session.execute(
        update(Contact)
        .where(Contact.id == delivery.contact_id)
        .values(failed_at=failed_at, failure=failure)
        .execution_options(synchronize_session=False)
    )
    session.expire(delivery.contact, ["failed_at", "failure"])


def cancel_rings(session: Session, page_id: int, *, person_id: int | None = None) -> None:
    """Take back the rings of a page that have not gone out: somebody has it now, or this person is awake."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.page_id == page_id,
            *([] if person_id is None else [Delivery.person_id == person_id]),
            Delivery.purpose == Purpose.RING,
            Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.ON_SCREEN)),
        )
        .values(state=DeliveryState.CANCELLED)
        .execution_options(synchronize_session="evaluate")
    )


def void_claims(session: Session) -> int:
    """End every claim. Only for the start of a process that knows itself alone: earlier holders are dead."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.SENDING)
        .values(state=DeliveryState.QUEUED, claimed_by=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))
