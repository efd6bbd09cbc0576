"""Receiving a report: save first, route later."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from incidents import receipt, steps, timeline
from incidents.incident import Incident, StillHappening, Urgency, new_codename, new_reference
from incidents.keyring import Keyring
from incidents.obligations import Act, Targets, recompute
from incidents.organisation import Organisation
from incidents.refusals import Refused
from incidents.report import Medium, Relation, Report, ReporterContact
from incidents.store import is_postgresql
from incidents.timeline import REPORTER, Actor, Entry, Kind, Timeline, instant, readable
from incidents.words import N_

log = logging.getLogger(__name__)

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


LANGUAGE_LENGTH = 16
FIELD_LENGTH = 40

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
    code = receipt.new_code(keyring, arrival.form_token, _content(told))
    incident = _open_incident(session, organisation, told, now=now)
    entry = _compose_entry(incident, told, arrival, now=now)
    report = Report(
        organisation_id=organisation.id,
        incident=incident,
        first_incident=incident,
        entry=entry,
        received_at=now,
        first_known_at=arrival.first_known_at,
        noticed_at=told.noticed_at,
        noticed_counts=_counts(told, now),
        occurred_at=told.occurred_at,
        zone=told.zone,
        language=told.language if told.language and len(told.language) <= LANGUAGE_LENGTH else None,
        medium=arrival.medium,
        relation=told.relation,
        still_happening=told.still_happening,
        entered_by_id=arrival.by.person_id,
        code_digest=receipt.code_digests(keyring, code)[0],
        form_digest=_form_digest(arrival.form_token, told),
    )
    if told.words.get("contact"):
        report.contacts = [ReporterContact(organisation_id=organisation.id, entry=entry)]
    with session.no_autoflush:
        session.add(report)
        rows = _start_clock(session, incident, report, organisation, targets, now=now)
        timeline.add(session, entry)
    session.flush()
    steps.lay_out(session, incident, rows)
    return Receipt(report, code)


def _start_clock(
    session: Session, incident: Incident, report: Report, organisation: Organisation, targets: Targets, *, now: datetime
) -> list[dict[str, Any]]:
    """Plan steps and duties; returns the steps. A fault in playbook, law or settings must not cost the report."""
    try:
        rows = steps.planned(incident, "general")
        acts = [Act(row["due_at"], row["position"], row["title"]) for row in rows if row["due_at"]]
        recompute(
            session,
            incident,
            reports=[report],
            targets=targets,
            organisation=organisation,
            first_steps=acts,
            now=now,
        )
    except DBAPIError:
        raise  # disk full or database gone: then nothing is stored, and the reporter is told so
    except Exception:
        log.exception("%s was stored without its steps and deadlines; tocsin check names it", incident.reference)
        return []
    return rows


def _open_incident(session: Session, organisation: Organisation, told: Told, *, now: datetime) -> Incident:
    urgent = told.still_happening is not StillHappening.NO
    return Incident(
        organisation_id=organisation.id,
        timeline=Timeline(organisation_id=organisation.id),
        reference=_free_reference(session),
        token=secrets.token_hex(16),
        codename=new_codename(),
        opened_at=now,
        zone=organisation.zone,
        urgency=Urgency.URGENT if urgent else Urgency.SOON,
        still_happening=told.still_happening,
    )


def _free_reference(session: Session) -> str:
    """A reference that no incident has: among a hundred thousand, one new one in four thousand is taken already."""
    while True:
        reference = new_reference()
        if session.scalar(select(Incident.id).where(Incident.reference == reference)) is None:
            return reference


def _compose_entry(incident: Incident, told: Told, arrival: Arrival, *, now: datetime) -> Entry:
    words = {name[:FIELD_LENGTH]: said for name, said in told.words.items() if said and name != "what"}
    entry = timeline.compose(
        incident.timeline,
        Kind.REPORTED,
        by=arrival.by,
        happened_at=arrival.first_known_at or now,
        zone=told.zone,
        facts={
            "reference": incident.reference,
            "still_happening": told.still_happening.value,
            "medium": arrival.medium.value,
            "urgency": incident.urgency.value,
        },
        prose={"what": told.what, **words},
        now=now,
    )
    entry.incident = incident
    return entry


def _counts(told: Told, now: datetime) -> bool | None:
    """Whether "noticed" moves the clock: an outsider's does not, one more than 72 h back waits for an answer."""
    if told.noticed_at is None or told.relation is Relation.OUTSIDE:
        return False
    if now - told.noticed_at > ASK_BEYOND:
        return None
    return True


def _content(told: Told) -> str:
    """All that a reporter answered: the same form with another answer is another report, not a second tap."""
    times = [instant(at) if at else "" for at in (told.noticed_at, told.occurred_at)]
    words = {name: readable(said) for name, said in told.words.items() if said}
    answers = [told.still_happening.value, told.relation.value, *times]
    return json.dumps([readable(told.what), answers, words], sort_keys=True)


def _form_digest(form_token: str | None, told: Told) -> str | None:
    if form_token is None:
        return None
    return hashlib.sha256(readable(f"{form_token}\n{_content(told)}").encode()).hexdigest()


def _same_form(session: Session, form_token: str | None, told: Told, keyring: Keyring) -> Receipt | None:
    digest = _form_digest(form_token, told)
    if form_token is None or digest is None:
        return None
    if is_postgresql(session):
        # A double tap comes over two connections at once: the second waits here until it can see the first.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(digest[:15], 16)})
    report = session.scalars(select(Report).where(Report.form_digest == digest)).first()
    if report is None:
        return None
    return Receipt(report, receipt.new_code(keyring, form_token, _content(told)), again=True)


def by_code(session: Session, typed: str, *, keyring: Keyring) -> Report | None:
    """The report whose receipt carries this code. Refuses what cannot be a code."""
    digests = receipt.code_digests(keyring, receipt.bare(typed))
    return session.scalars(select(Report).where(Report.code_digest.in_(digests))).first()
