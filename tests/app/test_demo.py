"""The demo: incidents in every state, made by the verbs; and rows by the thousand that look the same."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import demo
from app.installation import Installation
from incidents.incident import Incident, What
from incidents.obligations import Obligation, Standing
from incidents.people import by_email
from incidents.recount import differences
from incidents.steps import Step, playbook
from incidents.summaries import summarise
from incidents.timeline import Bell, Entry, Timeline, canonical, digest
from notifications.delivery import Delivery, DeliveryState
from notifications.figures import time_to_acknowledge
from notifications.page import Page
from tests.makers import make_report


def test_the_demo_has_incidents_in_every_state(installation: Installation, now: datetime) -> None:
    lines = demo.fill(installation, now=now)

    assert any(demo.PASSWORD in line for line in lines)
    with installation.store.reading() as session:
        incidents = session.scalars(select(Incident)).all()
        assert {one.what for one in incidents} == set(What)
        assert len(incidents) == 16
        assert set(session.scalars(select(Obligation.standing))) == set(Standing)
        mina = by_email(session, "mina@northwindlooms.example")
        assert mina is not None
        found = summarise(session, mina, zone=ZoneInfo("Europe/London"), now=now)
        assert (found.overdue, found.unexplained) == (1, 1)
        assert found.duties.in_time == 2
        taken = time_to_acknowledge(session, mina.organisation_id, found.year)
        assert taken.count > 10
        assert session.scalar(select(func.count(Page.id)).where(Page.ended_at.is_(None))) == 2
        assert not list(differences(session, targets=installation.targets))
        assert not session.scalars(select(Bell.id)).all()
        unsent = select(Delivery).where(Delivery.state != DeliveryState.ACCEPTED)
        assert {row.state for row in session.scalars(unsent)} == {DeliveryState.JOINED}
        assert all(session.get_one(Delivery, row.joined_id).accepted_at for row in session.scalars(unsent))
        _assert_chained(session)


def test_many_rows_look_like_the_real_thing(installation: Installation, now: datetime) -> None:
    demo.fill_many(installation, 40, now=now)

    with installation.store.reading() as session:
        assert session.scalar(select(func.count(Incident.id))) == 40
        assert session.scalar(select(func.count(Step.id))) == 40 * len(playbook("general"))
        assert not list(differences(session, targets=installation.targets))
        _assert_chained(session)
    make_report(installation, now=now)  # keys go on after those that were handed out


def _assert_chained(session: Session) -> None:
    """Every entry follows the one before it, and its hash covers what it says."""
    hashes = {entry.id: entry.hash for entry in session.scalars(select(Entry))}
    for chain in session.scalars(select(Timeline)):
        previous = ""
        entries = session.scalars(select(Entry).where(Entry.timeline_id == chain.id).order_by(Entry.seq)).all()
        for seq, entry in enumerate(entries, start=1):
            proved = {row.field: digest(row.salt or "", row.text or "") for row in entry.prose}
            corrects = hashes[entry.corrects_id] if entry.corrects_id else None
            assert (entry.seq, entry.previous) == (seq, previous)
            assert entry.canonical == canonical(entry, chain.token, proved, corrects)
            previous = hashlib.sha256(entry.canonical.encode()).hexdigest()
            assert entry.hash == previous
        assert (chain.head_seq, chain.head_hash) == (len(entries), previous)
