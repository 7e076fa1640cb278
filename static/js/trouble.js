// When the shop does not answer, or answers with a failure: say it in words and offer to try again.
(() => {
  const box = document.getElementById("trouble");
  let source;
  const show = (text, ctx) => {
    source = ctx?.sourceElement;
    box.querySelector("[data-trouble-text]").textContent = text;
    box.hidden = false;
    document.getElementById("live").textContent = text;
  };
  const live = ctx => ctx?.sourceElement?.hasAttribute?.("hx-sse:connect");   // streams look after themselves

  document.addEventListener("htmx:error", event => {
    const { ctx, isOffline } = event.detail;
    if (!live(ctx)) show(isOffline ? box.dataset.offline : box.dataset.timeout, ctx);
  });
  document.addEventListener("htmx:response:error", event => {
    const { ctx } = event.detail, status = ctx.response.status;
    if (live(ctx) || status === 409 || status === 422) return;
    const page = new DOMParser().parseFromString(ctx.text ?? "", "text/html");   // our own error page knows how long to wait, and its number
    const said = [...page.querySelectorAll("[data-failure] [data-say]")].map(part => part.textContent.trim()).join(" ");
    show(said || box.dataset.refused, ctx);
  });
  document.addEventListener("htmx:before:request", event => { if (!live(event.detail.ctx)) box.hidden = true; });
  box.addEventListener("click", event => {
    if (!event.target.closest("[data-retry]")) return;
    box.hidden = true;
    if (!source?.isConnected) location.reload();
    else if (source.matches("form")) source.requestSubmit();
    else source.click();
  });
})();
