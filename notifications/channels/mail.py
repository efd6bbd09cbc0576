"""From a message to the bytes of an e-mail."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import idna

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import Message
from notifications.channels.mark import SEPARATORS, envelope_sender, room_for_a_mark

# No quoted local parts and no address literals: each would need escaping in two grammars.
_ADDRESS = re.compile(r"""[^\s@<>()\[\]\\,;:"]+@[^\s@<>()\[\]\\,;:"]+""")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OURS = {
    "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version",
    "return-path", "received",
}  # fmt: skip


@dataclass(frozen=True)
class ReturnAddress:
    """Where mail comes back to: a mailbox that takes anything between its name, the separator and the @.

    Refuses an address that leaves no room for a mark, and a separator that mail systems do not know.
    """

    address: str = field(repr=False)
    separator: str = "+"

    def __post_init__(self) -> None:
        _plain(self.address)
        if len(self.separator) != 1 or self.separator not in SEPARATORS:
            raise Refused(N_("Write one of these as the separator: %(signs)s."), signs=" ".join(SEPARATORS))
        if not self.address.isascii() or not room_for_a_mark(self.address, self.separator):
            raise Refused(N_("Use a bounce address with at most 21 plain letters before the @."))

    def marked(self, mark: str) -> str:
        """The address that reports about one mail come back to, such as bounces+MARK@example.com."""
        return envelope_sender(self.address, self.separator, mark)


@dataclass(frozen=True)
class Letter:
    """An e-mail ready for the wire, lines ended by CR LF; `utf8` when an address needs SMTPUTF8.

    `sender` is the address that it comes back to, `mark` the envelope id that reports about it name.
    """

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    mark: str
    message_id: str
    body: bytes = field(repr=False)
    utf8: bool


def domain_of(address: str) -> str:
    """The domain of an e-mail address in ASCII."""
    return _plain(address)[1]


def compose(message: Message, *, sender: str, recipient: str, bounces: ReturnAddress | None = None) -> Letter:
    """Build the e-mail; refuses an address or a header that could carry a second header.

    With `bounces` it comes back to an address of its own instead of the sender's.
    """
    (from_name, from_domain), (to_name, to_domain) = _plain(sender), _plain(recipient)
    utf8 = not (from_name + to_name).isascii()
    mail = EmailMessage(policy=_POLICIES[utf8])
    mail["From"] = Address(_one_line(message.sender_name, "From"), username=from_name, domain=from_domain)
    mail["To"] = Address(username=to_name, domain=to_domain)
    mail["Subject"] = _one_line(message.subject, "Subject")
    mail["Date"] = formatdate(usegmt=True)
    message_id = f"<{quote(message.key, safe='')}@{from_domain}>"
    mail["Message-ID"] = message_id
    headers = {"Auto-Submitted": "auto-generated", **message.headers}
    for name, value in headers.items():
        mail[_own_name(name)] = _one_line(value, name)
    mail.set_content(_encodable(message.text))
    if message.html is not None:
        mail.add_alternative(_encodable(message.html), subtype="html")
    return Letter(
        sender=bounces.marked(message.mark) if bounces and message.mark else f"{from_name}@{from_domain}",
        recipient=f"{to_name}@{to_domain}",
        mark=message.mark,
        message_id=message_id,
        body=mail.as_bytes(),
        utf8=utf8,
    )


class _Headers(HeaderRegistry):
    """Makes a header's class once for each name, and a header that is the same in every mail once for good.

    Both take most of the time in which a mail is written, and a page waits for it.
    """

    same_each_time = frozenset({"auto-submitted", "x-priority", "importance", "mime-version"})

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, Any] = {}
        self._kept: dict[tuple[str, str], Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name.lower() not in self._classes:
            self._classes[name.lower()] = super().__getitem__(name)
        return self._classes[name.lower()]

    def __call__(self, name: str, value: Any) -> Any:
        if type(value) is not str or name.lower() not in self.same_each_time:
            return super().__call__(name, value)
        if (name, value) not in self._kept:
            self._kept[name, value] = super().__call__(name, value)
        return self._kept[name, value]


_HEADERS = _Headers()
_POLICIES = {utf8: policy.SMTP.clone(cte_type="7bit", utf8=utf8, header_factory=_HEADERS) for utf8 in (False, True)}


def _plain(address: str) -> tuple[str, str]:
    if not _ADDRESS.fullmatch(address) or _has_control(address):
        raise Refused(N_("This is not an e-mail address that mail can be sent to."))
    name, _, domain = address.rpartition("@")
    if domain.isascii():
        return name, domain
    try:
        return name, idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise Refused(N_("This is not an e-mail address that mail can be sent to.")) from error


def _one_line(value: str, name: str) -> str:
    if _has_control(value):
        raise Refused(N_("The line “%(name)s” of the message holds a line break."), name=name)
    return value


def _own_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
        raise Refused(N_("The message may not set the header “%(name)s”."), name=ascii(name))
    return name


def _has_control(value: str) -> bool:
    return any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in value)


def _encodable(text: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8; a page with one odd sign must still leave.
    return text.encode("utf-8", "replace").decode("utf-8")
