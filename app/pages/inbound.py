"""What comes back from phones and chats: answers by digits, keys pressed in a call, and what became of a message.

Whoever sends here is known by a signature alone: without it nothing happens.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from flask import Blueprint, Response, abort, current_app, make_response, request, url_for
from sqlalchemy.orm import Session
from standardwebhooks import WebhookVerificationError

from app.access import public
from app.attempts import Attempts
from app.extensions import csrf
from app.navigation import installation, organisation
from incidents.law.clock import utcnow
from incidents.words import N_
from notifications import answering, phones, tracking
from notifications.answering import Answer, Said
from notifications.channels import twilio, twiml, webhook
from notifications.channels.twilio import TwilioSettings
from notifications.contact import Contact, with_mailbox, with_number
from notifications.delivery import Delivery
from notifications.messages import Wording, code_of

pages = Blueprint("inbound", __name__)

LARGEST = 64_000
"""A call-back is a short form, in bytes."""

MOST_TRIES = 5
"""So many times one call asks for the digits again."""

AGAIN = N_("Those digits take nothing. Press %(digits)s.")
GOODBYE = N_("It goes on ringing. Goodbye.")


@pages.post("/inbound/twilio/sms")
@csrf.exempt  # signed by Twilio; nobody is signed in here
@public
def sms() -> Response:
    """A reply to an SMS."""
    _signed_by_twilio()
    sender, text = request.form.get("From", "")[:40], request.form.get("Body", "")
    return _markup(twiml.reply(_answered(sender, text, lambda session: _with_number(session, sender))[1]))


@pages.post("/inbound/twilio/voice/<carried>")
@csrf.exempt  # signed by Twilio; nobody is signed in here
@public
def voice(carried: str) -> Response:
    """What was pressed in a call."""
    _signed_by_twilio()
    house, now, digits = installation(), utcnow(), request.form.get("Digits", "")
    with house.store.writing() as session:
        row = _delivery(session, carried)
        if request.args.get("ask") == "waking":
            found = answering.press_waking(session, row, digits, now=now)
        else:
            found = answering.press(session, row, digits, keyring=house.keyring, waits=house.settings.waits, now=now)
        wording = house.wording(session, row.person)
        code = code_of(session, row, keyring=house.keyring)
    house.store.wake()
    return _markup(_spoken(found, carried, code, wording))


@pages.post("/inbound/twilio/status/<carried>")
@csrf.exempt  # signed by Twilio; nobody is signed in here
@public
def status(carried: str) -> Response:
    """What became of a message or a call. An answered call is not an acknowledged page."""
    _signed_by_twilio()
    form, house, now = request.form, installation(), utcnow()
    said = form.get("MessageStatus") or form.get("CallStatus") or ""
    number = form.get("MessageSid") or form.get("CallSid")
    with house.store.writing() as session:
        row = _delivery(session, carried)
        # After a lost answer there may be two calls: only the one that we know of speaks for the message.
        if row.remote_id in (None, number):
            if said in twilio.ARRIVED:
                tracking.arrived(session, row.id, now=now)
            elif said in twilio.FAILED:
                outcome = twilio.came_back(said, form.get("ErrorCode"))
                tracking.came_back(session, row.id, outcome, now=now)
    house.store.wake()
    return Response(status=204)


@pages.post("/inbound/answer")
@csrf.exempt  # signed with the secret of the settings; nobody is signed in here
@public
def answer() -> Response:
    """An answer that another gateway or a chat passes on as JSON: `from` a number or an e-mail address, and `text`."""
    request.max_content_length = LARGEST
    house = installation()
    with house.store.reading() as session:
        secret = house.answer_secret(session)
    if secret is None:
        abort(403)
    try:
        given = webhook.signing(secret).verify(request.get_data(), dict(request.headers))
    except (WebhookVerificationError, ValueError):
        abort(403)
    if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in ("from", "text")):
        abort(400)
    sender, text = given["from"][:254], given["text"]
    found, words = _answered(sender, text, lambda session: _known(session, sender))
    return make_response({"said": found.said.value, "text": words})


def _answered(sender: str, text: str, ways: Callable[[Session], list[Contact]]) -> tuple[Answer, str]:
    """Look whose answer it is, let it count, and say what it led to. Wrong digits are counted for each sender."""
    house, now = installation(), utcnow()
    counts: Attempts = current_app.extensions.setdefault("tocsin-answers", Attempts())
    with house.store.reading() as session:
        # Every number has to be unsealed to find one: not while others wait to write.
        known = [way.id for way in ways(session)]
    with house.store.writing() as session:
        mine = [session.get_one(Contact, key) for key in known]
        wording = house.wording(session, mine[0].person if mine else None)
        if mine and counts.wait("digits", sender):
            found = Answer(Said.TOO_MANY)
        else:
            found = answering.answer(session, mine, text, keyring=house.keyring, waits=house.settings.waits, now=now)
    house.store.wake()
    if found.said is Said.WRONG:
        counts.wrong("digits", sender)
    elif found.since is not None:
        counts.right("digits", sender)
    return found, found.words(wording.translate, wording.zone)


def _with_number(session: Session, typed: str) -> list[Contact]:
    place = organisation()
    number = phones.same(typed, country=place.country)
    return with_number(session, place.id, number, keyring=installation().keyring) if number else []


def _known(session: Session, sender: str) -> list[Contact]:
    return with_mailbox(session, organisation().id, sender) if "@" in sender else _with_number(session, sender)


def _spoken(found: Answer, carried: str, code: str, wording: Wording) -> str:
    """What the call says next."""
    translate, locale = wording.translate, wording.locale
    words, goodbye = found.words(translate, wording.zone), translate(GOODBYE)
    here = f"{wording.public_address}{url_for('inbound.voice', carried=carried)}"
    tries = request.args.get("tries", "0")
    tried = int(tries) + 1 if tries.isascii() and tries.isdigit() else MOST_TRIES
    if found.said is Said.ASKED_WAKING:
        return twiml.ask(words, digits=1, answer_at=f"{here}?ask=waking", locale=locale, otherwise=translate(GOODBYE))
    if found.said is Said.WRONG and code and tried < MOST_TRIES:
        again = translate(AGAIN) % {"digits": ", ".join(code)}
        return twiml.ask(again, digits=len(code), answer_at=f"{here}?tries={tried}", locale=locale, otherwise=goodbye)
    return twiml.say(goodbye if found.said in (Said.WRONG, Said.NO_DIGITS) else words, locale=locale)


def _delivery(session: Session, carried: str) -> Delivery:
    return tracking.by_carried(session, carried, keyring=installation().keyring) or abort(410)


def _signed_by_twilio() -> None:
    """Refuse whatever Twilio has not signed for this very address. The address is ours, never the request's own."""
    request.max_content_length = LARGEST
    house = installation()
    with house.store.reading() as session:
        gateway = house.phone_gateway(session)
    if not isinstance(gateway, TwilioSettings):
        abort(403)
    query = request.query_string.decode("ascii", "replace")
    url = f"{house.public_address(organisation())}{request.path}" + (f"?{query}" if query else "")
    wanted = twilio.signature(gateway.token, url, request.form.items(multi=True))
    given = request.headers.get("X-Twilio-Signature", "")
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        abort(403)


def _markup(words: str) -> Response:
    return Response(words, mimetype="text/xml")
