"""Nights on which one way to a person fails, and another does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from app.installation import Installation
from incidents.timeline import Kind
from notifications.channels import Channel
from notifications.contact import contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose, queue
from notifications.engine import IN_FLIGHT
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import DOWN, GONE, Night, add_way

MAIL, PHONE = "email", "apprise"


def test_the_first_way_that_wakes_rings_at_once_and_one_more_each_time(
    night: Night, installation: Installation
) -> None:
    add_way(installation, "dana", "dana@sms", now=TWO)
    add_way(installation, "dana", "dana@call", now=TWO)
    night.report()

    night.wait(minutes=11)

    assert night.ways("dana") == [
        *((0, MAIL), (0, PHONE)),
        *((5, MAIL), (5, PHONE), (5, PHONE)),
        *((10, MAIL), (10, PHONE), (10, PHONE)),
    ]


def test_an_unproved_way_never_stands_in_front_of_a_proved_one(night: Night, installation: Installation) -> None:
    add_way(installation, "dana", "dana@new", proved=False, now=TWO)
    add_way(installation, "dana", "dana@sms", now=TWO)

    night.report()

    assert night.ways("dana") == [(0, MAIL), (0, PHONE), (0, PHONE)]


def test_when_one_way_fails_the_next_is_tried_at_once(night: Night, installation: Installation) -> None:
    for address in ("dana@sms", "dana@call"):
        add_way(installation, "dana", address, now=TWO)
    night.phone.answers["dana@sms"] = GONE

    night.report()
    night.wait(minutes=1)

    assert night.ways("dana") == [(0, MAIL), (0, PHONE)]
    failed = [row for row in night.deliveries() if row.state is DeliveryState.FAILED]
    assert [row.covered_at for row in failed] == [TWO]
    assert night.minutes("tariq") == [], "somebody was reached: it does not climb"


def test_a_way_that_hangs_is_covered_after_twenty_seconds(night: Night, installation: Installation, cast: Cast) -> None:
    """Its channel has taken it and says nothing: the claim stands, and nobody waits for its time-out."""
    add_way(installation, "dana", "dana@sms", now=TWO)
    add_way(installation, "dana", "dana@call", now=TWO)
    hung: list[object] = []
    plainly, night.senders.submit = night.senders.submit, lambda _name, job: hung.append(job)
    night.report()
    assert len(hung) == 2  # mail and the first phone
    night.senders.submit = plainly

    night.wait(step=5, seconds=25)

    assert night.ways("dana") == [(20 / 60, PHONE)]
    with installation.store.reading() as session:
        states = list(session.scalars(select(Delivery.state).order_by(Delivery.id)))
    assert states == [DeliveryState.SENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED]


def test_the_ring_that_stands_in_speaks_of_what_has_joined_since(night: Night, installation: Installation) -> None:
    add_way(installation, "dana", "dana@sms", now=TWO)
    add_way(installation, "dana", "dana@call", now=TWO)
    plainly, night.senders.submit = night.senders.submit, lambda _name, _job: None
    night.report("The first")
    second = night.report("The second").report
    night.senders.submit = plainly

    night.wait(step=5, seconds=25)

    *_hung, stands_in = night.deliveries()
    assert stands_in.state is DeliveryState.ACCEPTED
    assert stands_in.through_entry_id == second.entry_id
    assert Kind.RANG in night.entries(second.incident_id)


def test_while_all_ways_fail_for_now_they_are_tried_until_one_works(night: Night, installation: Installation) -> None:
    add_way(installation, "dana", "dana@sms", now=TWO)
    night.phone.answers["dana"] = DOWN
    night.report()
    night.wait(step=5, minutes=3)
    assert night.ways("dana") == []

    night.phone.answers.clear()
    night.wait(step=5, seconds=6)

    assert {kind for _at, kind in night.ways("dana")} == {MAIL, PHONE}
    assert night.now - TWO == timedelta(minutes=3, seconds=6)


def test_a_ring_never_waits_behind_hundreds_of_other_messages(
    night: Night, installation: Installation, cast: Cast
) -> None:
    """Of what is no ring only a few are taken on at a time: the channel is free soon, and others get a share."""
    with installation.store.writing() as session:
        dana = contacts_of(session, cast.dana)[0]
        for _ in range(100):
            queue(session, dana, Purpose.TEST, now=TWO)
    held: list[Callable[[Channel], None]] = []
    night.senders.submit = lambda _name, job: held.append(job)  # type: ignore[method-assign]
    night.engine.wake()
    night.engine.catch_up()
    assert len(held) == IN_FLIGHT

    night.report()
    assert len(held) == IN_FLIGHT + 1, "the ring is taken on at once"

    while held:
        held.pop()(night.phone)
        night.engine.catch_up()
    assert len(night.phone.rings) == 101
