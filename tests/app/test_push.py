"""Turning push on for a device, off again, and what a browser asks for without being signed in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from app import create_app
from app.config import Settings
from app.installation import Installation
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.timeline import Entry, Kind, Prose
from notifications import delivery, devices, links, readiness
from notifications.channels import ChannelKind, Outcome, Verdict
from notifications.channels.push_subscription import Subscription
from notifications.channels.webpush import WebPushChannel
from notifications.contact import Contact, contacts_of
from notifications.delivery import Delivery, DeliveryState, Purpose
from notifications.senders import Senders
from tests.app.visitor import BASE, Visitor
from tests.makers import Cast
from tests.plumbing.push import Browser, PushService, claims


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_plain_http=True)


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


def turn_on(visitor: Visitor, browser: Browser, endpoint: str, **more: str) -> Visitor:
    """What the page's script does when somebody presses the button."""
    visitor.open("/account")
    return visitor.send("/account/devices", endpoint=endpoint, **browser.keys, **{"label": "Chrome – Android"} | more)


def pushes(installation: Installation, person_id: int) -> list[Contact]:
    with installation.store.reading() as session:
        return [each for each in contacts_of(session, person_id) if each.channel is ChannelKind.PUSH]


def send_all(installation: Installation) -> None:
    """Let an engine with real channels send what is due."""
    senders = Senders(installation.make_channel)
    engine = installation.engine(senders)
    engine.wake()
    engine.catch_up()
    assert senders.stop(10) == []


def test_a_device_is_kept_sealed_tested_at_once_and_proved_by_the_button_behind_the_push(
    installation: Installation, cast: Cast, service: PushService
) -> None:
    browser, endpoint = Browser(), f"{service.address}/send/s3cret"
    dana = Visitor(installation).come_in(installation, cast.dana)

    turn_on(dana, browser, endpoint)
    assert "Push is on for this device. A test page is on its way" in dana.page
    assert "Chrome – Android" in dana.page
    assert "s3cret" not in dana.page
    send_all(installation)

    [came] = service.came
    claimed, _key = claims(came.headers["Authorization"], now=utcnow())
    assert claimed == {"aud": service.address, "exp": claimed["exp"]}, "a plain http address is nobody's contact"
    told = came.told(browser)
    assert told["title"] == "Test page: please acknowledge"
    assert told["tag"] == "test"
    [contact] = pushes(installation, cast.dana)
    assert contact.verified_at is None
    stranger = Visitor(installation).open(told["link"].removeprefix(BASE))
    stranger.send()
    assert "This way to reach you counts from now on." in stranger.page
    [contact] = pushes(installation, cast.dana)
    assert (contact.verified_at is not None, contact.woke_at) == (True, None)
    assert "s3cret" not in f"{contact.label}{contact.sealed}"
    with installation.store.reading() as session:
        written = [json.dumps(facts) for facts in session.scalars(select(Entry.facts))]
        assert not [text for text in [*written, *map(str, session.scalars(select(Prose.text)))] if "s3cret" in text]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_ended_its_subscription_is_used_no_more_and_shows_as_failing(
    installation: Installation, cast: Cast, status: int
) -> None:
    dana, browser = Visitor(installation).come_in(installation, cast.dana), Browser()
    cause = "This browser has ended its subscription. Turn push on again on that device."
    with PushService(status) as service:
        turn_on(dana, browser, f"{service.address}/a")
        with installation.store.writing() as session:  # push is all that Dana has
            for contact in contacts_of(session, cast.dana):
                contact.removed_at = utcnow() if contact.channel is ChannelKind.EMAIL else None
        send_all(installation)
        [ended] = pushes(installation, cast.dana)
        with installation.store.writing() as session:
            delivery.queue(session, session.get_one(Contact, ended.id), Purpose.RING, now=utcnow())
        send_all(installation)

    assert len(service.came) == 1
    with installation.store.reading() as session:
        states = list(session.scalars(select(Delivery.state).order_by(Delivery.id)))
        organisation = the_organisation(session)
        state = readiness.readiness(session, organisation, reachable=installation.reachable, now=utcnow())
    assert states == [DeliveryState.FAILED, DeliveryState.CANCELLED]
    assert f"cannot be reached: {cause}" in [fault.words() for fault in state.faults if fault.person == "Dana"]
    assert dana.open("/account").page.count(cause) == 2, "in the red bar, and beside the device"
    assert "Send a test page to" not in dana.page
    token = dana.fields("/account/devices")["csrf_token"]
    dana.client.post(f"/account/test/{ended.id}", data={"csrf_token": token}, base_url=BASE)
    assert cause in dana.open("/account").page


