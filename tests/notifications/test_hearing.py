"""Many bells answered together do what each alone would have done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.installation import Installation
from incidents import decisions, intake, thread, triage
from incidents.incident import Incident, OurRole, StillHappening, What
from incidents.organisation import the_organisation
from incidents.people import Person
from incidents.refusals import Refused
from incidents.report import Report
from incidents.timeline import Bell, person_as_actor
from notifications.delivery import Delivery
from notifications.hearing import Answering, hear
from notifications.page import Page, last_entry
from notifications.policy import Waits
from notifications.taking import acknowledge
from tests.makers import Cast

ACTS = ("report", "report", "report", "hidden", "look", "louder", "calmer", "add", "close", "take")
Deed = tuple[str, int]
Outcome = tuple[object, ...]


class _Enough(Exception):
    """What was tried is undone."""


class World:
    """Some incidents in a transaction that is never committed."""

    def __init__(self, installation: Installation, session: Session, cast: Cast, now: datetime) -> None:
        self.installation, self.session, self.now = installation, session, now
        self.dana = person_as_actor(cast.dana)
        self.reports: list[int] = []

    def do(self, deeds: Sequence[Deed]) -> None:
        for deed, number in deeds:
            self.now += timedelta(seconds=1)
            if deed in ("report", "hidden") or not self.reports:
                self._report(list(StillHappening)[number % 3], hidden=deed == "hidden")
            else:
                with contextlib.suppress(Refused):
                    self._act(deed, self.session.get_one(Report, self.reports[number % len(self.reports)]))

    def _report(self, answer: StillHappening, *, hidden: bool) -> None:
        made = intake.receive(
            self.session,
            the_organisation(self.session),
            intake.Told(f"Number {len(self.reports)}", still_happening=answer),
            keyring=self.installation.keyring,
            targets=self.installation.targets,
            now=self.now,
        )
        made.report.incident.restricted = hidden
        self.reports.append(made.report.id)

    def _act(self, deed: str, report: Report) -> None:
        session, key, now, by = self.session, report.incident_id, self.now, self.dana
        if deed == "look":
            triage.look_at(session, key, by=by, now=now)
        elif deed == "add":
            thread.add(session, report, "More", now=now)
        elif deed in ("louder", "calmer"):
            answer = StillHappening.YES if deed == "louder" else StillHappening.NO
            thread.now_happening(session, report, answer, now=now)
        elif deed == "close":
            nothing, targets = (What.NOTHING, OurRole.UNKNOWN), self.installation.targets
            triage.triage(session, key, *nothing, reason="Nothing", by=by, targets=targets, now=now)
            decisions.close(session, key, reason="Nothing", by=by, now=now)
        else:
            self._take()

    def _take(self) -> None:
        """Dana takes the first page that rings."""
        page = self.session.scalars(select(Page).where(Page.ended_at.is_(None), Page.quiet_until.is_(None))).first()
        if page is not None:
            dana, through = self.session.get_one(Person, self.dana.person_id), last_entry(self.session, page.id)
            acknowledge(
                self.session, page.id, person=dana, through_entry_id=through, by_link=None, waits=Waits(), now=self.now
            )

    def after(self, answer: Callable[[], None]) -> Outcome:
        """What a way of answering the bells leads to; undone again."""
        trial = self.session.begin_nested()
        answer()
        self.session.flush()
        self.session.expire_all()
        found = self._outcome()
        trial.rollback()
        return found

    def _outcome(self) -> Outcome:
        pages = [
            (
                page.loudness,
                page.alone,
                page.ended_at,
                page.quiet_until,
                [(e.entry_id, e.answered_at) for e in page.entries],
            )
            for page in self.session.scalars(select(Page).order_by(Page.id))
        ]
        rows = self.session.scalars(select(Delivery).order_by(Delivery.id))
        told = [(row.purpose, row.entry_id, row.person_id, row.state) for row in rows]
        handlers = self.session.execute(select(Incident.id, Incident.handler_id).order_by(Incident.id)).all()
        return pages, told, handlers, self.session.scalar(select(func.count(Bell.id)))

    def together(self, *, careful: bool = False) -> None:
        hear(self.session, limit=1000, careful=careful, put_off=timedelta(minutes=1), now=self.now)

    def one_by_one(self) -> None:
        for bell in self.session.scalars(select(Bell).order_by(Bell.id)).all():
            Answering(self.session, now=self.now).answer([bell])


DEEDS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 11)), max_size=14)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=DEEDS, batch=DEEDS)
@example(before=[("report", 0)], batch=[("report", 0), ("look", 0), ("look", 1), ("report", 0)])  # its page has ended
@example(before=[("report", 1)], batch=[("report", 1), ("louder", 0), ("report", 2), ("hidden", 2), ("report", 1)])
@example(before=[("report", 1), ("close", 0)], batch=[("report", 1), ("add", 0), ("report", 1), ("close", 1)])
def test_a_mixed_batch_gives_the_pages_that_its_entries_give_one_by_one(
    installation: Installation, cast: Cast, now: datetime, before: list[Deed], batch: list[Deed]
) -> None:
    with contextlib.suppress(_Enough), installation.store.writing() as session:
        world = World(installation, session, cast, now)
        world.do(before)
        world.one_by_one()
        world.do(batch)

        alone = world.after(world.one_by_one)

        assert world.after(world.together) == alone
        assert world.after(lambda: world.together(careful=True)) == alone
        raise _Enough
