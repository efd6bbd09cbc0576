// Says once that this page was on a screen. Mail scanners fetch links, but run no script.
(() => {
  "use strict";
  const url = document.currentScript.dataset.seen;
  const say = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", say);
    fetch(url, { method: "POST", keepalive: true }).catch(() => {});
  };
  document.addEventListener("visibilitychange", say);
  say();
})();