def test_a_browser_with_a_new_address_stays_the_same_device_and_has_to_be_proved_again(
    installation: Installation, cast: Cast, service: PushService
) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana)
    turn_on(dana, Browser(), f"{service.address}/old")
    [before] = pushes(installation, cast.dana)
    send_all(installation)
    with installation.store.writing() as session:
        test = session.scalars(select(Delivery)).one()
        assert links.prove_contact(session, test.id, now=utcnow())
        known_as = devices.name_for(before, keyring=installation.keyring)
    renewed, key = Browser(), devices.application_key(installation.keyring)
    given = {"device": known_as, "endpoint": f"{service.address}/new", "key": key, **renewed.keys}

    answer = Visitor(installation).client.post("/push/renewed", data=given, base_url=BASE)
    again = Visitor(installation).client.post("/push/renewed", data=given, base_url=BASE)
    send_all(installation)

    assert (answer.status_code, again.status_code) == (204, 204)
    assert [came.path for came in service.came] == ["/old", "/new"]
    assert service.came[1].told(renewed)["title"] == "Test page: please acknowledge"
    [after] = pushes(installation, cast.dana)
    assert (after.id, after.verified_at) == (before.id, None)
    with installation.store.reading() as session:
        kinds = list(session.scalars(select(Entry.kind)))
    assert kinds.count(Kind.CONTACT_RENEWED) == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"device": "WzFd.forged"}, 410),
        ({"device": ""}, 410),
        ({"endpoint": "https://10.0.0.1/x"}, 422),
        ({"key": "x"}, 422),
    ],
)
def test_an_address_of_a_strange_device_is_not_taken(
    installation: Installation, cast: Cast, service: PushService, wrong: dict[str, str], status: int
) -> None:
    turn_on(Visitor(installation).come_in(installation, cast.dana), Browser(), f"{service.address}/old")
    [before] = pushes(installation, cast.dana)
    given = {
        "device": devices.name_for(before, keyring=installation.keyring),
        "key": devices.application_key(installation.keyring),
        "endpoint": f"{service.address}/new",
        **Browser().keys,
    }

    answer = Visitor(installation).client.post("/push/renewed", data=given | wrong, base_url=BASE)

    assert answer.status_code == status
    [after] = pushes(installation, cast.dana)
    assert after.sealed == before.sealed


def test_a_removed_device_cannot_come_back_by_itself(
    installation: Installation, cast: Cast, service: PushService
) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana)
    turn_on(dana, Browser(), f"{service.address}/a")
    [contact] = pushes(installation, cast.dana)
    known_as = devices.name_for(contact, keyring=installation.keyring)
    dana.send(f"/account/devices/{contact.id}/remove")
    key = devices.application_key(installation.keyring)
    given = {"device": known_as, "endpoint": f"{service.address}/b", "key": key, **Browser().keys}

    answer = dana.client.post("/push/renewed", data=given, base_url=BASE)
    send_all(installation)

    assert (answer.status_code, service.came) == (410, [])
    assert "Push is on for none of your devices." in dana.open("/account").page


def test_nobody_turns_off_the_device_of_another(installation: Installation, cast: Cast, service: PushService) -> None:
    turn_on(Visitor(installation).come_in(installation, cast.dana), Browser(), f"{service.address}/a")
    [contact] = pushes(installation, cast.dana)
    tariq = Visitor(installation).come_in(installation, cast.tariq).open("/account")
    token = tariq.fields("/account/devices")["csrf_token"]

    answer = tariq.client.post(f"/account/devices/{contact.id}/remove", data={"csrf_token": token}, base_url=BASE)

    assert answer.status_code == 404
    assert pushes(installation, cast.dana)


