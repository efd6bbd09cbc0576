"""Nobody to decide: whether somebody could, and what is recorded when advice is signed all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents import accounts
from incidents.deciding import Opinion, advise
from incidents.delegating import delegate, end_delegation
from incidents.incident import Incident
from incidents.law.assessment import Says
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.timeline import SYSTEM, Entry, Kind
from incidents.without_decider import Lack, lack
from tests.makers import Cast, make_report

DAY = timedelta(days=1)
OPINION = Opinion(Says.NOTIFY, Says.COMMUNICATE, "Because", "A file went astray.")


class House:
    """Roles given and taken, and what is lacking then."""

    def __init__(self, installation: Installation, cast: Cast, now: datetime) -> None:
        self.installation, self.cast, self.now = installation, cast, now

    def grant(self, who: int, role: Role) -> None:
        with self.installation.store.writing() as session:
            accounts.grant(session, session.get_one(Person, who), role, by=SYSTEM, now=self.now)

    def revoke(self, who: int, role: Role) -> None:
        with self.installation.store.writing() as session:
            accounts.revoke(session, session.get_one(Person, who), role, by=SYSTEM, now=self.now)

    def delegate(self, to: int, *, incident_id: int | None = None) -> int:
        with self.installation.store.writing() as session:
            person, mina = session.get_one(Person, to), session.get_one(Person, self.cast.mina)
            until = None if incident_id else self.now + DAY
            given = {"incident_id": incident_id, "until": until, "reason": "I am away"}
            return delegate(session, the_organisation(session), person, by=mina, now=self.now, **given).id  # type: ignore[arg-type]

    def lacks(self, after: timedelta = timedelta(0)) -> Lack | None:
        with self.installation.store.reading() as session:
            return lack(session, the_organisation(session), now=self.now + after)

    def signed(self, *, restricted: bool = False) -> int:
        key = make_report(self.installation, "A file", now=self.now).report.incident_id
        with self.installation.store.writing() as session:
            dana, incident = session.get_one(Person, self.cast.dana), session.get_one(Incident, key)
            incident.restricted = restricted
            advise(session, key, OPINION, by=dana, targets=self.installation.targets, now=self.now)
        return key

    def recorded(self) -> list[int | None]:
        with self.installation.store.reading() as session:
            return list(session.scalars(select(Entry.incident_id).where(Entry.kind == Kind.NOBODY_DECIDES)))


@pytest.fixture
def house(installation: Installation, cast: Cast, now: datetime) -> House:
    return House(installation, cast, now)


def test_management_or_a_delegation_for_all_that_holds_is_enough(house: House, cast: Cast) -> None:
    assert house.lacks() is None
    key = house.delegate(cast.tariq)
    house.revoke(cast.mina, Role.MANAGEMENT)

    assert house.lacks() is None
    assert house.lacks(after=DAY) is Lack.NOBODY
    with house.installation.store.writing() as session:
        end_delegation(session, key, by=session.get_one(Person, cast.mina), now=house.now)
    assert house.lacks() is Lack.NOBODY


def test_a_delegation_for_one_incident_is_not_enough_for_the_next(house: House, cast: Cast) -> None:
    key = make_report(house.installation, "A file", now=house.now).report.incident_id
    house.delegate(cast.tariq, incident_id=key)

    house.revoke(cast.mina, Role.MANAGEMENT)

    assert house.lacks() is Lack.NOBODY


def test_one_person_alone_does_not_decide_on_their_own_advice(house: House, cast: Cast) -> None:
    house.grant(cast.dana, Role.MANAGEMENT)
    house.revoke(cast.mina, Role.MANAGEMENT)

    assert house.lacks() is None  # Tariq may advise
    house.revoke(cast.tariq, Role.DEPUTY)
    assert house.lacks() is Lack.ALONE


def test_advice_on_which_nobody_can_decide_is_recorded_and_stands(house: House, cast: Cast) -> None:
    house.signed()
    assert house.recorded() == []
    house.revoke(cast.mina, Role.MANAGEMENT)

    key = house.signed()

    assert house.recorded() == [key]


def test_who_only_could_decide_on_their_own_advice_counts_as_nobody(house: House, cast: Cast) -> None:
    house.grant(cast.dana, Role.MANAGEMENT)
    house.revoke(cast.mina, Role.MANAGEMENT)

    key = house.signed()

    assert house.recorded() == [key]


def test_a_restricted_incident_is_not_named_to_those_who_do_not_see_it(house: House, cast: Cast) -> None:
    house.revoke(cast.mina, Role.MANAGEMENT)

    house.signed(restricted=True)

    assert house.recorded() == [None]
