"""The mark of a delivery: what its envelope sender and envelope id carry, so that whatever comes back names it.

Lower-case letters and digits only, because some mail systems lower-case an address; short, because the part before
the @ may have 64 octets. Its digest is keyed: only this installation can make one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from incidents.keyring import Keyring

LENGTH = 42
"""Letters of a mark: 16 bytes of token and 10 of digest, in base 32."""

LONGEST_LOCAL_PART = 64
"""RFC 5321 §4.5.3.1.1."""

SEPARATORS = "+-=_."
"""What may stand between the mailbox and the mark."""

MARKS = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z2-7]{{{LENGTH}}}(?![A-Za-z0-9])", re.ASCII)

_TOKEN, _DIGEST = 16, 10


def mark_of(keyring: Keyring, token: str) -> str:
    """The mark of the delivery with this token."""
    plain = bytes.fromhex(token)
    return base64.b32encode(plain + _digest(keyring, plain, keyring.current)).decode("ascii").rstrip("=").lower()


def token_of(keyring: Keyring, mark: str) -> str | None:
    """The token in a mark, or None when no key of ours made it. Upper and lower case are the same."""
    try:
        body = base64.b32decode(mark.upper() + "=" * (-len(mark) % 8))
    except (binascii.Error, ValueError):
        return None
    if len(body) != _TOKEN + _DIGEST:
        return None
    plain, digest = body[:_TOKEN], body[_TOKEN:]
    if any(hmac.compare_digest(digest, _digest(keyring, plain, name)) for name in keyring.names):
        return plain.hex()
    return None


def envelope_sender(bounce_address: str, separator: str, mark: str) -> str:
    """The address that reports about one delivery come back to, such as bounces+MARK@example.com."""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}{separator}{mark}@{domain}"


def room_for_a_mark(bounce_address: str, separator: str) -> bool:
    """Whether an address with a mark in it is still short enough."""
    local = bounce_address.rpartition("@")[0]
    return len(local.encode()) + len(separator) + LENGTH <= LONGEST_LOCAL_PART


def _digest(keyring: Keyring, plain: bytes, key_id: str) -> bytes:
    return bytes.fromhex(keyring.mac("bounce", plain.hex(), key_id))[:_DIGEST]
