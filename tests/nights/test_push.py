"""A night with phones that are pushed to: real connections to a push service on loopback, on a moved clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from incidents import triage
from incidents.people import Person
from incidents.timeline import SYSTEM, Kind, person_as_actor
from notifications import links
from notifications.channels import Channel, ChannelKind
from notifications.channels.push_subscription import Reach, Subscription
from notifications.channels.webpush import WebPushChannel
from notifications.contact import add_contact, contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from tests.makers import Cast
from tests.nights.night import AtOnce, Night, leave
from tests.nights.test_calling import wants_two
from tests.plumbing.push import Browser, PushService, claims

HERE = Reach(loopback=True, plain=True)


class WithPush(AtOnce):
    """Pushes go out for real, the rest to everybody's phone."""

    def __init__(self, night: Night) -> None:
        super().__init__(night.phone)
        subject, keyring = "https://tocsin.example", night.installation.keyring
        self.push = WebPushChannel("push", keyring=keyring, subject=subject, reach=HERE, clock=lambda: night.now)

    def submit(self, channel_name: str, job: Callable[[Channel], None]) -> None:
        job(self.push if channel_name.startswith("push-") else self.channel)


def on_push(night: Night, person_id: int, service: PushService, *, only: bool = False) -> Browser:
    """This person's phone takes push from now on; with `only` nothing else does."""
    browser, keyring = Browser(), night.installation.keyring
    night.engine.senders = WithPush(night)
    endpoint = f"{service.address}/{person_id}"
    subscription = Subscription.given(endpoint, **browser.keys, key=keyring.current, reach=HERE)
    with night.installation.store.writing() as session:
        for contact in contacts_of(session, person_id) if only else ():
            contact.removed_at = night.now
        sealed, person = keyring.seal(subscription.written()), session.get_one(Person, person_id)
        add_contact(session, person, ChannelKind.PUSH, "Phone", sealed=sealed, by=SYSTEM, now=night.now)
    return browser


def press(night: Night, link: str) -> None:
    """The button behind a link is pressed."""
    carried, keyring = link.rpartition("/p/")[2], night.installation.keyring
    with night.installation.store.writing() as session:
        shown = links.open_link(session, carried, keyring=keyring, now=night.now)
        assert shown is not None
        through, waits = shown.through_entry_id, night.waits
        links.acknowledge_by_link(session, shown.delivery.id, through_entry_id=through, waits=waits, now=night.now)
    night.engine.catch_up()


def test_a_page_is_pushed_over_and_over_in_one_place_until_the_button_behind_it_is_pressed(
    night: Night, cast: Cast
) -> None:
    with PushService() as service:
        dana, tariq = on_push(night, cast.dana, service), on_push(night, cast.tariq, service, only=True)
        receipt = night.report("The payslips of Morgan lie on the stairs")
        night.wait(minutes=16)
        rung: list[dict[str, Any]] = [came.told(dana) for came in service.came if came.path == f"/{cast.dana}"]
        before = len(service.came)
        press(night, rung[-1]["link"])
        night.wait(minutes=15)

    assert len(rung) == 4
    assert {told["tag"] for told in rung} == {came.headers["Topic"] for came in service.came[:before]}
    assert {came.headers["Urgency"] for came in service.came[:before]} == {"high"}
    assert "Morgan" not in str(rung)
    told = [came for came in service.came[before:] if came.path == f"/{cast.tariq}"]
    assert [came.headers["Urgency"] for came in told] == ["normal"]
    said = told[0].told(tariq)
    assert "/incident/" in said["link"]
    assert (said["tag"], said["quiet"]) == (rung[0]["tag"], True), "it takes the place of the page, without a sound"
    assert said["title"].endswith(": Taken at 02:16 by: Data protection officer")
    for came in service.came:
        claims(came.headers["Authorization"], now=night.now)
    assert night.entries(receipt.report.incident_id).count(Kind.RANG) == 1


