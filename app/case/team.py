"""Who is on an incident, who was called to it, and who could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app import shown
from app.access import may, me
from app.case.lanes import Link
from app.language import gettext as _
from app.language import lazy_gettext as _l
from incidents.incident import Incident, may_see
from incidents.people import RIGHTS, Person, Right, Role, everybody
from incidents.words.enums import words_for
from notifications.ringing import Called, Taken, called_to


@dataclass(frozen=True)
class Team:
    """The card of who works on it: lines of what is so, and what the reader may do about it."""

    lines: Sequence[str]
    waits: shown.Moment | None
    take_over_url: str | None
    own_url: str | None
    acts: Sequence[Link]


def team_of(session: Session, incident: Incident, taken: Taken | None, now: datetime) -> Team | None:
    """Who works on an open incident, or has only acknowledged so far; None once it is closed."""
    if incident.closed_at is not None:
        return None
    lines = [_called(one) for one in called_to(session, incident.id)]
    if incident.containment_owner is not None and incident.contained_at is None:
        since = shown.moment(incident.containment_owned_at)
        name = incident.containment_owner.name
        lines.append(_("%(name)s is at the containment since %(time)s.", name=name, time=since.local if since else ""))
    handles = may(Right.HANDLE)
    where: dict[str, Any] = {"reference": incident.reference}
    acts = [
        Link(_("Call somebody to help"), url_for("calling.call", **where)),
        Link(_("Hand it over to somebody else"), url_for("calling.hand_over", **where)),
        Link(_("This can wait until …"), url_for("waiting.wait", **where)),
    ]
    has_it = incident.handler_id or (taken.person_id if taken and taken.until > now else None)
    owns = incident.contained_at is None and incident.containment_owner_id != me().id
    return Team(
        lines=lines,
        waits=shown.moment(incident.parked_until),
        take_over_url=url_for("calling.take_over", **where) if handles and has_it not in (None, me().id) else None,
        own_url=url_for("waiting.take_on", **where) if handles and owns else None,
        acts=acts if handles else [],
    )


def _called(one: Called) -> str:
    at, answered = shown.moment(one.at), shown.moment(one.answered_at)
    words = {
        "who": one.name or (_(words_for(one.role)) if one.role else ""),
        "time": at.local if at else "",
        "answered": answered.local if answered else "",
    }
    if one.hands_over and answered:
        return _("%(who)s was asked to take it over %(time)s; answered %(answered)s.") % words
    if one.hands_over:
        return _("%(who)s was asked to take it over %(time)s, and has not answered yet. Until then it stays.") % words
    if answered:
        return _("%(who)s, called %(time)s, answered %(answered)s.") % words
    return _("%(who)s was called %(time)s and has not answered yet.") % words


def heirs(session: Session, reader: Person, incident: Incident) -> list[tuple[str, str]]:
    """The people an incident may be handed to, as a form offers them: they can see it and work on it."""
    return [_named(one) for one in _others(session, reader, incident) if Right.HANDLE in one.rights]


def callable_people(session: Session, reader: Person, incident: Incident) -> list[tuple[str, str]]:
    """The people who may be called to an incident; those whom it does not open for stand last and are marked."""
    others = _others(session, reader, incident)
    sees = [_named(one) for one in others if Right.READ_INCIDENTS in one.rights]
    return sees + [
        (key, BLIND % {"who": words})
        for key, words in (_named(one) for one in others if Right.READ_INCIDENTS not in one.rights)
    ]


def callable_roles(session: Session, reader: Person, incident: Incident) -> list[tuple[str, str]]:
    """The roles that somebody else than the reader holds. None for a restricted incident: it names people."""
    if incident.restricted:
        return []
    held = {role for one in everybody(session, reader.organisation_id) if one.id != reader.id for role in one.roles}
    found = []
    for role in sorted(held, key=lambda one: (Right.READ_INCIDENTS not in RIGHTS[one], list(Role).index(one))):
        words = _("Everybody who is: %(role)s", role=_(words_for(role)))
        found.append((f"role:{role.value}", words if Right.READ_INCIDENTS in RIGHTS[role] else BLIND % {"who": words}))
    return found


BLIND = _l("%(who)s (is rung, but cannot open it)")


def _others(session: Session, reader: Person, incident: Incident) -> list[Person]:
    """Everybody else with a role, of a restricted incident only those whom it names."""
    return [
        one
        for one in everybody(session, incident.organisation_id)
        if one.id != reader.id and one.roles and may_see(session, one, incident)
    ]


def _named(one: Person) -> tuple[str, str]:
    return f"person:{one.id}", f"{one.name}, {', '.join(_(words_for(role)) for role in Role if role in one.roles)}"
