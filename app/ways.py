"""The ways to reach a person as pages show them: masked, and whether each was proved to work."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, url_for
from sqlalchemy.orm import Session

from app.access import may
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import installation
from incidents.law.clock import utcnow
from incidents.people import Right
from incidents.refusals import Refused
from notifications import phones
from notifications.channels import WAYS, ChannelKind, said
from notifications.contact import Contact, contacts_of
from notifications.links import masked as hidden
from notifications.phones import Line

KINDS = {kind: _l(words) for kind, words in WAYS.items()}


LINES = {
    Line.MOBILE: _l("mobile"),
    Line.LANDLINE: _l("landline"),
    Line.UNKNOWN: _l("kind of line unknown"),
}


@dataclass(frozen=True)
class Way:
    """One way: `word` and `tone` say how it stands, `cause` why it fails; `wakes` is a word on the night, if any.

    `mend_url` is where the reader can put that right, if it is theirs to do.
    """

    key: int
    kind: str
    label: str
    word: str
    tone: str
    cause: str | None
    wakes: str | None
    first: bool
    last: bool
    mend_url: str | None = None


def lacking(kind: ChannelKind) -> tuple[str, str] | None:
    """What has to be set up before anything can be sent by this kind of way, and on which page that is done.

    None when it is set up, and in the demo.
    """
    house = installation()
    if house.settings.demo or not (kind is ChannelKind.EMAIL or kind.by_phone):
        return None
    known: dict[ChannelKind, bool] = g.setdefault("reachable_kinds", {})
    if kind not in known:
        known[kind] = house.reachable(read_session(), kind)
    if known[kind]:
        return None
    if kind is ChannelKind.EMAIL:
        words = _("Nothing can be sent there until an administrator sets a mail server, under Settings.")
        return words, "settings.settings"
    if kind is ChannelKind.SMS:
        words = _("Nothing can be sent there until an administrator sets a phone gateway, under Settings, Phones.")
    else:
        words = _("It cannot be called until an administrator sets a phone gateway that calls, under Settings, Phones.")
    return words, "phones.settings"


def ways(session: Session, person_id: int, *, masked: bool = True) -> list[Way]:
    """A person's ways, first choice first; mailboxes and numbers in full only for themselves."""
    found = contacts_of(session, person_id)
    return [_way(contact, masked, first=contact is found[0], last=contact is found[-1]) for contact in found]


def _way(contact: Contact, masked: bool, *, first: bool, last: bool) -> Way:
    now, wakes, lacks = utcnow(), None, lacking(contact.channel)
    if lacks:
        word, tone = _("Nothing can be sent"), "danger"
    elif contact.failure:
        word, tone = _("Fails"), "danger"
    elif contact.proved(now):
        word, tone = _("Proved"), "good"
        if contact.channel.wakes:
            wakes = _("Wakes") if contact.wakes(now) else _("Not known to wake")
    elif contact.verified_at is not None:
        word, tone = _("Tested too long ago"), "warning"
    else:
        word, tone = _("Not proved yet"), "warning"
    cause = lacks[0] if lacks else said(contact.failure, _) or None
    mend_url = url_for(lacks[1]) if lacks and may(Right.CONFIGURE) else None
    kind = str(KINDS[contact.channel])
    return Way(contact.id, kind, _label(contact, masked), word, tone, cause, wakes, first, last, mend_url)


def _label(contact: Contact, masked: bool) -> str:
    if contact.channel is ChannelKind.EMAIL:
        return hidden(contact.label) if masked else contact.label
    if not contact.channel.by_phone:
        return contact.label
    try:
        number = phones.parse(contact.address(installation().keyring), country=None)
    except Refused:  # sealed with a key that is gone: the way fails, the page does not
        return contact.label
    return f"{contact.label if masked else number.written} ({LINES[number.line]})"
