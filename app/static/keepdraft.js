// Keeps what staff typed in <form data-keep="key"> over a lost network or session, in this tab only,
// until a page with data-kept-clear="key" says that the server has it. Never used on the public report form.
(() => {
  "use strict";
  const PREFIX = "tocsin-draft:";
  const SKIP = new Set(["hidden", "password", "file", "submit", "button", "reset"]);
  let store;
  try {
    store = window.sessionStorage;
  } catch {
    return;
  }

  const fields = (form) => Array.from(form.elements).filter((field) => field.name && !SKIP.has(field.type));
  const ticks = (field) => field.type === "checkbox" || field.type === "radio";
  const id = (field) => (ticks(field) ? `${field.name}=${field.value}` : field.name);
  const value = (field) => (ticks(field) ? field.checked : field.value);

  const save = (form, key) => {
    const typed = Object.fromEntries(fields(form).map((field) => [id(field), value(field)]));
    try {
      store.setItem(key, JSON.stringify(typed));
    } catch {
      // A full or forbidden store must not stop anybody from typing.
    }
  };

  const restore = (form, key) => {
    let typed;
    try {
      typed = JSON.parse(store.getItem(key));
    } catch {
      store.removeItem(key);
    }
    if (!typed) return false;
    const changed = fields(form).filter((field) => id(field) in typed && typed[id(field)] !== value(field));
    for (const field of changed) {
      if (ticks(field)) field.checked = typed[id(field)];
      else field.value = typed[id(field)];
      for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    }
    return changed.length > 0;
  };

  const watch = (form) => {
    const key = PREFIX + form.dataset.keep;
    const note = form.querySelector("[data-kept-note]");
    if (restore(form, key) && note) note.hidden = false;
    form.addEventListener("input", () => save(form, key));
    form.querySelector("[data-kept-drop]")?.addEventListener("click", () => {
      store.removeItem(key);
      form.reset();
      note.hidden = true;
    });
  };

  document.querySelectorAll("[data-kept-clear]").forEach((mark) => store.removeItem(PREFIX + mark.dataset.keptClear));
  document.querySelectorAll("form[data-keep]").forEach(watch);
  document.querySelectorAll("form[data-kept-clear-all]").forEach((form) => form.addEventListener("submit", () => {
    Object.keys(store).filter((key) => key.startsWith(PREFIX)).forEach((key) => store.removeItem(key));
  }));
})();
