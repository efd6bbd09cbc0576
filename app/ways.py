"""The ways to reach a person as pages show them: masked, and whether each was proved to work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.language import gettext as _
from app.language import lazy_gettext as _l
from notifications.channels import ChannelKind, said
from notifications.contact import Contact, contacts_of
from notifications.links import masked as hidden

KINDS = {
    ChannelKind.EMAIL: _l("E-mail"),
    ChannelKind.APPRISE: _l("Phone or chat"),
    ChannelKind.PUSH: _l("Web Push"),
    ChannelKind.OUTBOX: _l("On screen"),
}


@dataclass(frozen=True)
class Way:
    """One way: `word` and `tone` say how it stands, `cause` why it fails."""

    key: int
    kind: str
    label: str
    word: str
    tone: str
    cause: str | None


def ways(session: Session, person_id: int, *, masked: bool = True) -> list[Way]:
    """A person's ways, first choice first; e-mail addresses in full only for themselves."""
    return [_way(contact, masked) for contact in contacts_of(session, person_id)]


def _way(contact: Contact, masked: bool) -> Way:
    if contact.failure:
        word, tone = _("Fails"), "danger"
    elif contact.verified_at is not None:
        word, tone = _("Proved"), "good"
    else:
        word, tone = _("Not proved yet"), "warning"
    hide = masked and contact.channel is ChannelKind.EMAIL
    label = hidden(contact.label) if hide else contact.label
    return Way(contact.id, str(KINDS[contact.channel]), label, word, tone, said(contact.failure, _) or None)
