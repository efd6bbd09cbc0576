"""A real limit to the length of a network call."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType


class Deadline:
    """A time limit, in seconds, that cuts every connection it watches.

    A socket's own time-out counts from byte to byte, so a server that drips could hold a send for ever.
    Looking up a host name cannot be cut; it ends with the resolver's own limit.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._over = False
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            for line in self._watched:
                line.close()
            self._watched.clear()

    def remaining(self) -> float:
        """Seconds left; refuses with `TimeoutError` when there are none."""
        left = self._ends - time.monotonic()
        if self.passed or left <= 0:
            self.passed = True
            raise TimeoutError("the time for this send is over")
        return left

    def watch(self, sock: socket.socket) -> None:
        """Cut this connection when the time is up."""
        self.remaining()
        # A second descriptor of the same connection: wrapping a socket in TLS takes the first one away.
        line = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._watched.append(line)

    def _cut(self) -> None:
        with self._lock:
            if self._over:
                return
            self.passed = True
            for line in self._watched:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


class NotAllowed(OSError):
    """A host has no address that may be called."""


def open_socket(
    host: str,
    port: int,
    *,
    deadline: Deadline,
    timeout: float,
    options: Iterable[tuple[int, int, int | bytes]] = (),
    allowed: Callable[[str], bool] | None = None,
) -> socket.socket:
    """Connect to the first address of a host that answers; all tries together keep to the deadline.

    Only addresses that are `allowed` are called; `NotAllowed` is raised when the host has no other.
    """
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    problem: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for family, kind, protocol, _, address in addresses:
        # The very address that is called is looked at: a name may lead elsewhere a moment later.
        if allowed is not None and not allowed(str(address[0])):
            problem = NotAllowed("an address that is not called")
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(min(timeout, deadline.remaining()))
            sock.connect(address)
            sock.settimeout(timeout)
            deadline.watch(sock)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem
