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
from incidents.incident import Incident, may_see
from incidents.people import Person, Right, Role, everybody
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
        Link(_("Hand it over"), url_for("calling.hand_over", **where)),
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
    if answered:
        return _("%(who)s, called %(time)s, answered %(answered)s.") % words
    return _("%(who)s was called %(time)s and has not answered yet.") % words


def callable_people(
    session: Session, reader: Person, incident: Incident, right: Right | None = None
) -> list[tuple[str, str]]:
    """The people who may be called to an incident, as a form offers them; those only who may see it at all."""
    return [
        (f"person:{one.id}", f"{one.name}, {', '.join(_(words_for(role)) for role in Role if role in one.roles)}")
        for one in everybody(session, incident.organisation_id)
        if one.id != reader.id
        and one.roles
        and (right is None or right in one.rights)
        and may_see(session, one, incident)
    ]


def callable_roles(session: Session, reader: Person) -> list[tuple[str, str]]:
    """The roles that somebody else than the reader holds."""
    held = {role for one in everybody(session, reader.organisation_id) if one.id != reader.id for role in one.roles}
    return [
        (f"role:{role.value}", _("Everybody who is: %(role)s", role=_(words_for(role))))
        for role in Role
        if role in held
    ]
