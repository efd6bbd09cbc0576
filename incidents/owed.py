"""Which duties an incident gives rise to, by what is known of it; how they stand, and why nothing was sent."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from incidents.assessments import Worksheet, known
from incidents.incident import Incident, OurRole, Part, What
from incidents.law.arising import Standing as Arises
from incidents.law.arising import arising
from incidents.law.assessment import Says
from incidents.law.authorities import addressees
from incidents.law.facts import Facts
from incidents.law.places import affected_places
from incidents.law.profile import Contract, Profile, contract_with
from incidents.law.regimes import Capacity, Rule, laws_for, load
from incidents.law.regimes.rule import Phase, Recipient
from incidents.organisation import LegalEntity, Organisation
from incidents.profile import entities_of, entity_of, profile_of
from incidents.signing import InForce, in_force
from incidents.situations import all_countries, of_part, situation_of, without, worksheets


class Standing(enum.Enum):
    """Where an obligation stands."""

    MAY_ARISE = "may-arise"
    OWED = "owed"
    MET = "met"
    DECIDED_AGAINST = "decided-against"
    DOES_NOT_ARISE = "does-not-arise"


class Against(enum.Enum):
    """Why it was decided that nothing is sent."""

    DOES_NOT_APPLY = "does-not-apply"
    RISK_UNLIKELY = "risk-unlikely"


OPEN = (Standing.MAY_ARISE, Standing.OWED)
NO_BREACH = (What.NEAR_MISS, What.NOTHING)
CONTRACT = "ctr-customer"
"""The rule that stands for what a customer's contract promises; the contract itself says how long and from when."""

_NOT_SENT = frozenset({Phase.RECORD, Phase.ASSESSMENT})


@dataclass(frozen=True)
class Wanted:
    """One duty that the facts give rise to: its rule, the part it is owed for, and to whom.

    `towards` tells several recipients of one rule apart. `contract` is the customer's, `target` the organisation's
    own time where the law puts no number.
    """

    rule: Rule
    part: Part | None
    standing: Standing
    recipient: str
    towards: str = ""
    contract: Contract | None = None
    target: timedelta | None = None
    shared: bool = False
    """Whether a notice for the incident as a whole meets it too: a part of the organisation itself."""


@dataclass(frozen=True)
class _Own:
    """What is ours of an incident, or one part of it: the laws of the land that bind us there, and all that is known.

    `whole` says that it is the incident itself, which sector laws look at; `covered` that its people all belong to
    parts of their own.
    """

    part: Part | None
    profile: Profile
    situation: Facts
    facts: Facts
    laws: tuple[str, ...]
    stands: InForce | None = None
    whole: bool = True
    covered: bool = False
    shared: bool = False


_COUNTRIES = select(LegalEntity.country).where(LegalEntity.organisation_id == bindparam("organisation_id"))


def wanted_by(session: Session, incident: Incident, organisation: Organisation) -> list[Wanted]:
    """The duties under the law of the day on which the incident was opened; a later law does not change them.

    Before anybody has looked at it, those that every breach may give rise to, whatever its facts.
    """
    if incident.what in NO_BREACH:
        return []
    sheets = worksheets(session, incident) if incident.id else {}
    if incident.what is What.UNDECIDED and not sheets:
        laws = _laws(session, organisation, incident.opened_at.date())
        return list(_of_land(incident, _Own(None, Profile(), {}, {}, laws), addressed=False))
    profile = profile_of(session, organisation)
    owns = list(_owns(session, incident, organisation, profile, sheets))
    found = _once([(own, one) for own in owns for one in _of_one(incident, own)])
    found += _to_customers(incident, organisation, profile)
    return [replace(one, target=profile.targets.get(one.rule.id)) for one in found]


def _laws(session: Session, organisation: Organisation, day: date) -> tuple[str, ...]:
    countries = session.connection().execute(_COUNTRIES, {"organisation_id": organisation.id}).scalars().all()
    return laws_for(organisation.country, countries, on=day)


def own_parts(incident: Incident) -> list[Part]:
    """The parts that are our own, one for each legal entity and country that was named."""
    return [part for part in incident.parts if part.is_own and part.dropped_at is None]


