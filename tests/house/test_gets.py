"""Every page that is only looked at changes nothing, breaks for nobody, and opens for nobody without the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask

from app import create_app
from app.access import PUBLIC, SIGNED_IN
from app.installation import Installation
from incidents.law.clock import utcnow
from incidents.people import RIGHTS, Right
from tests.house.conftest import Opening
from tests.house.filled import SECRET, Filled, fill
from tests.house.source import told
from tests.house.walk import BASE, Address, addresses, checksums, sign_in, watched
from tests.makers import ROLES

pytestmark = pytest.mark.xdist_group("gets")

NOBODY = "nobody"
WHO = {
    "sqlite": (NOBODY, "dana", "tariq", "ivo", "mina", "aude", "adam", "stranger"),
    "postgresql": ("dana", "ivo", "adam"),
}
"""Who walks where. Who may open what does not hang on the database; what breaks does."""

THOROUGH = "dana"
"""Who opens every address; the others one of each sort, and all of the restricted incident."""

NAMED = "ivo"
"""Who is named on the restricted incident."""

LAST_SEEN = {"sign_in"}
"""Tables that a GET may change."""

PROBES = {"/readyz"}
"""They try whether the database takes a write, and change no row."""


@dataclass(frozen=True)
class Answer:
    who: str
    address: Address
    status: int
    location: str
    body: str

    def __str__(self) -> str:
        return f"{self.who} at {self.address.url}: {self.status}"


@dataclass
class Walk:
    """What was found on the way."""

    filled: Filled
    answers: list[Answer] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def walk(request: pytest.FixtureRequest, open_on: Opening) -> Iterator[Walk]:
    with open_on(request.param) as house:
        found = Walk(fill(house, now=utcnow()))
        app = create_app(house)
        app.testing = True
        everywhere = addresses(app, house, found.filled, "GET")
        for who in WHO[request.param]:
            _as(who, app, house, list(_for(who, everywhere, doors=house.store.sqlite)), found)
        yield found


def _for(who: str, everywhere: list[Address], *, doors: bool) -> Iterator[Address]:
    """One address of each sort, and more for whom it matters; with `doors` also those that are closed to them."""
    tried: set[str] = set()
    for address in everywhere:
        thoroughly = who == THOROUGH or address.incident == "restricted"
        if (may_open(who, address) and thoroughly) or (address.rule not in tried and (doors or may_open(who, address))):
            tried.add(address.rule)
            yield address


def _as(who: str, app: Flask, house: Installation, everywhere: list[Address], found: Walk) -> None:
    client = app.test_client()
    if who != NOBODY:
        sign_in(client, house, found.filled.people[who])
    before, here = checksums(house), [""]
    with watched(house, here) as writes:
        for address in everywhere:
            here.append(f"{who} at {address.rule}")
            try:
                response = client.get(address.url, base_url=BASE)
            except Exception as error:
                found.broken.append(f"{who} at {address.url}: {type(error).__name__}: {error}")
                continue
            body = response.get_data(as_text=True) if response.mimetype != "application/octet-stream" else ""
            found.answers.append(Answer(who, address, response.status_code, response.location or "", body))
            response.close()
    found.writes += [write for write in writes if not any(probe in write for probe in PROBES)]
    after = checksums(house)
    found.changed |= {name for name in after if after[name] != before[name]} - LAST_SEEN


def rights_of(who: str) -> frozenset[Right]:
    return RIGHTS[ROLES[who]] if who in ROLES else frozenset()


def may_open(who: str, address: Address) -> bool:
    if address.mark in (PUBLIC, SIGNED_IN):
        return address.mark == PUBLIC or who != NOBODY
    return bool(rights_of(who).intersection(address.mark))


def test_no_page_breaks_for_anybody(walk: Walk) -> None:
    wrong = [str(one) for one in walk.answers if one.status >= 500 and one.address.rule not in PROBES]

    assert len(walk.answers) > 100, "the walk has hardly been anywhere"
    assert not walk.broken + wrong, told("These break on real data:", walk.broken + wrong)


def test_looking_changes_no_row(walk: Walk) -> None:
    advice = "A GET changes nothing: mail scanners, prefetching and reloads open it too. Move the write to a POST:"

    assert not walk.writes, told(advice, sorted(set(walk.writes)))
    assert not walk.changed, told(advice, sorted(walk.changed))


def test_everybody_is_kept_out_where_they_have_no_right(walk: Walk) -> None:
    wrong = [
        str(one)
        for one in walk.answers
        if (one.who == NOBODY and one.address.mark != PUBLIC and (one.status, one.location) != (303, "/sign-in"))
        or (one.who != NOBODY and (one.status == 403) is may_open(one.who, one.address))
    ]

    advice = "Give the view the right it needs (403 without it, the sign-in page for nobody), no more and no less:"
    assert not wrong, told(advice, wrong)


def test_a_restricted_incident_is_not_there_for_whoever_is_not_named(walk: Walk) -> None:
    about = [one for one in walk.answers if one.address.incident == "restricted" and may_open(one.who, one.address)]

    wrong = [str(one) for one in about if (one.status == 200) is not (one.who == NAMED)]
    assert {one.who for one in about} >= {"dana", "ivo"}
    assert not wrong, told("Find incidents only through incidents.incident.visible():", wrong)


def test_a_restricted_incident_leaves_no_trace_on_other_pages(walk: Walk) -> None:
    reference = walk.filled.incidents["restricted"]

    wrong = [
        f"{one} shows {'its words' if SECRET in one.body else 'its reference'}"
        for one in walk.answers
        if one.who != NAMED
        and (SECRET in one.body or (reference in one.body and not one.address.rule.startswith("/register")))
        and one.address.incident != "restricted"
    ]
    advice = "The register alone names it, since Art. 33(5) wants it complete. Use visible() for everything else:"
    assert any(SECRET in one.body for one in walk.answers), "the one who is named must be able to read it"
    assert not wrong, told(advice, wrong)
