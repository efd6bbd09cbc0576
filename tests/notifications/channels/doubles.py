"""Servers on loopback that misbehave in ways a proper server library cannot."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit, urlunsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OPEN = ("250-server", "250-8BITMIME", "250 OK")


class Line:
    """One SMTP caller: what they said, and ways to answer."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self._file = sock.makefile("rb")

    def say(self, *lines: str) -> None:
        """Answer with these lines."""
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> str:
        """The next line of the caller; empty once they are gone."""
        return self._file.readline().decode("utf-8", "replace").rstrip("\r\n")

    def hear_letter(self) -> bytes:
        """The body up to the lonely dot."""
        lines: list[bytes] = []
        for line in self._file:
            if line == b".\r\n":
                break
            lines.append(line)
        return b"".join(lines)

    def drip(self, sign: str = "2") -> None:
        """One byte every twentieth of a second, for ever."""
        while not self.over.wait(0.05):
            self.sock.sendall(sign.encode())

    def wrap(self, context: ssl.SSLContext) -> None:
        """Go on in TLS."""
        self._file.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self._file = self.sock.makefile("rb")

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.sock.close()


class Scripted:
    """Answers each caller with the next script, the last one again and again."""

    def __init__(self, *scripts: Callable[[Line], None]) -> None:
        self.connections = 0
        self._scripts = scripts
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._callers: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Scripted:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # A plain close() does not wake a thread in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._thread, *self._callers):
            thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            caller = threading.Thread(target=self._talk, args=(sock, script), daemon=True)
            self._callers.append(caller)
            caller.start()

    def _talk(self, sock: socket.socket, script: Callable[[Line], None]) -> None:
        sock.settimeout(5)
        line = Line(sock, self._over)
        with suppress(OSError, ValueError):
            script(line)
        line.close()


def polite(line: Line, *, features: Iterable[str] = OPEN, answers: dict[str, str] | None = None) -> None:
    """Greet, then answer each command by its first word, until QUIT."""
    line.say("220 server ESMTP")
    converse(line, features=features, answers=answers)


def converse(line: Line, *, features: Iterable[str] = OPEN, answers: dict[str, str] | None = None) -> None:
    """A conversation after the greeting; an answer of "" is silence."""
    given = {"DATA": "354 go on", "QUIT": "221 bye", **(answers or {})}
    while heard := line.hear():
        word = heard.split()[0].upper()
        if word in {"EHLO", "HELO"}:
            line.say(*features)
            continue
        answer = given.get(word, "250 OK")
        if not answer:
            line.over.wait(5)
            return
        line.say(answer)
        if answer.startswith("354"):
            line.hear_letter()
            line.say(given.get("LETTER", "250 taken"))
        if word == "QUIT" or answer.startswith("421"):
            return


def certificate(folder: Path) -> Path:
    """A fresh self-signed certificate with its key, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Web:
    """An HTTP server that keeps what it was sent, JSON or a form; `hang` and `drip` hold the caller up."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang: bool = False
    drip: bool = False
    requests: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    headers_seen: list[Mapping[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)


def form_fields(sent: bytes) -> Iterator[tuple[str, object]]:
    """The fields of a form; one that was sent several times is a list."""
    for name, values in parse_qs(sent.decode(), keep_blank_values=True).items():
        yield name, values if len(values) > 1 else values[0]


@contextmanager
def all_to(port: int) -> Iterator[None]:
    """Whatever `requests` sends to any host goes to this port of the loopback; the Host header keeps the name.

    Services whose address is fixed can be doubled in no other way. Everything below stays real: adapters, sockets.
    """
    plain = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(("http", f"127.0.0.1:{port}", parts.path, parts.query, ""))
        return plain(self, request, **kwargs)

    with patch.object(requests.Session, "send", send):
        yield


@contextmanager
def web_server() -> Iterator[Web]:
    """A web server on loopback for the length of a test."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            form = "form" in self.headers.get("Content-Type", "") or not sent
            web.headers_seen.append(dict(self.headers.items()))
            web.raw.append(sent)
            web.requests.append((self.path, dict(form_fields(sent)) if form else json.loads(sent)))
            if web.hang:
                web.over.wait(10)
                return
            self.send_response(web.status)
            for name, value in web.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(10_000 if web.drip else len(web.body)))
            self.end_headers()
            with suppress(OSError):
                while web.drip and not web.over.wait(0.05):
                    self.wfile.write(b" ")
                self.wfile.write(web.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield web
    web.over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)
