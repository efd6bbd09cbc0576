"""A night with phones that are pushed to: real connections to a push service on loopback, on a moved clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from incidents.people import Person
from incidents.timeline import SYSTEM, Kind
from notifications import links
from notifications.channels import Channel, ChannelKind
from notifications.channels.push_subscription import Reach, Subscription
from notifications.channels.webpush import WebPushChannel
from notifications.contact import add_contact, contacts_of
from notifications.delivery import Delivery, DeliveryState
from tests.makers import Cast
from tests.nights.night import AtOnce, Night, leave
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
    assert [(came.headers["Urgency"], "Topic" in came.headers) for came in told] == [("normal", False)]
    assert "/incident/" in told[0].told(tariq)["link"]
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
