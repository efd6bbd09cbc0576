// A second tap on a form marked data-once is swallowed while the first is under way, and only then:
// after ten seconds, or when the page is shown again (Back, a failed load), the button works as before.
(() => {
  "use strict";
  const WAIT = 10000;
  const under = new Map();

  const release = (form) => {
    const sent = under.get(form);
    if (!sent) return;
    clearTimeout(sent.timer);
    under.delete(form);
    if (!sent.button) return;
    sent.button.removeAttribute("aria-disabled");
    sent.button.textContent = sent.words;
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) return;
    if (under.has(form)) {
      event.preventDefault();
      return;
    }
    const button = event.submitter;
    under.set(form, { button, words: button?.textContent, timer: setTimeout(release, WAIT, form) });
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy ?? button.textContent;
  });

  window.addEventListener("pageshow", () => [...under.keys()].forEach(release));
})();
