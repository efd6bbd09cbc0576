// Reveals <button data-copy="id" hidden> where the browser can copy, and says in words when it has.
(() => {
  "use strict";
  const write = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Plain HTTP inside an office has no clipboard object; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied ? undefined : Promise.reject(new Error("refused"));
  };

  document.querySelectorAll("button[data-copy]").forEach((button) => {
    const said = document.getElementById(`${button.dataset.copy}-said`);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const text = (source.value ?? source.textContent).trim().replace(/\s+/g, " ");
      let words = button.dataset.done;
      try {
        await write(text);
      } catch {
        words = button.dataset.failed;
      }
      if (said) said.textContent = words;
      button.focus();
    });
  });
})();
