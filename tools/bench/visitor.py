"""Somebody who looks at pages over one kept connection, signed in through the form."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tools.bench.processes import HOST

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
WAIT = 60.0


class Unexpected(Exception):
    """A page answered otherwise than it has to."""


@dataclass(frozen=True)
class Seen:
    """One answer; `milliseconds` run from the request to the last byte."""

    status: int
    text: str
    milliseconds: float


class Visitor:
    """One browser, as far as cookies go."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=WAIT)
        self._cookies: dict[str, str] = {}

    def sign_in(self, email: str, password: str) -> None:
        """Sign in as a person would."""
        found = TOKEN.search(self.get("/sign-in").text)
        fields = {"csrf_token": found[1] if found else "", "email": email, "password": password}
        answer = self.post("/sign-in", urlencode(fields).encode(), wanted=303)
        if "tocsin" not in self._cookies:
            raise Unexpected(f"sign-in set no cookie: {answer.status}")

    def get(self, path: str) -> Seen:
        """Look at a page, which has to be there."""
        return self._ask("GET", path, None, 200)

    def post(self, path: str, sent: bytes, *, wanted: int = 200) -> Seen:
        """Send a form and expect that status."""
        return self._ask("POST", path, sent, wanted)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, sent: bytes | None, wanted: int) -> Seen:
        headers = {"Accept": "text/html", **(FORM if sent is not None else {})}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        begun = time.monotonic()
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        taken = (time.monotonic() - begun) * 1000
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if answer.status != wanted:
            raise Unexpected(f"{method} {path}: {answer.status} instead of {wanted}")
        return Seen(answer.status, raw.decode(), taken)
