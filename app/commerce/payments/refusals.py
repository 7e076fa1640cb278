"""Why Stripe refused what we asked of it, or a bank sent money back: a sentence for staff that says what to do next.

Codes: docs.stripe.com/error-codes, docs.stripe.com/declines/codes, and failure_reason in docs.stripe.com/api/refunds.
What is kept with a row is Stripe's own answer, "code: text" or the code alone; pages show it in small print.
"""

import re

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

_CODE = re.compile(r"[a-z0-9_]+(?=: | |$)")
_OURS = _l("La richiesta non era come Stripe la vuole: è un guasto del programma. Dillo a chi lo cura.")
_ABSENT = _l("Stripe non trova ciò di cui si parla: di solito è un conto o un pagamento di un’altra chiave.")
_DISPUTED = _l("Chi ha pagato contesta questo pagamento alla sua banca: finché non decide, non si può restituire.")
_CARD_GONE = _l("La carta non c’è più: è scaduta, chiusa o bloccata. Dai il denaro in un altro modo.")
_NO_REASON = _l("Il denaro è tornato indietro e la banca non dice perché.")
_BANK_SAYS_NO = _l("La banca di chi ha pagato ha rifiutato, senza dire perché.")
_NO_BALANCE = _l("Sul saldo Stripe non c’è abbastanza denaro: riprova quando ne è arrivato dell’altro.")
_ACCOUNT = _l("Il conto Stripe del produttore non può ricevere denaro: guarda che cosa gli manca nei conti collegati.")
_NOT_HELD = _l("La banca non tiene più da parte l’importo: non si può addebitare.")
SENTENCES = {
    # refunds
    "charge_already_refunded": _l("Questo pagamento è già stato restituito per intero."),
    "charge_disputed": _DISPUTED,
    "refund_disputed_payment": _DISPUTED,
    "charge_for_pending_refund_disputed": _DISPUTED,
    "charge_not_refundable": _l("Stripe non può restituire questo pagamento: dai il denaro in un altro modo."),
    "amount_too_large": _l("È più di quanto questo pagamento permette ancora."),
    "amount_too_small": _l("L’importo è più piccolo di quello che Stripe sa muovere."),
    "expired_or_canceled_card": _CARD_GONE,
    "lost_or_stolen_card": _CARD_GONE,
    "declined": _BANK_SAYS_NO,
    "merchant_request": _l("Il rimborso è stato fermato su richiesta del negozio."),
    "unknown": _NO_REASON,
    "failed": _NO_REASON,
    "canceled": _l("È stato annullato dalla pagina di Stripe."),
    # the balance, and producers' accounts
    "balance_insufficient": _NO_BALANCE,
    "insufficient_funds": _NO_BALANCE,
    "insufficient_capabilities_for_transfer": _ACCOUNT,
    "transfers_not_allowed": _ACCOUNT,
    "account_invalid": _ACCOUNT,
    "account_closed": _l("Il conto Stripe del produttore è chiuso: deve collegarne un altro."),
    "no_account": _l("Il produttore non ha ancora un conto Stripe."),
    # charges
    "card_declined": _BANK_SAYS_NO,
    "generic_decline": _BANK_SAYS_NO,
    "do_not_honor": _BANK_SAYS_NO,
    "expired_card": _l("La carta di chi ha pagato è scaduta."),
    "processing_error": _l("La banca non è riuscita a elaborare la richiesta: riprova tra qualche minuto."),
    "charge_expired_for_capture": _NOT_HELD,
    "capture_charge_authorization_expired": _NOT_HELD,
    "capture_unauthorized_payment": _NOT_HELD,
    "payment_intent_unexpected_state": _l("Il pagamento nel frattempo è cambiato: guarda com’è adesso da Stripe."),
    # disputes
    "dispute_already_closed": _l("La contestazione è già chiusa: non si può più rispondere."),
    "dispute_evidence_submitted": _l("Alla contestazione si è già risposto: si può una volta sola."),
    "file_too_large": _l("Un file è troppo grande per Stripe."),
    "file_empty": _l("Un file è vuoto."),
    "invalid_file_type": _l("Stripe non prende un file di questo tipo."),
    # what only we can mend
    "resource_missing": _ABSENT,
    "no_intent": _ABSENT,
    "url_invalid": _OURS,
    "parameter_invalid": _OURS,
    "parameter_invalid_empty": _OURS,
    "parameter_invalid_integer": _OURS,
    "parameter_missing": _OURS,
    "parameter_unknown": _OURS,
}


def sentence(answer: str | None) -> str:
    """answer: as it is kept; "" for none. What we have no sentence for is said to stand below."""
    if not answer:
        return ""
    found = _CODE.match(answer)
    known = SENTENCES.get(found[0]) if found else None
    return str(known) if known else _("Stripe non ha accettato: ecco che cosa risponde.")


def told(answer: str) -> str:
    """The same with Stripe's own words after it, where there is one line for both."""
    return f"{sentence(answer)} {_('Stripe dice: %(why)s', why=answer)}"
