"""Why a mail came back, in a plain sentence made of its code (RFC 3463) and of who said so; no address in it."""

from __future__ import annotations

from incidents.words import N_
from notifications.bounces.report import Finding, Report
from notifications.channels import Outcome, Verdict

_CAUSES = {
    "1.1": N_("The mailbox does not exist (%(status)s, said by %(server)s)."),
    "1.2": N_("The domain of the address does not exist or takes no mail (%(status)s, said by %(server)s)."),
    "1.3": N_("The address is not written like one (%(status)s, said by %(server)s)."),
    "1.6": N_("The mailbox has moved (%(status)s, said by %(server)s)."),
    "2.1": N_("The mailbox is switched off (%(status)s, said by %(server)s)."),
    "2.2": N_("The mailbox is full (%(status)s, said by %(server)s)."),
    "4": N_("The mail system of the address did not answer for too long (%(status)s, said by %(server)s)."),
    "7": N_("The mail was refused for reasons of policy (%(status)s, said by %(server)s)."),
}
_SAME = {
    "1.10": "1.2",
    "4.3": "1.2",
    "4.4": "1.2",
}
_BY_REPLY = {"552": "2.2", "551": "1.6", "550": "", "421": "4"}
_OTHERWISE = N_("The mail came back (%(status)s, said by %(server)s).")
_NO_CODE = N_("The mail came back from %(server)s, which did not say why.")
_NO_SERVER = N_("The mail came back (%(status)s).")
_NOTHING = N_("The mail came back without a reason.")
_COMPLAINT = N_("The mail was reported as spam, so the next one may not be seen. The recipient can mark it as wanted.")


def cause_of(report: Report) -> Outcome:
    """The outcome of a mail that came back or was complained about."""
    if report.finding is Finding.COMPLAINT:
        return Outcome.because(Verdict.NEVER, _COMPLAINT)
    if report.server is None and report.status is None:
        return Outcome.because(Verdict.NEVER, _NOTHING)
    if report.status is None:
        return Outcome.because(Verdict.NEVER, _NO_CODE, {"server": str(report.server)})
    if report.server is None:
        return Outcome.because(Verdict.NEVER, _NO_SERVER, {"status": report.status})
    return Outcome.because(Verdict.NEVER, _sentence(report.status), {"status": report.status, "server": report.server})


def _sentence(status: str) -> str:
    _, _, kind = status.partition(".")
    key = _SAME.get(kind, kind) if kind else _BY_REPLY.get(status, "")
    return _CAUSES.get(key) or _CAUSES.get(key.partition(".")[0]) or _OTHERWISE
