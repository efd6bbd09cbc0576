"""Twilio's side of a conversation: signed call-backs, and phones that were rung."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.installation import Installation
from incidents.people import Person
from incidents.report import Report
from incidents.timeline import SYSTEM, Entry, Kind
from notifications import paging, phones
from notifications.channels import ChannelKind
from notifications.channels.twilio import signature
from notifications.contact import Contact, add_phone
from notifications.delivery import Delivery, DeliveryState
from notifications.messages import GATEWAY, signed
from notifications.page import Page
from notifications.policy import Waits
from tests.app.visitor import BASE
from tests.makers import make_report

TOKEN = "a-token-nobody-sees"
DANA = "+447700900123"
TARIQ = "+447700900456"


def with_twilio(installation: Installation) -> Installation:
    """The same house with an account at Twilio."""
    gateway = {"twilio_account": "AC0123456789", "twilio_token": TOKEN, "twilio_sender": "+442079460999"}
    return replace(installation, settings=replace(installation.settings, **gateway))  # type: ignore[arg-type]


def give_phone(house: Installation, person_id: int, number: str, kind: ChannelKind, *, now: datetime) -> Contact:
    """Another way to reach somebody."""
    with house.store.writing() as session:
        return add_phone(
            session,
            session.get_one(Person, person_id),
            phones.parse(number, country=None),
            kind,
            keyring=house.keyring,
            emergency_phone=None,
            by=SYSTEM,
            now=now,
        )


def ring(house: Installation, *, now: datetime, what: str = "I lost a laptop") -> Page:
    """A report that rings the DPO; the gateway has taken what was sent."""
    receipt = make_report(house, what, now=now)
    with house.store.writing() as session:
        page = paging.ring_for(session, _entry(session, receipt.report), now=now)
        paging.ring(session, page, waits=Waits(), now=now)
        for row in session.scalars(select(Delivery).where(Delivery.page_id == page.id)):
            row.state, row.attempts, row.accepted_at = DeliveryState.ACCEPTED, 1, now
    return page


def _entry(session: Session, report: Report) -> Entry:
    wanted = select(Entry).where(Entry.incident_id == report.incident_id, Entry.kind == Kind.REPORTED)
    return session.scalars(wanted).one()


def posted(client: FlaskClient, path: str, *, token: str = TOKEN, **fields: str) -> TestResponse:
    """A call-back as Twilio signs it."""
    signs = {"X-Twilio-Signature": signature(token, f"{BASE}{path}", fields.items())}
    return client.post(path, data=fields, headers=signs, base_url=BASE)


def texted(client: FlaskClient, sender: str, text: str) -> str:
    """A reply to an SMS; what is sent back."""
    answer = posted(client, "/inbound/twilio/sms", From=sender, Body=text, To="+442079460999", MessageSid="SM1")
    assert answer.status_code == 200
    return words(answer.text)


def words(markup: str) -> str:
    """What a phone shows or says."""
    return unescape(re.sub(r"<[^>]+>", " ", markup)).strip()


def asked(markup: str) -> str | None:
    """Where a call sends the digits that it asks for next."""
    found = re.search(r'action="([^"]+)"', markup)
    if found is None:
        return None
    parts = urlsplit(unescape(found.group(1)))
    return parts.path + (f"?{parts.query}" if parts.query else "")


def path_of(house: Installation, row: Delivery, what: str) -> str:
    """Where Twilio calls back about a message."""
    return f"/inbound/twilio/{what}/{signed(house.keyring, row.token, GATEWAY)}"


def rows(house: Installation, **wanted: Any) -> list[Delivery]:
    """Deliveries in order."""
    with house.store.reading() as session:
        return list(session.scalars(select(Delivery).filter_by(**wanted).order_by(Delivery.id)))
