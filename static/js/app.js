// Small courtesies, all delegated and bound by data-*: the pages work without them.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // Light or dark by hand, kept on this device only.
  const chosen = localStorage.getItem("scheme");
  if (chosen) root.dataset.scheme = chosen;

  // One submission at a time; the button says so.
  const submitted = (form, button) => {
    if (!button) return;
    form.dataset.sent = "";
    button.dataset.text ||= button.innerHTML;
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy ?? document.body.dataset.busy;
    setTimeout(released, 10500, form);
  };
  const released = form => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) {
      button.removeAttribute("aria-busy");
      [button.innerHTML, button.dataset.text] = [button.dataset.text, ""];
    }
  };
  document.addEventListener("submit", event => {
    const form = event.target;
    if (form.method === "dialog") return;
    if ("sent" in form.dataset) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    // after the browser has read the button's name and value
    setTimeout(submitted, 0, form, event.submitter ?? form.querySelector("button:not([type=button])"));
  }, true);
  document.addEventListener("htmx:finally:request", event => {
    const form = event.detail.ctx?.sourceElement?.closest?.("form");
    if (form) released(form);
  });
  addEventListener("pageshow", event => { if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(released); });
  document.addEventListener("click", event => {
    const step = event.target.closest("[data-step]");
    if (step) {
      const input = step.closest("[data-quantity]").querySelector("input");
      const before = input.value;
      step.dataset.step < 0 ? input.stepDown() : input.stepUp();
      if (input.value !== before) input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (event.target.matches("dialog[open]")) event.target.close();   // a click beside the drawer
    if (event.target.closest("[data-print]")) print();
    if (event.target.closest("[data-scheme-switch]")) {
      const dark = (root.dataset.scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
      localStorage.setItem("scheme", root.dataset.scheme = dark ? "light" : "dark");
    }
  });
  // An earlier answer may have replaced the place that this one is for; its successor has the same id.
  document.addEventListener("htmx:after:request", event => {
    const { ctx } = event.detail;
    if (ctx.target?.id && !ctx.target.isConnected) ctx.target = document.getElementById(ctx.target.id) ?? ctx.target;
  });
  // After a swap: open the drawer, or bring the reader to the list of mistakes.
  document.addEventListener("htmx:after:swap", event => {
    const { target, swap } = event.detail.ctx;
    if (swap === "none") return;
    if (target?.matches?.("dialog") && target.childElementCount && !target.open) target.showModal();
    document.querySelector("[data-error-summary]")?.focus();
    if (document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });   // what had the focus is gone
  });
  for (const button of document.querySelectorAll("[data-scheme-switch], [data-print]")) button.hidden = false;
  addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));   // pages work without
})();
