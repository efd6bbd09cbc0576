"""Which ways to reach a person fail together: those through one provider, one mail system, one app or one server."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from notifications.channels import ChannelKind
from notifications.contact import Contact

MAIL = "mail"
PHONE = "phone"
BROWSER = "browser push"

_KINDS = {
    # Every mail leaves by our one mail server, whatever domain it goes to.
    ChannelKind.EMAIL: MAIL,
    # Calls and texts go out through the same account and in through the same phone and its carrier.
    ChannelKind.SMS: PHONE,
    ChannelKind.CALL: PHONE,
    ChannelKind.PUSH: BROWSER,
}

_SCHEMES = {
    **dict.fromkeys(
        ("azure", "brevo", "groundmail", "mailersend", "mailgun", "mailto", "mailtos", "o365", "postmark", "resend",
         "sendgrid", "sendpulse", "ses", "smtp2go", "sparkpost"),
        MAIL,
    ),
    # Whoever sends a text or calls, it comes in by the carrier of that phone.
    **dict.fromkeys(
        ("46elks", "atalk", "bulksms", "bulkvs", "burstsms", "clickatell", "clicksend", "cm", "d7sms", "eight00com",
         "elks", "exotel", "freemobile", "httpsms", "infobip", "kaleyra", "kavenegar", "klr", "kudosity",
         "mobilemessage", "mobilemsg", "msg91", "msgbird", "nexmo", "notifyre", "octopush", "plivo", "ringc",
         "serwersms", "seven", "sfr", "sinch", "smpp", "smpps", "smsc", "smseagle", "smseagles", "smsmanager",
         "smsmgr", "smstunnel", "sns", "telesign", "telnyx", "twilio", "voipms", "vonage"),
        PHONE,
    ),
    **dict.fromkeys(("evolution", "evolutions", "gupshup", "whapi"), "whatsapp"),
    **dict.fromkeys(("workflow", "workflows"), "teams"),
}  # fmt: skip
_SERVICES = {
    "ntfy.sh": "ntfy",
    "discord.com": "discord",
    "discordapp.com": "discord",
    "hooks.slack.com": "slack",
    "api.opsgenie.com": "opsgenie",
    "api.eu.opsgenie.com": "opsgenie",
    "events.pagerduty.com": "pagerduty",
    "events.eu.pagerduty.com": "pagerduty",
}
"""What a service is called that may be written by its host, or by its name alone."""

_ALIASES = {"ntfys": "ntfy", "psafers": "psafer", "pushdeers": "pushdeer", "victorops": "splunk", "webex": "wxteams"}


def family(contact: Contact) -> str:
    """What fails together with this way: one provider, mail system, app or server, whatever it speaks there."""
    if contact.channel in _KINDS:
        return _KINDS[contact.channel]
    scheme, found, rest = contact.label.partition("://")
    if not found:
        return contact.channel.value
    scheme = scheme.lower()
    if contact.channel is not ChannelKind.WEBHOOK and scheme in _SCHEMES:
        return _SCHEMES[scheme]
    host = _host(rest)
    # A service that shows no host is somebody else's: its scheme names it.
    return _SERVICES.get(host, host) if host else _ALIASES.get(scheme, scheme)


def _host(rest: str) -> str:
    try:
        host = (urlsplit(f"//{rest}").hostname or "").rstrip(".")
    except ValueError:
        return ""
    return "" if host == "…" else host


def independent(contacts: Iterable[Contact]) -> bool:
    """Whether these are at least two ways of which no single provider, mail system, app or server carries all."""
    return len({family(contact) for contact in contacts}) > 1
