"""What a message says, per purpose: subject, text and html. Never a word of a report, never a person's name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from incidents.incident import Incident, Urgency
from incidents.keyring import Keyring
from incidents.people import Person, Right
from incidents.progress import ROLES
from incidents.timeline import Entry, Kind
from incidents.words import N_
from incidents.words.enums import words_for
from incidents.words.kinds import SENTENCES
from notifications.changed import Reader, caught_up, lines_of
from notifications.channels import CallBacks, ChannelKind, Message
from notifications.channels.mark import mark_of
from notifications.delivery import Delivery, Purpose, joined
from notifications.page import Page, is_summons
from notifications.ringing import alarm, belated

URGENCY_WORDS = {Urgency.URGENT: N_("urgent"), Urgency.SOON: N_("soon")}


@dataclass(frozen=True)
class Wording:
    """In whose name, language and zone a message speaks. `public_address` is the only base of its links.

    `texts_back` when a reply to an SMS reaches us, `chats_back` when one in a chat does: else no message asks for it.
    """

    translate: Callable[[str], str]
    locale: str
    zone: ZoneInfo
    organisation: str
    public_address: str
    texts_back: bool = False
    chats_back: bool = False


def signed(keyring: Keyring, token: str, use: str = "page") -> str:
    """A delivery's token as its link carries it; what a gateway calls back carries another `use`, and opens no page."""
    return str(_signer(keyring, keyring.current, use).dumps(token))


def unsigned(keyring: Keyring, carried: str, use: str = "page") -> str | None:
    """The token in a link, or None when its signature is not ours, or was made for another use."""
    for name in keyring.names:
        try:
            return str(_signer(keyring, name, use).loads(carried))
        except BadSignature:
            continue
    return None


def _signer(keyring: Keyring, name: str, use: str) -> URLSafeSerializer:
    return URLSafeSerializer(keyring.derive("page link", name), salt=use)


GATEWAY = "gateway"
"""The use of a token that a phone gateway carries."""


def code_of(session: Session, delivery: Delivery, *, keyring: Keyring) -> str:
    """The digits that answer this message: those of its page, or of the test; empty when it asks for none."""
    if delivery.purpose is Purpose.RING and delivery.page_id:
        return session.get_one(Page, delivery.page_id).code
    if delivery.purpose is Purpose.TEST:
        return f"{int(keyring.mac('test code', delivery.token, keyring.names[-1])[:12], 16) % 10_000:04d}"
    return ""


def build(session: Session, delivery: Delivery, *, keyring: Keyring, wording: Wording, now: datetime) -> Message:
    """The message of a delivery as things stand now."""
    facts: dict[str, Any] = {
        "organisation": wording.organisation,
        "link": f"{wording.public_address}/p/{signed(keyring, delivery.token)}",
    }
    replaces = _replaces(session, delivery, now=now)
    template = Purpose.TELL if replaces else delivery.purpose
    subject, urgent = _subject(session, delivery, facts, replaces, keyring=keyring, wording=wording, now=now)
    code, kind = code_of(session, delivery, keyring=keyring), delivery.contact.channel
    answered = wording.texts_back if kind is ChannelKind.SMS else wording.chats_back
    # Mail cannot be answered, and a call that takes no digits is none that we make.
    asks = (answered and kind is not ChannelKind.EMAIL) or kind is ChannelKind.CALL
    facts["code"] = code if asks else ""
    if kind.by_phone:
        return _by_phone(delivery, subject, facts, code, keyring=keyring, wording=wording)
    return Message(
        key=delivery.token,
        subject=subject,
        text=_render(f"{template.value}.txt", facts, wording),
        html=_render(f"{template.value}.html", facts, wording),
        sender_name=wording.organisation,
        headers={"X-Priority": "1", "Importance": "high"} if urgent else {},
        link=facts["link"],
        topic=_topic(session, delivery, replaces),
        alarm=delivery.purpose in (Purpose.RING, Purpose.TEST),
        quiet=replaces is not None,
        series=_series(session, delivery),
        mark=mark_of(keyring, delivery.token),
        call_backs=_call_backs(delivery, str(facts["code"]), keyring=keyring, wording=wording),
    )


def _subject(
    session: Session,
    delivery: Delivery,
    facts: dict[str, Any],
    replaces: int | None,
    *,
    keyring: Keyring,
    wording: Wording,
    now: datetime,
) -> tuple[str, bool]:
    """What it is about, and whether it is urgent; adds the facts that its template needs."""
    if delivery.purpose is Purpose.RING and delivery.page_id:
        return _ring_facts(session, delivery, facts, wording, now=now)
    if replaces is not None and delivery.entry:
        return _cleared_facts(session, delivery.entry, facts, wording, delivery.person_id), False
    if delivery.purpose is Purpose.TELL and delivery.entry:
        return _tell_facts(session, delivery, facts, wording), False
    if delivery.purpose is Purpose.INVITATION:
        token = keyring.unseal(delivery.sealed) if delivery.sealed else ""
        facts["link"] = f"{wording.public_address}/invitation/{token}"
        return wording.translate(N_("Your invitation to Tocsin")), False
    return wording.translate(N_("Test page: please acknowledge")), True


