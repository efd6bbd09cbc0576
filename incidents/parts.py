"""Parts of our own: whose people in which country are affected, where each is weighed and decided by itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.incident import Incident, OurRole, Part, hold
from incidents.law.facts import PLACE
from incidents.obligations import Targets, recompute
from incidents.organisation import LegalEntity
from incidents.refusals import Refused
from incidents.timeline import Actor, Entry, Kind, record
from incidents.triage import first_step
from incidents.words import N_


def name_part(
    session: Session,
    incident_id: int,
    place: str,
    *,
    legal_entity_id: int | None = None,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> Part:
    """Set the people of one country apart, for one legal entity: they get facts, an assessment and duties of their own.

    `place` is a code of ISO 3166. Refuses one that is there already, and all parts of our own while triage says that
    we are only a processor.
    """
    incident = hold(session, incident_id)
    if not PLACE.fullmatch(place):
        raise Refused(N_("Choose the country in which these people live."), field="place")
    if incident.our_role is OurRole.PROCESSOR:
        raise Refused(N_("Triage says that we are a processor here. Say first that we are controller too."))
    entity = _entity(session, incident, legal_entity_id)
    same = [part for part in incident.parts if part.is_own and (part.legal_entity_id, part.place) == (entity, place)]
    if any(part.dropped_at is None for part in same):
        raise Refused(N_("This part is there already."), field="place")
    part = same[0] if same else None
    if part is None:
        part = Part(
            organisation_id=incident.organisation_id,
            legal_entity_id=entity,
            role=OurRole.CONTROLLER,
            place=place,
            added_at=now,
        )
        incident.parts.append(part)
    part.dropped_at = None
    session.flush()
    first_step(incident, by=by, now=now)
    _said(session, incident, Kind.PART_NAMED, part, by=by, now=now)
    recompute(session, incident, targets=targets, now=now)
    return part


def drop_part(session: Session, incident_id: int, part_id: int, *, by: Actor, targets: Targets, now: datetime) -> Part:
    """Take a part of our own away again. Its people are the incident's again, and its open duties with them."""
    incident = hold(session, incident_id)
    part = next((one for one in incident.parts if one.id == part_id and one.is_own), None)
    if part is None or part.dropped_at is not None:
        raise Refused(N_("This part does not belong to the incident. Load the page again."))
    part.dropped_at = now
    first_step(incident, by=by, now=now)
    _said(session, incident, Kind.PART_DROPPED, part, by=by, now=now)
    recompute(session, incident, targets=targets, now=now)
    return part


def _entity(session: Session, incident: Incident, key: int | None) -> int | None:
    if key is None:
        return None
    row = session.get(LegalEntity, key)
    if row is None or row.organisation_id != incident.organisation_id:
        raise Refused(N_("Choose one of the legal entities in the profile."), field="entity")
    return row.id


def _said(session: Session, incident: Incident, kind: Kind, part: Part, *, by: Actor, now: datetime) -> Entry:
    facts: dict[str, object] = {"part": part.id, "place": part.place, "entity": part.legal_entity_id}
    return record(session, incident.timeline, kind, by=by, incident_id=incident.id, facts=facts, now=now)
