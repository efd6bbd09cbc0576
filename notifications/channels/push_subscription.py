"""What a browser hands out so that it can be pushed to, and which addresses may be called for it.

Whoever is signed in may name an address that this server then calls, so it must not lead into the house.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels.push_crypto import b64, unb64

ENDED = N_("This browser has ended its subscription. Turn push on again on that device.")
_NO_SUBSCRIPTION = N_("This browser sent no usable subscription. Load the page again and turn push on once more.")
_NOT_HTTPS = N_("The push service of this browser is not reached by https, so it is not used.")
_NOT_PUBLIC = N_("The push service of this browser is at an address inside a private network, so it is not used.")

_LONGEST = 2000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Reach:
    """Which push services may be called. Both are for trying things out on one machine.

    `loopback` allows this machine itself, `plain` allows it to be called by http.
    """

    loopback: bool = False
    plain: bool = False

    def allows(self, address: str) -> bool:
        """Whether an IP address may be called: one of the public Internet, else only this machine."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        found = _within(found)
        if found.is_loopback:
            return self.loopback
        return found.is_global and not found.is_multicast

    def check(self, endpoint: str) -> SplitResult:
        """The parts of an endpoint that may be called; refuses another. Names are looked at when they are called."""
        try:
            parts = urlsplit(endpoint)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise Refused(_NO_SUBSCRIPTION) from None
        plainly = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint and len(endpoint) <= _LONGEST
        if not plainly or not host or parts.username is not None:
            raise Refused(_NO_SUBSCRIPTION)
        if parts.scheme != "https" and not (parts.scheme == "http" and self.plain and is_loopback(host)):
            raise Refused(_NOT_HTTPS)
        if (is_loopback(host) and not self.loopback) or (_is_address(host) and not self.allows(host)):
            raise Refused(_NOT_PUBLIC)
        return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its usual name or by its number."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _within(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that a packet reaches in the end: some IPv6 addresses carry an IPv4 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


@dataclass(frozen=True)
class Subscription:
    """Where and how one browser is pushed to. `key` names the key of the keyring that it was made with."""

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    key: str

    @classmethod
    def given(cls, endpoint: str, p256dh: str, auth: str, key: str, *, reach: Reach) -> Subscription:
        """What a browser sent; refuses what nothing could be sent to, and an address that may not be called."""
        reach.check(endpoint)
        try:
            point, secret = unb64(p256dh), unb64(auth)
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            raise Refused(_NO_SUBSCRIPTION) from None
        if len(point) != 65 or len(secret) != 16:
            raise Refused(_NO_SUBSCRIPTION)
        return cls(endpoint, point, secret, key)

    @classmethod
    def read(cls, written: str) -> Subscription:
        """What `written` wrote; refuses anything else."""
        try:
            kept = json.loads(written)
            return cls(kept["endpoint"], unb64(kept["p256dh"]), unb64(kept["auth"]), kept["key"])
        except (ValueError, KeyError, TypeError):
            raise Refused(_NO_SUBSCRIPTION) from None

    def written(self) -> str:
        """As it is kept, sealed."""
        keys = {"p256dh": b64(self.p256dh), "auth": b64(self.auth), "key": self.key}
        return json.dumps({"endpoint": self.endpoint, **keys})

    @property
    def host(self) -> str:
        """The host of the push service, with its port if it names one."""
        return urlsplit(self.endpoint).netloc

    @property
    def digest(self) -> str:
        """By which a browser knows its own subscription again, without being shown the others."""
        return hashlib.sha256(self.endpoint.encode()).hexdigest()
