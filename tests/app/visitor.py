"""A browser without script: it keeps cookies, reads forms, fills them in and sends them, CSRF token and all."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.installation import Installation
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.people import Person
from tests.makers import PASSWORD

BASE = "http://localhost:8000"


class _Forms(HTMLParser):
    """The forms of a page: where each leads and what it would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
            return
        if not self.forms:
            return
        fields, name = self.forms[-1][1], given.get("name")
        if tag == "input" and name:
            if given.get("type") in ("checkbox", "radio"):
                if "checked" in given:
                    fields[name] = (given["value"] or "") if "value" in given else "on"
            else:
                fields[name] = given.get("value") or ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value") or ""
        elif tag == "textarea" and name:
            self._area, fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea" and self._area:
            fields = self.forms[-1][1]
            fields[self._area] = fields[self._area].removeprefix("\n").removeprefix("\r\n")
            self._area = None


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, app: Flask | Installation) -> None:
        self.app = app if isinstance(app, Flask) else create_app(app)
        self.app.testing = True
        self.client: FlaskClient = self.app.test_client()
        self.response: TestResponse
        self.address = "/"

    @property
    def page(self) -> str:
        """What the page says, as people read it."""
        return unescape(self.response.get_data(as_text=True))

    @property
    def status(self) -> int:
        return self.response.status_code

    def open(self, address: str, **named: Any) -> Visitor:
        """Open a page, redirects followed."""
        return self._keep(self.client.get(address, base_url=BASE, follow_redirects=True, **named))

    def send(self, form: str | None = None, **typed: Any) -> Visitor:
        """Send a form of the present page; `form` is (the end of) its action, else the first that leads here."""
        action, fields = self._form(form)
        response = self.client.post(action, data=fields | typed, base_url=BASE, follow_redirects=True)
        return self._keep(response)

    def fields(self, form: str | None = None) -> dict[str, Any]:
        """What a form of the present page would send untouched."""
        return self._form(form)[1]

    def sign_in(self, email: str, password: str = PASSWORD) -> Visitor:
        """Sign in through the page."""
        self.open("/sign-in")
        return self.send(email=email, password=password)

    def come_in(self, installation: Installation, person_id: int) -> Visitor:
        """Be signed in without the page, which spares a hash."""
        with installation.store.writing() as session:
            token = accounts.sign_in(session, session.get_one(Person, person_id), now=utcnow())
        with self.client.session_transaction(base_url=BASE) as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        return self

    def _form(self, wanted: str | None) -> tuple[str, dict[str, Any]]:
        parser = _Forms()
        parser.feed(self.response.get_data(as_text=True))
        for action, fields in parser.forms:
            leads = action or self.address
            if (wanted is None and "sign-out" not in leads) or (wanted is not None and leads.endswith(wanted)):
                return leads, dict(fields)
        raise AssertionError(f"no form leads to {wanted}: {[action for action, _ in parser.forms]}")

    def _keep(self, response: TestResponse) -> Visitor:
        self.response = response
        self.address = response.request.path
        return self

    def problems(self) -> list[str]:
        """The sentences of the error summary."""
        found = re.search(r'<div class="t-problems".*?</div>', self.response.get_data(as_text=True), re.DOTALL)
        items = re.findall(r"<li>(.*?)</li>", found.group(0), re.DOTALL) if found else []
        return [unescape(re.sub(r"<[^>]+>", "", item)).strip() for item in items]
