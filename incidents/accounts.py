"""Setting up the organisation and its people: invitations, roles given and taken back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from incidents.organisation import LegalEntity, Organisation, checked_country, checked_zone
from incidents.parking import owner_left
from incidents.people import Grant, Invitation, Person, Role, SignIn, by_email
from incidents.refusals import Refused
from incidents.timeline import SYSTEM, Actor, Entry, Kind, organisation_timeline, record
from incidents.words import N_

INVITATION_LASTS = timedelta(days=14)


@dataclass(frozen=True)
class Identity:
    """What set-up asks about the organisation. `zone` is an IANA name, `country` two letters."""

    name: str
    country: str
    zone: str
    emergency_phone: str
    public_address: str
    trusted_proxies: int = 0


def set_up(session: Session, organisation: Organisation, identity: Identity, *, now: datetime) -> Entry:
    """Give the organisation its name, place and public address. Works once; later changes are settings."""
    if organisation.set_up_at is not None:
        raise Refused(N_("Tocsin is set up already. Sign in to change settings."))
    apply(organisation, identity)
    organisation.set_up_at = now
    session.add(
        LegalEntity(organisation_id=organisation.id, name=organisation.name or "", country=organisation.country or "")
    )
    return record(
        session,
        organisation_timeline(session, organisation.id),
        Kind.SET_UP,
        by=SYSTEM,
        zone=organisation.zone,
        facts={"country": organisation.country},
        now=now,
    )


def apply(organisation: Organisation, identity: Identity) -> None:
    """Check what was typed about the organisation and take it over."""
    if not identity.name.strip():
        raise Refused(N_("Write the name of the organisation."), field="name")
    if sum(sign.isdigit() for sign in identity.emergency_phone) < 3:
        raise Refused(
            N_("Write a phone number that somebody answers in an emergency, such as +44 20 7946 0000."),
            field="emergency_phone",
        )
    organisation.name = identity.name.strip()[:200]
    organisation.country = checked_country(identity.country)
    organisation.zone = checked_zone(identity.zone)
    organisation.emergency_phone = identity.emergency_phone.strip()[:40]
    organisation.public_address = identity.public_address.rstrip("/")
    organisation.trusted_proxies = identity.trusted_proxies


def add_person(
    session: Session,
    organisation: Organisation,
    *,
    name: str,
    email: str,
    roles: Iterable[Role],
    by: Actor = SYSTEM,
    now: datetime,
) -> Person:
    """Make an account with its roles. Refuses an address that is taken and a person without a name or role."""
    name, email, roles = name.strip(), email.strip().lower(), list(dict.fromkeys(roles))
    if not name:
        raise Refused(N_("Write the person's name."), field="name")
    if not roles:
        raise Refused(N_("Choose at least one role."), field="roles")
    if by_email(session, email) is not None:
        raise Refused(N_("Somebody with this e-mail address has an account already."), field="email")
    person = Person(organisation_id=organisation.id, name=name, email=email, created_at=now)
    session.add(person)
    session.flush()
    record(
        session,
        organisation_timeline(session, organisation.id),
        Kind.PERSON_INVITED,
        by=by,
        facts={"subject": person.id, "roles": [role.value for role in roles]},
        prose={"name": name},
        now=now,
    )
    for role in roles:
        grant(session, person, role, by=by, now=now)
    return person


def grant(session: Session, person: Person, role: Role, *, by: Actor, now: datetime) -> Entry | None:
    """Give a role. Always recorded; when people give one to themselves the entry says so and the DPO is told."""
    if role in person.roles:
        return None
    session.add(
        Grant(
            organisation_id=person.organisation_id,
            person=person,
            role=role,
            granted_at=now,
            granted_by_id=by.person_id,
        )
    )
    session.flush()
    return record(
        session,
        organisation_timeline(session, person.organisation_id),
        Kind.ROLE_GRANTED,
        by=by,
        facts={"subject": person.id, "role": role.value, "own": by.person_id == person.id},
        now=now,
    )


def revoke(session: Session, person: Person, role: Role, *, by: Actor, now: datetime) -> Entry | None:
    """Take a role back. Refuses to take the last administrator's."""
    grants = [given for given in person.grants if given.role is role and given.revoked_at is None]
    if not grants:
        return None
    if role is Role.ADMINISTRATOR and not _another_administrator(session, person):
        raise Refused(N_("Somebody must administer. Give the role to another person first."), field="roles")
    for given in grants:
        given.revoked_at, given.revoked_by_id = now, by.person_id
    session.flush()
    return record(
        session,
        organisation_timeline(session, person.organisation_id),
        Kind.ROLE_REVOKED,
        by=by,
        facts={"subject": person.id, "role": role.value},
        now=now,
    )


def _another_administrator(session: Session, person: Person) -> bool:
    return (
        session.scalars(
            select(Grant.id)
            .join(Person, Person.id == Grant.person_id)
            .where(
                Grant.role == Role.ADMINISTRATOR,
                Grant.revoked_at.is_(None),
                Person.left_at.is_(None),
                Person.id != person.id,
                Person.organisation_id == person.organisation_id,
            )
        ).first()
        is not None
    )


