"""Answers by digits: in an SMS or a chat, or on the keypad of a call. Who sent them says whose page is meant."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from incidents.keyring import Keyring
from incidents.refusals import Refused
from incidents.timeline import person_as_actor
from incidents.words import N_
from notifications import contact as contacts
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.messages import code_of
from notifications.page import Page, hold_page
from notifications.policy import Waits
from notifications.taking import acknowledge

MOST_CANDIDATES = 3
"""So many numbers of one text are tried: a text full of numbers is a guess, not an answer."""

REMEMBERED = timedelta(days=1)
"""So long a page that has ended, or a test, can still be answered, if only to hear how it stands."""

_RUN = re.compile(r"\d(?:[\s.,;:/*#()_–-]*\d)*")
_PLAIN = re.compile(r"\d+")
_LENGTHS = (4, 8)
_YES, _NO = "1", "2"


class Said(enum.Enum):
    """What an answer led to."""

    TAKEN = "taken"
    HALF = "half"
    MINE = "mine"
    OTHERS = "others"
    OVER = "over"
    PROVED = "proved"
    ASKED_WAKING = "asked-waking"
    WOKE = "woke"
    SLEPT = "slept"
    WRONG = "wrong"
    NO_DIGITS = "no-digits"
    TOO_MANY = "too-many"
    UNKNOWN = "unknown"


SENTENCES: Mapping[Said, str] = {
    Said.TAKEN: N_("You have it. It is quiet until %(until)s; sign in and take a first step, or it rings again."),
    Said.HALF: N_("You have it. It wants another person too: the others are rung until one of them has it as well."),
    Said.MINE: N_("You have it since %(since)s already. It is quiet until %(until)s."),
    Said.OTHERS: N_("Somebody else has it, since %(since)s. It is quiet until %(until)s."),
    Said.OVER: N_("Nothing to do: a first step has been taken, and it no longer rings."),
    Said.PROVED: N_("Thank you. This way to reach you counts from now on."),
    Said.ASKED_WAKING: N_(
        "Thank you. This way to reach you counts from now on. Did the locked, silenced phone ring? 1 for yes, 2 for no."
    ),
    Said.WOKE: N_("Thank you. This way counts as waking you."),
    Said.SLEPT: N_("Thank you. It does not count as waking you. Let this number through your phone's silent mode."),
    Said.WRONG: N_("Those digits take nothing. Send the digits of the last message, and nothing else."),
    Said.NO_DIGITS: N_("Send the digits of the message that rang you, and nothing else."),
    Said.TOO_MANY: N_("Too many wrong digits came from here. Wait a minute, then send the right ones again."),
    Said.UNKNOWN: N_("This number takes answers to Tocsin's messages only."),
}


@dataclass(frozen=True)
class Answer:
    """What an answer led to. `since` and `until` belong to the acknowledgement that holds the page."""

    said: Said
    since: datetime | None = None
    until: datetime | None = None

    @property
    def wrong(self) -> bool:
        """Whether it counts as a guess."""
        return self.said is Said.WRONG

    def words(self, translate: Callable[[str], str], zone: ZoneInfo) -> str:
        """The sentence to send back, times in this zone. It names nobody."""
        times = {"since": self.since, "until": self.until}
        shown = {name: f"{at.astimezone(zone):%H:%M}" if at else "" for name, at in times.items()}
        sentence = translate(SENTENCES[self.said])
        return sentence % shown if self.since else sentence


def answer(
    session: Session, ways: Sequence[Contact], text: str, *, keyring: Keyring, waits: Waits, now: datetime
) -> Answer:
    """What somebody sent back. `ways` are the contacts with the sender's number or name; none is a stranger.

    Only pages that rang this very person are looked at, so the digits of others open nothing. An acknowledgement
    goes as far as what the person was told.
    """
    if not ways:
        return Answer(Said.UNKNOWN)
    alone = _in_ascii(text).strip(" .,!\n")
    if alone in (_YES, _NO) and (asked := _just_proved(session, ways, now=now)) is not None:
        return say_woke(session, asked, yes=alone == _YES, now=now)
    candidates = codes_in(text)
    if not candidates:
        return Answer(Said.NO_DIGITS)
    for row in _sent(session, ways, now=now):
        if code_of(session, row, keyring=keyring) in candidates:
            return take(session, row, waits=waits, now=now)
    return Answer(Said.WRONG)


def press(session: Session, row: Delivery, digits: str, *, keyring: Keyring, waits: Waits, now: datetime) -> Answer:
    """What was pressed in the call that brought this message. Nothing pressed, as voicemail does, changes nothing."""
    if not digits:
        return Answer(Said.NO_DIGITS)
    if digits != code_of(session, row, keyring=keyring):
        return Answer(Said.WRONG)
    return take(session, row, waits=waits, now=now)


def press_waking(session: Session, row: Delivery, digits: str, *, now: datetime) -> Answer:
    """What was pressed when a test call asked whether the locked, silenced phone had rung."""
    if row.acknowledged_at is None or digits not in (_YES, _NO):
        return Answer(Said.PROVED if row.acknowledged_at else Said.NO_DIGITS)
    return say_woke(session, row.contact, yes=digits == _YES, now=now)


def take(session: Session, row: Delivery, *, waits: Waits, now: datetime) -> Answer:
    """The right digits came for this message: the page is taken, or the way is proved."""
    if row.purpose is Purpose.TEST:
        return prove(session, row, now=now)
    assert row.page_id is not None
    page = hold_page(session, row.page_id)
    if page.ended_at is not None:
        return Answer(Said.OVER)
    try:
        taken = acknowledge(
            session,
            page.id,
            person=row.person,
            through_entry_id=_told(session, row),
            by_link=row,
            waits=waits,
            now=now,
        )
    except Refused:
        # What the person was told has moved to another page, which rings with digits of its own.
        return Answer(Said.WRONG)
    said = Said.OTHERS if taken.person_id != row.person_id else Said.TAKEN if taken.at == now else Said.MINE
    if said is not Said.OTHERS and page.ended_at is None and page.quiet_until is None:
        said = Said.HALF
    return Answer(said, since=taken.at, until=taken.until)


def prove(session: Session, row: Delivery, *, now: datetime) -> Answer:
    """A test was answered: the way counts, and whether it wakes is asked where it could."""
    if row.acknowledged_at is None:
        row.acknowledged_at = now
        contacts.verify(session, row.contact, by=person_as_actor(row.person_id), now=now)
    return Answer(Said.ASKED_WAKING if row.contact.channel.wakes else Said.PROVED)


def say_woke(session: Session, way: Contact, *, yes: bool, now: datetime) -> Answer:
    """Whether the locked, silenced phone rang at the test."""
    if not yes:
        contacts.slept(session, way)
        return Answer(Said.SLEPT)
    contacts.woke(session, way, by=person_as_actor(way.person_id), now=now)
    return Answer(Said.WOKE)


def codes_in(text: str) -> list[str]:
    """What may be meant as a code, likeliest first: "ok 4821!", "48 21" and "4-8-2-1" are all 4821."""
    plain = _in_ascii(text)
    runs = [*_PLAIN.findall(plain), *("".join(_PLAIN.findall(run)) for run in _RUN.findall(plain))]
    fitting = dict.fromkeys(run for run in runs if len(run) in _LENGTHS)
    return list(fitting)[:MOST_CANDIDATES]


def _in_ascii(text: str) -> str:
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text[:500])


def _sent(session: Session, ways: Sequence[Contact], *, now: datetime) -> list[Delivery]:
    """The rings and tests that went to these people, open pages first, the latest first."""
    people = {way.person_id for way in ways}
    mine = {way.id for way in ways}
    rows = session.execute(
        select(Delivery, Page.ended_at)
        .outerjoin(Page, Page.id == Delivery.page_id)
        .where(
            Delivery.person_id.in_(people),
            Delivery.purpose.in_((Purpose.RING, Purpose.TEST)),
            Delivery.attempts > 0,
            Delivery.state != DeliveryState.ON_SCREEN,
            (Page.ended_at.is_(None) & Page.id.is_not(None)) | (Delivery.queued_at > now - REMEMBERED),
        )
        .order_by(Delivery.id.desc())
        .limit(1000)
    ).all()
    wanted = [each for each in rows if each[0].purpose is Purpose.RING or each[0].contact_id in mine]

    # A ring over the very way that the answer came by stands before one over another way.
    def rank(each: Row[Delivery, datetime | None]) -> tuple[bool, ...]:
        row, ended_at = each
        # What is written answers what could be read, though the number is the same.
        heard = row.contact.channel is ChannelKind.CALL
        return ended_at is not None, row.purpose is Purpose.TEST, row.contact_id not in mine, heard

    return [row for row, _ in sorted(wanted, key=rank)]


def _told(session: Session, row: Delivery) -> int:
    """The last entry that this person was told of in this page, over any of their ways."""
    covered = session.scalars(
        select(Delivery.through_entry_id).where(
            Delivery.page_id == row.page_id, Delivery.person_id == row.person_id, Delivery.accepted_at.is_not(None)
        )
    )
    return max([row.through_entry_id or 0, *(each or 0 for each in covered)])


def _just_proved(session: Session, ways: Sequence[Contact], *, now: datetime) -> Contact | None:
    """The way whose test was answered a moment ago: it was asked whether the phone rang."""
    rows = session.scalars(
        select(Delivery)
        .where(
            Delivery.contact_id.in_([way.id for way in ways if way.channel.wakes]),
            Delivery.purpose == Purpose.TEST,
            Delivery.acknowledged_at > now - REMEMBERED,
        )
        .order_by(Delivery.acknowledged_at.desc(), Delivery.id.desc())
        .limit(1)
    )
    latest = rows.first()
    return latest.contact if latest else None
