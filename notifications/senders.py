"""One thread for each channel, so that a slow one delays nobody else. No database here."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection

from incidents.words import N_
from notifications.channels import Channel, Message, Outcome, Target, Verdict

Job = Callable[[Channel], None]

log = logging.getLogger(__name__)

MOST_THREADS = 16
IDLE_SECONDS = 60.0
_REST = "rest"


class Senders:
    """Runs each job on the thread of its channel, in order.

    There are at most `most` threads, one more that the rest share, and one for each channel named in `reserved`.
    A thread with nothing to do for `idle` seconds closes its channel and ends. `make_channel` gets the channel
    name, on the channel's own thread.
    """

    def __init__(
        self,
        make_channel: Callable[[str], Channel],
        *,
        most: int = MOST_THREADS,
        idle: float = IDLE_SECONDS,
        reserved: Collection[str] = ("smtp", "outbox", "sms", "call", "canary"),
    ) -> None:
        self._make_channel = make_channel
        self._most = most
        self._idle = idle
        self._reserved = frozenset(reserved)
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._renewals = 0
        self._stopped = False

    def submit(self, channel_name: str, job: Job) -> None:
        """Queue a job and return at once; once stopped, nothing more is taken and the claim is left to expire."""
        with self._lock:
            if self._stopped:
                log.info("Stopped: a job of channel %s was not taken.", channel_name)
                return
            lane = self._lanes.get(channel_name) or self._new_lane(channel_name)
            lane.jobs.append((channel_name, job))
            lane.wake.notify()

    def pending(self, channel_name: str) -> int:
        """Jobs of a channel that are queued or running."""
        with self._lock:
            return sum(lane.count(channel_name) for lane in self._lanes.values())

    def renew(self) -> None:
        """Let every channel be made anew before its next job, because the settings have changed."""
        with self._lock:
            self._renewals += 1

    def stop(self, timeout: float) -> list[str]:
        """Finish what is queued, for at most `timeout` seconds; the names of the channels that were left hanging.

        What is left behind was never settled: its claim expires and the delivery is due again.
        """
        ends = time.monotonic() + timeout
        with self._lock:
            self._stopped = True
            lanes = list(self._lanes.values())
            for lane in lanes:
                lane.wake.notify()
        for lane in lanes:
            lane.thread.join(max(0.0, ends - time.monotonic()))
        with self._lock:
            for lane in self._lanes.values():
                lane.jobs.clear()
            hanging = sorted(self._lanes)
        if hanging:
            log.warning("Stopped without waiting for %s.", ", ".join(hanging))
        return hanging

    def _new_lane(self, channel_name: str) -> _Lane:
        name = channel_name
        crowded = len(self._lanes.keys() - self._reserved - {_REST}) >= self._most
        if crowded and channel_name not in self._reserved:
            name = _REST
            if _REST in self._lanes:
                return self._lanes[_REST]
        thread = threading.Thread(target=self._work, args=(name,), name=f"sender-{name}", daemon=True)
        lane = self._lanes[name] = _Lane(thread, threading.Condition(self._lock))
        thread.start()
        return lane

    def _work(self, name: str) -> None:
        channels: dict[str, Channel] = {}
        renewals = 0
        with self._lock:
            lane = self._lanes[name]
        while found := self._next(name, lane):
            channel_name, job, latest = found
            if latest != renewals:
                _close(channels)
                renewals = latest
            try:
                job(channels.get(channel_name) or self._make(channel_name, channels))
            # The thread has to outlive any job; the job's claim expires and it is tried again.
            except Exception as error:
                _tell("A job of channel %s failed", channel_name, error)
        _close(channels)

    def _next(self, name: str, lane: _Lane) -> tuple[str, Job, int] | None:
        with self._lock:
            lane.running = None
            if not lane.jobs and not self._stopped:
                lane.wake.wait_for(lambda: lane.jobs or self._stopped, self._idle)
            if not lane.jobs:
                # In one breath with the look into the queue, so that no job is left to a thread that has gone.
                del self._lanes[name]
                return None
            lane.running, job = lane.jobs.popleft()
            return lane.running, job, self._renewals

    def _make(self, channel_name: str, channels: dict[str, Channel]) -> Channel:
        try:
            channels[channel_name] = self._make_channel(channel_name)
            return channels[channel_name]
        # Settings may be wrong in any way; the jobs shall say so instead of vanishing until their claims expire.
        except Exception as error:
            _tell("Channel %s cannot be set up", channel_name, error)
            return _Unmade(channel_name, type(error).__name__)


class _Lane:
    """A thread with its queue."""

    def __init__(self, thread: threading.Thread, wake: threading.Condition) -> None:
        self.thread = thread
        self.wake = wake
        self.jobs: deque[tuple[str, Job]] = deque()
        self.running: str | None = None

    def count(self, channel_name: str) -> int:
        queued = sum(name == channel_name for name, _ in self.jobs)
        return queued + (self.running == channel_name)


class _Unmade:
    """Stands in for a channel that could not be set up."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._outcome = Outcome.because(
            Verdict.TRY_AGAIN,
            N_("The channel cannot be set up (%(reason)s); check its settings."),
            {"reason": reason},
        )

    def send(self, target: Target, message: Message) -> Outcome:
        return self._outcome

    def check(self) -> Outcome:
        return self._outcome

    def close(self) -> None:
        """Nothing was opened."""


def _close(channels: dict[str, Channel]) -> None:
    for name, channel in channels.items():
        try:
            channel.close()
        except Exception as error:
            _tell("Channel %s did not close", name, error)
    channels.clear()


def _tell(sentence: str, channel_name: str, error: Exception) -> None:
    # The places without the values: an exception's own words may hold an address or a password.
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error(f"{sentence}: %s\n%s", channel_name, type(error).__name__, places)
