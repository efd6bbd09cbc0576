"""Receiving a report: save first, route later."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from incidents import canary, receipt, steps, timeline
from incidents.incident import Incident, OurRole, StillHappening, Urgency, What, new_codename, new_reference
from incidents.keyring import Keyring
from incidents.obligations import Act, Obligation, Targets, earliest, first_duties
from incidents.organisation import Organisation
from incidents.orm import adopt, insert, insert_all
from incidents.refusals import Refused
from incidents.report import Medium, Relation, Report, ReporterContact
from incidents.steps import Step
from incidents.store import is_postgresql
from incidents.timeline import REPORTER, Actor, Kind, Timeline, instant, readable
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
    next_due_at: datetime | None = None
    """When the next act is due, of a report that has just been stored."""


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

    Refuses only an empty `what`. Needs nobody to be reachable and nothing to be set up. A clash of random names
    raises IntegrityError: whoever commits tries again.
    """
    arrival = arrival or Arrival()
    if not told.what.strip():
        raise Refused(N_("Write what happened. A few words are enough."), field="what")
    spent = canary.redeem(session, arrival.form_token, keyring=keyring, now=now)
    if canary.is_token(arrival.form_token):
        arrival = replace(arrival, form_token=None)  # whoever sends it a second time is heard like anybody else
    earlier = _same_form(session, arrival.form_token, told, keyring)
    if earlier is not None:
        return earlier
    code = receipt.new_code(keyring, arrival.form_token, _content(told))
    incident = _open_incident(organisation, told, now=now)
    incident.canary = spent is not None
    report = Report(
        organisation_id=organisation.id,
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
    duties, planned = _start_clock(session, incident, report, organisation, targets, now=now)
    _insert(session, incident, report, told, arrival, now=now)
    if spent is not None:
        canary.tie(session, spent, incident.id)
    insert_all(session, Obligation, [{**duty, "incident_id": incident.id} for duty in duties])
    insert_all(session, Step, [{**step, "incident_id": incident.id} for step in planned])
    set_committed_value(adopt(session, report), "incident", adopt(session, incident))
    return Receipt(report, code, next_due_at=incident.next_due_at)


def _insert(
    session: Session, incident: Incident, report: Report, told: Told, arrival: Arrival, *, now: datetime
) -> None:
    """Store timeline, incident, entry and report, in the order in which each needs the other's key."""
    chain = Timeline(organisation_id=incident.organisation_id)
    composed = _compose_entry(chain, incident, told, arrival, now=now)
    incident.timeline_id = insert(session, chain).id
    composed.entry.incident_id = insert(session, incident).id
    entry = timeline.insert_first(session, chain, composed)
    report.incident_id = report.first_incident_id = incident.id
    report.entry_id = entry.id
    insert(session, report)
    if told.words.get("contact"):
        contact = ReporterContact(organisation_id=incident.organisation_id, report_id=report.id, entry_id=entry.id)
        insert(session, contact)


def _start_clock(
    session: Session, incident: Incident, report: Report, organisation: Organisation, targets: Targets, *, now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Plan duties and steps as rows. A fault in playbook, law or settings must not cost the report."""
    try:
        rows = steps.planned(incident, "general", earliest([report]) or now)
        acts = [Act(row["due_at"], row["position"], row["title"]) for row in rows if row["due_at"]]
        duties = first_duties(
            session, incident, report, targets=targets, organisation=organisation, first_steps=acts, now=now
        )
    except DBAPIError:
        raise  # disk full or database gone: then nothing is stored, and the reporter is told so
    except Exception:
        log.exception("%s was stored without its steps and deadlines; tocsin check names it", incident.reference)
        return [], []
    return duties, rows


def _open_incident(organisation: Organisation, told: Told, *, now: datetime) -> Incident:
    urgent = told.still_happening is not StillHappening.NO
    return Incident(
        organisation_id=organisation.id,
        reference=new_reference(),
        token=secrets.token_hex(16),
        codename=new_codename(),
        opened_at=now,
        zone=organisation.zone,
        urgency=Urgency.URGENT if urgent else Urgency.SOON,
        still_happening=told.still_happening,
        what=What.UNDECIDED,
        our_role=OurRole.UNKNOWN,
    )


def _compose_entry(
    chain: Timeline, incident: Incident, told: Told, arrival: Arrival, *, now: datetime
) -> timeline.Composed:
    words = {name[:FIELD_LENGTH]: said for name, said in told.words.items() if said and name != "what"}
    return timeline.compose(
        chain,
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


_BY_FORM = select(Report.id).where(Report.form_digest == bindparam("digest"))


def _same_form(session: Session, form_token: str | None, told: Told, keyring: Keyring) -> Receipt | None:
    digest = _form_digest(form_token, told)
    if form_token is None or digest is None:
        return None
    if is_postgresql(session):
        # A double tap comes over two connections at once: the second waits here until it can see the first.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(digest[:15], 16)})
    found = session.connection().execute(_BY_FORM, {"digest": digest}).scalar()
    if found is None:
        return None
    return Receipt(session.get_one(Report, found), receipt.new_code(keyring, form_token, _content(told)), again=True)


def by_code(session: Session, typed: str, *, keyring: Keyring) -> Report | None:
    """The report whose receipt carries this code. Refuses what cannot be a code."""
    digests = receipt.code_digests(keyring, receipt.bare(typed))
    return session.scalars(select(Report).where(Report.code_digest.in_(digests))).first()
