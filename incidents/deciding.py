"""Advising and deciding: a version is signed, decided on, seconded, asked about, delegated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents import adjusting
from incidents.assessments import (
    Assessment,
    Difference,
    advised,
    differences,
    facts_so_far,
    latest,
    part_of,
    stricter,
    worksheet,
)
from incidents.filing import settle_lane_step
from incidents.incident import Incident, What, hold
from incidents.law.assessment import Assessment as Found
from incidents.law.assessment import Says
from incidents.law.regimes import load
from incidents.obligations import OPEN, Against, Obligation, Standing, Targets, next_stage, recompute
from incidents.owed import own_parts, weighs_risk
from incidents.people import Person, Right, Role
from incidents.refusals import Refused
from incidents.signing import Decision, SecondOpinion, delegation_for, in_force, may_decide
from incidents.steps import reopen_by_verb, settle_by_verb
from incidents.timeline import Actor, Entry, Kind, person_as_actor, record
from incidents.triage import first_step
from incidents.without_decider import record_if_nobody_decides
from incidents.words import N_


@dataclass(frozen=True)
class Opinion:
    """What somebody says shall be told, and why.

    `happened` tells the decider in a sentence or two what it is about; `minority` is what somebody else thinks.
    """

    authority: Says
    people: Says
    reason: str
    happened: str = ""
    minority: str = ""


def advise(
    session: Session,
    incident_id: int,
    opinion: Opinion,
    *,
    part_id: int | None = None,
    by: Person,
    targets: Targets,
    now: datetime,
) -> Assessment:
    """Sign what is known now as the next version, with one's advice. Only a data protection officer or the deputy.

    Refuses a version that changes nothing, and advice below what the rules say without a reason.
    """
    role = next((role for role in (Role.DPO, Role.DEPUTY) if role in by.roles), None)
    if role is None:
        raise Refused(N_("Only the data protection officer, or the deputy, signs the advice."))
    incident = hold(session, incident_id)
    part = part_of(session, incident, part_id)
    key = part.id if part else None
    facts = facts_so_far(session, incident, part)
    found, before = advised(facts), latest(session, incident.id, key)
    adjusted = adjusting.adjusted_so_far(session, incident, part)
    situation = sheet.situation if (sheet := worksheet(session, incident, part)) else {}
    changed = differences(before.all_told if before else {}, {**facts, **situation})
    changed += adjusting.differences(before.adjusted if before else {}, adjusted)
    _check_opinion(opinion)
    _check_advice(opinion, found, before, changed)
    number = before.number + 1 if before else 1
    first_step(incident, by=person_as_actor(by.id), now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.ASSESSED,
        by=person_as_actor(by.id),
        incident_id=incident.id,
        facts=_told(found, opinion, changed)
        | {"number": number, "part": key, "role": role.value, "adjusted": adjusting.values(adjusted)},
        prose=_prose(opinion) | adjusting.comments(adjusted),
        now=now,
    )
    signed = {"person_id": by.id, "role": role, "signed_at": now}
    version = {"part_id": key, "number": number, "facts": facts, "reasons": _reasons(found)}
    version |= {"situation": situation, "adjusted": adjusting.without_comments(adjusted)}
    says = {"rules_authority": found.authority.says, "rules_people": found.people.says}
    given = {"authority": opinion.authority, "people": opinion.people}
    row = Assessment(**_under(entry), **version, **says, **given, **signed)
    session.add(row)
    session.flush()
    _lay_before(session, incident, entry, key)
    words = opinion.reason or opinion.happened
    _follow(session, incident, key, words, by=person_as_actor(by.id), targets=targets, now=now)
    record_if_nobody_decides(session, row, now=now)
    return row


def _under(entry: Entry) -> dict[str, Any]:
    """The keys of what is signed with an entry."""
    return {"organisation_id": entry.organisation_id, "incident_id": entry.incident_id, "entry_id": entry.id}


def _check_opinion(opinion: Opinion) -> None:
    if opinion.authority not in (Says.NOTIFY, Says.NOT_REQUIRED):
        raise Refused(N_("Choose whether the authority is told."), field="authority")
    if opinion.people not in (Says.COMMUNICATE, Says.NOT_REQUIRED):
        raise Refused(N_("Choose whether the people are told."), field="people")


def _check_advice(opinion: Opinion, found: Found, before: Assessment | None, changed: list[Difference]) -> None:
    if not opinion.happened.strip():
        raise Refused(N_("Write in a sentence or two what happened, for whoever decides. No names."), field="happened")
    if (
        below(opinion.authority, opinion.people, (found.authority.says, found.people.says))
        and not opinion.reason.strip()
    ):
        raise Refused(N_("This is below what the rules say. Write why: the authority may ask for it."), field="reason")
    if before is None or changed:
        return
    if (before.authority, before.people) == (opinion.authority, opinion.people):
        raise Refused(
            N_("Nothing has changed since version %(number)s. Answer a question anew first."), number=before.number
        )


def below(authority: Says, people: Says, advice: tuple[Says, Says]) -> bool:
    """Whether less is told than advised."""
    return stricter(authority, advice[0]) is not authority or stricter(people, advice[1]) is not people


def _told(found: Found, opinion: Opinion, changed: list[Difference]) -> dict[str, Any]:
    return {
        "authority": opinion.authority.value,
        "people": opinion.people.value,
        "rules_authority": found.authority.says.value,
        "rules_people": found.people.says.value,
        "changed": [one.fact for one in changed],
    }


def _prose(opinion: Opinion) -> dict[str, str]:
    return {
        "happened": opinion.happened.strip(),
        "reason": opinion.reason.strip(),
        "minority": opinion.minority.strip(),
    }


def _reasons(found: Found) -> dict[str, Any]:
    return {
        "authority": [one.rule for one in found.authority.reasons],
        "people": [one.rule for one in found.people.reasons],
        "missing": list(found.missing),
    }


def _lay_before(session: Session, incident: Incident, entry: Entry, part_id: int | None) -> None:
    """The assessment is made once each part of our own is; whether people are told is open for whoever decides."""
    if all(in_force(session, incident.id, key).assessment for key in _weighed(session, incident)):
        settle_by_verb(session, incident, "assess", entry)
    if part_id in _weighed(session, incident):
        reopen_by_verb(session, incident, "tell-people")


def _weighed(session: Session, incident: Incident) -> list[int | None]:
    """The parts that are weighed by themselves: each of our own, and the incident where it still owes something."""
    parts: list[int | None] = [part.id for part in own_parts(incident)]
    own = select(Obligation.rule).where(
        Obligation.incident_id == incident.id, Obligation.part_id.is_(None), Obligation.standing.in_(OPEN)
    )
    still = any(weighs_risk(load().get(rule)) for rule in session.scalars(own)) if parts else True
    return [*([None] if still else []), *parts]


def decide(
    session: Session,
    incident_id: int,
    assessment_id: int,
    opinion: Opinion,
    *,
    by: Person,
    targets: Targets,
    now: datetime,
) -> Decision:
    """Sign for the organisation, on the version that was read. Whoever advised on it does not decide it too.

    Refuses a version that is no longer the last, and less than was advised without a reason. Telling holds at once;
    staying below the advice waits for a second person.
    """
    incident = hold(session, incident_id)
    assessment = session.get(Assessment, assessment_id)
    if assessment is None or assessment.incident_id != incident.id:
        raise Refused(N_("This assessment does not belong to the incident. Load the page again."))
    _check_opinion(opinion)
    _check_decider(session, incident, assessment, by, now=now)
    under = below(opinion.authority, opinion.people, assessment.advice)
    if under and not opinion.reason.strip():
        raise Refused(N_("This is below the advice. Write why: the authority may ask for it."), field="reason")
    delegation = None if Right.SIGN in by.rights else delegation_for(session, by, incident, now=now)
    entry = record(
        session,
        incident.timeline,
        Kind.DECIDED,
        by=person_as_actor(by.id),
        incident_id=incident.id,
        facts={
            "number": assessment.number,
            "part": assessment.part_id,
            "authority": opinion.authority.value,
            "people": opinion.people.value,
            "below": under,
            "delegated": delegation is not None,
        },
        prose={"reason": opinion.reason.strip(), "minority": opinion.minority.strip()},
        now=now,
    )
    given = {"authority": opinion.authority, "people": opinion.people, "below": under}
    signed = {"person_id": by.id, "delegation_id": delegation.id if delegation else None, "signed_at": now}
    row = Decision(**_under(entry), assessment_id=assessment.id, **given, **signed)
    session.add(row)
    session.flush()
    decided = all(in_force(session, incident.id, key).decision for key in _weighed(session, incident))
    if opinion.people is Says.NOT_REQUIRED and decided:
        settle_by_verb(session, incident, "tell-people", entry)
    _follow(session, incident, assessment.part_id, opinion.reason, by=person_as_actor(by.id), targets=targets, now=now)
    return row


def _check_decider(session: Session, incident: Incident, assessment: Assessment, by: Person, *, now: datetime) -> None:
    if not may_decide(session, by, incident, now=now):
        raise Refused(N_("Management decides, or whom they delegated it to in writing. Ask them."))
    if assessment.person_id == by.id:
        raise Refused(N_("You advised on this version. Somebody else decides: delegate it, or ask management."))
    current = latest(session, incident.id, assessment.part_id)
    if current is not None and current.id != assessment.id:
        raise Refused(
            N_("There is a newer version, %(number)s. Read what has changed, then decide on that."),
            number=current.number,
        )


def second(
    session: Session,
    decision_id: int,
    agrees: bool,
    *,
    reason: str,
    by: Person,
    targets: Targets,
    now: datetime,
) -> SecondOpinion:
    """Say, as a second person, whether a decision not to tell somebody holds. Never the decider.

    Refuses a decision that a newer one has overtaken, and a "no" without a reason.
    """
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise Refused(N_("This decision does not exist."))
    incident = hold(session, decision.incident_id)
    stands = in_force(session, incident.id, decision.assessment.part_id)
    if stands.decision is None or stands.decision.id != decision.id:
        raise Refused(N_("A newer version or decision has overtaken this one. Load the page again."))
    if not decision.wants_second:
        raise Refused(N_("This decision needs no second person: everybody is told."))
    if by.id == decision.person_id:
        raise Refused(N_("You signed the decision. Somebody else has to look at it."))
    if not by.rights & {Right.DECIDE, Right.SIGN}:
        raise Refused(N_("The data protection officer, the deputy or management gives the second opinion."))
    if not agrees and not reason.strip():
        raise Refused(N_("Write why you do not agree. One sentence is enough."), field="reason")
    entry = record(
        session,
        incident.timeline,
        Kind.SECONDED,
        by=person_as_actor(by.id),
        incident_id=incident.id,
        facts={"agrees": agrees, "number": decision.assessment.number, "part": decision.assessment.part_id},
        prose={"reason": reason.strip()},
        now=now,
    )
    row = SecondOpinion(
        organisation_id=incident.organisation_id,
        decision_id=decision.id,
        entry_id=entry.id,
        agrees=agrees,
        person_id=by.id,
        signed_at=now,
    )
    session.add(row)
    session.flush()
    words = decision.entry.text("reason") or ""
    part_id = decision.assessment.part_id
    _follow(session, incident, part_id, words, by=person_as_actor(by.id), targets=targets, now=now)
    return row


def _follow(
    session: Session,
    incident: Incident,
    part_id: int | None,
    reason: str,
    *,
    by: Actor,
    targets: Targets,
    now: datetime,
) -> None:
    """Let the duties of one part that the risk decides be as what holds now says, and count anew.

    What other laws want does not hang on it, and what is owed to people comes and goes with the assessment itself.
    """
    stands = in_force(session, incident.id, part_id)
    leaves_out = stands.decided and stands.authority is Says.NOT_REQUIRED
    part = Obligation.part_id.is_(None) if part_id is None else Obligation.part_id == part_id
    query = select(Obligation).where(Obligation.incident_id == incident.id, part)
    for duty in session.scalars(query.order_by(Obligation.id)).all():
        if not weighs_risk(load().get(duty.rule)):
            continue
        if leaves_out and duty.is_open:
            duty.standing, duty.against = Standing.DECIDED_AGAINST, Against.RISK_UNLIKELY
            duty.settled_at, duty.next_warning_at = now, None
            _record_left_out(session, incident, duty, reason, by=by, now=now)
        elif not leaves_out and duty.against is Against.RISK_UNLIKELY and duty.standing is Standing.DECIDED_AGAINST:
            sure = incident.what is What.PERSONAL_DATA_BREACH
            duty.standing, duty.against = (Standing.OWED if sure else Standing.MAY_ARISE), None
            duty.settled_at, duty.next_warning_at = None, next_stage(duty, now)
            reopen_by_verb(session, incident, "notify")
    session.flush()
    recompute(session, incident, targets=targets, now=now)


def _record_left_out(
    session: Session, incident: Incident, duty: Obligation, reason: str, *, by: Actor, now: datetime
) -> None:
    entry = record(
        session,
        incident.timeline,
        Kind.NOT_NOTIFIED,
        by=by,
        incident_id=incident.id,
        facts={"rule": duty.rule, "obligation": duty.id, "ground": Against.RISK_UNLIKELY.value},
        prose={"reason": reason.strip()},
        now=now,
    )
    session.flush()
    settle_lane_step(session, duty, entry)
