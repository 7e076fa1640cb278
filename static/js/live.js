// A live stream whose first connection failed is never tried again by htmx 4: do it here, slower each time.
// Load before htmx. The element: hx-sse:connect="…" hx-trigger="load, sse-retry" hx-status:4xx="swap:none" hx-status:5xx="swap:none"
(() => {
  let failures = 0;
  const again = event => {
    const { sourceElement: element, response } = event.detail?.ctx ?? {};
    if (!element?.hasAttribute?.("hx-sse:connect") || response?.status === 401 || response?.status === 403) return;
    failures++;
    const pause = Math.min(60000, 500 * 2 ** failures) * (0.7 + Math.random() * 0.6);
    setTimeout(() => element.isConnected && htmx.trigger(element, "sse-retry"), pause);
  };
  if (!navigator.onLine) document.dispatchEvent(new CustomEvent("htmx:error", { detail: {} }));   // a kept page: trouble.js says so
  document.addEventListener("htmx:response:error", again);
  document.addEventListener("htmx:error", again);
  document.addEventListener("htmx:sse:after:connection", () => { failures = 0; });
})();
