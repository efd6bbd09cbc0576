"""The wrong screen: Saturday 28 November 2026 in London, from a report at 02:50 to the filing on Monday."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from app.installation import Installation
from incidents.incident import Incident, StillHappening
from incidents.obligations import Obligation
from incidents.people import Person
from incidents.report import Report
from incidents.timeline import Kind
from notifications.channels import ChannelKind
from notifications.channels.twilio import TwilioChannel, TwilioSettings
from notifications.delivery import Delivery, Purpose
from tests.app.telephony import DANA, TARIQ, TOKEN, asked, give_phone, words
from tests.app.visitor import Visitor
from tests.makers import Cast
from tests.nights.night import Night
from tests.nights.telephone import Exchange, called_back, calls
from tests.nights.truth import CODE
from tests.notifications.channels.doubles import Web

LONDON = ZoneInfo("Europe/London")
SECRET = "The payroll of Quentin Xylander is on the big screen in the hall"
IVO = "+447700900789"


def at(text: str, day: int = 28) -> datetime:
    """A time of day in London, in that week; in winter it is UTC."""
    hour, minute = map(int, text.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def night(house: Installation, cast: Cast, web: Web) -> Night:
    """Dana has mail and SMS, Tariq and Ivo are called."""
    earlier = at("02:50") - timedelta(days=1)
    give_phone(house, cast.dana, DANA, ChannelKind.SMS, now=earlier)
    give_phone(house, cast.tariq, TARIQ, ChannelKind.CALL, now=earlier)
    give_phone(house, cast.ivo, IVO, ChannelKind.CALL, now=earlier)
    night = Night(house, at("02:50"))
    settings = TwilioSettings("AC0123456789", TOKEN, "+442079460999", f"http://127.0.0.1:{web.port}")
    night.senders.channel = Exchange(night.phone, TwilioChannel("call", settings))
    return night


class Here:
    """Somebody with a browser, at the minute of the night that it is."""

    def __init__(self, night: Night, house: Installation, person_id: int | None = None) -> None:
        self.night, self.visitor = night, Visitor(house)
        with time_machine.travel(night.now, tick=False):
            if person_id is not None:
                self.visitor.come_in(house, person_id)

    def open(self, address: str) -> Visitor:
        with time_machine.travel(self.night.now, tick=False):
            return self.visitor.open(address)

    def send(self, form: str | None = None, **typed: str) -> Visitor:
        with time_machine.travel(self.night.now, tick=False):
            self.visitor.send(form, **typed)
        self.night.engine.wake()
        self.night.engine.catch_up()
        return self.visitor


def until(night: Night, moment: datetime) -> None:
    night.wait(step=60, seconds=(moment - night.now).total_seconds())


def woken(house: Installation, since: datetime) -> list[tuple[str, datetime]]:
    """Who was rung at night, or reached over a way that wakes, after that instant."""
    with house.store.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.queued_at > since, Delivery.accepted_at.is_not(None)))
        return [
            (row.person.name, row.accepted_at)
            for row in rows
            if (row.purpose is Purpose.RING or row.contact.channel.wakes)
            and row.accepted_at is not None
            and not 7 <= row.accepted_at.astimezone(LONDON).hour < 22
        ]


def test_the_wrong_screen(night: Night, house: Installation, client: FlaskClient, cast: Cast, web: Web) -> None:
    code = _reported_at_02_50(night, house)
    _the_dpo_is_rung_and_says_nothing(night, house, web)
    _the_deputy_takes_it_by_digits_at_03_09(night, client, web, cast)
    tariq = Here(night, house, cast.tariq)
    incident = _the_technician_is_called_at_03_16(night, house, client, tariq, web)
    _it_can_wait_only_once_it_is_contained(night, house, tariq, incident)
    _by_day_it_is_triaged_and_filed(night, house, tariq, incident)
    until(night, at("09:00", 30) + timedelta(days=2))

    assert woken(house, at("03:17")) == []
    with time_machine.travel(night.now, tick=False):
        seen = Visitor(house).open("/receipt").send(code=code).page
    for minute, what in (("02:50", "The bell rang"), ("03:09", "A person took it"), ("03:16", "Somebody was called")):
        line = next(line for line in " ".join(seen.split()).split("<li") if what in line)
        assert minute in line, line
    assert not any(name in seen for name in ("Tariq", "Dana", "Ivo"))


def _reported_at_02_50(night: Night, house: Installation) -> str:
    """From a phone without script."""
    phone = Here(night, house)
    phone.open("/")
    page = phone.send(what=SECRET, still_happening="yes")
    (report, duties) = _stored(house)
    assert report.still_happening is StillHappening.YES
    for duty in duties:
        assert (duty.cautious_due_at, duty.ceiling_at) == (
            datetime(2026, 12, 1, 2, 50, tzinfo=UTC),
            datetime(2026, 12, 1, 3, 0, tzinfo=UTC),
        )
    found = CODE.search(" ".join(words(page.page).split()))
    assert found is not None
    return found[0]


def _stored(house: Installation) -> tuple[Report, list[Obligation]]:
    with house.store.reading() as session:
        return session.scalars(select(Report)).one(), list(session.scalars(select(Obligation)))


def _the_dpo_is_rung_and_says_nothing(night: Night, house: Installation, web: Web) -> None:
    with house.store.reading() as session:
        rings = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    assert {ring.contact.channel for ring in rings} == {ChannelKind.EMAIL, ChannelKind.SMS}
    assert all(ring.accepted_at and ring.accepted_at - night.now < timedelta(seconds=1) for ring in rings)
    texts = [str(sent["Body"]) for path, sent in web.requests if path.endswith("/Messages.json")]
    said = texts + [ring.message.text for ring in night.phone.rings]
    assert len(said) == 2
    assert not any(word in text for text in said for word in ("payroll", "Quentin", "screen"))
    until(night, at("03:04"))
    assert calls(web) == []


def _the_deputy_takes_it_by_digits_at_03_09(night: Night, client: FlaskClient, web: Web, cast: Cast) -> None:
    until(night, at("03:05"))
    (spoken,) = calls(web)
    (page,) = night.pages()
    until(night, at("03:08"))
    wrong = called_back(night, client, asked(spoken) or "", Digits="0000" if page.code != "0000" else "1111")
    assert night.pages()[0].quiet_until is None
    until(night, at("03:09"))
    right = called_back(night, client, asked(wrong) or "", Digits=page.code)
    assert words(right).startswith("You have it.")
    (held,) = night.pages()[0].acknowledgements
    assert (held.person_id, held.at) == (cast.tariq, at("03:09"))


def _the_technician_is_called_at_03_16(
    night: Night, house: Installation, client: FlaskClient, tariq: Here, web: Web
) -> Incident:
    with house.store.reading() as session:
        incident = session.scalars(select(Incident)).one()
        ivo = session.scalars(select(Person).where(Person.name == "Ivo")).one()
    until(night, at("03:16"))
    tariq.open(f"/incident/{incident.reference}/call")
    tariq.send("/call", whom=f"person:{ivo.id}")
    assert Kind.SUMMONED in night.entries(incident.id)
    spoken = calls(web)[-1]
    assert "somebody who works on it needs you now" in words(spoken)
    summons = night.pages()[-1]
    until(night, at("03:17"))
    called_back(night, client, asked(spoken) or "", Digits=summons.code)
    assert night.pages()[-1].ended_at == at("03:17")
    return incident


def _it_can_wait_only_once_it_is_contained(night: Night, house: Installation, tariq: Here, incident: Incident) -> None:
    until(night, at("03:20"))
    page = tariq.open(f"/incident/{incident.reference}/wait")
    page = tariq.send("/wait", until="2026-11-28 07:30", reason="The screen is being switched off.")
    assert (page.status, "still happening" in page.problems()[0]) == (422, True)
    until(night, at("04:00"))
    tariq.open(f"/incident/{incident.reference}/contained")
    tariq.send(reason="The screen is off, seen by the guard.")
    tariq.open(f"/incident/{incident.reference}/wait")
    page = tariq.send("/wait", until="2026-11-28 07:30", reason="The screen is off.")
    assert page.status == 200
    with house.store.reading() as session:
        assert session.get_one(Incident, incident.id).parked_until == at("07:30")
    until(night, at("07:31"))
    assert [kind for kind in night.entries(incident.id) if kind is Kind.PARKING_ENDED] == [Kind.PARKING_ENDED]


def _by_day_it_is_triaged_and_filed(night: Night, house: Installation, tariq: Here, incident: Incident) -> None:
    until(night, at("08:00"))
    tariq.open(f"/incident/{incident.reference}/triage")
    tariq.send(what="personal-data-breach", our_role="controller", reason="Names and pay of colleagues.")
    until(night, at("15:00", 30))
    tariq = Here(night, house, incident_deputy(house))
    for duty in _stored(house)[1]:
        tariq.open(f"/incident/{incident.reference}/duty/{duty.id}/sent")
        tariq.send(sent_at="2026-11-30 14:55", recipient="The authority", reference="IC-1")
    assert night.entries(incident.id).count(Kind.NOTIFIED) == len(_stored(house)[1])


def incident_deputy(house: Installation) -> int:
    with house.store.reading() as session:
        return session.scalars(select(Person.id).where(Person.name == "Tariq")).one()
