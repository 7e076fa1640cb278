// Stands in for Stripe.js and its Payment Element: the same calls, no card form. It says so, and asks how paying shall end.
(() => {
  const base = document.currentScript.src.replace(/\/stripe\.js.*$/, "");
  const WORDS = {
    it: {
      note: "Modulo di prova, non quello di Stripe: non si muove denaro e nessuna carta viene addebitata.", choose: "Come deve finire il pagamento?",
      missing: "Scegli come deve finire il pagamento.", pay: "Carta accettata", "pay-3ds": "Carta con verifica 3-D Secure", decline: "Carta rifiutata",
      "no-funds": "Carta senza disponibilità", leave: "Me ne vado senza pagare", declined: "La carta è stata rifiutata.",
    },
    en: {
      note: "Test form, not Stripe’s own: no money moves and no card is charged.", choose: "How should this payment end?",
      missing: "Choose how this payment should end.", pay: "Card accepted", "pay-3ds": "Card with 3-D Secure", decline: "Card declined",
      "no-funds": "Card without funds", leave: "Go away without paying", declined: "The card was declined.",
    },
    de: {
      note: "Testformular, nicht das von Stripe: Es fließt kein Geld, keine Karte wird belastet.", choose: "Wie soll die Zahlung ausgehen?",
      missing: "Bitte wählen Sie, wie die Zahlung ausgehen soll.", pay: "Karte angenommen", "pay-3ds": "Karte mit 3-D Secure", decline: "Karte abgelehnt",
      "no-funds": "Karte ohne Deckung", leave: "Ohne zu zahlen weggehen", declined: "Die Karte wurde abgelehnt.",
    },
    fr: {
      note: "Formulaire d’essai, pas celui de Stripe : aucun argent ne bouge, aucune carte n’est débitée.", choose: "Comment ce paiement doit-il finir ?",
      missing: "Choisissez comment ce paiement doit finir.", pay: "Carte acceptée", "pay-3ds": "Carte avec 3-D Secure", decline: "Carte refusée",
      "no-funds": "Carte sans provision", leave: "Partir sans payer", declined: "La carte a été refusée.",
    },
  };
  const CARDS = {
    pay: "pm_card_visa", "pay-3ds": "pm_card_threeDSecure2Required", decline: "pm_card_chargeDeclined",
    "no-funds": "pm_card_chargeDeclinedInsufficientFunds", leave: "",
  };
  const made = (name, text = "", style = {}) => {
    const element = document.createElement(name);
    element.textContent = text;
    Object.assign(element.style, style);   // by script, since the shop's policy allows no style attribute
    return element;
  };
  const gone = () => new Promise(() => {});   // the browser is leaving

  window.Stripe = (key, { locale = "it" } = {}) => {
    const words = WORDS[locale] ?? WORDS.en;
    const ask = async (path, options) => {
      const answer = await fetch(`${base}/v1/payment_intents/${path}`, { ...options, headers: { authorization: `Bearer ${key}` } });
      return answer.json();
    };
    const id = secret => secret.split("_secret_")[0];

    const elements = ({ clientSecret }) => {
      const chosen = () => box.querySelector("input:checked")?.value;
      const box = made("fieldset", "", { border: "1px dashed", borderRadius: ".5rem", padding: "1rem", minInlineSize: 0 });
      box.append(made("legend", words.choose), made("p", words.note, { fontSize: ".875em" }));
      for (const choice of Object.keys(CARDS)) {
        const label = made("label", "", { display: "flex", gap: ".75rem", alignItems: "center", minBlockSize: "2.75rem" });
        const radio = made("input");
        Object.assign(radio, { type: "radio", name: "stand-in", value: choice, id: `stand-in-${choice}` });
        label.append(radio, made("span", words[choice]));
        box.append(label);
      }
      const listeners = {};
      const element = {
        on(event, listener) { (listeners[event] ??= []).push(listener); return element; },
        mount(where) {
          (typeof where === "string" ? document.querySelector(where) : where).replaceChildren(box);
          setTimeout(() => listeners.ready?.forEach(listener => listener({ elementType: "payment" })));
        },
        unmount() { box.remove(); },
        destroy() { box.remove(); },
      };
      return {
        clientSecret,
        chosen,
        create: () => element,
        submit: async () => chosen() ? {} : { error: { type: "validation_error", code: "incomplete", message: words.missing } },
      };
    };
    const back = (url, secret, status) => {
      const to = new URL(url);
      for (const [name, value] of [["payment_intent", id(secret)], ["payment_intent_client_secret", secret], ["redirect_status", status]]) to.searchParams.set(name, value);
      location.assign(to);
      return gone();
    };
    const confirmPayment = async ({ elements: form, confirmParams }) => {
      const { error: missing } = await form.submit();
      if (missing) return { error: missing };
      const { clientSecret } = form, { return_url } = confirmParams;
      if (form.chosen() === "leave") return back(return_url, clientSecret, "failed");
      const body = new URLSearchParams({ client_secret: clientSecret, payment_method: CARDS[form.chosen()], return_url });
      const answer = await ask(`${id(clientSecret)}/confirm`, { method: "POST", body });
      if (answer.error) return { error: { ...answer.error, message: answer.error.type === "card_error" ? words.declined : answer.error.message } };
      if (answer.status !== "requires_action") return back(return_url, clientSecret, "succeeded");
      location.assign(answer.next_action.redirect_to_url.url);
      return gone();
    };
    const retrievePaymentIntent = async secret => {
      const answer = await ask(`${id(secret)}?${new URLSearchParams({ client_secret: secret })}`);
      return answer.error ? { error: answer.error } : { paymentIntent: answer };
    };
    return { elements, confirmPayment, retrievePaymentIntent };
  };
})();
