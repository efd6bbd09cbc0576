"""Walking through every address of the application, as everybody in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import database
from app.installation import Installation
from incidents import accounts
from incidents.evidence import Evidence
from incidents.incident import Incident, Urgency
from incidents.law.clock import utcnow
from incidents.organisation import LegalEntity, Site
from incidents.people import Person, Role
from incidents.profile import CustomerContract
from incidents.signing import Delegation
from incidents.timeline import Entry
from notifications.contact import Contact
from notifications.deadlinefeed import DeadlineFeed
from notifications.delivery import Delivery, Purpose
from notifications.messages import signed
from notifications.page import Page
from notifications.rota import Rota
from notifications.rota.feed import PersonFeed
from notifications.rota.override import Override
from notifications.rota.request import SwapRequest
from notifications.rota.shift import Shift
from tests.house.filled import KEYS, Filled

BASE = "http://localhost:8000"
ACTED_ON = ("grave", "closed", "restricted")
"""On these every act is opened; the page itself of every incident."""

UNKNOWN = (
    "The walk does not know what to write for <{name}> of {rule}. Add it to `values` in tests/house/walk.py, "
    "or to KEYS in tests/house/filled.py."
)


@dataclass(frozen=True)
class Address:
    """An address with real keys. `mark` is who may open it, `incident` the name of the one it is about."""

    url: str
    rule: str
    endpoint: str
    mark: Any
    incident: str | None


def addresses(
    app: Flask, house: Installation, filled: Filled, method: str, acted_on: tuple[str, ...] = ACTED_ON
) -> list[Address]:
    """Every address that answers this method, with real keys; of acts those on the incidents named."""
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.endpoint != "static"]
    with house.store.reading() as session:
        return [address for rule in rules for address in _addresses(app, house, session, filled, rule, acted_on)]


def _addresses(
    app: Flask, house: Installation, session: Session, filled: Filled, rule: Rule, acted_on: tuple[str, ...]
) -> Iterator[Address]:
    mark = getattr(app.view_functions[rule.endpoint], "tocsin_access", None)
    about = tuple(filled.incidents) if rule.endpoint == "incident.incident" else acted_on
    for name in about if "reference" in rule.arguments else (None,):
        known = _values(house, session, filled, rule, name)
        missing = rule.arguments - known.keys()
        assert not missing, UNKNOWN.format(name=missing.pop() if missing else "", rule=rule.rule)
        wanted = sorted(rule.arguments)
        for combination in product(*(known[argument] for argument in wanted)):
            _host, url = rule.build(dict(zip(wanted, combination, strict=True))) or ("", "")
            yield Address(url, rule.rule, rule.endpoint, mark, name)


SITES = select(Site.id)
FIXED: dict[str, list[Any]] = {
    "card": ["people"],
    "rule": ["in-certin", "no-rule"],
    "factor": ["dpc"],
    "question": ["people"],
    "where": ["up"],
    "country": ["GB"],
}


def _values(
    house: Installation, session: Session, filled: Filled, rule: Rule, incident: str | None
) -> dict[str, list[Any]]:
    """What may stand for each argument of an address."""
    purposes = (Purpose.RING, Purpose.TEST)
    links = session.execute(select(Delivery.token, Delivery.purpose).where(Delivery.purpose.in_(purposes)))
    latest = {row.purpose: row.token for row in links}
    people = [filled.people["mina"], filled.people["adam"], 10_000]
    tokens = {
        "evidence": list(session.scalars(select(Evidence.token))),
        "invitation": [filled.invitation, "nobody"],
        "setup": [filled.setup, "nobody"],
        "rota": [*session.scalars(select(Rota.token)), *session.scalars(select(PersonFeed.token)), "nobody"],
        "deadlines": [*session.scalars(select(DeadlineFeed.token)), "nobody"],
        "desk": [*session.scalars(select(Page.token).where(Page.ended_at.is_(None))), "nobody"],
    }
    known: dict[str, list[Any]] = {
        "carried": [*(signed(house.keyring, token) for token in latest.values()), "forged"],
        "person_id": people,
        "contact_id": list(session.scalars(select(Contact.id).where(Contact.person_id.in_(people[:2])))),
        "role": [Role.RESPONDER.value],
        **FIXED,
        "urgency": [Urgency.URGENT.value],
        "rota_id": [*session.scalars(select(Rota.id)), 10_000],
        "request_id": list(session.scalars(select(SwapRequest.id)))[-1:],
        "shift_id": list(session.scalars(select(Shift.id)))[-1:],
        "override_id": list(session.scalars(select(Override.id)))[-1:],
        "entity_id": list(session.scalars(select(LegalEntity.id)))[-1:],
        "site_id": list(session.scalars(SITES))[-1:],
        "contract_id": list(session.scalars(select(CustomerContract.id)))[-1:],
        "token": tokens.get(rule.endpoint.partition(".")[0], []),
    }
    if incident is not None:
        found = session.scalars(select(Incident).where(Incident.reference == filled.incidents[incident])).one()
        known["reference"] = [found.reference]
        known["seq"] = list(session.scalars(select(Entry.seq).where(Entry.incident_id == found.id)))[-1:]
        keys = KEYS.get(rule.endpoint) or KEYS.get(rule.endpoint.partition(".")[0])
        if keys is not None:
            known["key"] = keys(session, found)[-1:]
    elif rule.endpoint == "delegations.end":
        known["key"] = list(session.scalars(select(Delegation.id)))[-1:]
    return known


def sign_in(client: FlaskClient, house: Installation, person_id: int) -> None:
    """Let this browser in without the page, which spares a hash."""
    with house.store.writing() as session:
        token = accounts.sign_in(session, session.get_one(Person, person_id), now=utcnow())
    with client.session_transaction(base_url=BASE) as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True


def checksums(house: Installation) -> Mapping[str, str]:
    """A digest of all rows of each table."""
    found = {}
    with house.store.reading() as session:
        for table in database.METADATA.sorted_tables:
            rows = session.execute(select(table).order_by(*table.primary_key.columns)).all()
            found[table.name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


@contextmanager
def watched(house: Installation, address: list[str]) -> Iterator[list[str]]:
    """Note every statement that would change a row, with the address that was open (the last one of the list)."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            seen.append(f"{address[-1]}: {' '.join(statement.split())[:80]}")

    event.listen(house.store.write_engine, "before_cursor_execute", note)
    yield seen
    event.remove(house.store.write_engine, "before_cursor_execute", note)
