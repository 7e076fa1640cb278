// Small courtesies, all delegated and bound by data-*: the pages work without them.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // Light or dark by hand, kept on this device only, if it keeps anything.
  const paint = scheme => {
    root.dataset.scheme = scheme;
    for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
      meta.dataset.media ??= meta.media;
      meta.media = meta.dataset.media.includes(scheme) ? "all" : "not all";
    }
  };
  const remember = deed => { try { return deed(); } catch { /* storage is blocked, or full */ } };
  const chosen = remember(() => localStorage.getItem("scheme"));
  // Whoever signs out leaves nothing for the next one: what was searched for goes too (drafts.js has its own).
  document.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action")?.endsWith("/esci")) remember(() => {
      for (const name of Object.keys(localStorage)) if (name.startsWith("searches:")) localStorage.removeItem(name);
    });
  });
  if (chosen) paint(chosen);

  // One submission at a time; the button says so until htmx has its answer, or the next page comes. Escape stops waiting.
  const submitted = (form, button) => {
    if (!button) return;
    form.dataset.sent = "";
    button.dataset.text ||= button.innerHTML;
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy ?? document.body.dataset.busy;
    if (form.method === "get") setTimeout(released, 10500, form);   // an upload may take longer, and must not be sent twice
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
    const isOffline = form.method === "post" && !navigator.onLine && !("anyway" in form.dataset);   // asked again, it is tried
    if ("sent" in form.dataset || isOffline) { event.preventDefault(); event.stopImmediatePropagation(); }
    if (isOffline) {
      form.dataset.anyway = "";
      document.dispatchEvent(new CustomEvent("htmx:error", { detail: { ctx: { sourceElement: form }, isOffline } }));   // trouble.js says so
    }
    if (event.defaultPrevented) return;
    // after the browser has read the button's name and value
    setTimeout(submitted, 0, form, event.submitter ?? form.querySelector("button:not([type=button])"));
  }, true);
  document.addEventListener("htmx:finally:request", event => {
    const form = event.detail.ctx?.sourceElement?.closest?.("form");
    if (form) released(form);
  });
  addEventListener("keydown", event => { if (event.key === "Escape") document.querySelectorAll("form[data-sent]").forEach(released); });
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
      paint(dark ? "light" : "dark");
      remember(() => localStorage.setItem("scheme", root.dataset.scheme));
    }
  });
  // An earlier answer may have replaced the place that this one is for; its successor has the same id.
  document.addEventListener("htmx:after:request", event => {
    const { ctx } = event.detail;
    if (ctx.target?.id && !ctx.target.isConnected) ctx.target = document.getElementById(ctx.target.id) ?? ctx.target;
  });
  // What a press changes is busy until the last answer: by the id of its place, since an answer may replace it.
  const waiting = {};
  const busy = (ctx, more) => {
    const { id } = ctx?.target ?? {}, asked = ["click", "change", "submit"].includes(ctx?.sourceEvent?.type);
    if (!id || !asked || ctx.target.matches("dialog")) return;
    waiting[id] = Math.max(0, (waiting[id] ?? 0) + more);
    const place = document.getElementById(id);
    if (waiting[id]) place?.setAttribute("aria-busy", "true"); else place?.removeAttribute("aria-busy");
  };
  document.addEventListener("htmx:before:request", event => busy(event.detail.ctx, 1));
  document.addEventListener("htmx:finally:request", event => busy(event.detail.ctx, -1));
  // After a swap: open the drawer, or bring the reader to the list of mistakes, to what came below, or to where he was.
  let held;
  document.addEventListener("htmx:before:swap", () => {
    const { id, name, value, type } = document.activeElement;
    held = id ? `#${CSS.escape(id)}` : type === "checkbox" ? `[type=checkbox][name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]` : "";
  });
  document.addEventListener("htmx:after:swap", event => {
    const { target, swap, sourceElement, sourceEvent } = event.detail.ctx, place = document.getElementById("position");
    if (swap === "none") return;
    if (target?.matches?.("dialog") && target.childElementCount && !target.open) target.showModal();
    // a box that a reader has ticked no longer follows its attribute
    for (const box of document.querySelectorAll("#results [type=checkbox]")) box.checked = box.defaultChecked;
    for (const option of document.querySelectorAll("#results option")) if (option.defaultSelected) option.selected = true;
    document.querySelector("[data-error-summary]")?.focus();
    const below = document.querySelector("[data-new]");
    if (below) { below.removeAttribute("data-new"); below.querySelector("a").focus(); }
    if (sourceEvent?.type === "submit" && sourceElement.matches("[data-narrow]")) {
      sourceElement.closest("details").open = false;
      place?.focus();
    }
    const isLost = document.activeElement === document.body, again = held && document.querySelector(held);
    if (isLost || held?.startsWith("[")) (again || place || document.getElementById("main")).focus({ preventScroll: true });   // moved, or gone
  });
  // A picture that does not come: its tint with the initial, as for what has no picture.
  const missing = image => {
    const box = image.closest?.("picture.picture");
    if (!box) return;
    const stand = document.createElement("span"), name = image.alt || box.parentElement.textContent.trim();
    stand.className = `${box.className} picture--none`;
    stand.setAttribute("role", "img");
    stand.setAttribute("aria-label", name);
    stand.textContent = name.slice(0, 1);
    box.replaceWith(stand);
  };
  document.addEventListener("error", event => missing(event.target), true);
  for (const image of document.querySelectorAll(".picture img")) if (image.complete && !image.naturalWidth && image.currentSrc) missing(image);
  // The postal code typed last (delivery/remembered.py): pages are kept alike for everybody, so it is put in here.
  const cookie = /(?:^|; )((?:__Host-)?cap)=([^;]+)/;
  const place = () => {
    const known = document.cookie.match(cookie)?.[2];
    if (!known) return;
    for (const field of document.querySelectorAll("input[name=cap][autocomplete=postal-code]:not([aria-invalid])")) field.value ||= decodeURIComponent(known);
  };
  const forget = () => {
    const name = document.cookie.match(cookie)?.[1];
    if (name) document.cookie = `${name}=; Path=/; Max-Age=0; SameSite=Lax${name === "cap" ? "" : "; Secure"}`;
  };
  place();
  document.addEventListener("htmx:after:swap", place);
  document.addEventListener("change", ({ target }) => { if (target.name === "cap" && !target.value) forget(); });
  document.addEventListener("click", event => {   // the chip of a list that says where it goes
    const chip = event.target.closest(".chips a");
    if (chip && location.search.includes("cap=") && !chip.search.includes("cap=")) forget();
  }, true);
  for (const button of document.querySelectorAll("[data-scheme-switch], [data-print]")) button.hidden = false;
  // Back finds open what was open: with its panel shut a list is shorter, and the place another.
  const panels = () => [...document.querySelectorAll("main details")], panelKey = () => `open:${location.pathname}${location.search}`;
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") remember(() => {
    for (const place of JSON.parse(sessionStorage.getItem(panelKey()) ?? "[]")) panels()[place]?.setAttribute("open", "");
  });
  addEventListener("pagehide", () => remember(() => {
    const open = panels().flatMap((panel, place) => panel.open ? [place] : []);
    if (open.length) sessionStorage.setItem(panelKey(), JSON.stringify(open)); else sessionStorage.removeItem(panelKey());
  }));
  addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));   // pages work without
})();
