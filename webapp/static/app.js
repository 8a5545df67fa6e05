// Comfort only: every page works without this file.
"use strict";
(() => {
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));
  const within = (root, selector) => (root.matches?.(selector) ? [root, ...all(root, selector)] : all(root, selector));

  function countDown(area) {
    const words = document.getElementById(`${area.id}-count`);
    const show = () => { words.textContent = `${words.dataset.left} ${Number(area.dataset.counter) - [...area.value].length}`; };
    if (words) { area.addEventListener("input", show); show(); }
  }

  function reveal(radio) {
    for (const other of all(radio.closest("fieldset"), "input[data-reveals]")) {
      document.getElementById(other.dataset.reveals).hidden = !other.checked;
    }
  }

  function prepare(root) {
    within(root, "[data-counter]").forEach(countDown);
    within(root, "input[data-reveals]").forEach((radio) => {
      reveal(radio);
    });
    within(root, "[data-focus]").forEach((box) => box.focus());
  }

  // A second click on the button of a form that is on its way does nothing; the server is the real guard.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get") return;
    if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sent = "1";
    all(form, "button").forEach((button) => button.setAttribute("aria-busy", "true"));
    if (!form.hasAttribute("hx-post")) return;
    form.addEventListener("htmx:afterRequest", () => release(form), { once: true });
  }, true);
  const release = (form) => {
    delete form.dataset.sent;
    all(form, "button").forEach((button) => button.removeAttribute("aria-busy"));
  };
  window.addEventListener("pageshow", () => all(document, "form[data-sent]").forEach(release));

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("select[data-submit]")) field.form.requestSubmit();
    if (field.type === "radio") {
      const set = field.closest("fieldset");
      const radio = set && set.querySelector("input[data-reveals]");
      if (radio) reveal(radio);
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = document.getElementById("find");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
    if (event.key === "Escape") all(document, "details.person-menu[open]").forEach((menu) => { menu.open = false; });
  });

  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      document.getElementById("messages").textContent = copy.dataset.done || "";
      return;
    }
    const row = event.target.closest("tr.opens");
    if (row && !event.target.closest("a, button, input, label, summary") && !String(window.getSelection())) {
      row.querySelector("a.row-link")?.click();
    }
  });

  // After a swap the focus goes to the error box, else to the new heading; a part that refreshes itself takes none,
  // and one with data-keeps-focus (a list of switches) leaves it where it was.
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    const trigger = event.detail.requestConfig?.triggeringEvent;
    if (!part || !part.isConnected) return;
    prepare(part);
    const titled = within(part, "[data-title]")[0]; // a result that moved on: the tab says the same
    if (titled) document.title = titled.dataset.title;
    if (!trigger || trigger.type !== "submit" || part.closest("[data-keeps-focus]")) return;
    const target = part.querySelector("[data-focus]") || part.querySelector("h1, h2");
    if (target) { target.setAttribute("tabindex", "-1"); target.focus(); }
  });

  document.documentElement.classList.add("scripts");
  document.addEventListener("DOMContentLoaded", () => prepare(document));
  if (document.readyState !== "loading") prepare(document);
})();
