"""The edge of the world: one message, over one channel, to one address. No database here."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

from incidents.words import N_


class ChannelKind(enum.Enum):
    """How a message leaves the house; stored by value."""

    EMAIL = "email"
    APPRISE = "apprise"
    PUSH = "push"
    SMS = "sms"
    CALL = "call"
    WEBHOOK = "webhook"
    OUTBOX = "outbox"
    CANARY = "canary"

    @property
    def pages(self) -> bool:
        """Whether this kind can wake anybody: a screen that nobody looks at cannot."""
        return self not in (ChannelKind.OUTBOX, ChannelKind.CANARY)

    @property
    def wakes(self) -> bool:
        """Whether a message of this kind may count as waking somebody, once that was tried.

        E-mail and Web Push tell: a silenced phone shows them and stays quiet.
        """
        return self.pages and self not in (ChannelKind.EMAIL, ChannelKind.PUSH)

    @property
    def tells(self) -> bool:
        """Whether what does not wake may go over it: nobody is called for that."""
        return self is not ChannelKind.CALL

    @property
    def by_phone(self) -> bool:
        """Whether its address is a phone number."""
        return self in (ChannelKind.SMS, ChannelKind.CALL)


WAYS: Mapping[ChannelKind, str] = MappingProxyType(
    {
        ChannelKind.EMAIL: N_("E-mail"),
        ChannelKind.APPRISE: N_("Phone or chat"),
        ChannelKind.PUSH: N_("Web Push"),
        ChannelKind.SMS: N_("SMS"),
        ChannelKind.CALL: N_("Voice call"),
        ChannelKind.WEBHOOK: N_("Signed webhook"),
        ChannelKind.OUTBOX: N_("On screen"),
        ChannelKind.CANARY: N_("Canary: no person"),
    }
)
"""What a way of each kind is called."""


@dataclass(frozen=True)
class CallBacks:
    """Where a phone gateway tells what becomes of a message, and what was pressed; `locale` is what a call speaks.

    `code` are the digits that answer; empty when nothing is asked.
    """

    status: str
    answer: str
    locale: str
    code: str


@dataclass(frozen=True)
class Message:
    """Subject, text and html of one delivery; the text stands alone.

    `key` is the stable and unique id of the delivery: the same key is the same message, however often it is
    tried. `headers` and `mark` are for e-mail only: the mark is what whatever comes back names the delivery by.
    `link` is what the text leads to. A message takes the place of an earlier one with the same `topic`; a `quiet` one
    does so without a sound. `alarm` marks a page, or a test of one, which is of no use late. The rings of one round of
    a page have one `series`: services that keep alarms themselves make one of them. `call_backs` are for phones,
    which get the text alone.
    """

    key: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    sender_name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = field(default="", repr=False)
    topic: str = ""
    alarm: bool = False
    quiet: bool = False
    series: str = ""
    mark: str = ""
    call_backs: CallBacks | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Target:
    """Where a message goes: an e-mail address, a phone number, an Apprise URL or a push subscription.

    None shows in a log line.
    """

    channel: ChannelKind
    address: str = field(repr=False)


class Verdict(enum.Enum):
    """What became of a send; stored by value."""

    ACCEPTED = "accepted"
    TRY_AGAIN = "try_again"
    NEVER = "never"


ASKED_TO_WAIT = "asked_to_wait"
"""Marks the stored cause of a failure after which the other side named the time to wait."""


@dataclass(frozen=True)
class Outcome:
    """The verdict and its plain cause; `detail` holds no word of the message, no address and no secret.

    `cause` (a message id) with `params` says the same and can be translated. `retry_after` is how long the
    other side asked us to wait. `gone` says that the address itself has ended and is not to be used again.
    """

    verdict: Verdict
    detail: str
    remote_id: str | None = None
    retry_after: timedelta | None = None
    cause: str = ""
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    gone: bool = False

    @classmethod
    def because(
        cls,
        verdict: Verdict,
        cause: str,
        params: Mapping[str, str] | None = None,
        *,
        remote_id: str | None = None,
        retry_after: timedelta | None = None,
        gone: bool = False,
    ) -> Outcome:
        """The outcome whose detail is the sentence `cause` filled with `params`."""
        return cls(
            verdict,
            cause % params if params else cause,
            remote_id=remote_id,
            retry_after=retry_after,
            cause=cause,
            params=params or {},
            gone=gone,
        )

    @property
    def kept(self) -> dict[str, Any]:
        """The cause as it is stored, to be said in the language of whoever reads it (`said`)."""
        kept: dict[str, Any] = {
            "cause": self.cause or self.detail,
            "params": {name: str(value)[:LONGEST] for name, value in self.params.items()},
        }
        if self.retry_after:
            kept[ASKED_TO_WAIT] = True
        return kept | ({"gone": True} if self.gone else {})


def said(kept: Mapping[str, Any] | None, translate: Callable[[str], str] = str) -> str:
    """A stored cause as a sentence; empty when there is none."""
    if not kept:
        return ""
    sentence, params = translate(kept["cause"]), kept["params"]
    return sentence % params if params else sentence


LONGEST = 400
"""So many characters of what a server said are kept."""


class Channel(Protocol):
    """One way out, used by one thread at a time.

    `send` blocks, keeps to a time limit of its own and never raises.
    """

    @property
    def name(self) -> str:
        """What logs and the operator call it; no secret."""
        ...

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one message; an outcome in every case."""
        ...

    def check(self) -> Outcome:
        """Whether it could send now, found out without sending; may be asked from any thread."""
        ...

    def close(self) -> None:
        """Let go of what is kept open; a later send opens it again."""
        ...


def channel_name(target: Target) -> str:
    """The channel, and so the thread, that serves a target: mail, SMS and calls have one each, others one per host.

    Web Push has one per push service. An Apprise host is shown as a digest, because some services put their token in
    its place.
    """
    if target.channel is ChannelKind.EMAIL:
        return "smtp"
    if target.channel is ChannelKind.PUSH:
        return f"push-{urlsplit(json.loads(target.address)['endpoint']).netloc[:80]}"
    if target.channel in (ChannelKind.OUTBOX, ChannelKind.CANARY) or target.channel.by_phone:
        return str(target.channel.value)
    # The secret of a webhook comes before its address.
    schema, _, rest = target.address.strip().rpartition(" ")[2].partition("://")
    try:
        host = urlsplit(f"//{rest}").hostname or rest
    except ValueError:
        host = rest
    shown = schema.lower() if schema.isalnum() and len(schema) <= 20 else "unknown"
    kind = "webhook" if target.channel is ChannelKind.WEBHOOK else "apprise"
    return f"{kind}-{shown}-{hashlib.sha256(host.encode('utf-8', 'replace')).hexdigest()[:8]}"
