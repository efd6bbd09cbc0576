// Refreshes [data-poll] by POSTing the form it sits in (the code must never be in an address), every five seconds
// while the page is seen. After fifteen minutes without a touch or a key it goes to data-ended, and Back finds nothing.
(() => {
  "use strict";
  const EVERY = 5000;
  const IDLE = 15 * 60 * 1000;
  const GONE = new Set([401, 403, 404, 410]);
  const box = document.querySelector("[data-poll]");
  const form = box?.closest("form");
  if (!form) return;
  let touched = Date.now();
  let asking = false;
  let shown = "";
  let asked = 0;

  const end = () => location.replace(box.dataset.ended);
  const idle = () => Date.now() - touched >= IDLE;

  const show = (html) => {
    if (html === shown || box.contains(document.activeElement)) return;
    shown = html;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    box.replaceChildren(fresh.content);
  };

  const ask = async () => {
    if (idle()) return end();
    if (asking || document.visibilityState !== "visible") return undefined;
    asking = true;
    const used = touched > asked;
    asked = Date.now();
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { "X-Fragment": "1", "X-Touched": used ? "1" : "0" },
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(4 * EVERY),
      });
      if (answer.type === "opaqueredirect" || GONE.has(answer.status)) return end();
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.text());
      delete box.dataset.lost;
    } catch {
      box.dataset.lost = "";
    } finally {
      asking = false;
    }
    return undefined;
  };

  const touch = () => {
    if (!idle()) touched = Date.now();
  };
  for (const kind of ["pointerdown", "keydown", "scroll", "input"]) {
    document.addEventListener(kind, touch, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", (event) => event.persisted && ask());
  setInterval(ask, EVERY);
})();
