"""Whatever an organisation has set, and whenever a clock starts: no duty of any regime is due before that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.installation import Installation
from incidents.law.calendars import CALENDARS
from incidents.law.profile import Contract, ContractStart
from incidents.law.regimes import Rule, load
from incidents.law.regimes.rule import ClockStart
from incidents.law.workdays import regions_of
from incidents.obligations import copied, stages
from incidents.organisation import the_organisation
from incidents.reckoning import BY_AWARENESS, Clocks, Counts, Reckoning, start_key, terms_of
from incidents.settings import change
from incidents.timeline import SYSTEM

HOUR = timedelta(hours=1)
RULES = [rule for regime in load() for rule in regime.rules]
CUSTOMERS = load().get("ctr-customer")
LIMITED = [rule for rule in RULES if rule.outer_hours is not None]
ZONES = (
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo"),
    *("Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "UTC"),
)
PLACES = ("GB", "DE", "BR", "US", "IN", "CN", "IL", "CO", "SG", "ZZ")
starts = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
gaps = st.timedeltas(timedelta(), timedelta(days=40))


@dataclass(frozen=True)
class Ground:
    """What an organisation has set."""

    zone: str
    country: str
    region: int
    added: frozenset[date]
    struck: frozenset[date]
    excepted: bool
    target: timedelta

    def reckoning(self, session: Session) -> Reckoning:
        """Set it, and count with it."""
        organisation = the_organisation(session)
        organisation.zone, organisation.country = self.zone, self.country
        parts = [None, *regions_of(self.country)]
        added, struck = ({str(day): "So" for day in some} for some in (self.added, self.struck - self.added))
        own = {"region": parts[self.region % len(parts)], "added": added, "struck": struck}
        calendars: dict[str, Any] = dict.fromkeys(PLACES, own | {"region": None}) | {self.country: own}
        change(session, organisation, CALENDARS, calendars, by=SYSTEM, now=datetime(2026, 11, 23, tzinfo=UTC))
        session.flush()
        return Reckoning(session, organisation, notice=self.target, excepted=self.excepted)


grounds = st.builds(
    Ground,
    zone=st.sampled_from(ZONES),
    country=st.sampled_from(PLACES),
    region=st.integers(0, 60),
    added=st.frozensets(st.dates(date(2020, 1, 1), date(2031, 12, 31)), max_size=40),
    struck=st.frozensets(st.dates(date(2020, 1, 1), date(2031, 12, 31)), max_size=40),
    excepted=st.booleans(),
    target=st.timedeltas(HOUR, timedelta(days=30)),
)
many = settings(max_examples=60, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(ground=grounds, start=starts)
def test_no_duty_of_any_regime_is_due_before_its_clock_starts(
    installation: Installation, ground: Ground, start: datetime
) -> None:
    with installation.store.writing() as session:
        reckoning = ground.reckoning(session)

        found = {rule.id: reckoning.count(rule, terms_of(copied(rule), rule), start) for rule in RULES}

    counted = {name: one for name, one in found.items() if one is not None}
    assert len(counted) > 100
    assert [name for name, one in counted.items() if one.due_at <= start] == []
    assert [name for name, one in counted.items() if one.ceiling_at and one.ceiling_at <= one.due_at] == []


@many
@given(
    ground=grounds,
    cautious=starts,
    aware_after=st.one_of(st.none(), gaps, gaps.map(lambda gap: -gap)),
    event_after=st.one_of(st.none(), gaps),
    filed_after=st.one_of(st.none(), gaps),
    contract=st.builds(Contract, st.just("Acorn"), st.integers(1, 720), st.sampled_from(ContractStart)),
)
def test_no_clock_ends_before_what_started_it_nor_after_the_outer_limit_of_the_law(
    installation: Installation,
    ground: Ground,
    cautious: datetime,
    aware_after: timedelta | None,
    event_after: timedelta | None,
    filed_after: timedelta | None,
    contract: Contract,
) -> None:
    aware_at = None if aware_after is None else cautious + aware_after
    events = {} if event_after is None else {start_key(rule.id, None): cautious + event_after for rule in RULES}
    filed = {} if filed_after is None else {start_key(rule.id, None): cautious + filed_after for rule in RULES}
    with installation.store.writing() as session:
        clocks = Clocks(ground.reckoning(session), cautious, aware_at, events, filed)

        found = {rule.id: clocks.count(rule, copied(rule, None, ground.target), None) for rule in RULES}
        promised = clocks.count(CUSTOMERS, copied(CUSTOMERS, contract), None)

    if promised.in_force is not None:
        assert promised.started_at is not None
        assert promised.in_force.due_at == promised.started_at + (contract.hours or 0) * HOUR
    for rule in RULES:
        _in_order(rule, found[rule.id], cautious, aware_at)
    for rule in LIMITED:
        _within_the_limit(rule, found[rule.id], cautious, aware_at)


def _in_order(rule: Rule, found: Counts, cautious: datetime, aware_at: datetime | None) -> None:
    assert (found.started_at is None) <= (found.in_force is None), rule.id
    if found.in_force is None or found.started_at is None:
        return
    reached = stages(found.started_at, found.in_force.due_at)
    assert found.started_at < reached[0] < reached[1] < reached[2] < reached[3] == found.in_force.due_at, rule.id
    if rule.clock_start in BY_AWARENESS:
        assert found.started_at == (aware_at or cautious), rule.id
        assert found.cautious is not None, rule.id
        assert found.cautious.due_at > cautious, rule.id
    if rule.clock_start is ClockStart.DECISION and rule.outer_hours is None:
        assert found.decided is None, rule.id


def _within_the_limit(rule: Rule, found: Counts, cautious: datetime, aware_at: datetime | None) -> None:
    assert rule.outer_hours is not None
    assert found.cautious is not None, rule.id
    assert found.cautious.due_at <= cautious + rule.outer_hours * HOUR, rule.id
    if aware_at is not None:
        assert found.decided is not None, rule.id
        assert found.decided.due_at <= aware_at + rule.outer_hours * HOUR, rule.id