def _replaces(session: Session, delivery: Delivery, *, now: datetime) -> int | None:
    """The page whose notification this one takes the place of, without a sound: it is taken, or over."""
    if delivery.purpose is Purpose.CLEAR:
        return delivery.page_id
    entry = delivery.entry if delivery.purpose is Purpose.TELL else None
    if entry is None or entry.kind is not Kind.TAKEN or delivery.contact.channel is not ChannelKind.PUSH:
        return None
    # News that comes late must not cover a page that rings again; together with other news it is no page's own.
    page = session.get(Page, entry.facts.get("page", 0))
    rings = page is None or (page.ended_at is None and (page.quiet_until is None or page.quiet_until <= now))
    return None if page is None or rings or joined(session, delivery) else page.id


def _topic(session: Session, delivery: Delivery, replaces: int | None) -> str:
    """What takes the place of what: a page of its earlier rings, a test of the test before; 32 signs at most."""
    page_id = delivery.page_id if delivery.purpose is Purpose.RING else replaces
    if page_id:
        # Of the page's random token, so that it tells the services on the way nothing.
        token = session.get_one(Page, page_id).token
        return hashlib.sha256(f"topic {token}".encode()).hexdigest()[:32]
    return "test" if delivery.purpose is Purpose.TEST else ""


def _series(session: Session, delivery: Delivery) -> str:
    """One mark for the rings of one round; another for the next: whoever put the first away is called anew."""
    if delivery.purpose is not Purpose.RING or not delivery.page_id:
        return ""
    page = session.get_one(Page, delivery.page_id)
    return hashlib.sha256(f"series {page.token} {page.round}".encode()).hexdigest()[:32]


def _by_phone(
    delivery: Delivery, subject: str, facts: dict[str, Any], code: str, *, keyring: Keyring, wording: Wording
) -> Message:
    """A short text, or words to be spoken; the title of a call is what it says when nobody presses anything."""
    facts.update(subject=subject, digits=", ".join(code))
    if delivery.contact.channel is ChannelKind.CALL:
        subject = wording.translate(N_("Nothing was pressed. It goes on ringing. Goodbye."))
    template = "call.txt" if delivery.contact.channel is ChannelKind.CALL else "sms.txt"
    facts |= {"drill": facts.get("drill", False), "test": delivery.purpose is Purpose.TEST, "call": facts.get("call")}
    facts["rings"] = delivery.purpose is Purpose.RING
    return Message(
        key=delivery.token,
        subject=subject,
        text=" ".join(_render(template, facts, wording).split()),
        html=None,
        sender_name=wording.organisation,
        call_backs=_call_backs(delivery, code, keyring=keyring, wording=wording),
    )


def _call_backs(delivery: Delivery, code: str, *, keyring: Keyring, wording: Wording) -> CallBacks | None:
    if not wording.public_address:
        return None
    carried, base = signed(keyring, delivery.token, GATEWAY), f"{wording.public_address}/inbound/twilio"
    return CallBacks(f"{base}/status/{carried}", f"{base}/voice/{carried}", wording.locale, code)


def _ring_facts(
    session: Session, delivery: Delivery, facts: dict[str, Any], wording: Wording, *, now: datetime
) -> tuple[str, bool]:
    page = session.get_one(Page, delivery.page_id)
    rung = alarm(session, page.id)
    first, urgent = rung.first, rung.urgent
    urgency = wording.translate(URGENCY_WORDS[Urgency.URGENT if urgent else Urgency.SOON])
    codename = first.codename if first is not None else page.codename
    facts.update(codename=codename, urgency=urgency, more=max(rung.waiting - 1, 0), round=page.round)
    facts.update(next_act=None, late=False, drill=page.drill, practice=page.drill and first is None)
    facts["call"] = call_of(page)
    late = belated(session, page.id)
    facts["caught_up"] = caught_up(_reader(wording, delivery.person_id), *late) if late else None
    if first is not None and first.next_act and first.next_due_at:
        facts["next_act"] = wording.translate(first.next_act)
        facts["next_due"] = instant(first.next_due_at, wording)
        facts["late"] = first.law_due_at is not None and first.law_due_at <= now
    subject = wording.translate(N_("%(codename)s: %(urgency)s")) % {"codename": codename, "urgency": urgency}
    drill = wording.translate(N_("DRILL %(subject)s")) % {"subject": subject}
    return (drill if page.drill else subject), urgent


def call_of(page: Page) -> str | None:
    """Why one person or role is called: to help, or to take over; None for a page of the policy."""
    kinds = {row.entry.kind for row in page.entries} if is_summons(page) else set()
    return next((call for kind, call in CALLS.items() if kind in kinds), None)


