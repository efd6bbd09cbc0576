"""What is set in the web interface: one row each, and an entry that says what changed, never a secret in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from incidents.accounts import Identity, apply
from incidents.organisation import Organisation, Setting
from incidents.timeline import Actor, Entry, Kind, organisation_timeline, record

MAIL_SERVER = "smtp"
BOUNCES = "bounces"
PHONE_GATEWAY = "phone_gateway"
ANSWER_SECRET = "answer_secret"  # noqa: S105 - a name
RECEIPT_DO = "receipt_do"
RECEIPT_DONT = "receipt_dont"


def stored(session: Session, name: str) -> Setting | None:
    """The row of a setting, with its sealed secret; None when it was never set."""
    return session.scalars(select(Setting).where(Setting.name == name)).first()


def value_of(session: Session, name: str) -> Any:
    """What was set under this name, or None."""
    row = stored(session, name)
    return row.value if row else None


_VALUES = select(Setting.name, Setting.value).where(Setting.name.in_(bindparam("names", expanding=True)))


def values_of(session: Session, *names: str) -> dict[str, Any]:
    """What was set under these names; those that were never set are left out."""
    return {row.name: row.value for row in session.connection().execute(_VALUES, {"names": names})}


def change(
    session: Session,
    organisation: Organisation,
    name: str,
    value: Any,
    *,
    sealed: str | None = None,
    by: Actor,
    now: datetime,
) -> Entry | None:
    """Set a value and its secret (already sealed); both count as they are given, None takes them away.

    None is returned when nothing changed. The entry holds the value before and after, and of the secret only
    that it changed.
    """
    row = stored(session, name)
    before, sealed_before = (row.value, row.sealed) if row else (None, None)
    if before == value and sealed_before == sealed:
        return None
    if row is None:
        row = Setting(organisation_id=organisation.id, name=name)
        session.add(row)
    row.value, row.sealed, row.changed_at = value, sealed, now
    facts = {"setting": name} | ({"secret": "changed"} if sealed_before != sealed else {})
    return record_change(session, organisation, facts, before, value, by=by, now=now)


def change_organisation(
    session: Session, organisation: Organisation, identity: Identity, *, by: Actor, now: datetime
) -> Entry | None:
    """Change the organisation's details. None when nothing changed; refuses like set-up."""
    before = _details(organisation)
    apply(organisation, identity)
    after = _details(organisation)
    changed = [field for field in after if before[field] != after[field]]
    if not changed:
        return None
    facts = {"setting": "organisation", "fields": changed}
    return record_change(
        session,
        organisation,
        facts,
        {field: before[field] for field in changed},
        {field: after[field] for field in changed},
        by=by,
        now=now,
    )


def identity_of(organisation: Organisation) -> Identity:
    """The organisation's details as set-up asked for them."""
    return Identity(
        name=organisation.name or "",
        country=organisation.country or "",
        zone=organisation.zone,
        emergency_phone=organisation.emergency_phone or "",
        public_address=organisation.public_address or "",
        trusted_proxies=organisation.trusted_proxies,
    )


def _details(organisation: Organisation) -> dict[str, Any]:
    return asdict(identity_of(organisation))


def record_change(
    session: Session,
    organisation: Organisation,
    facts: Mapping[str, Any],
    before: Any,
    after: Any,
    *,
    by: Actor,
    now: datetime,
) -> Entry:
    """Write down what was set; `facts` hold no prose, `before` and `after` may."""
    # Old and new values are prose: they may name people, such as the sender of pages.
    prose = {"before": _written(before), "after": _written(after)}
    timeline = organisation_timeline(session, organisation.id)
    return record(session, timeline, Kind.SETTING_CHANGED, by=by, facts=facts, prose=prose, now=now)


def _written(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