def leave(session: Session, person: Person, *, by: Actor, now: datetime) -> Entry:
    """End an account: no sign-in, no page, every browser signed out. The row stays, entries name it."""
    if Role.ADMINISTRATOR in person.roles and not _another_administrator(session, person):
        raise Refused(N_("Somebody must administer. Give the role to another person first."))
    person.left_at = now
    owner_left(session, person.id, now=now)
    sign_out_everywhere(session, person, now=now)
    return record(
        session,
        organisation_timeline(session, person.organisation_id),
        Kind.PERSON_LEFT,
        by=by,
        facts={"subject": person.id},
        now=now,
    )


def invite(session: Session, person: Person, *, now: datetime) -> str:
    """A token for a link with which the person chooses a password. Earlier invitations end."""
    for earlier in session.scalars(
        select(Invitation).where(Invitation.person_id == person.id, Invitation.used_at.is_(None))
    ):
        earlier.expires_at = min(earlier.expires_at, now)
    token = secrets.token_urlsafe(24)
    session.add(
        Invitation(
            organisation_id=person.organisation_id,
            person_id=person.id,
            token_digest=_digest(token),
            created_at=now,
            expires_at=now + INVITATION_LASTS,
        )
    )
    session.flush()
    return token


def invite_again(session: Session, person: Person, *, by: Actor, now: datetime) -> str:
    """A new invitation for somebody who has an account; recorded, because it can change who holds the account."""
    record(
        session,
        organisation_timeline(session, person.organisation_id),
        Kind.PERSON_INVITED,
        by=by,
        facts={"subject": person.id, "again": True},
        now=now,
    )
    return invite(session, person, now=now)


def inviter(session: Session, person: Person) -> Person | None:
    """Who gave this person the first role; None when that was set-up or the command line."""
    first = min(person.grants, key=lambda given: given.id, default=None)
    return session.get(Person, first.granted_by_id) if first and first.granted_by_id else None


def invited(session: Session, token: str, *, now: datetime) -> Invitation:
    """The invitation of a link. Refuses one that is used up, too old or unknown, all in the same words."""
    found = session.scalars(select(Invitation).where(Invitation.token_digest == _digest(token))).first()
    gone = found is None or session.get_one(Person, found.person_id).left_at is not None
    if found is None or gone or found.used_at is not None or found.expires_at <= now:
        raise Refused(N_("This invitation is used up or too old. Ask an administrator for a new one."))
    return found


def accept(session: Session, token: str, password_hash: str, *, now: datetime) -> Person:
    """Choose the password that an invitation is for; every browser that was signed in before is signed out."""
    invitation = invited(session, token, now=now)
    person = session.get_one(Person, invitation.person_id)
    invitation.used_at = now
    change_password(session, person, password_hash, now=now)
    return person


def change_password(
    session: Session, person: Person, password_hash: str, *, but: str | None = None, now: datetime
) -> None:
    """Set another password and sign out every browser, save the one whose token is given."""
    person.password_hash = password_hash
    sign_out_everywhere(session, person, but=but, now=now)


def sign_in(session: Session, person: Person, *, now: datetime) -> str:
    """Open a sign-in; the token returned goes into the signed cookie and nowhere else."""
    token = secrets.token_urlsafe(24)
    session.add(
        SignIn(
            organisation_id=person.organisation_id,
            person_id=person.id,
            token_digest=_digest(token),
            started_at=now,
            seen_at=now,
        )
    )
    session.flush()
    return token


@cache
def _in_use() -> Select[SignIn]:
    return (
        select(SignIn)
        .where(SignIn.token_digest == bindparam("digest"), SignIn.ended_at.is_(None))
        .options(joinedload(SignIn.person).joinedload(Person.grants))  # every page asks: in one query
    )


def signed_in(session: Session, token: str, *, since: datetime | None = None) -> SignIn | None:
    """The sign-in that a cookie's token belongs to, unless it was ended, began before `since`, or the person left."""
    found = session.scalars(_in_use(), {"digest": _digest(token)}).unique().first()
    if found is None or found.person.left_at is not None or (since is not None and found.started_at < since):
        return None
    return found


def seen(session: Session, token: str, *, now: datetime) -> None:
    """Note that a sign-in is in use."""
    found = signed_in(session, token)
    if found is not None:
        found.seen_at = now
        session.flush()


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End one sign-in."""
    found = signed_in(session, token)
    if found is not None:
        found.ended_at = now
        session.flush()


def sign_out_everywhere(session: Session, person: Person, *, but: str | None = None, now: datetime) -> None:
    """End every sign-in of a person, save the one whose token is given."""
    kept = _digest(but) if but else ""
    for open_one in session.scalars(select(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None))):
        if open_one.token_digest != kept:
            open_one.ended_at = now
    session.flush()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def change_hours(person: Person, tell_from: int | None, tell_until: int | None, *, drills_any_hour: bool) -> None:
    """Set from when until when somebody may be told what wakes nobody, in minutes of their day; None is as shipped."""
    person.tell_from, person.tell_until, person.drills_any_hour = tell_from, tell_until, drills_any_hour
