"""A push service on loopback, and a browser that it pushes to: it reads what came with keys of its own."""

from __future__ import annotations

import json
import os
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.channels.push_crypto import b64, unb64

P256 = ec.SECP256R1()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A public key, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass
class Browser:
    """The other end of a subscription."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(P256))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": b64(point(self.key)), "auth": b64(self.auth)}

    def read(self, body: bytes) -> bytes:
        """What a message says (RFC 8291, section 3, from the receiver's side)."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert (size, length, len(body) <= 4096) == (4096, 65, True)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(P256, theirs))
        secret = _hkdf(self.auth, shared, b"WebPush: info\0" + point(self.key) + theirs, 32)
        key, nonce = (
            _hkdf(salt, secret, f"Content-Encoding: {name}\0".encode(), size)
            for name, size in (("aes128gcm", 16), ("nonce", 12))
        )
        filled = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert filled.endswith(b"\x02")
        return filled[:-1]


@dataclass(frozen=True)
class Pushed:
    """One message as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    def told(self, browser: Browser) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(browser.read(self.body))
        return told


def claims(authorization: str, *, now: datetime) -> tuple[dict[str, Any], str]:
    """What a signature claims, and the key it was made with; fails when it is not right or has run out."""
    scheme, _, parameters = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in parameters.split(","))
    head, body, signature = parts["t"].split(".")
    assert (scheme, json.loads(unb64(head))) == ("vapid", {"typ": "JWT", "alg": "ES256"})
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(P256, unb64(parts["k"]))
    key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    claimed: dict[str, Any] = json.loads(unb64(body))
    left = datetime.fromtimestamp(claimed["exp"], UTC) - now
    assert 0 < left.total_seconds() <= 86400
    return claimed, parts["k"]


class PushService:
    """Takes messages and answers with the next of `answers`, the last one again and again; None never answers."""

    def __init__(
        self, *answers: int | None, headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.answers: list[int | None] = list(answers) or [201]
        self.came: list[Pushed] = []
        self._over, service, more = threading.Event(), self, headers or {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.came.append(Pushed(self.path, dict(self.headers), body))
                answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                if answer is None:
                    service._over.wait(10)
                    self.close_connection = True
                    return
                with suppress(OSError):
                    self.send_response(answer)
                    for name, value in {"Content-Length": "0", "Connection": "close", **more}.items():
                        self.send_header(name, value)
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> PushService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
