"""The ciphers of Web Push: RFC 8188 records, RFC 8291 keys, and the RFC 8292 signature of the sender."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from incidents.keyring import Keyring

LONGEST = 3993
"""So many bytes fit into the one record of 4096 that every push service has to take."""

_RECORD = 4096
_TAG_AND_DELIMITER = 17
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group P-256


def b64(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """What `b64` wrote; raises `ValueError` for anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def sender_key(keyring: Keyring, name: str | None = None) -> ec.EllipticCurvePrivateKey:
    """Our own key pair, derived from the named key of the keyring or from its current one.

    Refuses a key that is not in the keyring.
    """
    scalar = int.from_bytes(keyring.derive("web push sender", name)) % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, uncompressed: 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypt(
    plain: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    pad_to: int = 0,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message that only the browser with these keys can read (RFC 8291).

    At most `LONGEST` bytes; filled up to `pad_to`, so that its length tells nobody what it says. `key` and `salt`
    are made anew for each message, and given only to compare with the vectors of the standard.
    """
    key, salt = key or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    ours = public_bytes(key)
    shared = key.exchange(ec.ECDH(), theirs)
    secret = _expand(_mac(auth, shared), b"WebPush: info\0" + p256dh + ours, 32)
    return seal(plain, secret=secret, salt=salt, key_id=ours, pad_to=pad_to)


def seal(plain: bytes, *, secret: bytes, salt: bytes, key_id: bytes = b"", pad_to: int = 0) -> bytes:
    """One record of the aes128gcm coding (RFC 8188), with its header. Raises `ValueError` for more than fits."""
    room = _RECORD - _TAG_AND_DELIMITER
    if len(plain) > room:
        raise ValueError("more than one record")
    extracted = _mac(salt, secret)
    cipher_key = _expand(extracted, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _expand(extracted, b"Content-Encoding: nonce\0", 12)
    filled = (plain + b"\x02").ljust(min(pad_to, room) + 1, b"\0")
    header = salt + _RECORD.to_bytes(4) + bytes([len(key_id)]) + key_id
    return header + AESGCM(cipher_key).encrypt(nonce, filled, None)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    # HKDF-Expand (RFC 5869) for at most one block.
    return _mac(key, info + b"\x01")[:length]


def authorization(key: ec.EllipticCurvePrivateKey, *, audience: str, subject: str | None, expires_at: datetime) -> str:
    """The header by which a push service knows the sender (RFC 8292).

    `audience` is the origin of the service; `subject` is where its operator can reach ours: https: or mailto:.
    """
    claims = {"aud": audience, "exp": int(expires_at.timestamp())} | ({"sub": subject} if subject else {})
    parts = [{"typ": "JWT", "alg": "ES256"}, claims]
    signed = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token}, k={b64(public_bytes(key))}"
