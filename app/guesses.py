"""Slows down guessing of receipt codes. A right code is always let in at once: the owner is never locked out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

HALF_LIFE = 60.0
MOST_SOURCES = 5000
MOST_WAITING = 2
LONGEST = 2.0


class Guesses:
    """Counts wrong codes by source, in memory only; nothing about a source is ever stored.

    A wrong code is answered later and later, up to `LONGEST` seconds. At most `MOST_WAITING` answers wait at a
    time, so that guessing cannot use up the threads; the others are told to come back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._seats = threading.BoundedSemaphore(MOST_WAITING)

    def wrong(self, source: str, clock: float | None = None) -> bool:
        """Count a wrong code and wait as it deserves. False when the answer should be "come back later"."""
        wait = min(LONGEST, 0.05 * 2 ** self._count(source, time.monotonic() if clock is None else clock))
        if not self._seats.acquire(blocking=False):
            return False
        try:
            time.sleep(wait)
        finally:
            self._seats.release()
        return True

    def _count(self, source: str, at: float) -> float:
        with self._lock:
            count, since = self._wrong.pop(source, (0.0, at))
            count = count * 0.5 ** ((at - since) / HALF_LIFE) + 1
            self._wrong[source] = (count, at)
            while len(self._wrong) > MOST_SOURCES:
                self._wrong.popitem(last=False)
            return min(count, 16.0)
