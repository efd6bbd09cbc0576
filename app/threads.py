"""The threads of the web server: some are kept for reporters, whatever the others wait for.

Waitress has one queue; with it, a handful of long pages for staff would hold every thread while somebody tries to
report. Slow clients hold no thread at all: bodies are read, and answers sent, by the one thread that owns the sockets.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from app.guesses import MOST_WAITING

KEPT = MOST_WAITING + 1
"""Threads that serve nothing but the paths of FIRST: one more than those who guess at receipt codes can hold."""

FIRST = ("/receipt", "/p", "/inbound", "/static", "/healthz", "/readyz")
"""Below these and at / is what reporters and whoever is paged need; none of it takes long."""


def comes_first(path: str) -> bool:
    """Whether a request for this path may use the threads that are kept."""
    return path == "/" or any(path == start or path.startswith(f"{start}/") for start in FIRST)


class Threads(ThreadedTaskDispatcher):
    """Hands tasks to threads: those that come first to any of them, the others to all but the KEPT."""

    def __init__(self) -> None:
        super().__init__()
        self.others: deque[Any] = deque()
        self._kept_cv = threading.Condition(self.lock)
        self._idle = 0

    def add_task(self, task: Any) -> None:
        """Queue a connection whose first request is complete."""
        first = comes_first(getattr(task.requests[0], "path", "") or "/") if task.requests else True
        with self.lock:
            (self.queue if first else self.others).append(task)
            if self._idle:
                # Counted off here and not by the thread, which may take a while to wake.
                self._idle -= 1
                self.queue_cv.notify()
            elif first:
                self._kept_cv.notify()

    def handler_thread(self, thread_no: int) -> None:
        """What one thread does until it is told to stop."""
        while (task := self._next(thread_no, kept=thread_no < KEPT)) is not None:
            try:
                task.service()
            except BaseException:
                # The thread has to outlive any request.
                self.logger.exception("a request failed outside the application")

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Let the threads finish what they do, for at most `timeout` seconds."""
        with self.lock:
            self.queue.extend(self.others)
            self.others.clear()
        stopped: bool = super().shutdown(cancel_pending, timeout)
        return stopped

    def set_thread_count(self, count: int) -> None:
        """Start or stop threads; the first KEPT of them are those that are kept."""
        super().set_thread_count(count)
        with self.lock:
            self._kept_cv.notify_all()

    def _next(self, thread_no: int, *, kept: bool) -> Any:
        with self.lock:
            while not self.stop_count:
                if self.queue:
                    return self.queue.popleft()
                if self.others and not kept:
                    return self.others.popleft()
                self.active_count -= 1
                if kept:
                    self._kept_cv.wait()
                else:
                    self._idle += 1
                    self.queue_cv.wait()
                self.active_count += 1
            self.active_count -= 1
            self.stop_count -= 1
            self.threads.discard(thread_no)
            self.thread_exit_cv.notify()
            return None
