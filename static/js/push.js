// Notifications of this browser: the button stands where it can show them, and asks for leave only when it is pressed.
(() => {
  const part = document.querySelector("[data-push]");
  if (!part || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  const form = part.querySelector("[data-push-form]"), button = form.querySelector("button");
  const show = (name, shown) => {
    const piece = part.querySelector(`[data-push-${name}]`);
    piece.hidden = !shown;
    if (shown && piece.tabIndex === -1) piece.focus();   // so that it is read out
  };
  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), sign => sign.charCodeAt(0));
  const ours = bytes(part.dataset.push);
  const isOurs = ({ options: { applicationServerKey: key } }) => key && new Uint8Array(key).every((byte, at) => byte === ours[at]);
  show("none", false);
  show("form", true);

  const subscribe = async () => {
    const { pushManager } = await navigator.serviceWorker.ready;
    const before = await pushManager.getSubscription();
    if (before && !isOurs(before)) await before.unsubscribe();   // of a key that the shop has no more
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: ours });
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    show("failed", false);
    const isDenied = await Notification.requestPermission() === "denied";
    show("denied", isDenied);
    try {
      if (Notification.permission !== "granted") return;
      const { endpoint, keys } = (await subscribe()).toJSON();
      Object.entries({ endpoint, ...keys }).forEach(([name, value]) => { if (form.elements[name]) form.elements[name].value = value; });
      form.requestSubmit();
    } catch { show("failed", true); }
    finally { button.disabled = false; }
  });

  // Which one of the list is this? The list has digests, not addresses.
  (async () => {
    const registration = await navigator.serviceWorker.getRegistration("/");
    const known = await registration?.pushManager.getSubscription();
    if (!known) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(known.endpoint)));
    const name = [...digest].map(byte => byte.toString(16).padStart(2, "0")).join("");
    const row = document.querySelector(`[data-browser="${name}"]`);
    if (!row) return;
    row.querySelector("[data-push-here]").hidden = false;
    show("form", Notification.permission !== "granted");
  })();
})();
