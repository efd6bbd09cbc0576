"""The keyring: one file outside the database that holds the keys, and all that is derived from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from incidents.refusals import Refused
from incidents.words import N_


class Keyring:
    """Named master keys, oldest first; the last one is used for what is new, each for what it once made."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise ValueError("a keyring needs a key")
        self._keys = keys
        self.current = next(reversed(keys))

    @classmethod
    def open(cls, path: Path) -> Keyring:
        """Read the keyring at `path`, or make one. It is written once, readable by its owner only."""
        if not path.exists():
            cls._create(path)
        stored = json.loads(path.read_text(encoding="ascii"))
        return cls({name: base64.b64decode(key) for name, key in stored["keys"].items()})

    @staticmethod
    def _create(path: Path) -> None:
        key = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        body = json.dumps({"keys": {f"k{secrets.token_hex(4)}": key}}, indent=1)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when another process was first, whose keys then count
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    @lru_cache(maxsize=64)  # noqa: B019 - one keyring lives as long as the process
    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """32 bytes for one purpose, from the named or the current key."""
        master = self._keys.get(key_id or self.current)
        if master is None:
            raise Refused(
                N_("The key %(name)s is not in the keyring. Put the keyring of the backup back."), name=key_id
            )
        return hmac.new(master, f"tocsin {purpose}".encode(), hashlib.sha256).digest()

    def mac(self, purpose: str, message: str, key_id: str | None = None) -> str:
        """A keyed digest in hex."""
        return hmac.new(self.derive(purpose, key_id), message.encode(), hashlib.sha256).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """Key names, newest first."""
        return tuple(reversed(self._keys))

    def seal(self, text: str) -> str:
        """Encrypt a secret for the database; the key's name goes with it."""
        box = Fernet(base64.urlsafe_b64encode(self.derive("secrets")))
        return f"{self.current}:{box.encrypt(text.encode()).decode('ascii')}"

    def unseal(self, sealed: str) -> str:
        """The secret that `seal` hid. Refuses when its key is missing or the text was changed."""
        key_id, _, body = sealed.partition(":")
        box = Fernet(base64.urlsafe_b64encode(self.derive("secrets", key_id)))
        try:
            return box.decrypt(body.encode("ascii")).decode()
        except InvalidToken as error:
            raise Refused(N_("A stored secret cannot be read with the keyring here. Enter it again.")) from error
