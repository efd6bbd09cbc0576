"""The canary's sink: takes in what a machine filed, so that no person is rung."""

from __future__ import annotations

from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict

TAKEN_IN = N_("Taken in by machine; nobody was rung.")


class CanaryChannel:
    """Accepts all and goes nowhere; only the canary's own contact leads here."""

    name = "canary"

    def send(self, target: Target, message: Message) -> Outcome:
        """Accept: the message was made and handed over like any other."""
        return Outcome.because(Verdict.ACCEPTED, TAKEN_IN)

    def check(self) -> Outcome:
        """Never: it reaches nobody, so it does not count as a channel."""
        return Outcome.because(Verdict.NEVER, TAKEN_IN)

    def close(self) -> None:
        """Nothing is kept open."""