def test_turning_it_on_again_keeps_one_device_and_a_browser_knows_itself_in_the_list(
    installation: Installation, cast: Cast, service: PushService
) -> None:
    dana, browser = Visitor(installation).come_in(installation, cast.dana), Browser()
    turn_on(dana, browser, f"{service.address}/a")
    [first] = pushes(installation, cast.dana)
    known_as = devices.name_for(first, keyring=installation.keyring)

    turn_on(dana, browser, f"{service.address}/a", label="My phone")
    turn_on(dana, Browser(), f"{service.address}/b", device=known_as, label="My phone")

    [only] = pushes(installation, cast.dana)
    assert (only.id, only.label) == (first.id, "My phone")
    kept = Subscription.read(only.address(installation.keyring))
    assert kept.endpoint == f"{service.address}/b"
    assert f'data-endpoint="{kept.digest}"' in dana.open("/account").page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"label": "  "}, "Give this device a name"),
        ({"endpoint": "http://push.example/a"}, "not reached by https"),
        ({"endpoint": "https://192.168.4.4/a"}, "inside a private network"),
        ({"auth": "short"}, "no usable subscription"),
        ({"key": "BOld"}, "while the server's key changed"),
    ],
)
def test_what_cannot_be_pushed_to_is_refused_in_a_sentence(
    installation: Installation, cast: Cast, typed: dict[str, str], words: str
) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana).open("/account")
    fields = {"endpoint": "https://push.example/a", "label": "Phone", **Browser().keys, **typed}

    dana.send("/account/devices", **fields)

    assert words in dana.page
    assert pushes(installation, cast.dana) == []


def test_ten_devices_are_enough(installation: Installation, cast: Cast) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana)
    for number in range(devices.MOST):
        turn_on(dana, Browser(), f"https://push.example/{number}")

    turn_on(dana, Browser(), "https://push.example/one-more")

    assert "Remove one that you no longer use" in dana.page
    assert len(pushes(installation, cast.dana)) == devices.MOST


def test_manifest_and_worker_are_open_to_a_browser_that_is_not_signed_in(
    installation: Installation, cast: Cast
) -> None:
    client = create_app(installation).test_client()

    manifest, worker = client.get("/manifest.webmanifest"), client.get("/sw.js")

    told = manifest.get_json()
    assert manifest.mimetype == "application/manifest+json"
    assert (told["scope"], told["start_url"], told["display"]) == ("/", "/home", "standalone")
    for icon in told["icons"]:
        with client.get(icon["src"]) as answer:
            assert answer.mimetype == "image/png"
    assert (worker.status_code, worker.mimetype) == (200, "text/javascript")
    assert "worker-src 'self'" in worker.headers["Content-Security-Policy"]


def test_without_script_the_page_says_why_push_cannot_be_turned_on(installation: Installation, cast: Cast) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana).open("/account")

    assert "Turning push on needs script" in dana.page


def test_push_is_reachable_everywhere_but_in_a_demo(installation: Installation, cast: Cast) -> None:
    with installation.store.reading() as session:
        assert installation.reachable(session, ChannelKind.PUSH)
        demo = replace(installation, settings=replace(installation.settings, demo=True))
        assert not demo.reachable(session, ChannelKind.PUSH)


def test_a_public_installation_names_itself_to_the_push_service_and_does_not_call_this_machine(
    installation: Installation, cast: Cast
) -> None:
    public = replace(installation, settings=replace(installation.settings, public_address="https://tocsin.example"))

    channel = public.make_channel("push-push.example")

    assert isinstance(channel, WebPushChannel)
    assert channel._subject == "https://tocsin.example"
    assert not channel._reach.loopback
    assert installation.reach("http://localhost:8000").loopback


def test_an_ended_way_is_marked_by_what_the_channel_said_not_by_its_words() -> None:
    gone = Outcome.because(Verdict.NEVER, "Away.", gone=True)

    assert Contact(failure=gone.kept).ended
    assert not Contact(failure=Outcome.because(Verdict.NEVER, "Away.").kept).ended
    assert not Contact().ended
