"""Phones on a moved clock: what goes to Twilio's double, and what it calls back."""

from __future__ import annotations

import time_machine
from flask.testing import FlaskClient

from notifications.channels import Channel, Message, Outcome, Target
from tests.app.telephony import posted
from tests.nights.night import Night
from tests.notifications.channels.doubles import Web


class Exchange:
    """Mail goes to the phone of the night, everything by phone to Twilio's double."""

    name = "exchange"

    def __init__(self, mail: Channel, twilio: Channel) -> None:
        self._mail, self._twilio = mail, twilio

    def send(self, target: Target, message: Message) -> Outcome:
        return (self._twilio if target.channel.by_phone else self._mail).send(target, message)

    def check(self) -> Outcome:
        return self._twilio.check()

    def close(self) -> None:
        """Nothing is kept open."""


def called_back(night: Night, client: FlaskClient, path: str, **fields: str) -> str:
    """A call-back of Twilio at this minute of the night."""
    with time_machine.travel(night.now, tick=False):
        answer = posted(client, path, CallSid="CA1", **fields)
    night.engine.wake()
    night.engine.catch_up()
    return answer.text


def calls(web: Web) -> list[str]:
    """What was read aloud in each call."""
    return [str(sent["Twiml"]) for path, sent in web.requests if path.endswith("/Calls.json")]