def test_a_phone_whose_browser_has_ended_its_subscription_counts_as_nobody(night: Night, cast: Cast) -> None:
    with PushService(410) as service:
        on_push(night, cast.tariq, service, only=True)
        leave(night.installation, "dana", now=night.now)
        night.report()
        night.wait(minutes=11)

    assert len(service.came) == 1
    assert night.minutes("mina") == [0, 5, 10], "it climbs at once"


def test_a_push_service_that_asks_for_time_gets_it_and_then_the_page(night: Night, cast: Cast) -> None:
    with PushService(429, 201, headers={"Retry-After": "90"}) as service:
        on_push(night, cast.dana, service, only=True)
        night.report()
        night.wait(step=10, seconds=89)
        tries = len(service.came)
        night.wait(step=10, seconds=2)

    assert (tries, len(service.came)) == (1, 2)
    with night.installation.store.reading() as session:
        [row] = session.scalars(select(Delivery))
        assert (row.state, row.attempts, row.contact.failed_at) == (DeliveryState.ACCEPTED, 2, None)


def quiet(service: PushService, phones: dict[int, Browser]) -> list[tuple[int, str, str]]:
    """The pushes that took the place of a page: to whom, what they said, and in whose place."""
    told = [(key, came.told(phone)) for came in service.came for key, phone in phones.items() if came.path == f"/{key}"]
    return [(key, each["title"].partition(": ")[2], each["tag"]) for key, each in told if each.get("quiet")]


def test_whoever_is_told_by_mail_sees_the_page_replaced_on_the_phone_all_the_same(night: Night, cast: Cast) -> None:
    with PushService() as service:
        phones = {key: on_push(night, key, service) for key in (cast.dana, cast.tariq)}
        night.report()
        night.wait(minutes=16)
        tags = {came.headers["Topic"] for came in service.came}

        press(night, night.rings("tariq")[-1].message.link)
        night.wait(minutes=19)

        words = "Taken at 02:16 by: Deputy data protection officer"
        assert quiet(service, phones) == [(key, words, *tags) for key in (cast.dana, cast.tariq)], (
            "his other phone as well: he pressed the button in the mail"
        )
        assert [ring.who for ring in night.phone.rings if "A person took it" in ring.message.subject] == ["dana"]
        before = len(service.came)
        night.wait(minutes=2)  # no first step came: it rings again, over the quiet one

        assert {came.told(phones[cast.dana]).get("quiet") for came in service.came[before:] if came.path == "/1"} == {
            None
        }


def test_a_page_that_ends_by_a_first_step_is_replaced_too_and_only_once(night: Night, cast: Cast) -> None:
    with PushService() as service:
        phones = {cast.dana: on_push(night, cast.dana, service)}
        receipt = night.report()

        night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.ivo))
        night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.ivo))
        night.wait(minutes=6)

    assert [(key, words) for key, words, _tag in quiet(service, phones)] == [
        (cast.dana, "Over at 02:00, by: Responder")
    ]


def test_while_a_page_wants_another_person_nothing_is_replaced(night: Night, cast: Cast) -> None:
    wants_two(night)
    with PushService() as service:
        phones = {key: on_push(night, key, service) for key in (cast.dana, cast.tariq)}
        night.report()

        press(night, night.rings("dana")[-1].message.link)
        assert quiet(service, phones) == []
        press(night, night.rings("tariq")[-1].message.link)

    assert {key for key, _words, _tag in quiet(service, phones)} == {cast.dana, cast.tariq}


def test_news_that_comes_too_late_does_not_cover_a_page_that_rings_again(night: Night, cast: Cast) -> None:
    with PushService(201, 500, 201) as service:
        phones = {cast.dana: on_push(night, cast.dana, service)}
        night.report()

        press(night, night.rings("dana")[-1].message.link)
        with night.installation.store.writing() as session:
            for row in session.scalars(select(Delivery).where(Delivery.purpose == Purpose.CLEAR)):
                row.due_at = night.now + timedelta(minutes=21)
        night.wait(minutes=25)

    assert len(quiet(service, phones)) == 1, "the one that its push service did not take"
    with night.installation.store.reading() as session:
        states = session.scalars(select(Delivery.state).where(Delivery.purpose == Purpose.CLEAR)).all()
    assert states == [DeliveryState.CANCELLED]
