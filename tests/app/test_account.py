"""One's own account."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from app import create_app, passwords
from app.installation import Installation
from notifications.contact import contacts_of
from notifications.delivery import Delivery, Purpose
from tests.app.visitor import Visitor
from tests.makers import PASSWORD, Cast

NEW = "seven green kettles"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher.from_parameters(profiles.CHEAPEST))


def test_another_password_wants_the_old_one_and_signs_the_other_browsers_out(
    installation: Installation, cast: Cast
) -> None:
    app = create_app(installation)
    here, elsewhere = (Visitor(app).come_in(installation, cast.dana) for _ in range(2))
    here.open("/account")

    here.send("/account/password", old="a guess", password=NEW, again=NEW)
    assert here.problems() == ["This is not the password that you have now."]
    here.send("/account/password", old=PASSWORD, password=NEW, again=NEW)

    assert here.address == "/account", here.problems()
    assert elsewhere.open("/account").address == "/sign-in"
    assert Visitor(app).sign_in("dana@northwind.example", NEW).status == 200


def test_signing_out_everywhere_ends_this_browser_too(installation: Installation, cast: Cast) -> None:
    app = create_app(installation)
    here, elsewhere = (Visitor(app).come_in(installation, cast.dana) for _ in range(2))

    here.open("/account").send("/sign-out-everywhere")

    assert here.address == "/sign-in"
    assert elsewhere.open("/account").address == "/sign-in"


def test_one_can_send_oneself_a_test_page_but_nobody_else(installation: Installation, cast: Cast) -> None:
    with installation.store.reading() as session:
        mine, theirs = (contacts_of(session, key)[0].id for key in (cast.dana, cast.tariq))
    visitor = Visitor(installation).come_in(installation, cast.dana).open("/account")
    token = visitor.fields("/account/password")["csrf_token"]

    visitor.send(f"/account/test/{mine}")
    refused = visitor.client.post(
        f"/account/test/{theirs}", data={"csrf_token": token}, base_url="http://localhost:8000"
    )

    assert refused.status_code == 404
    assert "No mail server is set up" in visitor.page
    with installation.store.reading() as session:
        sent = session.scalars(select(Delivery).where(Delivery.purpose == Purpose.TEST)).all()
        assert [delivery.contact_id for delivery in sent] == [mine]


def test_the_own_address_is_shown_in_full(installation: Installation, cast: Cast) -> None:
    assert "dana@northwind.example" in Visitor(installation).come_in(installation, cast.dana).open("/account").page
