// The orders that the worker has kept on this device, the latest first. Whoever has not come back for two weeks needs them no more.
(async () => {
  const part = document.querySelector("[data-kept-orders]"), list = part.querySelector("ul");
  if (!("caches" in window) || !await caches.has("orders")) return;
  part.querySelector("[data-forget-orders]").addEventListener("click", async () => {
    await caches.delete("orders");
    part.hidden = true;
    document.getElementById("main").focus();
  });
  const cache = await caches.open("orders"), oldest = Date.now() - 14 * 864e5;
  for (const key of (await cache.keys()).reverse()) {
    const answer = await cache.match(key, { ignoreVary: true }), at = new Date(answer.headers.get("date"));
    if (at < oldest) { await cache.delete(key, { ignoreVary: true }); continue; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [item, link, said] = ["li", "a", "p"].map(name => document.createElement(name));
    link.href = key.url;
    link.className = "row-link";
    said.className = "small";
    link.textContent = page.title.split(" · ")[0];
    const when = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    said.textContent = `${page.querySelector("h1")?.textContent.trim() ?? ""} · ${when}`;
    item.append(link, said);
    list.append(item);
    part.hidden = false;
  }
})();
