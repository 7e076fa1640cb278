// Our own payment page: Stripe's form within ours. Without it the page offers Stripe's own page by a plain button.
(() => {
  const form = document.querySelector("[data-pay]");
  if (!form) return;
  const { script, key, secret, back, locale, email, name, wallets } = form.dataset;
  const box = form.querySelector("[data-pay-error]"), button = form.querySelector("button");
  const opening = form.querySelector("[data-pay-opening]");
  let stripe, elements, paying = false;

  // One of the page's own sentences by Stripe's code, or what Stripe says of a field.
  const say = (code, text = "") => {
    const lines = [...box.querySelectorAll("[data-why]")];
    const line = lines.find(line => line.dataset.why === (text ? "" : code)) ?? lines[0];
    for (const one of lines) one.hidden = one !== line;
    if (text) line.textContent = text;
    box.hidden = false;
    box.focus();
  };
  const failed = () => { opening.hidden = true; say("unavailable"); };
  const tell = error => error.type === "validation_error" ? say("", error.message) : say(error.decline_code ?? error.code);
  // Paid in another tab, or over: our own page knows which.
  const isElsewhere = error => error.code === "payment_intent_unexpected_state"
    || ["succeeded", "processing", "requires_capture", "canceled"].includes(error.payment_intent?.status);

  const open = () => {
    const dark = document.documentElement.dataset.scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    stripe = Stripe(key, { locale });
    elements = stripe.elements({ clientSecret: secret, appearance: { theme: dark === "dark" ? "night" : "stripe" } });
    const element = elements.create("payment", { wallets: JSON.parse(wallets), defaultValues: { billingDetails: { email, name } } });
    element.on("ready", () => { opening.hidden = true; button.disabled = false; });
    element.on("loaderror", failed);
    element.mount(form.querySelector("[data-pay-element]"));
  };
  const pay = async () => {
    const { error: missing } = await elements.submit();
    if (missing) return tell(missing);
    const asked = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request": "true" } });
    const elsewhere = asked.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    if (!asked.ok) return say("unavailable");
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: back } });
    if (error && isElsewhere(error)) location.assign(back);
    else if (error) tell(error);
  };
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (paying || !elements) return;
    paying = true;
    box.hidden = true;
    try { await pay(); } catch { failed(); } finally {
      paying = false;   // and the button is free again: app.js
      document.dispatchEvent(new CustomEvent("htmx:finally:request", { detail: { ctx: { sourceElement: form } } }));
    }
  });

  form.hidden = false;
  button.disabled = true;
  const loaded = document.createElement("script");
  loaded.addEventListener("load", open);
  loaded.addEventListener("error", failed);
  loaded.src = script;
  document.head.append(loaded);
})();
