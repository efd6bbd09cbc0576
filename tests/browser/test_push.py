"""Web Push in a real Chromium: turned on by its button, pushed to through the browser's own tools."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect
from sqlalchemy import select
from waitress.server import create_server

from app import create_app, database
from app.config import Settings
from app.installation import Installation
from incidents.law.clock import utcnow
from notifications.channels import ChannelKind, Message
from notifications.channels.push_subscription import Subscription
from notifications.channels.webpush import payload
from notifications.contact import Contact
from notifications.delivery import Delivery, Purpose
from notifications.messages import build
from tests.browser.conftest import Opener, Served
from tests.makers import PASSWORD, make_cast
from tests.plumbing.browser import axe
from tests.plumbing.push import Browser

pytestmark = pytest.mark.browser

STUBBED = """keys => {
  const asked = (window.asked = []);
  let present = null;
  const make = (options) => ({ endpoint: keys.endpoint, options, toJSON: () => ({ endpoint: keys.endpoint, keys }),
                               unsubscribe: async () => { present = null; return true; } });
  PushManager.prototype.subscribe = async (options) => { asked.push(options); return (present = make(options)); };
  PushManager.prototype.getSubscription = async () => present ?? (sessionStorage.pushed ? make({}) : null);
  addEventListener('submit', () => (sessionStorage.pushed = 'yes'), true);
}"""
"""The push service of the browser's maker is out of reach here: what it would hand out stands in for it."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    settings = Settings(instance=tmp_path, public_address=address, allow_plain_http=True)
    database.migrate(settings, now=utcnow())
    installation = Installation.open(settings)
    make_cast(installation, now=utcnow())
    server = create_server(create_app(installation), host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Served(address, installation)
    server.close()
    thread.join(5)
    installation.store.dispose()


def come_in(page: Page, house: Served) -> None:
    page.goto(f"{house.address}/sign-in")
    page.get_by_label("E-mail").fill("dana@northwind.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").last.click()
    page.wait_for_url(lambda address: "sign-in" not in address)
    page.goto(f"{house.address}/account")


def allowed(page: Page, house: Served, browser: Browser, endpoint: str) -> BrowserContext:
    """A browser that was allowed to show notifications, with a push service that hands out this address."""
    page.context.grant_permissions(["notifications"], origin=house.address)
    keys = json.dumps({"endpoint": endpoint, **browser.keys})
    page.context.add_init_script(f"({STUBBED})({keys})")
    return page.context


def contact_of(house: Served) -> Contact:
    with house.installation.store.reading() as session:
        return session.scalars(select(Contact).where(Contact.channel == ChannelKind.PUSH)).one()


def registration_of(cdp: CDPSession) -> str:
    """The number under which the browser knows the service worker."""
    found: list[dict[str, Any]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    cdp.send("ServiceWorker.enable")
    ends = time.monotonic() + 5
    while not found and time.monotonic() < ends:
        cdp.send("ServiceWorker.enable")
        time.sleep(0.05)
    return str(found[-1]["registrationId"])


def notifications(page: Page) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
             .map(each => ({title: each.title, body: each.body, tag: each.tag, link: each.data.link}))"""
    )
    return shown


def opened_by_a_tap(page: Page) -> str:
    """The link that a tap on the notification opens. Only a finger may open a window, so the last step is noted."""
    [worker] = page.context.service_workers
    link: str = worker.evaluate(
        """async () => {
          const [shown] = await self.registration.getNotifications();
          return new Promise((resolve) => {
            self.clients.openWindow = resolve;
            self.dispatchEvent(new NotificationEvent('notificationclick', { notification: shown }));
          });
        }"""
    )
    return link


def test_push_is_turned_on_by_its_button_and_a_push_shows_as_a_notification(house: Served, opened: Opener) -> None:
    browser, endpoint = Browser(), "https://push.example/send/s3cret"
    page = opened("phone", "light")
    allowed(page, house, browser, endpoint)
    come_in(page, house)
    expect(page.get_by_label("A name for this device")).to_have_value("Chrome – Linux")
    assert axe(page) == []

    page.get_by_label("A name for this device").fill("Dana's phone")
    page.get_by_role("button", name="Turn on push on this device").click()

    expect(page.get_by_text("Push is on for this device. A test page is on its way")).to_be_visible()
    expect(page.get_by_text("This device", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Turn on push on this device")).to_be_hidden()
    assert axe(page) == []
    kept = Subscription.read(contact_of(house).address(house.installation.keyring))
    assert (kept.endpoint, kept.auth) == (endpoint, browser.auth)

    installation = house.installation
    with installation.store.reading() as session:
        test = session.scalars(select(Delivery).where(Delivery.purpose == Purpose.TEST)).one()
        wording = installation.wording(session, test.person)
        message = build(session, test, keyring=installation.keyring, wording=wording, now=utcnow())
    cdp = page.context.new_cdp_session(page)
    where = {"origin": house.address, "registrationId": registration_of(cdp)}
    sent = {**where, "data": payload(message).decode()}
    when_shown(page, message.subject, partial(cdp.send, "ServiceWorker.deliverPushMessage", sent))
    cdp.send("ServiceWorker.deliverPushMessage", sent)  # takes the place of the first

    told = json.loads(payload(message))
    assert notifications(page) == [
        {"title": "Test page: please acknowledge", "body": told["body"], "tag": "test", "link": message.link}
    ]
    assert opened_by_a_tap(page) == message.link


def test_that_a_page_is_taken_replaces_it_on_the_screen_without_a_sound(house: Served, opened: Opener) -> None:
    page = opened("phone", "light")
    allowed(page, house, Browser(), "https://push.example/send/s3cret")
    come_in(page, house)
    page.get_by_role("button", name="Turn on push on this device").click()
    expect(page.get_by_text("This device", exact=True)).to_be_visible()
    rings = Message("ring-1", "AMBER HERON: urgent", "Look at it.", None, "Tocsin", topic="f00d", alarm=True)
    taken = Message("clear-1", "AMBER HERON: Taken at 03:09 by: Deputy", "", None, "Tocsin", topic="f00d", quiet=True)
    cdp = page.context.new_cdp_session(page)
    where = {"origin": house.address, "registrationId": registration_of(cdp)}

    seen = []
    for message in (rings, taken):
        sent = {**where, "data": payload(message).decode()}
        seen.append(when_shown(page, message.subject, partial(cdp.send, "ServiceWorker.deliverPushMessage", sent)))

    assert seen == [
        [{"title": rings.subject, "silent": False, "stays": True}],
        [{"title": taken.subject, "silent": True, "stays": False}],
    ]


def when_shown(page: Page, title: str, deliver: Callable[[], object]) -> list[dict[str, Any]]:
    """All that shows once a notification with this title does.

    The tools drop a push without a word while the browser still writes down its worker, and say nothing when that is
    done; so it is delivered again, as a push service does.
    """
    ends, again, shown = time.monotonic() + 10, 0.0, list[dict[str, Any]]()
    while title not in [each["title"] for each in shown] and time.monotonic() < ends:
        if time.monotonic() > again:
            deliver()
            again = time.monotonic() + 2
        shown = page.evaluate(
            """async () => (await (await navigator.serviceWorker.ready).getNotifications())
                 .map(each => ({title: each.title, silent: !!each.silent, stays: each.requireInteraction}))"""
        )
    return shown


def test_a_browser_whose_address_changes_says_so_by_itself(house: Served, opened: Opener) -> None:
    page = opened("phone", "dark")
    allowed(page, house, Browser(), "https://push.example/send/old")
    come_in(page, house)
    page.get_by_role("button", name="Turn on push on this device").click()
    expect(page.get_by_text("This device", exact=True)).to_be_visible()
    assert axe(page) == []
    before, renewed = contact_of(house), Browser()
    page.context.clear_cookies()  # it may happen while nobody is signed in

    fresh = {"endpoint": "https://push.example/send/new", "keys": renewed.keys}
    [worker] = page.context.service_workers
    worker.evaluate(
        """fresh => { const change = new ExtendableEvent('pushsubscriptionchange');
           change.newSubscription = {toJSON: () => fresh};
           self.dispatchEvent(change); }""",
        fresh,
    )

    ends = time.monotonic() + 5
    while contact_of(house).sealed == before.sealed and time.monotonic() < ends:
        time.sleep(0.05)
    after = contact_of(house)
    kept = Subscription.read(after.address(house.installation.keyring))
    assert (after.id, kept.endpoint, kept.auth) == (before.id, fresh["endpoint"], renewed.auth)


OBSTACLES = """({
  denied: () => (Notification.requestPermission = async () => 'denied'),
  refused: () => (PushManager.prototype.subscribe = async () => { throw new DOMException('no', 'AbortError'); }),
  unsupported: () => delete window.PushManager,
  insecure: () => Object.defineProperty(window, 'isSecureContext', {value: false}),
  iphone: () => Object.defineProperty(navigator, 'userAgent', {value: 'iPhone Safari'}),
})[sessionStorage.obstacle]?.()"""
WORDS = {
    "denied": "does not let Tocsin show notifications",
    "refused": "got no address from its maker's push service. Check that this network lets it through, then try again. "
    "(AbortError)",
    "unsupported": "This browser has no Web Push.",
    "insecure": "was not opened over https",
    "iphone": "works only from the home screen",
}


def test_when_push_cannot_be_turned_on_the_page_says_why(house: Served, opened: Opener) -> None:
    page = opened("phone", "light")
    page.context.grant_permissions(["notifications"], origin=house.address)
    page.context.add_init_script(OBSTACLES)
    come_in(page, house)

    for obstacle, words in WORDS.items():
        page.evaluate("obstacle => (sessionStorage.obstacle = obstacle)", obstacle)
        page.reload()
        expect(page.locator("#push-form:not([hidden]), #push-said:not([hidden])")).to_be_visible()
        button = page.get_by_role("button", name="Turn on push on this device")
        if button.is_visible():
            button.click()

        expect(page.get_by_text(words)).to_be_visible()
    assert axe(page) == []
