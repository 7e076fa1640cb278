// The shop without a network. Written before this: const KEPT = { version, files, fonts, pages (language → address), icon }.
const SHELL = "shell-" + KEPT.version, IMAGES = "images", ORDERS = "orders", ANY = { ignoreVary: true };
const MOST = { [IMAGES]: 60, [ORDERS]: 10 };
const PATIENCE = 10000, LIFE = 14 * 864e5;   // milliseconds: for a page to begin; for an order to be read again
const AWAY = /^(\/[a-z]{2})?\/(cassa|banco|amministrazione|feeds|_stripe)(\/|$)/;   // never ours
const BYE = /^(\/[a-z]{2})?\/(esci|accedi)$/;

addEventListener("install", event => {
  // without cookies: what is kept for everybody must not know anybody
  const wanted = [...KEPT.files, ...Object.values(KEPT.pages)].map(url => new Request(url, { credentials: "omit" }));
  event.waitUntil(caches.open(SHELL).then(async shell => {
    await shell.addAll(wanted);
    await Promise.allSettled(KEPT.fonts.map(url => shell.add(url)));   // whoever saves data is given none
    await skipWaiting();
  }));
});
addEventListener("activate", event => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (![SHELL, IMAGES, ORDERS].includes(name)) await caches.delete(name);
  await registration.navigationPreload?.enable();
  await clients.claim();
})()));

addEventListener("fetch", event => {
  const { method, mode, url } = event.request, { origin, pathname } = new URL(url);
  if (origin !== location.origin || AWAY.test(pathname)) return;
  if (method === "POST" && BYE.test(pathname)) event.waitUntil(caches.delete(ORDERS));
  if (method !== "GET") return;
  if (mode === "navigate") event.respondWith(page(event, pathname));
  else if (pathname.startsWith("/static/")) event.respondWith(file(event, SHELL));
  else if (pathname.startsWith("/media/")) event.respondWith(file(event, IMAGES));
});

addEventListener("push", event => {
  const { title, path, ...said } = event.data.json();   // by app/identity/push/telling.py
  event.waitUntil(registration.showNotification(title, { ...said, icon: KEPT.icon, data: path }));
});
addEventListener("pushsubscriptionchange", event => event.waitUntil((async () => {
  const { oldSubscription: old, newSubscription } = event;   // a browser that names neither is turned on anew by hand
  const now = newSubscription ?? (old && await registration.pushManager.subscribe(old.options));
  if (!old || !now) return;
  const { endpoint, keys } = now.toJSON(), body = new URLSearchParams({ old: old.endpoint, endpoint, ...keys });
  await fetch("/profilo/notifiche-browser/rinnovo", { method: "POST", redirect: "manual", body });
})()));
addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil((async () => {
    const wanted = new URL(event.notification.data, location).href;
    const open = (await clients.matchAll({ type: "window" })).find(({ url }) => url === wanted);
    await (open ? open.focus() : clients.openWindow(wanted));
  })());
});

async function page(event, pathname) {
  const late = new Promise(done => setTimeout(done, PATIENCE));
  const answer = await Promise.race([fresh(event), late]).catch(() => {});
  if (answer) return answer;
  const order = await found(ORDERS, event.request), pages = KEPT.pages;
  if (order && Date.now() - Date.parse(order.headers.get("date")) < LIFE) return order;
  return await found(SHELL, pages[pathname.split("/")[1]] ?? pages[""]) ?? Response.error();
}
async function fresh(event) {
  const answer = await event.preloadResponse ?? await fetch(event.request);
  // a private page says no-store; the order's says keep as well
  if (answer.ok && answer.headers.get("X-Offline") === "keep") keep(ORDERS, event, answer);
  else if (answer.status >= 400 && answer.status < 500) event.waitUntil(caches.open(ORDERS).then(kept => kept.delete(event.request, ANY)));
  return answer;
}
async function file(event, name) {
  const kept = await found(name, event.request);
  if (kept) return kept;
  const answer = await fetch(event.request);
  if (answer.status === 200 && !answer.headers.get("vary")?.includes("ECT")) keep(name, event, answer);   // not what came small, to save data
  return answer;
}
const found = async (name, request) => (await caches.open(name)).match(request, ANY);
function keep(name, event, answer) {
  const copy = answer.clone();
  event.waitUntil(caches.open(name).then(async cache => {
    await cache.put(event.request, copy);
    for (const key of (await cache.keys()).slice(0, -MOST[name] || 0)) await cache.delete(key, ANY);   // the oldest first
  }));
}
