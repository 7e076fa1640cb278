// What is typed into a long form (data-draft) stays in this tab until it has arrived: a failure, a reload, a lost line take
// nothing away. Never passwords, cards, files or hidden fields. A field is filled only if it came back as it was before.
(() => {
  let store;
  try { store = sessionStorage; } catch { return; }   // storage is blocked
  const NEVER = /^(password|file|hidden|submit|button|reset|image|fieldset|output)$/, SECRET = /^(cc-|one-time-code|(new|current)-password)/;
  const address = form => new URL(form.getAttribute("action"), location.href).pathname;
  const key = form => `draft:${location.pathname}:${address(form)}`;
  const drafts = () => Object.keys(store).filter(name => name.startsWith("draft:"));
  const read = name => { try { return JSON.parse(store.getItem(name)); } catch { return null; } };
  const write = (name, draft) => { try { store.setItem(name, JSON.stringify(draft)); } catch { /* full: the page still works */ } };
  const fields = form => [...form.elements].filter(field => field.name && !NEVER.test(field.type) && !SECRET.test(field.autocomplete));
  const isBox = field => field.type === "checkbox" || field.type === "radio";
  const now = field => isBox(field) ? field.checked : field.value;
  const before = field => {
    if (isBox(field)) return field.defaultChecked;
    if (!field.options) return field.defaultValue;
    return ([...field.options].find(option => option.defaultSelected) ?? field.options[0])?.value;
  };
  const save = form => {
    const typed = {};
    fields(form).forEach((field, place) => { if (now(field) !== before(field)) typed[`${field.name} ${place}`] = [before(field), now(field)]; });
    if (Object.keys(typed).length) write(key(form), { typed });
    else store.removeItem(key(form));
  };
  const restore = (form, { typed }) => {
    let some = false;
    fields(form).forEach((field, place) => {
      const [was, is] = typed[`${field.name} ${place}`] ?? [];
      if (is === undefined || before(field) !== was || now(field) !== was) return;
      if (isBox(field)) field.checked = is; else field.value = is;
      for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
      some = true;
    });
    if (!some) return;
    const said = document.createElement("p"), live = document.getElementById("live");
    said.className = "small muted";
    said.textContent = live.textContent = live.dataset.restored;
    form.prepend(said);
  };

  // Sent, and led on to another page by the shop: it has arrived. Anything else may have failed, and is kept.
  const [{ type, redirectCount } = {}] = performance.getEntriesByType("navigation");
  const hasArrived = type === "navigate" && redirectCount > 0 && !document.querySelector("[data-failure]");
  for (const name of drafts()) if (read(name)?.sent && hasArrived) store.removeItem(name);
  for (const form of document.querySelectorAll("form[data-draft]")) {
    const draft = read(key(form));
    if (draft) restore(form, draft);
  }
  for (const kind of ["input", "change"]) document.addEventListener(kind, ({ target }) => { if (target.form?.matches("[data-draft]")) save(target.form); });
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (address(target).endsWith("/esci")) drafts().forEach(name => store.removeItem(name));
    const draft = target.matches("[data-draft]") && !defaultPrevented && read(key(target));
    if (draft) write(key(target), { ...draft, sent: true });
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (form.matches?.("form[data-draft]") && ctx.response.status < 400) store.removeItem(key(form));
  });
})();
