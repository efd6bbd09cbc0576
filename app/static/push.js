// Turns push on for this browser: asks it for permission and for an address, and files that through the form.
(() => {
  "use strict";
  const form = document.getElementById("push-form");
  if (!form) return;
  const said = document.getElementById("push-said");
  const worker = navigator.serviceWorker;

  const say = (which) => {
    said.textContent = form.dataset[which];
    said.hidden = false;
  };

  const obstacle = () => {
    if (!window.isSecureContext) return "insecure";
    const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Mac/.test(navigator.platform) && navigator.maxTouchPoints > 1);
    const installed = navigator.standalone || matchMedia("(display-mode: standalone)").matches;
    if (apple && !installed) return "home";
    if (!worker || !("PushManager" in window) || !("Notification" in window)) return "unsupported";
    return Notification.permission === "denied" ? "denied" : null;
  };

  const name = () => {
    const agent = navigator.userAgent;
    const among = (all) => all.find(([, sign]) => sign.test(agent))?.[0];
    const browser = among([["Firefox", /Firefox|FxiOS/], ["Edge", /Edg/], ["Opera", /OPR/], ["Samsung Internet", /SamsungBrowser/], ["Chrome", /Chrome|CriOS/], ["Safari", /Safari/]]);
    const system = among([["Android", /Android/], ["iPhone", /iPhone/], ["iPad", /iPad/], ["Windows", /Windows/], ["ChromeOS", /CrOS/], ["Mac", /Mac OS/], ["Linux", /Linux/]]);
    return [browser, system].filter(Boolean).join(" – ");
  };

  const store = () => caches.open("tocsin-push");
  const remember = async (device) => {
    const known = { device, key: form.dataset.key, renew: new URL(form.dataset.renew, location.href).href };
    await (await store()).put("/this-device", new Response(JSON.stringify(known)));
  };
  const remembered = async () => (await (await store()).match("/this-device"))?.json() ?? {};

  const digest = async (text) => {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const present = async () => (await worker.getRegistration(form.dataset.scope))?.pushManager.getSubscription();

  const begin = async () => {
    const subscription = await present();
    const mark = subscription ? await digest(subscription.endpoint) : "none";
    const card = document.querySelector(`[data-endpoint="${mark}"]`);
    if (card && !card.hasAttribute("data-ended")) {
      await remember(card.dataset.device);
      card.querySelector("[data-here]").hidden = false;
      return say("on");
    }
    form.elements.device.value = (await remembered()).device ?? "";
    form.elements.label.value ||= name();
    form.hidden = false;
  };

  const subscribe = async () => {
    await worker.register(form.dataset.worker, { scope: form.dataset.scope });
    const { pushManager } = await worker.ready;
    // An older one may belong to another key of this server, or have ended at its push service.
    await (await pushManager.getSubscription())?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.setAttribute("aria-disabled", "true");
    said.hidden = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") return say("denied");
      const { endpoint, keys } = (await subscribe()).toJSON();
      Object.assign(form.elements.endpoint, { value: endpoint });
      Object.assign(form.elements.p256dh, { value: keys.p256dh });
      Object.assign(form.elements.auth, { value: keys.auth });
      form.submit();
    } catch (error) {
      say("refused");
      said.append(` (${error.name})`);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });

  const why = obstacle();
  if (why) say(why);
  else begin().catch(() => say("unsupported"));
})();
