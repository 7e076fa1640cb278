"""Why a try to pay on our page did not work, in words that say what to do next.

Codes: docs.stripe.com/declines/codes and /error-codes. A bank's reason that could help a thief is told as any other.
"""

from app.kernel.i18n import lazy_gettext as _l

DEFAULT = "declined"
UNAVAILABLE = "unavailable"
SENTENCES = {
    DEFAULT: _l("La banca ha rifiutato il pagamento. Prova con un’altra carta o con un altro modo di pagare."),
    "insufficient_funds": _l("Sulla carta non c’è abbastanza disponibilità. Prova con un’altra carta."),
    "expired_card": _l("La carta è scaduta. Prova con un’altra carta."),
    "incorrect_cvc": _l("Il codice di sicurezza della carta non è giusto. Controllalo e riprova."),
    "processing_error": _l("La banca non è riuscita a elaborare il pagamento. Riprova tra un minuto."),
    "payment_intent_authentication_failure": _l(
        "La banca non ha potuto verificare che sei tu. Riprova, oppure usa un’altra carta."
    ),
    UNAVAILABLE: _l("Il modulo di pagamento non risponde. Ricarica la pagina, oppure paga sulla pagina di Stripe."),
}


def reason(failure: str) -> str:
    """The key of the sentence for Stripe's code of a failure; "" for none."""
    return failure if failure in SENTENCES else DEFAULT if failure else ""
