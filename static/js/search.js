// Suggestions below the search field: a combobox (ARIA APG, list autocomplete with manual selection). Without it the form works.
(() => {
  const input = document.querySelector("[data-suggest]");
  if (!input) return;
  const list = document.createElement("div");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
  list.hidden = true;
  input.form.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) input.setAttribute(name, value);
  const key = `searches:${document.documentElement.lang}`;
  const recent = () => { try { return JSON.parse(localStorage.getItem(key)) ?? []; } catch { return []; } };
  let asking, timer, popular, current = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const close = () => { list.hidden = true; current = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const show = () => {
    const found = options();
    if (!found.length || document.activeElement !== input) return close();
    found.forEach((option, n) => { option.id = `suggestion-${n}`; option.tabIndex = -1; });
    current = -1;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const mark = to => {
    const found = options();
    if (!found.length) return;
    found[current]?.removeAttribute("aria-selected");
    current = (to + found.length) % found.length;
    found[current].setAttribute("aria-selected", "true");
    found[current].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", found[current].id);
  };
  const mine = () => {
    const group = document.createElement("div"), head = document.createElement("p");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", input.dataset.recent);
    head.className = "suggestions__head";
    head.setAttribute("aria-hidden", "true");
    head.textContent = input.dataset.recent;
    group.append(head, ...recent().map(text => {
      const link = document.createElement("a");
      link.setAttribute("role", "option");
      link.href = `${input.form.action}?q=${encodeURIComponent(text)}`;
      link.textContent = text;
      return link;
    }));
    return group;
  };
  const remembered = async () => {   // while the field is empty: one's own searches, then everybody's
    list.replaceChildren(...(recent().length ? [mine()] : []));
    show();
    popular ??= fetch(input.dataset.popular).then(answer => answer.ok ? answer.text() : "").catch(() => "");
    const others = await popular;
    if (input.value.trim() || list.querySelector("[data-popular]") || !others.trim()) return;
    list.insertAdjacentHTML("beforeend", others);   // our own fragment
    list.lastElementChild.dataset.popular = "";
    const marked = current;
    show();
    if (marked >= 0) mark(marked);
  };
  const ask = async () => {
    asking?.abort();
    const typed = input.value.trim();
    if (typed.length < 2) return typed ? close() : remembered();
    asking = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok) return close();
      list.innerHTML = await answer.text();   // our own fragment, escaped by its template
      show();
    } catch { /* a newer letter, or no line: the form still works */ }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  input.addEventListener("focus", () => { if (!input.value) remembered(); });
  input.addEventListener("blur", () => setTimeout(close, 200));   // a click on an option comes first
  input.addEventListener("keydown", event => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(current + 1);
    else if (event.key === "ArrowUp") mark(current < 0 ? -1 : current - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && current >= 0) options()[current].click();
    else return;
    event.preventDefault();
  });
  input.form.addEventListener("submit", () => {
    const typed = input.value.trim().slice(0, 100);
    try { if (typed) localStorage.setItem(key, JSON.stringify([typed, ...recent().filter(text => text !== typed)].slice(0, 5))); } catch { /* storage is blocked */ }
  });
})();
