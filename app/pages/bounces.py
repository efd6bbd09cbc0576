"""Where a mail system or a script of the operator hands in reports about our mails."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.access import public
from app.extensions import csrf
from app.language import gettext as _
from app.mailbox import take_in_mail
from app.navigation import installation
from notifications.bounces.signed import is_signed

pages = Blueprint("bounces", __name__)

PLAIN = "text/plain; charset=utf-8"
LONGEST = 10_000_000
"""Bytes. A report with the mail it returns is a few thousand; ours carry no attachments."""


@pages.post("/inbound/mail")
@csrf.exempt  # a program calls it; its signature is the whole right
@public
def mail() -> Response:
    """Take in one mail (RFC 5322), or the JSON of a provider; one word says what it changed."""
    house = installation()
    secret = house.settings.inbound_mail_secret
    if not secret:
        return _answer(401, _("No secret is set for mail that is handed in. Set inbound_mail_secret."))
    request.max_content_length = LONGEST
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return _answer(413, _("The mail is too large. At most 10 MB are taken."))
    if not is_signed(secret, body, dict(request.headers)):
        return _answer(401, _("The signature is missing, wrong, or older than five minutes. Sign the body anew."))
    return _answer(200, take_in_mail(house, body).value)


def _answer(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, content_type=PLAIN)
