"""Who is still counted on to answer a page, and no longer can: on a rota that pages ring, or by name in a policy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from incidents.organisation import Organisation
from incidents.people import Person
from incidents.words import N_
from notifications.escalation import TargetKind
from notifications.ladder import aims_of
from notifications.readiness import Fault
from notifications.rota import Rota
from notifications.rota.cover import members

LEFT_ROTA = N_("has no account any more, but is still on the rota: %(rotas)s. Nobody has these turns. Plan them anew.")
ROLE_ROTA = N_("holds no role that is paged, but is still on the rota: %(rotas)s. Nobody has these turns.")
LEFT_POLICY = N_("has no account any more, but is still named in the escalation policy, which passes over them.")
ROLE_POLICY = N_("holds no role that is paged, but is named in the escalation policy, which passes over them.")


def missed_people(session: Session, organisation: Organisation, *, now: datetime) -> list[Fault]:
    """One fault for each person and place who left, or lost the last role, and is still planned to be rung."""
    on: dict[int, list[str]] = {}
    named: list[int] = []
    for aim in aims_of(session, organisation.id):
        if aim.kind is TargetKind.PERSON and isinstance(aim.key, int):
            named.append(aim.key)
        elif aim.kind is TargetKind.ROTA and isinstance(aim.key, int):
            rota = session.get_one(Rota, aim.key)
            for key in members(session, rota, now=now):
                on.setdefault(key, []).append(rota.name)
    faults = []
    for key, rotas in sorted(on.items()):
        person = session.get_one(Person, key)
        faults += _fault(person, LEFT_ROTA, ROLE_ROTA, rotas=", ".join(sorted(rotas)))
    for key in sorted(named):
        faults += _fault(session.get_one(Person, key), LEFT_POLICY, ROLE_POLICY)
    return faults


def places_of(session: Session, person: Person, *, now: datetime) -> tuple[list[str], bool]:
    """The rotas that pages ring and that this person is on, by name, and whether a policy names them."""
    aims = aims_of(session, person.organisation_id)
    rotas = [session.get_one(Rota, aim.key) for aim in aims if aim.kind is TargetKind.ROTA and isinstance(aim.key, int)]
    on = sorted(rota.name for rota in rotas if person.id in members(session, rota, now=now))
    return on, any(aim.kind is TargetKind.PERSON and aim.key == person.id for aim in aims)


def _fault(person: Person, left: str, without_role: str, **params: object) -> list[Fault]:
    if person.out_since is None:
        return []
    cause = without_role if person.left_at is None else left
    return [Fault(cause, person.name, dict(params), person.id)]