def _owns(
    session: Session,
    incident: Incident,
    organisation: Organisation,
    profile: Profile,
    sheets: dict[int | None, Worksheet],
) -> Iterator[_Own]:
    """The incident itself, and each part of our own."""
    day, sheet, parts = incident.opened_at.date(), sheets.get(None), own_parts(incident)
    whole = situation_of(incident, profile, sheet.situation if sheet else None)
    rest = without(whole, [part.place for part in parts]) if parts else whole
    countries = all_countries(rest)
    homes = [entity.place[:2] for entity in profile.entities]
    laws = laws_for(organisation.country, homes, people_countries=_two_letters(countries), on=day)
    covered = bool(parts) and countries is not None and not countries
    stands = in_force(session, incident.id)
    yield _Own(None, profile, rest, known(sheet.facts) if sheet else {}, laws, stands, covered=covered)
    first = entities_of(session, organisation)[:1] if parts else []
    for part in parts:
        entity = session.get(LegalEntity, part.legal_entity_id) if part.legal_entity_id else None
        theirs = replace(profile, entities=(entity_of(entity),), sites=()) if entity else profile
        own = sheets.get(part.id)
        laws = laws_for(
            entity.country if entity else organisation.country,
            [one.place[:2] for one in theirs.entities],
            people_countries=[part.place[:2]],
            on=day,
        )
        situation = of_part(part, whole, own.situation if own else None)
        stands = in_force(session, incident.id, part.id)
        shared = part.legal_entity_id in (None, *(one.id for one in first))
        yield _Own(part, theirs, situation, known(own.facts) if own else {}, laws, stands, False, shared=shared)


def _two_letters(places: Iterable[str] | None) -> list[str] | None:
    return None if places is None else sorted({place[:2] for place in places})


def _of_one(incident: Incident, own: _Own) -> Iterator[Wanted]:
    """What is owed for one part of our own: by the law of the land, and by all others that the facts give rise to."""
    high = own.stands is not None and own.stands.people is Says.COMMUNICATE
    found: list[Wanted] = []
    if incident.what is not What.SECURITY_INCIDENT and not own.covered:
        found += _of_land(incident, own, addressed=True)
        if high:
            found += _to_people(incident, own)
    yield from found
    present = {one.rule.id for one in found} | {rule.id for rule in _of_people(own, incident.opened_at.date())}
    yield from _by_facts(incident, own, present, high=high)


def _once(found: Sequence[tuple[_Own, Wanted]]) -> list[Wanted]:
    """Without what two parts owe alike: one notice tells an authority of both, unless one of them leaves it out."""
    return [
        replace(one, shared=own.shared)
        for at, (own, one) in enumerate(found)
        if not _told_elsewhere(own, one, at, found)
    ]


def _told_elsewhere(own: _Own, one: Wanted, at: int, found: Sequence[tuple[_Own, Wanted]]) -> bool:
    if own.part is None or one.rule.recipient is not Recipient.AUTHORITY:
        return False
    for place, (other, same) in enumerate(found):
        if other is own or (same.rule.id, same.towards) != (one.rule.id, one.towards) or _leaves_out(other):
            continue
        if other.part is None:
            if own.shared:
                return True
            continue
        if other.part.legal_entity_id != own.part.legal_entity_id:
            continue
        theirs, ours = (one.rule.touches([part.place]) for part in (other.part, own.part))
        if theirs > ours or (theirs is ours and place < at):
            return True
    return False


def _leaves_out(own: _Own) -> bool:
    """Whether it was decided for this part that no authority is told: then it stands for no other."""
    return own.stands is not None and own.stands.decided and own.stands.authority is Says.NOT_REQUIRED


def _of_land(incident: Incident, own: _Own, *, addressed: bool) -> Iterator[Wanted]:
    """What every controller owes its authority, or may, with every breach of personal data."""
    if incident.our_role is OurRole.PROCESSOR:
        return
    sure = incident.what is What.PERSONAL_DATA_BREACH and incident.our_role is not OurRole.UNKNOWN
    standing = Standing.OWED if sure else Standing.MAY_ARISE
    for rule in load().owed_by(Capacity.CONTROLLER, incident.opened_at.date(), own.laws):
        if not (rule.by_itself and rule.recipient is Recipient.AUTHORITY):
            continue
        people = affected_places(own.situation)
        complete = all_countries(own.situation) is not None
        found = addressees(rule, own.profile, people, complete=complete) if addressed else ()
        named = [one for one in found if one.place]
        for one in named:
            yield Wanted(rule, own.part, standing, " / ".join(one.names), one.place)
        if not named:
            yield Wanted(rule, own.part, standing, rule.short_title)


