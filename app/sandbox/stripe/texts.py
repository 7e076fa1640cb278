"""What the pages of the stand-in say, in the languages of the shop."""

LANGUAGES = ("it", "en", "de", "fr")

TEXTS: dict[str, dict[str, str]] = {
    "it": {
        "title": "Pagamento di prova",
        "test": "Pagina di prova: non si muove denaro, nessuna carta viene addebitata.",
        "pay_to": "Paghi a",
        "total": "Totale",
        "discount": "Sconto",
        "shipping": "Spedizione",
        "lines": "Il tuo ordine",
        "choose": "Come deve finire il pagamento?",
        "pay": "Paga {amount}",
        "pay_3ds": "Paga con verifica 3-D Secure",
        "decline": "Fai rifiutare la carta",
        "leave": "Torna al negozio senza pagare",
        "declined": "La carta è stata rifiutata. Scegli di nuovo.",
        "unverified": "La verifica non è riuscita. Scegli di nuovo.",
        "bank": "Verifica della banca (prova)",
        "bank_asks": "La banca chiede di confermare questo pagamento di {amount}.",
        "confirm": "Conferma il pagamento",
        "fail": "Fai fallire la verifica",
        "paid": "Questo ordine è già stato pagato",
        "paid_more": "Non serve pagare di nuovo.",
        "expired": "Il tempo per pagare è scaduto",
        "expired_more": "Nulla è stato addebitato: riparti dal negozio.",
        "back": "Torna al negozio",
        "absent": "Questa pagina di pagamento non esiste",
        "absent_more": "Controlla l’indirizzo o riparti dal negozio.",
        "onboard": "Registrazione di prova",
        "onboard_more": "Qui un produttore darebbe a Stripe dati e IBAN. In prova basta confermare.",
        "onboard_do": "Completa la registrazione",
        "onboard_half": "Fai mancare un documento",
        "onboard_skip": "Esci senza completare",
        "quantity": "Quantità",
    },
    "en": {
        "title": "Test payment",
        "test": "Test page: no money moves and no card is charged.",
        "pay_to": "Paying",
        "total": "Total",
        "discount": "Discount",
        "shipping": "Shipping",
        "lines": "Your order",
        "choose": "How should this payment end?",
        "pay": "Pay {amount}",
        "pay_3ds": "Pay with 3-D Secure",
        "decline": "Have the card declined",
        "leave": "Back to the shop without paying",
        "declined": "The card was declined. Choose again.",
        "unverified": "The verification failed. Choose again.",
        "bank": "Bank verification (test)",
        "bank_asks": "The bank asks you to confirm this payment of {amount}.",
        "confirm": "Confirm the payment",
        "fail": "Fail the verification",
        "paid": "This order is already paid",
        "paid_more": "There is no need to pay again.",
        "expired": "The time to pay is over",
        "expired_more": "Nothing was charged: start again from the shop.",
        "back": "Back to the shop",
        "absent": "This payment page does not exist",
        "absent_more": "Check the address, or start again from the shop.",
        "onboard": "Test onboarding",
        "onboard_more": "Here a producer would give Stripe their details and IBAN. In the test, confirming is enough.",
        "onboard_do": "Complete onboarding",
        "onboard_half": "Leave a document missing",
        "onboard_skip": "Leave without completing",
        "quantity": "Quantity",
    },
    "de": {
        "title": "Testzahlung",
        "test": "Testseite: Es fließt kein Geld, keine Karte wird belastet.",
        "pay_to": "Zahlung an",
        "total": "Gesamt",
        "discount": "Rabatt",
        "shipping": "Versand",
        "lines": "Deine Bestellung",
        "choose": "Wie soll die Zahlung ausgehen?",
        "pay": "{amount} bezahlen",
        "pay_3ds": "Mit 3-D Secure bezahlen",
        "decline": "Karte ablehnen lassen",
        "leave": "Ohne Zahlung zurück zum Shop",
        "declined": "Die Karte wurde abgelehnt. Bitte wähle erneut.",
        "unverified": "Die Bestätigung ist fehlgeschlagen. Bitte wähle erneut.",
        "bank": "Bestätigung der Bank (Test)",
        "bank_asks": "Die Bank bittet um Bestätigung dieser Zahlung über {amount}.",
        "confirm": "Zahlung bestätigen",
        "fail": "Bestätigung scheitern lassen",
        "paid": "Diese Bestellung ist bereits bezahlt",
        "paid_more": "Du musst nicht noch einmal zahlen.",
        "expired": "Die Zeit zum Bezahlen ist abgelaufen",
        "expired_more": "Es wurde nichts belastet: Beginne im Shop von vorn.",
        "back": "Zurück zum Shop",
        "absent": "Diese Zahlungsseite gibt es nicht",
        "absent_more": "Prüfe die Adresse oder beginne im Shop von vorn.",
        "onboard": "Testregistrierung",
        "onboard_more": "Hier gäbe ein Erzeuger Stripe seine Daten und die IBAN. Im Test genügt die Bestätigung.",
        "onboard_do": "Registrierung abschließen",
        "onboard_half": "Ein Dokument fehlen lassen",
        "onboard_skip": "Ohne Abschluss verlassen",
        "quantity": "Menge",
    },
    "fr": {
        "title": "Paiement de test",
        "test": "Page de test : aucun argent ne circule, aucune carte n’est débitée.",
        "pay_to": "Paiement à",
        "total": "Total",
        "discount": "Remise",
        "shipping": "Livraison",
        "lines": "Votre commande",
        "choose": "Comment ce paiement doit-il finir ?",
        "pay": "Payer {amount}",
        "pay_3ds": "Payer avec 3-D Secure",
        "decline": "Faire refuser la carte",
        "leave": "Revenir à la boutique sans payer",
        "declined": "La carte a été refusée. Choisissez à nouveau.",
        "unverified": "La vérification a échoué. Choisissez à nouveau.",
        "bank": "Vérification de la banque (test)",
        "bank_asks": "La banque demande de confirmer ce paiement de {amount}.",
        "confirm": "Confirmer le paiement",
        "fail": "Faire échouer la vérification",
        "paid": "Cette commande est déjà payée",
        "paid_more": "Inutile de payer à nouveau.",
        "expired": "Le délai de paiement est dépassé",
        "expired_more": "Rien n’a été débité : recommencez depuis la boutique.",
        "back": "Revenir à la boutique",
        "absent": "Cette page de paiement n’existe pas",
        "absent_more": "Vérifiez l’adresse ou recommencez depuis la boutique.",
        "onboard": "Inscription de test",
        "onboard_more": "Ici un producteur donnerait à Stripe ses données et son IBAN. En test, confirmer suffit.",
        "onboard_do": "Terminer l’inscription",
        "onboard_half": "Laisser manquer un document",
        "onboard_skip": "Quitter sans terminer",
        "quantity": "Quantité",
    },
}
_SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "chf": "CHF", "jpy": "¥"}
_WHOLE = ("jpy", "krw", "vnd", "clp")  # docs.stripe.com/currencies#zero-decimal, the commonest


def language_of(locale: str | None, accepted: str = "") -> str:
    """The Session's locale, else the browser's first language that we have, else Italian."""
    wanted = [] if locale in (None, "auto") else [locale or ""]
    wanted += [part.split(";")[0].strip() for part in accepted.split(",")]
    return next((code[:2].lower() for code in wanted if code[:2].lower() in LANGUAGES), "it")


def money(amount: int, currency: str, language: str) -> str:
    """1234 eur to "12,34 €", or "€12.34" in English. amount: the smallest unit."""
    symbol = _SYMBOLS.get(currency, currency.upper())
    digits = 0 if currency in _WHOLE else 2
    plain = f"{abs(amount) / 10**digits:,.{digits}f}"
    sign = "−" if amount < 0 else ""
    if language == "en":
        return f"{sign}{symbol}{plain}"
    thousands = "\u202f" if language == "fr" else "."
    plain = plain.replace(",", "\0").replace(".", ",").replace("\0", thousands)
    return f"{sign}{plain}\u00a0{symbol}"