CALLS = {
    Kind.HANDED_OVER: N_("You are asked to take this incident over now."),
    Kind.SUMMONED: N_("You are called to this incident: somebody who works on it needs you now."),
}


def _tell_facts(session: Session, delivery: Delivery, facts: dict[str, Any], wording: Wording) -> str:
    """One fact, or all that were due to this person at once."""
    told = [row.entry for row in (delivery, *joined(session, delivery)) if row.entry is not None]
    items = [_item(session, entry, wording, delivery.person_id) for entry in told]
    names, links = {item["codename"] for item in items}, {item["link"] for item in items}
    facts["link"] = links.pop() if len(links) == 1 else wording.public_address
    facts["items"], facts["more"] = items[:MOST_TOLD], len(items[MOST_TOLD:])
    if len(items) == 1:
        return f"{items[0]['codename']}: {items[0]['sentence']}"
    happened = wording.translate(N_("%(number)s things happened")) % {"number": len(items)}
    return f"{names.pop() if len(names) == 1 else 'Tocsin'}: {happened}"


def _cleared_facts(session: Session, entry: Entry, facts: dict[str, Any], wording: Wording, person_id: int) -> str:
    """Since when a page is taken or over, and by whom: by role, never by name."""
    person = session.get(Person, entry.person_id) if entry.person_id else None
    role = next((role for role in ROLES if person is not None and role in person.roles), None)
    who = wording.translate(words_for(role)) if role else wording.translate(N_("somebody"))
    taken = N_("Taken at %(time)s by: %(who)s") if entry.kind is Kind.TAKEN else N_("Over at %(time)s, by: %(who)s")
    at = f"{entry.written_at.astimezone(wording.zone):%H:%M}"
    item = _item(session, entry, wording, person_id) | {"sentence": wording.translate(taken) % {"time": at, "who": who}}
    facts["link"], facts["items"], facts["more"] = item["link"], [item], 0
    return f"{item['codename']}: {item['sentence']}"


MOST_TOLD = 20
"""So many facts are named in one message; of further ones it says how many."""


def _item(session: Session, entry: Entry, wording: Wording, person_id: int) -> dict[str, Any]:
    incident = session.get(Incident, entry.incident_id) if entry.incident_id else None
    path = (
        _path(session, incident, entry.kind, person_id, entry.facts.get("part"))
        if incident
        else PLACES.get(entry.kind, "")
    )
    return {
        "codename": incident.codename if incident else "Tocsin",
        "sentence": wording.translate(SENTENCES[entry.kind]),
        "lines": lines_of(entry, _reader(wording, person_id), only=person_id)[:MOST_LINES],
        "at": instant(entry.happened_at, wording),
        "link": f"{wording.public_address}{path}",
    }


MOST_LINES = 12


def _reader(wording: Wording, person_id: int) -> Reader:
    """Names nobody: whoever reads it is "you", everybody else a colleague."""
    you, other, rota = (wording.translate(word) for word in (N_("you"), N_("a colleague"), N_("a rota")))
    return Reader(
        wording.translate,
        wording.locale,
        wording.zone,
        lambda key: you if key == person_id else other,
        lambda _key: rota,
    )


PLACES = {
    **dict.fromkeys(
        (Kind.ROTA_CHANGED, Kind.POLICY_CHANGED, Kind.SWAP_ASKED, Kind.SWAP_DECLINED, Kind.SWAP_WITHDRAWN), "/rota"
    ),
    Kind.CONTACT_LAPSING: "/account",
    Kind.DELEGATED: "/delegations",
    Kind.NOBODY_DECIDES: "/readiness",
}
"""Where a fact that belongs to no incident is seen."""


TO_BE_SIGNED = frozenset({Kind.ASSESSED, Kind.DECIDED, Kind.DELEGATED, Kind.NOBODY_DECIDES})
"""Facts that somebody may have to sign; whoever signs need not be allowed to read the incident itself."""


def _path(session: Session, incident: Incident, kind: Kind, person_id: int, part: int | None) -> str:
    if kind is Kind.NOBODY_DECIDES and Right.CONFIGURE in session.get_one(Person, person_id).rights:
        return "/people"  # where somebody is named; an administrator reads no incident
    place = f"/incident/{incident.reference}"
    if kind not in TO_BE_SIGNED:
        return place
    return f"{place}/decision?part={part}" if part else f"{place}/decision"


def instant(moment: datetime, wording: Wording) -> str:
    """An instant in the organisation's zone with UTC beside it."""
    pattern = "EEE d MMM yyyy HH:mm"
    local = format_datetime(moment.astimezone(wording.zone), pattern, tzinfo=wording.zone, locale=wording.locale)
    return f"{local} ({wording.zone.key}), {moment.astimezone(UTC):%H:%M} UTC"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("notifications", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def _render(name: str, facts: dict[str, Any], wording: Wording) -> str:
    def _(text: str, **params: object) -> str:
        translated = wording.translate(text)
        return translated % params if params else translated

    return _environment().get_template(name).render(_=_, lang=wording.locale, **facts)
