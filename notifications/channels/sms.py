"""SMS through any other service: an Apprise address with {number} where the phone number belongs."""

from __future__ import annotations

from dataclasses import replace

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels import ChannelKind, Message, Outcome, Target, apprise_urls
from notifications.channels.apprise_channel import LIMIT_SECONDS, AppriseChannel

PLACE = "{number}"
_EXAMPLE = "447700900123"


def validate(pattern: str) -> str:
    """The pattern as it is to be kept; refuses one that names no place for the number, or no service we may use."""
    pattern = pattern.strip()
    if pattern.count(PLACE) != 1:
        raise Refused(N_("Write {number} once, where the phone number belongs."), field="address")
    apprise_urls.validate(pattern.replace(PLACE, _EXAMPLE))
    return pattern


class SmsChannel:
    """Sends the short text alone, without a title."""

    def __init__(self, name: str, pattern: str, *, limit: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._pattern = pattern
        self._apprise = AppriseChannel(name, limit=limit)

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one text."""
        address = self._pattern.replace(PLACE, target.address.removeprefix("+"))
        return self._apprise.send(Target(ChannelKind.APPRISE, address), replace(message, subject=""))

    def check(self) -> Outcome:
        """Whether Apprise is there; only a test page proves a number."""
        return self._apprise.check()

    def close(self) -> None:
        """Nothing is kept open."""
