"""What an administrator does with people, and what of it is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents.people import Person, Role, by_email
from incidents.timeline import Entry, Kind
from notifications.channels import ChannelKind
from notifications.contact import contacts_of
from notifications.delivery import Delivery, Purpose
from notifications.rules import TELL_DPO, rule_for
from tests.app.visitor import Visitor
from tests.makers import Cast

TOPIC = "a-topic-nobody-guesses"


@pytest.fixture
def adam(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.adam)


def last(installation: Installation, kind: Kind) -> Entry:
    with installation.store.reading() as session:
        return session.scalars(select(Entry).where(Entry.kind == kind).order_by(Entry.id.desc())).first() or Entry()


def test_the_list_masks_addresses_and_says_who_cannot_be_paged_and_why(
    installation: Installation, adam: Visitor
) -> None:
    adam.open("/people")

    assert "d…@northwind.example" in adam.page
    assert "dana@northwind.example" not in adam.page
    assert "no mail server is set up" in adam.page


def test_somebody_is_invited_and_their_address_becomes_a_way_to_reach_them(
    installation: Installation, adam: Visitor
) -> None:
    adam.open("/people").send(name="Nora", email="Nora@Northwind.example", roles=["dpo", "auditor"])

    assert "The invitation is on its way" in adam.page
    with installation.store.reading() as session:
        nora = by_email(session, "nora@northwind.example")
        assert nora is not None
        assert nora.roles == {Role.DPO, Role.AUDITOR}
        assert [contact.label for contact in contacts_of(session, nora.id)] == ["nora@northwind.example"]
        assert (
            session.scalars(select(Delivery).where(Delivery.purpose == Purpose.INVITATION)).one().person_id == nora.id
        )


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": "", "email": "x@y.example", "roles": "dpo"}, "Write the person's name."),
        ({"name": "Nora", "email": "no address", "roles": "dpo"}, "Write an e-mail address"),
        ({"name": "Nora", "email": "x@y.example"}, "Choose at least one role."),
        ({"name": "Nora", "email": "DANA@northwind.example", "roles": "dpo"}, "has an account already"),
    ],
)
def test_a_refused_invitation_keeps_what_was_typed(adam: Visitor, typed: dict[str, Any], says: str) -> None:
    adam.open("/people").send(**typed)

    assert adam.status == 422
    assert any(says in problem for problem in adam.problems())
    assert adam.fields()["email"] == typed["email"]


def test_a_role_given_to_oneself_is_confirmed_recorded_as_such_and_told_to_the_dpo(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open(f"/people/{cast.adam}")
    assert "the data protection officer is told at once" in adam.page

    adam.send("/role", **{"role-role": "responder"})
    assert adam.problems() == ["You are giving a role to yourself. Confirm that you know who learns of it."]
    adam.send("/role", **{"role-role": "responder", "role-known": "y"})

    entry = last(installation, Kind.ROLE_GRANTED)
    assert entry.facts == {"subject": cast.adam, "role": "responder", "own": True}
    assert rule_for(entry) is TELL_DPO


def test_a_role_given_to_another_is_recorded_as_not_ones_own(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open(f"/people/{cast.mina}").send("/role", **{"role-role": "deputy"})

    entry = last(installation, Kind.ROLE_GRANTED)
    assert (entry.person_id, entry.facts["own"]) == (cast.adam, False)


def test_the_last_administrator_keeps_the_role_and_the_account(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    adam.open(f"/people/{cast.adam}").send("/role/administrator/end")
    assert adam.problems() == ["Somebody must administer. Give the role to another person first."]

    adam.send(f"/people/{cast.adam}/end", **{"end-sure": "y"})
    assert adam.status == 422
    with installation.store.reading() as session:
        assert session.get_one(Person, cast.adam).left_at is None


def test_an_account_ends_only_when_confirmed(installation: Installation, cast: Cast, adam: Visitor) -> None:
    adam.open(f"/people/{cast.ivo}").send(f"/people/{cast.ivo}/end")
    assert adam.problems() == ["Tick the box, then press the button again."]

    adam.send(f"/people/{cast.ivo}/end", **{"end-sure": "y"})

    assert adam.address == "/people"
    assert adam.open(f"/people/{cast.ivo}").status == 404


def test_a_service_is_stored_sealed_and_never_shown_again(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    url = f"ntfys://ntfy.example.org/{TOPIC}"
    adam.open(f"/people/{cast.dana}")

    adam.send("/way", **{"way-address": url})

    assert "ntfys://ntfy.example.org/…" in adam.page, adam.problems()
    assert TOPIC not in adam.page
    with installation.store.reading() as session:
        added = contacts_of(session, cast.dana)[-1]
        assert added.channel is ChannelKind.APPRISE
        assert (added.address(installation.keyring), TOPIC in (added.sealed or "")) == (url, False)
    assert TOPIC not in last(installation, Kind.CONTACT_ADDED).canonical


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mailto://dana:secret@example.org", "mail server in the settings"),
        ("ntfys://ntfy.example.org/one ntfys://ntfy.example.org/two", "recipients"),
        ("nonsense", "Write an address"),
        ("ntfys://ntfy.example.org/442079460000", "emergency number"),
    ],
)
def test_a_service_that_will_not_do_is_refused_and_not_written_back(
    cast: Cast, adam: Visitor, address: str, says: str
) -> None:
    adam.open(f"/people/{cast.dana}").send("/way", **{"way-address": address})

    assert adam.status == 422
    assert any(says in problem for problem in adam.problems())
    assert address not in adam.page


def test_an_email_address_that_was_removed_can_be_added_again(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    with installation.store.reading() as session:
        way = contacts_of(session, cast.tariq)[0]
    adam.open(f"/people/{cast.tariq}").send(f"/way/{way.id}/end")

    adam.send("/way", **{"way-address": f" {way.label.upper()} "})

    with installation.store.reading() as session:
        (again,) = contacts_of(session, cast.tariq)
    assert (again.channel, again.label, again.verified_at) == (way.channel, way.label, None)
    assert "Send a test page now" in adam.page


def test_a_test_page_is_sent_once_and_a_way_can_be_removed(
    installation: Installation, cast: Cast, adam: Visitor
) -> None:
    with installation.store.reading() as session:
        key = contacts_of(session, cast.tariq)[0].id
    adam.open(f"/people/{cast.tariq}")

    adam.send(f"/way/{key}/test").send(f"/way/{key}/test")
    adam.send(f"/way/{key}/end")

    with installation.store.reading() as session:
        assert len(session.scalars(select(Delivery).where(Delivery.purpose == Purpose.TEST)).all()) == 1
        assert contacts_of(session, cast.tariq) == []
    adam.send("/invitation")
    assert adam.problems() == ["There is no way to reach this person. Add one first."]


def test_a_new_invitation_is_recorded(installation: Installation, cast: Cast, adam: Visitor) -> None:
    adam.open(f"/people/{cast.dana}").send("/invitation")

    entry = last(installation, Kind.PERSON_INVITED)
    assert (entry.person_id, entry.facts) == (cast.adam, {"subject": cast.dana, "again": True})
