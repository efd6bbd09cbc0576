"""A real HTTP server on loopback that answers as it is told and keeps what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Double:
    """What it answers, after how many seconds, and the paths that were asked for."""

    port: int = 0
    status: int = 200
    location: str | None = None
    hangs: float = 0.0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def answering(status: int = 200) -> Iterator[Double]:
    """A server that answers every GET with this status until told otherwise."""
    double = Double(status=status)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            double.asked.append(self.path)
            time.sleep(double.hangs)
            self.send_response(double.status)
            if double.location:
                self.send_header("Location", double.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    double.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
