"""With what an organisation's deadlines are counted: from which event, on whose clocks, by whose holidays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from incidents.incident import Incident
from incidents.law.calendars import CALENDARS, workdays_in
from incidents.law.counting import TARGET, Count, Counting, Terms, Unit, count, count_hours
from incidents.law.profile import ContractStart, Profile
from incidents.law.regimes.rule import ClockStart, Recipient, Rule
from incidents.law.seats import zone_of
from incidents.law.workdays import Workdays
from incidents.organisation import LegalEntity, Organisation, Setting
from incidents.timeline import Entry, Kind

_COUNTRIES = select(LegalEntity.country).where(LegalEntity.organisation_id == bindparam("organisation_id"))
_STARTS = select(Entry).where(Entry.kind == Kind.CLOCK_STARTED).order_by(Entry.seq)

# A report is when it was first noticed or suspected here; both come before anybody is sure.
_FIRST_SIGN = (ClockStart.NOTICING, ClockStart.SUSPICION)
BY_AWARENESS = (ClockStart.AWARENESS, ClockStart.NONE)


class Reckoning:
    """One organisation's ground for counting. `excepted` leaves out DORA's relief, which banks do not have.

    A `profile` that is read already spares a query.

    What only some rules need, such as holidays, is read when the first of them asks for it.
    """

    def __init__(
        self,
        session: Session,
        organisation: Organisation,
        *,
        notice: timedelta = TARGET,
        excepted: bool = True,
        profile: Profile | None = None,
    ) -> None:
        self.zone, self.notice, self.excepted = ZoneInfo(organisation.zone), notice, excepted
        self._session, self._organisation, self._profile = session, organisation, profile

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """Where the organisation is: its own country first, then those of its legal entities."""
        if self._profile is not None:
            entities = [entity.place[:2] for entity in self._profile.entities]
        else:
            key = {"organisation_id": self._organisation.id}
            entities = list(self._session.connection().execute(_COUNTRIES, key).scalars())
        return tuple(dict.fromkeys(place for place in (self._organisation.country, *entities) if place))

    @cached_property
    def home(self) -> Workdays:
        """The working days of where the organisation is, as it has corrected them."""
        return workdays_in(self.countries[0], self._calendars) if self.countries else Workdays()

    @cached_property
    def _calendars(self) -> Mapping[str, Any]:
        return self._session.scalar(select(Setting.value).where(Setting.name == CALENDARS)) or {}

    def place_of(self, rule: Rule) -> str | None:
        """Where the act is taken: the country of ours in which it is the law, else the only one that has it."""
        whole = {place[:2] for place in rule.countries}  # US-CA is in US
        here = next((place for place in self.countries if place in whole), None)
        return here or (next(iter(whole)) if len(whole) == 1 else None)

    def authority_zone(self, rule: Rule) -> ZoneInfo | None:
        """The clocks of the authority that a duty is owed to; None where it is not known which one that is."""
        return zone_of(self.place_of(rule)) if rule.recipient is Recipient.AUTHORITY else None

    def workdays(self, rule: Rule) -> Workdays | None:
        """The holidays of where the act is taken, as the organisation has corrected them."""
        place = self.place_of(rule)
        return workdays_in(place, self._calendars) if place else None

    def count(self, rule: Rule, terms: Terms, start: datetime, target: timedelta | None = None) -> Count | None:
        """When the act is due. None where the law gives no number, or one that says how long to keep a record.

        `target` is the organisation's own for this duty, where the law sets no period.
        """
        if rule.keeping or terms.unit is Unit.SEE_TEXT:
            return None
        place = self.authority_zone(rule)
        return count(
            terms,
            start,
            zone=self.zone,
            authority_zones=[place] if place else [],
            workdays=self.workdays(rule) if asks_workdays(terms) else None,
            excepted=self.excepted,
            target=target or self.notice,
        )

    def due(
        self,
        rule: Rule,
        terms: Terms,
        start: datetime | None,
        aware: datetime | None,
        target: timedelta | None = None,
    ) -> Count | None:
        """The count from `start`, or the outer limit after awareness where that comes first.

        Without a start there is a deadline only where the law sets such a limit.
        """
        found = self.count(rule, terms, start, target) if start else None
        if rule.outer_hours is None or aware is None:
            return found
        limit = count_hours(aware, rule.outer_hours, zone=self.zone)
        return found if found is not None and found.due_at <= limit.due_at else limit


@dataclass(frozen=True)
class Counts:
    """How one duty counts: where its clock started, from the first signs and, once that is decided, from awareness."""

    started_at: datetime | None
    cautious: Count | None
    decided: Count | None

    @property
    def in_force(self) -> Count | None:
        return self.decided or self.cautious


@dataclass(frozen=True)
class Clocks:
    """The starts of one incident's clocks. `events` are those that people recorded, `filed` when a duty was met."""

    reckoning: Reckoning
    cautious: datetime | None
    aware_at: datetime | None
    events: Mapping[str, datetime]
    filed: Mapping[str, datetime]

    def count(self, rule: Rule, kept: Mapping[str, Any], part_id: int | None) -> Counts:
        """Count one duty by the terms it was given. A clock that something else starts never counts from awareness."""
        terms, target = terms_of(kept, rule), target_of(kept)
        if "since" in kept and rule.clock_start in BY_AWARENESS and terms.unit is Unit.NO_FIXED_PERIOD:
            since = datetime.fromisoformat(kept["since"])
            found = self.reckoning.due(rule, terms, since, None, target)
            return Counts(since, found, None)
        starts, start = clock_start_of(rule, kept), self._start(rule, kept, part_id)
        moved = starts in BY_AWARENESS
        careful = self.reckoning.due(rule, terms, start, self.cautious, target)
        decided = None
        if self.aware_at is not None and (moved or rule.outer_hours is not None):
            decided = self.reckoning.due(rule, terms, self.aware_at if moved else start, self.aware_at, target)
        begun = self.aware_at if moved and self.aware_at else start
        found = decided or careful
        if found is not None and (begun is None or found.due_at <= begun):
            # Only the outer limit runs, or it had passed before the clock's own start: it counts from awareness.
            begun = self.aware_at if decided else self.cautious
        return Counts(begun, careful, decided)

    def _start(self, rule: Rule, kept: Mapping[str, Any], part_id: int | None) -> datetime | None:
        starts = clock_start_of(rule, kept)
        if starts in BY_AWARENESS:
            return self.cautious
        event = self.events.get(start_key(rule.id, part_id))
        if starts is ClockStart.EARLIER_FILING and rule.after:
            event = event or self.filed.get(start_key(rule.after, part_id))
        if kept.get("starts") == ContractStart.CONFIRMATION:
            event = event or self.aware_at  # to be reasonably certain is to have confirmed it
        return event or (self.cautious if starts in _FIRST_SIGN else None)


