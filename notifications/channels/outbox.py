"""The outbox: messages are shown on a screen and go nowhere."""

from __future__ import annotations

from incidents.words import N_
from notifications.channels import Message, Outcome, Target, Verdict

ON_SCREEN_ONLY = N_("Shown on screen only; this is not paging.")


class OutboxChannel:
    """Accepts into nothing: the delivery itself is what the screen shows."""

    name = "outbox"

    def send(self, target: Target, message: Message) -> Outcome:
        """Accept, and say plainly that nobody was woken."""
        return Outcome.because(Verdict.ACCEPTED, ON_SCREEN_ONLY)

    def check(self) -> Outcome:
        """Never: an outbox does not count as a channel."""
        return Outcome.because(Verdict.NEVER, ON_SCREEN_ONLY)

    def close(self) -> None:
        """Nothing is kept open."""
