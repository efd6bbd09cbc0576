"""Receiving a report: save first, route later."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import receipt, steps
from incidents.incident import Incident, StillHappening, Urgency, new_codename, new_reference
from incidents.keyring import Keyring
from incidents.obligations import Targets, recompute
from incidents.organisation import Organisation
from incidents.refusals import Refused
from incidents.report import Medium, Relation, Report, ReporterContact
from incidents.timeline import REPORTER, Actor, Entry, Kind, Timeline, record
from incidents.words import N_

ASK_BEYOND = timedelta(hours=72)
"""A reporter's "noticed" further back than this is asked about before it moves the clock."""


@dataclass(frozen=True)
class Told:
    """What a reporter said. `words` are free texts by field name; `what` is the one that must be there.

    Instants are aware. `noticed_typed` and the like sit in `words` when a time could not be read: a typing
    mistake never costs a report.
    """

    what: str
    still_happening: StillHappening = StillHappening.UNKNOWN
    words: Mapping[str, str] = field(default_factory=dict)
    relation: Relation = Relation.UNSAID
    noticed_at: datetime | None = None
    occurred_at: datetime | None = None
    zone: str = "UTC"
    language: str | None = None


@dataclass(frozen=True)
class Arrival:
    """How a report reached us; `first_known_at` is when it first reached anybody in the organisation."""

    medium: Medium = Medium.WEB
    first_known_at: datetime | None = None
    by: Actor = REPORTER
    form_token: str | None = None


@dataclass(frozen=True)
class Receipt:
    report: Report
    code: str
    again: bool = False
    """True when this very form had been received before: nothing was stored a second time."""


WORDS = (
    "data",
    "whose",
    "how_many",
    "where",
    "not_for",
    "noticed_typed",
    "occurred_typed",
    "contact",
)


def readable(text: str) -> str:
    """Text as every database can keep it: NUL, which PostgreSQL cannot, becomes its visible sign."""
    return text.replace("\x00", "\u2400")


def receive(
    session: Session,
    organisation: Organisation,
    told: Told,
    *,
    keyring: Keyring,
    targets: Targets,
    arrival: Arrival | None = None,
    now: datetime,
) -> Receipt:
    """Store a report with its incident, entry, bell, cautious obligations and first steps; return its code.

    Refuses only an empty `what`. Needs nobody to be reachable and nothing to be set up.
    """
    arrival = arrival or Arrival()
    if not told.what.strip():
        raise Refused(N_("Write what happened. A few words are enough."), field="what")
    earlier = _same_form(session, arrival.form_token, told, keyring)
    if earlier is not None:
        return earlier
    code = receipt.new_code(keyring, arrival.form_token, told.what)
    incident = _open_incident(session, organisation, told, now=now)
    entry = _record_report(session, incident, told, arrival, now=now)
    report = Report(
        organisation_id=organisation.id,
        incident_id=incident.id,
        first_incident_id=incident.id,
        entry_id=entry.id,
        received_at=now,
        first_known_at=arrival.first_known_at,
        noticed_at=told.noticed_at,
        noticed_counts=_counts(told, now),
        occurred_at=told.occurred_at,
        zone=told.zone,
        language=told.language,
        medium=arrival.medium,
        relation=told.relation,
        still_happening=told.still_happening,
        entered_by_id=arrival.by.person_id,
        code_digest=receipt.code_digests(keyring, code)[0],
        form_digest=_form_digest(arrival.form_token, told),
    )
    report.incident = incident
    if told.words.get("contact"):
        report.contacts = [ReporterContact(organisation_id=organisation.id, entry_id=entry.id)]
    session.add(report)
    steps.lay_out(session, incident, "general", now=now)
    recompute(session, incident, reports=[report], targets=targets, organisation=organisation, now=now)
    session.flush()
    return Receipt(report, code)


def _open_incident(session: Session, organisation: Organisation, told: Told, *, now: datetime) -> Incident:
    urgent = told.still_happening is not StillHappening.NO
    incident = Incident(
        organisation_id=organisation.id,
        timeline=Timeline(organisation_id=organisation.id),
        reference=new_reference(),
        token=secrets.token_hex(16),
        codename=new_codename(),
        opened_at=now,
        zone=organisation.zone,
        urgency=Urgency.URGENT if urgent else Urgency.SOON,
        still_happening=told.still_happening,
    )
    session.add(incident)
    session.flush()
    return incident


def _record_report(session: Session, incident: Incident, told: Told, arrival: Arrival, *, now: datetime) -> Entry:
    prose = {name: readable(told.words[name]) for name in WORDS if told.words.get(name)}
    return record(
        session,
        incident.timeline,
        Kind.REPORTED,
        by=arrival.by,
        incident_id=incident.id,
        happened_at=arrival.first_known_at or now,
        zone=told.zone,
        facts={
            "reference": incident.reference,
            "still_happening": told.still_happening.value,
            "medium": arrival.medium.value,
            "urgency": incident.urgency.value,
        },
        prose={"what": readable(told.what), **prose},
        now=now,
    )


def _counts(told: Told, now: datetime) -> bool | None:
    """Whether "noticed" moves the clock: an outsider's does not, one more than 72 h back waits for an answer."""
    if told.noticed_at is None or told.relation is Relation.OUTSIDE:
        return False
    if now - told.noticed_at > ASK_BEYOND:
        return None
    return True


def _form_digest(form_token: str | None, told: Told) -> str | None:
    if form_token is None:
        return None
    return hashlib.sha256(f"{form_token}\n{told.what}".encode()).hexdigest()


def _same_form(session: Session, form_token: str | None, told: Told, keyring: Keyring) -> Receipt | None:
    if form_token is None:
        return None
    report = session.scalars(select(Report).where(Report.form_digest == _form_digest(form_token, told))).first()
    if report is None:
        return None
    return Receipt(report, receipt.new_code(keyring, form_token, told.what), again=True)


def by_code(session: Session, typed: str, *, keyring: Keyring) -> Report | None:
    """The report whose receipt carries this code. Refuses what cannot be a code."""
    digests = receipt.code_digests(keyring, receipt.bare(typed))
    return session.scalars(select(Report).where(Report.code_digest.in_(digests))).first()