def _to_people(incident: Incident, own: _Own) -> Iterator[Wanted]:
    """What is owed to the people concerned: it arises with the assessment that finds a high risk (Art. 34(1)).

    The people of one country are told once, by the law of the place where they live if that is one of ours.
    """
    if incident.what is not What.PERSONAL_DATA_BREACH or incident.our_role is OurRole.PROCESSOR:
        return
    rules = _of_people(own, incident.opened_at.date())
    if own.part is not None:
        rules = [rule for rule in rules if rule.touches([own.part.place])] or rules[:1]
    for rule in rules:
        yield Wanted(rule, own.part, Standing.OWED, rule.short_title)


def _of_people(own: _Own, day: date) -> list[Rule]:
    """The duties towards people of the laws of the land that a high risk gives rise to."""
    found: list[Rule] = []
    for law in own.laws:
        rules = load().owed_by(Capacity.CONTROLLER, day, [law])
        if any(rule.by_itself for rule in rules):
            found += [rule for rule in rules if rule.recipient is Recipient.PEOPLE and _wants_high_risk(rule)]
    return found


def _wants_high_risk(rule: Rule) -> bool:
    return rule.confirmed and rule.wants is not None and "high_risk" in rule.wants.asked


def _by_facts(incident: Incident, own: _Own, present: set[str], *, high: bool) -> Iterator[Wanted]:
    """What all other laws want once the facts are known that they ask for. What nobody confirmed never arises here."""
    profile = replace(own.profile, contracts=())
    situation = {**own.situation, "high_risk": high}
    for one in arising(profile, situation, own.facts, on=incident.opened_at.date()):
        rule = one.rule
        if one.standing is not Arises.ARISES or rule.id in present or not _is_sent(rule):
            continue
        ours = Capacity.CONTROLLER in rule.who_owes
        if own.covered if ours else not own.whole:
            continue  # of the people, their own parts tell; of everything else, the incident itself
        yield Wanted(rule, own.part, Standing.OWED, rule.short_title)


def _is_sent(rule: Rule) -> bool:
    """Whether the duty is to tell somebody, whom no part of the incident stands for already."""
    kept = rule.keeping or rule.phase in _NOT_SENT or rule.recipient is Recipient.OWN_REGISTER
    return not kept and rule.recipient is not Recipient.CONTROLLER


def _to_customers(incident: Incident, organisation: Organisation, profile: Profile) -> Iterator[Wanted]:
    """As a processor, one duty towards each customer, and beside it what that customer's contract promises."""
    if incident.our_role not in (OurRole.PROCESSOR, OurRole.BOTH):
        return
    breach = incident.what is What.PERSONAL_DATA_BREACH
    sure = Standing.MAY_ARISE if incident.what is What.UNDECIDED else Standing.OWED
    day, regimes = incident.opened_at.date(), load()
    # One notice to each customer satisfies each law; the one of our own country names the duty.
    laws = laws_for(organisation.country, [entity.place[:2] for entity in profile.entities], on=day)
    rules = regimes.owed_by(Capacity.PROCESSOR, day, laws)
    notice = next(rule for rule in rules if rule.by_itself and rule.recipient is Recipient.CONTROLLER)
    for part in incident.parts:
        if part.role is not OurRole.PROCESSOR or part.dropped_at is not None:
            continue
        if breach or incident.what is What.UNDECIDED:
            yield Wanted(notice, part, sure, part.customer)
        contract = contract_with(part.customer, profile.contracts)
        if contract is not None:
            yield Wanted(regimes.get(CONTRACT), part, sure, part.customer, contract=contract)


@lru_cache(maxsize=1)
def towards_customers() -> frozenset[str]:
    """The rules under which a customer is told, by law or by contract."""
    return frozenset({CONTRACT, *(rule.id for rule in load().rules() if rule.recipient is Recipient.CONTROLLER)})


def weighs_risk(rule: Rule) -> bool:
    """Whether the duty falls away where a risk to people is unlikely, as in Art. 33(1) GDPR."""
    return rule.wants is not None and "risk" in rule.wants.asked
