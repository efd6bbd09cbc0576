"""Sees what Apprise does not tell: the answer, the fault and the connections of the HTTP calls of one send.

Apprise returns yes or no, calls `requests` deep inside each service, and writes phone numbers and addresses to
its log. So two functions, one of `requests` and one of `urllib3`, are wrapped once; the wrappers do nothing
outside `watching()`.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from notifications.channels.deadline import Deadline, open_socket

_here = threading.local()
_once = threading.Lock()
_installed = False


@dataclass
class Exchange:
    """The last HTTP call of a send; either `status` or `error` is set once there was one."""

    deadline: Deadline
    status: int | None = None
    retry_after: str | None = None
    error: Exception | None = None
    warnings: list[str] = field(default_factory=list)


@contextmanager
def watching(deadline: Deadline) -> Iterator[Exchange]:
    """Watch the HTTP calls of this thread, cut them at the deadline and keep their log lines."""
    _install()
    exchange = Exchange(deadline)
    _here.exchange = exchange
    try:
        yield exchange
    finally:
        _here.exchange = None


def _current() -> Exchange | None:
    return getattr(_here, "exchange", None)


class _Catch(logging.Filter):
    """Keeps the warnings of a watched send from the log: they name recipients and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        exchange = _current()
        if exchange is None:
            return True
        if record.levelno >= logging.WARNING:
            exchange.warnings.append(record.getMessage())
        return False


def _install() -> None:
    global _installed
    with _once:
        if _installed:
            return
        from requests.adapters import HTTPAdapter
        from urllib3.util import connection

        _watch_answers(HTTPAdapter)
        _watch_sockets(connection)
        for name in ("apprise", "urllib3.connectionpool", "urllib3.util.retry"):
            logging.getLogger(name).addFilter(_Catch())
        _installed = True


def _watch_answers(adapter: Any) -> None:
    plain_send = adapter.send

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _current()
        if exchange is None:
            return plain_send(self, request, *args, **kwargs)
        exchange.status = exchange.retry_after = exchange.error = None
        try:
            response = plain_send(self, request, *args, **kwargs)
        except Exception as error:
            exchange.error = error
            raise
        exchange.status = response.status_code
        exchange.retry_after = response.headers.get("Retry-After")
        return response

    adapter.send = send


def _watch_sockets(module: Any) -> None:
    plain_connect = module.create_connection

    def create_connection(
        address: tuple[str, int], timeout: Any = None, source_address: Any = None, socket_options: Any = None
    ) -> socket.socket:
        exchange = _current()
        if exchange is None:
            result: socket.socket = plain_connect(address, timeout, source_address, socket_options)
            return result
        seconds = timeout if isinstance(timeout, int | float) else exchange.deadline.seconds
        deadline, options = exchange.deadline, socket_options or ()
        return open_socket(*address, deadline=deadline, timeout=seconds, options=options)

    module.create_connection = create_connection
