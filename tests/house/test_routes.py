"""Every door has exactly one lock, and the list of doors is one that somebody has read."""

from __future__ import annotations

import ast
import json

from app import create_app
from app.access import PUBLIC
from app.installation import Installation
from tests.house.routes import AGAIN, LIST, Doors, doors
from tests.house.source import Function, called, sources, told

MARKS = {"public", "anybody_signed_in", "requires"}
ROUTES = {"get", "post", "put", "patch", "delete", "route"}


def views() -> list[tuple[str, Function, list[str]]]:
    """Every view: where it stands, itself, and the names of its decorators from top to bottom."""
    return [
        (source.at(function), function, [called(one) for one in function.decorator_list])
        for source in sources("app")
        for function in source.functions
        if any(isinstance(one, ast.Call) and called(one) in ROUTES for one in function.decorator_list)
    ]


def test_every_view_has_exactly_one_mark_under_its_route() -> None:
    wrong = [
        f"{place}: {view.name} has {', '.join(sorted(MARKS & set(names))) or 'none'}"
        for place, view, names in views()
        if len([name for name in names if name in MARKS]) != 1 or names[-1] not in MARKS
    ]

    advice = "Put one of @public, @anybody_signed_in, @requires(Right.X) right above the function, under the route:"
    assert views(), "no view was found: this guard has grown blind"
    assert not wrong, told(advice, wrong)


def test_only_public_views_do_without_the_form_token() -> None:
    wrong = [f"{place}: {view.name}" for place, view, names in views() if "exempt" in names and "public" not in names]

    assert not wrong, told("Whoever is signed in can be made to send a form elsewhere: keep the CSRF token on:", wrong)


def test_who_may_open_which_address_is_as_written_down(installation: Installation) -> None:
    kept: Doors = json.loads(LIST.read_text(encoding="utf-8"))

    found = doors(create_app(installation))

    wrong = [
        f"{rule}: {found.get(rule, 'gone')} here, {kept.get(rule, 'not listed')} in the list"
        for rule in sorted({*found, *kept})
        if found.get(rule) != kept.get(rule)
    ]
    assert not wrong, told(f"If this is meant, run {AGAIN}, read the difference and commit it:", wrong)


def test_nothing_but_reporting_paging_links_and_coming_in_is_public(installation: Installation) -> None:
    meant = (
        "/",
        "/receipt",
        "/p/",
        "/sign-in",
        "/sign-out",
        "/invitation/",
        "/set-up/",
        "/healthz",
        "/readyz",
        "/inbound/",
    )
    meant += ("/push/renewed", "/manifest.webmanifest", "/sw.js")  # asked for by browsers, whoever is signed in
    meant += ("/rota/feed/", "/deadlines/feed/")

    wrong = [
        f"{method} {rule}"
        for rule, methods in doors(create_app(installation)).items()
        for method, mark in methods.items()
        if mark == PUBLIC and rule != "/" and not rule.startswith(meant[1:])
    ]

    assert not wrong, told("Give these a right, or name them here with care:", wrong)
