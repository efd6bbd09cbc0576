"""Passwords: hashed with argon2, few at a time, and which ones may not be chosen."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from incidents.refusals import Refused
from incidents.words import N_

SHORTEST = 12
LONGEST = 200
OWN_PART = 8
"""So many signs must be left of a password when names that everybody knows are taken out of it."""

HASHES_AT_ONCE = 2
WAITING_AT_ONCE = 3
"""A hash takes 64 MiB and a tenth of a second; more threads than these never stand before one, so that a flood
of sign-ins leaves the others to reports."""

HASHER = PasswordHasher()
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$I7sl8LIJTlohuRqWr+alZw$RVU8k/qvwgGutssQTikSUGt41Oa6h9tRFYgI4livVVc"
"""What an unknown address is checked against, so that the answer takes as long as for a known one."""

COMMON = frozenset(
    [
        "password",
        "passwort",
        "motdepasse",
        "contrasena",
        "haslo",
        "wachtwoord",
        "geheim",
        "secret",
        "passphrase",
        "mypassword",
        "newpassword",
        "yourpassword",
        "thepassword",
        "password123",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword",
        "pass1234",
        "letmein",
        "letmeinnow",
        "welcome",
        "willkommen",
        "changeme",
        "changemenow",
        "changethis",
        "default",
        "temporary",
        "administrator",
        "administration",
        "superuser",
        "rootroot",
        "adminadmin",
        "qwerty",
        "qwertyuiop",
        "qwertzuiop",
        "azertyuiop",
        "qwertyasdfgh",
        "asdfghjkl",
        "zxcvbnm",
        "1qaz2wsx",
        "1qaz2wsx3edc",
        "q1w2e3r4t5y6",
        "1234567890",
        "123456789012",
        "12345678901234",
        "0123456789",
        "1234567890ab",
        "0987654321",
        "abcdefghijkl",
        "abc123",
        "abcd1234",
        "iloveyou",
        "iloveyouforever",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "basketball",
        "liverpool",
        "manchester",
        "chelsea",
        "arsenal",
        "superman",
        "batman",
        "starwars",
        "pokemon",
        "trustno1",
        "dragon",
        "monkey",
        "shadow",
        "master",
        "michael",
        "jennifer",
        "charlie",
        "whatever",
        "correcthorsebatterystaple",
        "correcthorsebattery.staple",
        "summer",
        "winter",
        "autumn",
        "spring",
        "monday",
        "friday",
        "january",
        "december",
        "internet",
        "computer",
        "security",
        "breach",
        "databreach",
        "dataprotection",
        "tocsin",
        "privacy",
        "incident",
    ]
)

_waiting = threading.BoundedSemaphore(HASHES_AT_ONCE + WAITING_AT_ONCE)
_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Busy(Exception):
    """Too many passwords are being checked; the same again in a few seconds will do."""


@dataclass(frozen=True)
class Checked:
    """Whether a password was right; `renewed` is a new hash to keep when the parameters have changed."""

    right: bool
    renewed: str | None = None


@contextmanager
def _turn() -> Iterator[None]:
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        with _hashing:
            yield
    finally:
        _waiting.release()


def hashed(password: str) -> str:
    """The argon2 hash to keep. Raises `Busy` when too many wait already."""
    with _turn():
        return HASHER.hash(_normal(password))


def check(kept: str | None, password: str) -> Checked:
    """Compare with what is kept; takes as long when nothing is. Raises `Busy` when too many wait already."""
    with _turn():
        try:
            HASHER.verify(kept or NOBODYS, _normal(password))
        except (VerificationError, InvalidHashError):
            return Checked(right=False)
        if kept is None:
            return Checked(right=False)
        return Checked(right=True, renewed=HASHER.hash(_normal(password)) if HASHER.check_needs_rehash(kept) else None)


def refuse_weak(password: str, about: Iterable[str]) -> None:
    """Refuse what is short, common, one sign or word over and over, or little more than a name in `about`."""
    if len(password) < SHORTEST:
        raise Refused(
            N_("Choose at least %(number)s characters. Three or four words will do."), field="password", number=SHORTEST
        )
    if len(password) > LONGEST:
        raise Refused(N_("Choose at most %(number)s characters."), field="password", number=LONGEST)
    folded = _normal(password).casefold()
    letters = folded.strip("0123456789!?.,;:-_*#+$%&=@ ")
    if COMMON & {folded, letters, folded.replace(" ", "")} or _repeats(folded):
        raise Refused(N_("Too many people use this password, so it is tried first. Choose another."), field="password")
    for name in _known_parts(about):
        if len(folded.replace(name, "").strip()) < min(OWN_PART, len(folded)) and name in folded:
            raise Refused(
                N_("This is little more than a name that others know. Add words of your own."), field="password"
            )


def _repeats(folded: str) -> bool:
    """One piece over and over, such as "aaaaaaaaaaaa" or "secretsecret", or signs in a row."""
    for length in range(1, len(folded) // 2 + 1):
        piece = folded[:length]
        if (piece * (len(folded) // length + 1))[: len(folded)] == folded:
            return True
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    return steps in ({1}, {-1})


def _known_parts(about: Iterable[str]) -> set[str]:
    parts: set[str] = set()
    for text in about:
        folded = _normal(text).casefold()
        whole = {folded, folded.replace(" ", "")}
        pieces = folded.replace("@", " ").replace(".", " ").replace("-", " ").split()
        parts |= {part for part in (*whole, *pieces) if len(part) >= 4}
    return parts


def _normal(text: str) -> str:
    # The same password typed on a Mac and on a PC must be the same bytes.
    return unicodedata.normalize("NFC", text)
