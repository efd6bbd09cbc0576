"""Slows down guessing of passwords, in memory only, without locking an owner out.

Wrong passwords are counted by account *and* source. After `FREE` of them the next try from there has to wait,
first 2 seconds, doubling up to `LONGEST`; a try that comes too early is not looked at and does not lengthen the
wait. Whoever guesses elsewhere has a count of their own and slows nobody but themselves. A browser that has
signed in to the account before carries a signed cookie and is a source of its own: a guesser behind the same
address, or behind a proxy that hides addresses, cannot make it wait. The count halves every `HALF_LIFE`.
With several processes each counts for itself, and a restart forgets.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 4
LONGEST = 60.0
HALF_LIFE = 600.0
MOST = 20_000


@dataclass
class _Count:
    wrong: float
    at: float
    free_at: float


class Attempts:
    """Counts wrong passwords; `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    def wait(self, account: str, source: str) -> int:
        """Seconds until the next try is looked at; 0 when it may come now."""
        with self._lock:
            count = self._counts.get((account, source))
            return max(0, math.ceil(count.free_at - self._clock())) if count else 0

    def wrong(self, account: str, source: str) -> None:
        """Count a wrong password."""
        at = self._clock()
        with self._lock:
            earlier = self._counts.pop((account, source), None)
            wrong = 1 + (earlier.wrong * 0.5 ** ((at - earlier.at) / HALF_LIFE) if earlier else 0.0)
            over = round(wrong) - FREE
            wait = min(LONGEST, 2.0 ** (over + 1)) if over >= 0 else 0.0
            self._counts[account, source] = _Count(wrong, at, at + wait)
            while len(self._counts) > MOST:
                self._counts.popitem(last=False)

    def right(self, account: str, source: str) -> None:
        """Forget the count: the owner is there."""
        with self._lock:
            self._counts.pop((account, source), None)
