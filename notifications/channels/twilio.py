"""SMS and voice calls through Twilio. Its call-backs say what became of them, and bring the digits."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.words import N_
from notifications.channels import ChannelKind, Message, Outcome, Target, Verdict, http_causes, twiml
from notifications.channels.deadline import Deadline
from notifications.channels.http_watch import Exchange, watching

API = "https://api.twilio.com"
LIMIT_SECONDS = 15.0
_CONNECT_SECONDS = 4.0
_READ_SECONDS = 8.0
_RINGS_SECONDS = 40
_SERVICE = "Twilio"

_ACCEPTED = N_("Accepted by %(service)s.")
_UNREADABLE = N_("%(service)s gave an answer that cannot be read.")
_REFUSED = N_("Twilio refused it (error %(code)s).")
_FAILED = N_("Twilio could not deliver it (error %(code)s).")
_NO_NUMBER = N_("There is no such phone number.")
_NOT_MOBILE = N_("This number cannot take an SMS.")
_STOPPED = N_("This phone has stopped our messages. Send START from it to the number that pages come from.")
_SIGN_IN = N_("Twilio refused our account or its token. Check the phone gateway in the settings.")
_SENDER = N_("Twilio does not let us send from our number. Check the phone gateway in the settings.")
_COUNTRY = N_("Our Twilio account may not reach this country. Allow it in Twilio's console.")
_SWITCHED_OFF = N_("The phone is switched off or out of reach.")
_BLOCKED = N_("The phone or its network blocks our messages.")
_BUSY = N_("The line was engaged.")
_UNANSWERED = N_("Nobody answered the call.")
_CANCELLED = N_("The call was cancelled.")

_NEVER: Mapping[int, str] = {
    **dict.fromkeys((13223, 13224, 21211, 21214, 21217, 21421), _NO_NUMBER),
    **dict.fromkeys((21614, 30006), _NOT_MOBILE),
    21610: _STOPPED,
}
_AGAIN: Mapping[int, str] = {
    **dict.fromkeys((20003, 20005, 20006, 20404), _SIGN_IN),
    **dict.fromkeys((21210, 21212, 21603, 21606, 21659, 21660), _SENDER),
    **dict.fromkeys((21215, 21216, 21219, 21408, 21608, 21612), _COUNTRY),
}
_LATER: Mapping[int, str] = {
    30003: _SWITCHED_OFF,
    **dict.fromkeys((30004, 30007), _BLOCKED),
    30005: _NO_NUMBER,
}
_CALLS: Mapping[str, str] = {"busy": _BUSY, "no-answer": _UNANSWERED, "canceled": _CANCELLED}
ARRIVED = frozenset({"delivered", "read", "in-progress", "answered", "completed"})
FAILED = frozenset({"failed", "undelivered", *_CALLS})


@dataclass(frozen=True)
class TwilioSettings:
    """The account, its token, the number that messages and calls come from (E.164), and where the API is."""

    account: str
    token: str = field(repr=False)
    sender: str
    api: str = API


class TwilioChannel:
    """Sends texts and calls; `limit` is the limit of one whole send, in seconds. `name` is `sms` or `call`."""

    def __init__(self, name: str, settings: TwilioSettings, *, limit: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._settings = settings
        self._limit = limit

    def send(self, target: Target, message: Message) -> Outcome:
        """Hand over one text or call. An answer that is lost on the way lets it be tried again: it may ring twice."""
        fields: dict[str, Any] = {"To": target.address, "From": self._settings.sender}
        if target.channel is ChannelKind.CALL:
            return self._ask("POST", "/Calls.json", fields | _call(message))
        fields["Body"] = message.text
        if message.call_backs is not None:
            fields["StatusCallback"] = message.call_backs.status
        return self._ask("POST", "/Messages.json", fields)

    def check(self) -> Outcome:
        """Whether the account lets us in; only a test page proves a number."""
        outcome = self._ask("GET", ".json", {})
        if outcome.verdict is not Verdict.ACCEPTED:
            return outcome
        return Outcome.because(Verdict.ACCEPTED, N_("Twilio answers and lets us sign in."))

    def close(self) -> None:
        """Nothing is kept open."""

    def _ask(self, method: str, path: str, fields: Mapping[str, Any]) -> Outcome:
        import requests  # it takes a tenth of a second, and many installations need none

        mine = self._settings
        url = f"{mine.api}/2010-04-01/Accounts/{mine.account}{path}"
        with Deadline(self._limit) as deadline, watching(deadline) as exchange:
            try:
                answer = requests.request(
                    method,
                    url,
                    data=fields,
                    auth=(mine.account, mine.token),
                    timeout=(min(_CONNECT_SECONDS, self._limit), min(_READ_SECONDS, self._limit)),
                    allow_redirects=False,
                )
                said = answer.json()
            except ValueError:  # so are requests' own errors about an answer that is no JSON
                said = {}
            except requests.RequestException as error:
                exchange.error = exchange.error or error
                said = {}
            return _outcome(exchange, said if isinstance(said, dict) else {})


def _call(message: Message) -> dict[str, Any]:
    backs = message.call_backs
    if backs is None:
        return {"Twiml": twiml.say(message.text, locale="en")}
    spoken = twiml.say(message.text, locale=backs.locale)
    if backs.code:
        digits, again = len(backs.code), message.subject
        spoken = twiml.ask(message.text, digits=digits, answer_at=backs.answer, locale=backs.locale, otherwise=again)
    return {
        "Twiml": spoken,
        "Timeout": str(_RINGS_SECONDS),
        "StatusCallback": backs.status,
        "StatusCallbackEvent": ["answered", "completed"],
    }


def _outcome(exchange: Exchange, said: Mapping[str, Any]) -> Outcome:
    code, status = _number(said.get("code")), exchange.status or 0
    if code in _NEVER and 400 <= status < 500:
        return Outcome.because(Verdict.NEVER, _NEVER[code])
    if code in _AGAIN and 400 <= status < 500:
        return Outcome.because(Verdict.TRY_AGAIN, _AGAIN[code])
    if status in (401, 403, 404):
        return Outcome.because(Verdict.TRY_AGAIN, _SIGN_IN)
    if status == 400 and code:
        return Outcome.because(Verdict.NEVER, _REFUSED, {"code": str(code)})
    wrong = http_causes.outcome_of(exchange, _SERVICE)
    if wrong is not None:
        return wrong
    if not said.get("sid"):
        return Outcome.because(Verdict.TRY_AGAIN, _UNREADABLE, {"service": _SERVICE})
    return Outcome.because(Verdict.ACCEPTED, _ACCEPTED, {"service": _SERVICE}, remote_id=str(said["sid"])[:200])


def came_back(status: str, code: str | None) -> Outcome:
    """What a status call-back says about a message or a call that reached nobody."""
    if status in _CALLS:
        return Outcome.because(Verdict.NEVER, _CALLS[status])
    number = _number(code)
    known = {**_AGAIN, **_NEVER, **_LATER}.get(number)
    return (
        Outcome.because(Verdict.NEVER, known)
        if known
        else Outcome.because(Verdict.NEVER, _FAILED, {"code": str(number or "-")})
    )


def _number(code: object) -> int:
    return int(code) if str(code).isascii() and str(code).isdigit() and len(str(code)) < 8 else 0  # type: ignore[call-overload]


def signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """What Twilio writes into X-Twilio-Signature: a keyed digest of the address and the sorted fields."""
    said = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    digest = hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")
