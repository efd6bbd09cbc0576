"""The shipped escalation policy, and how long each thing lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from incidents.people import Role

STEPS: tuple[tuple[Role, ...], ...] = ((Role.DPO,), (Role.DEPUTY,), (Role.MANAGEMENT,))
"""Who joins at each step. Those of earlier steps keep being rung: nobody is let off by climbing."""


@dataclass(frozen=True)
class Waits:
    """How long each thing lasts. All are settings, so that a night can run in seconds.

    `climb` holds the time from the start of a round to each step after the first; `round` is where it starts
    again; `quiet` is how long an acknowledgement lasts without a first step.
    """

    repeat: timedelta = timedelta(minutes=5)
    climb: tuple[timedelta, ...] = (timedelta(minutes=15), timedelta(minutes=30))
    round: timedelta = timedelta(minutes=60)
    quiet: timedelta = timedelta(minutes=20)
    empty_round: timedelta = timedelta(minutes=1)
    lease: timedelta = timedelta(seconds=60)
    retries: tuple[timedelta, ...] = tuple(timedelta(seconds=wait) for wait in (1, 2, 5))
    """Delays between attempts; the last one repeats: after an outage pages arrive within seconds."""
    louder_receipt: timedelta = timedelta(minutes=15)

    def step_at(self, elapsed: timedelta) -> int:
        """The step reached so long into a round, from 0."""
        return sum(1 for wait in self.climb if elapsed >= wait)

    def next_change(self, elapsed: timedelta) -> timedelta:
        """How far into the round the next climb, or the next round, comes."""
        return next((wait for wait in (*self.climb, self.round) if wait > elapsed), self.round)

    def retry_after(self, attempts: int) -> timedelta:
        """How long to wait after the given number of failed attempts (1 or more)."""
        return self.retries[min(attempts, len(self.retries)) - 1]
