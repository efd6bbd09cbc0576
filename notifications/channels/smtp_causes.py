"""What a failed hand-over to a mail server means, in a plain sentence."""

from __future__ import annotations

import enum
import smtplib
import socket
import ssl

from incidents.words import N_
from notifications.channels import Outcome, Verdict
from notifications.channels.deadline import Deadline

_LONGEST_REPLY = 200
# RFC 4954: the server wants a sign-in, or another one; the operator can mend that.
_SIGN_IN_CODES = {530, 534, 535, 538}


class Step(enum.Enum):
    """How far a hand-over came; after HANDED_OVER the server may have the message."""

    CONNECT = "connect"
    GREET = "greet"
    STARTTLS = "starttls"
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    HANDED_OVER = "handed_over"


class NotOffered(smtplib.SMTPNotSupportedError):
    """The server lacks an extension we cannot do without; `args[0]` names it."""


_FOR_NOW = {
    Step.SENDER: N_("The mail server %(server)s does not take mail from our address for now: %(reply)s"),
    Step.RECIPIENT: N_("The mail server %(server)s does not take mail for this address for now: %(reply)s"),
    Step.DATA: N_("The mail server %(server)s does not take the message for now: %(reply)s"),
    Step.HANDED_OVER: N_("The mail server %(server)s does not take the message for now: %(reply)s"),
}
_REFUSED = {
    Step.CONNECT: N_("The mail server %(server)s turned us away: %(reply)s"),
    Step.GREET: N_("The mail server %(server)s turned us away: %(reply)s"),
    Step.STARTTLS: N_("The mail server %(server)s refused STARTTLS: %(reply)s"),
    Step.SIGN_IN: N_("The mail server %(server)s refused our user name or password: %(reply)s"),
    Step.SENDER: N_("The mail server %(server)s refused our sender address: %(reply)s"),
    Step.RECIPIENT: N_("The mail server %(server)s refused the recipient: %(reply)s"),
    Step.DATA: N_("The mail server %(server)s refused the message: %(reply)s"),
    Step.HANDED_OVER: N_("The mail server %(server)s refused the message: %(reply)s"),
}
_NOT_OFFERED = {
    "STARTTLS": N_("The mail server %(server)s does not offer STARTTLS; nothing is sent in clear."),
    "SMTPUTF8": N_("The mail server %(server)s cannot reach addresses with letters beyond ASCII."),
}
_NO_SIGN_IN = N_("The mail server %(server)s offers no way to sign in that we know.")
_SLOW = N_("The mail server %(server)s did not finish within %(seconds)s seconds.")
_UNANSWERED = N_("The mail server %(server)s got the message but gave no answer; it may arrive twice.")
_LOST = N_("The connection to the mail server %(server)s was lost.")
_CLOSED_PORT = N_("The mail server %(server)s refused the connection.")
_NO_HOST = N_("The name of the mail server, %(server)s, was not found.")
_UNTRUSTED = N_("The certificate of the mail server %(server)s is not trusted: %(reply)s")
_NO_TLS = N_("TLS with the mail server %(server)s failed; check the port and the kind of security.")
_NO_TRUST = N_("The file of trusted certificates for %(server)s is missing.")
_UNREACHABLE = N_("The mail server %(server)s cannot be reached: %(reply)s")
_UNREADABLE = N_("The mail server %(server)s gave an answer that cannot be read.")


def said(code: int, text: bytes | str, hidden: tuple[str, ...] = ()) -> str:
    """The server's code and words on one line, without what must stay hidden."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for secret in hidden:
        if secret:
            words = words.replace(secret, "…")
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return f"{code} {words}"[:_LONGEST_REPLY].strip()


def outcome_of(
    error: Exception, step: Step, server: str, deadline: Deadline, *, hidden: tuple[str, ...] = ()
) -> Outcome:
    """The verdict on an error at a step of the hand-over.

    Only a permanent refusal of the recipient or the message is for never; what an operator can mend is tried
    again.
    """
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error, step, server, hidden)
    if isinstance(error, NotOffered):
        verdict = Verdict.NEVER if error.args[0] == "SMTPUTF8" else Verdict.TRY_AGAIN
        return Outcome.because(verdict, _NOT_OFFERED[str(error.args[0])], {"server": server})
    if step is Step.HANDED_OVER:
        return Outcome.because(Verdict.TRY_AGAIN, _UNANSWERED, {"server": server})
    if isinstance(error, TimeoutError) or deadline.passed:
        return Outcome.because(Verdict.TRY_AGAIN, _SLOW, {"server": server, "seconds": f"{deadline.seconds:g}"})
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome.because(Verdict.TRY_AGAIN, _UNTRUSTED, {"server": server, "reply": error.verify_message})
    reason = error.strerror if isinstance(error, OSError) else None
    params = {"server": server, "reply": reason or type(error).__name__}
    return Outcome.because(Verdict.TRY_AGAIN, _network(error, step), params)


def _refused(error: smtplib.SMTPResponseException, step: Step, server: str, hidden: tuple[str, ...]) -> Outcome:
    code = error.smtp_code
    if code in _SIGN_IN_CODES:
        step = Step.SIGN_IN
    permanent = 500 <= code < 600
    final = permanent and step in {Step.RECIPIENT, Step.DATA, Step.HANDED_OVER}
    cause = _REFUSED[step] if permanent else _FOR_NOW.get(step, _REFUSED[step])
    verdict = Verdict.NEVER if final else Verdict.TRY_AGAIN
    return Outcome.because(verdict, cause, {"server": server, "reply": said(code, error.smtp_error, hidden)})


def _network(error: Exception, step: Step) -> str:
    if isinstance(error, ConnectionRefusedError):
        return _CLOSED_PORT
    if isinstance(error, socket.gaierror):
        return _NO_HOST
    if isinstance(error, ssl.SSLError):
        return _NO_TLS
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        return _LOST
    if isinstance(error, smtplib.SMTPException):
        return _NO_SIGN_IN if step is Step.SIGN_IN else _UNREADABLE
    if isinstance(error, FileNotFoundError):
        return _NO_TRUST
    return _UNREACHABLE if isinstance(error, OSError) else _UNREADABLE
