"""The auditor: looks every minute whether the engine left anything lying, with questions of its own.

It shares no decision with the engine: it reads the rows, and asks of each only whether something is still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.organisation import Organisation
from incidents.timeline import Bell, Entry
from incidents.words import N_
from notifications.channels import ChannelKind
from notifications.delivery import Delivery, DeliveryState
from notifications.engine import Heartbeat
from notifications.page import Acknowledgement, Page, PageEntry
from notifications.readiness import Fault, Mend, readiness

GRACE = timedelta(seconds=60)
FARTHEST = timedelta(hours=12)
"""No wait and no parking is longer: a next step beyond is as good as none."""

SILENT = N_("No worker has ticked for %(seconds)s s.")
NEVER = N_("No worker has ever ticked.")
UNWRITABLE = N_("The database takes no writes.")


def audit(session: Session, *, grace: timedelta = GRACE, now: datetime) -> list[Fault]:
    """What is wrong with the engine's work, and whether it ticks; none when all is in order."""
    return left_lying(session, grace=grace, now=now) + _beat(session, now - grace, now)


def all_well(
    session: Session,
    organisation: Organisation,
    *,
    reachable: Callable[[Session, ChannelKind], bool],
    grace: timedelta = GRACE,
    now: datetime,
) -> bool:
    """Whether a report would become a page now, and the page reach somebody."""
    if audit(session, grace=grace, now=now):
        return False
    return not readiness(session, organisation, reachable=reachable, now=now).grave


def left_lying(session: Session, *, grace: timedelta = GRACE, now: datetime) -> list[Fault]:
    """What the engine left lying: plain sentences with how many.

    `grace` is how long after its instant a thing may still be undone.
    """
    late = now - grace
    return [
        Fault(sentence, params={"number": number}, mend=Mend.SERVER, grave=True)
        for sentence, query in _questions(now, late).items()
        if (number := session.scalar(query) or 0)
    ]


def _questions(now: datetime, late: datetime) -> Mapping[str, Select[int]]:
    ringing = Page.ended_at.is_(None)
    queued = Delivery.state == DeliveryState.QUEUED
    sending = Delivery.state == DeliveryState.SENDING
    lapsed = or_(Delivery.claimed_until.is_(None), Delivery.claimed_until < late)
    return {
        N_("Open pages without a next step: %(number)s."): _count(
            Page, ringing, Page.ring_at.is_(None), ~_acknowledged(now)
        ),
        N_("Open pages whose next step is overdue: %(number)s."): _count(Page, ringing, Page.ring_at < late),
        N_("Open pages whose next step is too far off: %(number)s."): _count(
            Page, ringing, Page.ring_at > now + FARTHEST
        ),
        N_("Reports and other facts whose bell nobody has heard: %(number)s."): _unheard(late),
        N_("Open incidents that never rang: %(number)s."): _count(Incident, *_never_rang(late)),
        N_("Messages that are overdue: %(number)s."): _count(Delivery, queued, Delivery.due_at < late),
        N_("Messages that a worker took and never settled: %(number)s."): _count(Delivery, sending, lapsed),
    }


def _count(kind: type[Page | Delivery | Incident], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count(kind.id)).where(*conditions)


def _unheard(late: datetime) -> Select[int]:
    return select(func.count(Bell.id)).join(Entry, Entry.id == Bell.entry_id).where(Entry.written_at < late)


def _acknowledged(now: datetime) -> ColumnElement[bool]:
    return exists().where(Acknowledgement.page_id == Page.id, Acknowledgement.until > now)


def _never_rang(late: datetime) -> tuple[ColumnElement[bool], ...]:
    """Open, begun by nobody, in no page, and with no bell left that would put it into one."""
    waiting = exists().where(and_(Bell.entry_id == Entry.id, Entry.incident_id == Incident.id))
    return (
        Incident.closed_at.is_(None),
        Incident.first_step_at.is_(None),
        Incident.opened_at < late,
        ~exists().where(PageEntry.incident_id == Incident.id),
        ~waiting,
    )


def _beat(session: Session, late: datetime, now: datetime) -> list[Fault]:
    beaten_at = session.scalar(select(func.max(Heartbeat.beat_at)))
    if beaten_at is None:
        return [Fault(NEVER, mend=Mend.SERVER, grave=True)]
    if beaten_at < late:
        seconds = int((now - beaten_at).total_seconds())
        return [Fault(SILENT, params={"seconds": seconds}, mend=Mend.SERVER, grave=True)]
    return []


class Memory:
    """What the auditor found in its earlier rounds: what was there `grace` ago already has not mended itself."""

    def __init__(self, grace: timedelta = GRACE) -> None:
        self.grace = grace
        self._since: dict[str, datetime] = {}

    def settled(self, found: list[Fault], *, now: datetime) -> list[Fault]:
        """Those that stayed although the engine was woken for them since."""
        self._since = {fault.key: self._since.get(fault.key, now) for fault in found}
        return [fault for fault in found if now - self._since[fault.key] >= self.grace]
