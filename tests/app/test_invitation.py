"""An invitation: once, for a good password, followed by a test page for whoever can be paged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from app import create_app, passwords
from app.installation import Installation
from incidents import accounts
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Role, by_email
from incidents.timeline import person_as_actor
from notifications import welcome
from notifications.delivery import Delivery, Purpose
from tests.app.visitor import Visitor
from tests.makers import Cast

GOOD = "seven green kettles"
USED = "This invitation is used up or too old. Ask an administrator for a new one."


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher.from_parameters(profiles.CHEAPEST))


def invite(installation: Installation, cast: Cast, role: Role = Role.DEPUTY) -> str:
    """Adam invites Nora; the address in the mail."""
    with installation.store.writing() as session:
        welcome.welcome(
            session,
            the_organisation(session),
            name="Nora Quill",
            email="nora@northwind.example",
            roles=[role],
            keyring=installation.keyring,
            by=person_as_actor(cast.adam),
            now=utcnow(),
        )
        sealed = session.scalars(select(Delivery.sealed).where(Delivery.purpose == Purpose.INVITATION)).one()
    return f"/invitation/{installation.keyring.unseal(sealed or '')}"


def test_it_says_who_invites_lets_in_once_and_sends_a_test_page(installation: Installation, cast: Cast) -> None:
    address = invite(installation, cast)
    visitor = Visitor(installation).open(address)
    assert "Adam invites you" in visitor.page
    assert "Northwind Looms" in visitor.page

    visitor.send(password=GOOD, again=GOOD)

    assert visitor.address == "/welcome", visitor.problems()
    with installation.store.reading() as session:
        tests = session.scalars(select(Delivery).where(Delivery.purpose == Purpose.TEST)).all()
        assert [each.person.name for each in tests] == ["Nora Quill"]
    second = Visitor(visitor.app).open(address)
    assert second.status == 410
    assert USED in second.page


def test_somebody_who_cannot_be_paged_gets_no_test_page(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).open(invite(installation, cast, Role.AUDITOR))

    visitor.send(password=GOOD, again=GOOD)

    assert "not rung at night" in visitor.page
    with installation.store.reading() as session:
        assert not session.scalars(select(Delivery).where(Delivery.purpose == Purpose.TEST)).all()


def test_unknown_old_and_replaced_invitations_are_refused_in_the_same_words(
    installation: Installation, cast: Cast
) -> None:
    replaced = invite(installation, cast)
    with installation.store.writing() as session:
        nora = by_email(session, "nora@northwind.example")
        assert nora is not None
        old = accounts.invite(session, nora, now=utcnow() - timedelta(days=15))
    app = create_app(installation)

    for address in (replaced, f"/invitation/{old}", "/invitation/guessed"):
        visitor = Visitor(app).open(address)
        assert (visitor.status, USED in visitor.page) == (410, True)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("kettles", "at least 12"),
        ("password1234", "Too many people"),
        ("QWERTYUIOP123", "Too many people"),
        ("123456789012", "Too many people"),
        ("zzzzzzzzzzzzzz", "Too many people"),
        ("NoraQuill2026", "a name that others know"),
        ("nora@northwind.example", "a name that others know"),
    ],
)
def test_a_password_that_is_tried_first_is_refused(
    installation: Installation, cast: Cast, password: str, says: str
) -> None:
    visitor = Visitor(installation).open(invite(installation, cast))

    visitor.send(password=password, again=password)

    assert visitor.status == 422
    assert any(says in problem for problem in visitor.problems())
    assert password not in visitor.page.replace("nora@northwind.example", "" if "@" not in password else "shown anyway")


def test_no_composition_is_demanded(installation: Installation, cast: Cast) -> None:
    visitor = Visitor(installation).open(invite(installation, cast))

    visitor.send(password="grass lantern noon", again="grass lantern noon")

    assert visitor.address == "/welcome"


def test_a_new_invitation_signs_every_other_browser_out(installation: Installation, cast: Cast) -> None:
    app = create_app(installation)
    lost_phone = Visitor(app).come_in(installation, cast.dana)
    with installation.store.writing() as session:
        dana = by_email(session, "dana@northwind.example")
        assert dana is not None
        token = accounts.invite_again(session, dana, by=person_as_actor(cast.adam), now=utcnow())

    Visitor(app).open(f"/invitation/{token}").send(password=GOOD, again=GOOD)

    assert lost_phone.open("/account").address == "/sign-in"
