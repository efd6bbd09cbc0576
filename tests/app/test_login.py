"""Signing in: who gets in, what a stranger learns, and how guessing is slowed without locking an owner out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import access, create_app, passwords
from app.attempts import FREE, LONGEST, Attempts
from app.installation import Installation
from app.signing_in import local
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.people import Person, Right, SignIn
from incidents.timeline import SYSTEM
from tests.app.visitor import BASE, Visitor
from tests.makers import PASSWORD, Cast, make_report

WRONG = "This e-mail address and password do not belong together. Check both."


def test_the_right_password_opens_the_first_page_that_the_role_allows(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation)

    visitor.sign_in("  Adam@Northwind.EXAMPLE ")

    assert visitor.address == "/people"
    assert "Adam" in visitor.page


def test_a_wrong_password_an_unknown_address_and_an_ended_account_get_the_same_answer(
    installation: Installation, cast: Cast
) -> None:
    with installation.store.writing() as session:
        accounts.leave(session, session.get_one(Person, cast.ivo), by=SYSTEM, now=utcnow())
    app = create_app(installation)

    known = Visitor(app).sign_in("dana@northwind.example", "not the password")
    unknown = Visitor(app).sign_in("nobody@northwind.example", "not the password")
    left = Visitor(app).sign_in("ivo@northwind.example")

    for visitor in (known, unknown, left):
        assert (visitor.status, visitor.problems()) == (422, [WRONG])


def test_an_unknown_address_costs_as_much_as_a_known_one() -> None:
    assert not passwords.HASHER.check_needs_rehash(passwords.NOBODYS)


def test_a_hash_made_with_other_parameters_is_renewed_on_sign_in(installation: Installation, cast: Cast) -> None:
    Visitor(installation).sign_in("dana@northwind.example")

    with installation.store.reading() as session:
        kept = session.get_one(Person, cast.dana).password_hash
    assert kept is not None
    assert not passwords.HASHER.check_needs_rehash(kept)


def test_signing_in_begins_a_new_session_and_signing_out_ends_it(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation)
    with visitor.client.session_transaction(base_url=BASE) as cookie:
        cookie["planted"] = "by somebody else"

    visitor.sign_in("dana@northwind.example")
    with visitor.client.session_transaction(base_url=BASE) as cookie:
        held, token = dict(cookie), cookie["_user_id"]
    visitor.open("/account").send("/sign-out")

    assert "planted" not in held
    assert visitor.address == "/sign-in"
    assert visitor.open("/account").address == "/sign-in"
    with installation.store.reading() as session:
        assert accounts.signed_in(session, token) is None


def test_after_signing_in_one_comes_to_the_page_that_was_asked_for(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).open("/settings")

    visitor.send(email="adam@northwind.example", password="correct horse battery")

    assert visitor.address == "/settings"


def aged(installation: Installation) -> None:
    """Every sign-in began longer ago than one lasts."""
    long_ago = utcnow() - timedelta(seconds=installation.settings.sign_in_lasts + 1)
    with installation.store.writing() as session:
        session.execute(update(SignIn).values(started_at=long_ago))


def test_a_sign_in_ends_by_its_age_however_much_it_is_used(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).come_in(installation, cast.adam)
    before = visitor.open("/settings").address

    aged(installation)
    asked = visitor.open("/settings").address
    visitor.send(email="adam@northwind.example", password=PASSWORD)

    assert (before, asked, visitor.address) == ("/settings", "/sign-in", "/settings")


@pytest.mark.parametrize("how", ["ended", "aged", "lost"])
def test_a_form_sent_after_the_sign_in_has_ended_asks_to_sign_in_and_comes_back_to_it(
    installation: Installation, cast: Cast, how: str
) -> None:
    incident = make_report(installation, now=utcnow()).report.incident
    note = f"/incident/{incident.reference}/note"
    visitor = Visitor(installation).come_in(installation, cast.dana).open(note)

    if how == "ended":
        with installation.store.writing() as session:
            accounts.sign_out_everywhere(session, session.get_one(Person, cast.dana), now=utcnow())
    elif how == "aged":
        aged(installation)
    else:
        visitor.client = visitor.app.test_client()
    visitor.send(text="Called the help desk")
    assert (visitor.status, visitor.address) == (200, "/sign-in")
    visitor.send(email="dana@northwind.example", password=PASSWORD)

    assert visitor.address == note
    assert f'data-keep="incident-{incident.reference}-note"' in visitor.page


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example/desk", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/a\nb", "javascript:x", ""],
)
def test_a_way_that_leads_elsewhere_is_not_followed(elsewhere: str) -> None:
    assert local(elsewhere) is None


def test_ways_of_our_own_are_followed() -> None:
    assert local("/incident/TCN-7K4M-Q2?") == "/incident/TCN-7K4M-Q2"


def test_guessing_is_slowed_for_the_guesser_and_not_for_others() -> None:
    clock = [0.0]
    counts = Attempts(lambda: clock[0])
    for _ in range(FREE):
        assert counts.wait("dana", "203.0.113.7") == 0
        counts.wrong("dana", "203.0.113.7")

    assert counts.wait("dana", "203.0.113.7") == 2
    assert counts.wait("dana", "198.51.100.1") == 0
    assert counts.wait("tariq", "203.0.113.7") == 0
    clock[0] = 2.0
    assert counts.wait("dana", "203.0.113.7") == 0
    for _ in range(40):
        counts.wrong("dana", "203.0.113.7")
    assert counts.wait("dana", "203.0.113.7") == LONGEST


def test_a_browser_that_signed_in_before_gets_in_while_its_address_is_slowed(
    installation: Installation, cast: Cast
) -> None:
    app = create_app(installation)
    owner = Visitor(app).sign_in("dana@northwind.example")
    guesser = Visitor(app)
    for _ in range(FREE + 1):
        guesser.sign_in("dana@northwind.example", "a guess")

    assert guesser.status == 429
    assert int(guesser.response.headers["Retry-After"]) > 0
    assert guesser.sign_in("dana@northwind.example").status == 429
    owner.open("/account").send("/sign-out")
    assert owner.sign_in("dana@northwind.example").address != "/sign-in"


def test_a_flood_of_sign_ins_is_turned_away_before_it_fills_the_threads(
    installation: Installation, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(passwords.HASHES_AT_ONCE + passwords.WAITING_AT_ONCE):
        assert passwords._waiting.acquire(blocking=False)
    try:
        visitor = Visitor(installation).sign_in("dana@northwind.example")
    finally:
        for _ in range(passwords.HASHES_AT_ONCE + passwords.WAITING_AT_ONCE):
            passwords._waiting.release()

    assert visitor.status == 503
    assert "Retry-After" in visitor.response.headers


def test_the_last_use_of_a_sign_in_is_kept_by_posts_only(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).come_in(installation, cast.adam)
    with installation.store.writing() as session:
        row = session.scalars(select(SignIn)).one()
        row.seen_at = before = row.seen_at.replace(year=2020)

    visitor.open("/account")
    with installation.store.reading() as session:
        after_get = session.scalars(select(SignIn)).one().seen_at
    visitor.send("/account/password")
    with installation.store.reading() as session:
        after_post = session.scalars(select(SignIn)).one().seen_at

    assert after_get == before
    assert after_post > before


def test_a_name_with_a_nul_in_it_signs_nobody_in_and_breaks_nothing(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).open("/sign-in").send(email="dana\0@northwind.example", password=PASSWORD)

    assert (visitor.status, visitor.problems()) == (422, [WRONG])


ADMINISTRATORS_ONLY = ("/people", "/people/1", "/settings", "/outbox", "/what-is-next")


@pytest.mark.parametrize("address", ADMINISTRATORS_ONLY)
def test_only_an_administrator_opens_what_configures(installation: Installation, cast: Cast, address: str) -> None:
    app = create_app(installation)

    answers = {
        name: Visitor(app).come_in(installation, getattr(cast, name)).open(address).status
        for name in ("dana", "tariq", "mina", "ivo", "aude", "adam")
    }

    assert answers.pop("adam") == 200
    assert set(answers.values()) == {403}
    assert Visitor(app).open(address).address == "/sign-in"


def test_every_page_about_people_and_settings_says_who_may_open_it(installation: Installation) -> None:
    app = create_app(installation)
    configures, public = {"people", "settings", "outbox"}, {"login", "invitation", "setup", "health"}
    exceptions: dict[str, object] = {
        "setup.what_is_next": (Right.CONFIGURE,),
        "login.home": access.SIGNED_IN,
        "invitation.welcomed": access.SIGNED_IN,
    }

    for endpoint, view in app.view_functions.items():
        room = endpoint.partition(".")[0]
        usual = (Right.CONFIGURE,) if room in configures else access.PUBLIC if room in public else None
        usual = access.SIGNED_IN if room == "account" else usual
        if usual is not None:
            assert getattr(view, "tocsin_access", None) == exceptions.get(endpoint, usual), endpoint
