"""The set-up link: printed at first start and laid in `instance/setup-link`, until set-up is done.

Whoever can read the instance folder may set Tocsin up; nobody else can guess the token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from app.config import Settings
from incidents.organisation import Organisation

NAME = "setup-link"


def ensure(settings: Settings, organisation: Organisation, base: str) -> str | None:
    """The link to print, with the same token over every restart; None once the organisation is set up.

    `base` is the public address, or where the server listens, such as http://127.0.0.1:8000.
    """
    if organisation.set_up_at is not None:
        done(settings)
        return None
    token = _token(settings) or secrets.token_urlsafe(24)
    link = f"{base.rstrip('/')}/set-up/{token}"
    if _read(settings) != link:
        _write(_path(settings), link)
    return link


def matches(settings: Settings, token: str) -> bool:
    """Whether a token is the one of the link."""
    expected = _token(settings)
    return expected is not None and hmac.compare_digest(_digest(expected), _digest(token))


def done(settings: Settings) -> None:
    """Take the link away: it was used."""
    _path(settings).unlink(missing_ok=True)


def _path(settings: Settings) -> Path:
    return settings.instance / NAME


def _read(settings: Settings) -> str:
    try:
        return _path(settings).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _token(settings: Settings) -> str | None:
    return _read(settings).rpartition("/set-up/")[2] or None


def _write(path: Path, link: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{link}\n")
    draft.replace(path)


def _digest(token: str) -> bytes:
    # Of equal length, so that the comparison tells nothing about the token's.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
