// Shows what is pushed and opens its link. It keeps no page: what is confidential stays on the server.
"use strict";

const ICON = new URL("static/icon-192.png", self.registration.scope).href;
const TRIES = [0, 3000, 15000];

const show = async (data) => {
  let told = {};
  try {
    told = data.json();
  } catch {
    // A push without words still has to show something, or the browser takes the permission away.
  }
  await self.registration.showNotification(told.title || "Tocsin", {
    body: told.body || "",
    tag: told.tag || "tocsin",
    // That a page is taken replaces the page without a sound, and goes by itself.
    renotify: !told.quiet,
    silent: Boolean(told.quiet),
    requireInteraction: !told.quiet,
    icon: ICON,
    badge: ICON,
    data: { link: told.link || self.registration.scope },
  });
};

const open = async (link) => {
  const windows = await self.clients.matchAll({ type: "window" });
  const there = windows.find((each) => each.url === link);
  return there ? there.focus() : self.clients.openWindow(link);
};

const told = async () => {
  const found = await (await caches.open("tocsin-push")).match("/this-device");
  return found ? found.json() : {};
};

// The push service has ended the old address: get another one, and say so with the name that this device was given.
const renew = async (given) => {
  const known = await told();
  if (!known.device) return;
  const fresh =
    given ??
    (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: known.key }));
  const { endpoint, keys } = fresh.toJSON();
  const body = new URLSearchParams({ device: known.device, key: known.key, endpoint, ...keys });
  for (const wait of TRIES) {
    await new Promise((done) => setTimeout(done, wait));
    try {
      const answer = await fetch(known.renew, { method: "POST", body, credentials: "omit" });
      if (answer.status < 500) return;
    } catch {
      // No network just now.
    }
  }
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.link));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event.newSubscription)));