def clock_start_of(rule: Rule, kept: Mapping[str, Any]) -> ClockStart:
    """What starts the clock of a duty: what its contract says, else its rule."""
    return _BY_CONTRACT[ContractStart(kept["starts"])] if "starts" in kept else rule.clock_start


_BY_CONTRACT: Mapping[ContractStart, ClockStart] = {
    ContractStart.AWARENESS: ClockStart.AWARENESS,
    ContractStart.SUSPICION: ClockStart.SUSPICION,
    ContractStart.CONFIRMATION: ClockStart.CONTRACT,
}


def target_of(kept: Mapping[str, Any]) -> timedelta | None:
    """The organisation's own time for a duty, as it was when the duty arose; None where none was set."""
    hours = kept.get("target_hours")
    return timedelta(hours=hours) if hours is not None else None


def asks_workdays(terms: Terms) -> bool:
    """Whether a count by these terms looks at holidays."""
    return terms.unit not in (Unit.HOURS, Unit.NO_FIXED_PERIOD) or terms.counting is Counting.DORA_RTS_5


def recorded_starts(session: Session, incident: Incident) -> dict[str, datetime]:
    """The events that people have recorded as starts of clocks, by duty (`start_key`); the last word counts."""
    return starts_among(session.scalars(_STARTS.where(Entry.incident_id == incident.id)))


def starts_among(entries: Iterable[Entry]) -> dict[str, datetime]:
    """The same from the entries of an incident, in their order."""
    return {entry.facts["clock"]: entry.happened_at for entry in entries if entry.kind is Kind.CLOCK_STARTED}


def start_key(rule_id: str, part_id: int | None) -> str:
    """The name of one duty's clock among the facts of an entry."""
    return f"{rule_id}:{part_id or ''}"


def terms_of(kept: Mapping[str, Any], rule: Rule) -> Terms:
    """The terms that a duty was given when it arose."""
    return Terms(Unit(kept["unit"]), kept["period"], Counting(kept["counting"]), rule.counting_from)
