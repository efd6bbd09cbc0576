// Keeps every <time data-countdown> right while the page is open; without this file the text is right as served.
// Counts from data-seconds (left when served), because a phone's own clock may be wrong.
(() => {
  "use strict";
  const dues = new WeakMap();
  const said = document.body.dataset;

  const due = (node) => {
    if (!dues.has(node)) {
      const left = node.dataset.seconds;
      dues.set(node, left === undefined ? Date.parse(node.dateTime) : Date.now() + Number(left) * 1000);
    }
    return dues.get(node);
  };

  // Same shape as the server's words: 100 h and more in days, under ten minutes with seconds.
  const words = (seconds, units) => {
    const [d, h, min, s] = units.split(" ");
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (hours >= 100) return `${Math.floor(hours / 24)} ${d} ${hours % 24} ${h}`;
    if (hours >= 1) return `${hours} ${h} ${minutes % 60} ${min}`;
    if (minutes >= 10) return `${minutes} ${min}`;
    return `${minutes} ${min} ${String(seconds % 60).padStart(2, "0")} ${s}`;
  };

  const draw = (node) => {
    const left = Math.floor((due(node) - Date.now()) / 1000);
    const pattern = left < 0 ? said.late : said.in;
    const text = pattern.replace("{time}", words(Math.abs(left), said.units));
    if (node.textContent !== text) node.textContent = text;
    const box = node.closest("[data-level]");
    if (left >= 0 || !box || box.dataset.level === "late") return;
    box.dataset.level = "late";
    const word = box.querySelector(".t-due-word");
    if (word) word.textContent = said.lateWord;
  };

  const drawAll = () => document.querySelectorAll("time[data-countdown]").forEach(draw);

  drawAll();
  setInterval(drawAll, 1000);
  document.addEventListener("visibilitychange", drawAll);
})();
