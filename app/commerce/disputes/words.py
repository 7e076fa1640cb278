"""The names of a dispute's states, reasons and fields."""

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

STATES = {
    "warning_needs_response": (_l("Richiesta della banca"), "warm"),
    "warning_under_review": (_l("Richiesta in esame"), "plain"),
    "warning_closed": (_l("Richiesta chiusa"), "good"),
    "needs_response": (_l("Aspetta risposta"), "bad"),
    "under_review": (_l("In esame"), "warm"),
    "prevented": (_l("Evitata"), "plain"),
    "won": (_l("Vinta"), "good"),
    "lost": (_l("Persa"), "bad"),
}
REASONS = {
    "bank_cannot_process": _l("La banca non può elaborare il pagamento"),
    "check_returned": _l("Assegno respinto"),
    "credit_not_processed": _l("Un rimborso promesso non è arrivato"),
    "customer_initiated": _l("Chiesta da chi ha pagato"),
    "debit_not_authorized": _l("Addebito non autorizzato"),
    "duplicate": _l("Pagato due volte"),
    "fraudulent": _l("Chi ha la carta non riconosce il pagamento"),
    "general": _l("Motivo generico"),
    "incorrect_account_details": _l("Dati del conto sbagliati"),
    "insufficient_funds": _l("Fondi insufficienti"),
    "noncompliant": _l("Regole del circuito non rispettate"),
    "product_not_received": _l("Il pacco non è arrivato"),
    "product_unacceptable": _l("Il prodotto non era come promesso"),
    "subscription_canceled": _l("Abbonamento disdetto"),
    "unrecognized": _l("Chi ha la carta non riconosce il nome del negozio"),
}
FILES = {
    "shipping_documentation": _l("Prova della spedizione o della consegna"),
    "customer_communication": _l("Messaggi con chi ha comprato"),
    "customer_signature": _l("Firma di chi ha ricevuto il pacco"),
    "receipt": _l("Ricevuta o conferma dell’ordine"),
    "refund_policy": _l("Condizioni di rimborso"),
    "cancellation_policy": _l("Condizioni di recesso"),
    "duplicate_charge_documentation": _l("Carte dell’altro pagamento, se sembra doppio"),
    "uncategorized_file": _l("Altro"),
}
OF_PRODUCERS = (
    "shipping_documentation", "customer_communication", "customer_signature", "receipt", "uncategorized_file",
)  # fmt: skip
BORNE = {
    "producer": _l("I produttori, ciascuno per la sua parte"),
    "shop": _l("Il negozio"),
    "buyer": _l("Nessuno: era parte di un acconto, e il resto è di chi ha comprato"),
}


def state(code: str) -> tuple[str, str]:
    """(name, tone); a state that Stripe invents later is shown in Stripe's word."""
    name, tone = STATES.get(code, (code, "plain"))
    return str(name), tone


def reason(code: str) -> str:
    return str(REASONS.get(code, REASONS["general"]))


def subject(state_: str, number: str) -> str:
    """What a mail about this state is called; `due` and `unsent` are of our answer (mails.py)."""
    if state_ == "due":
        return _("Contestazione: rispondi presto per %(number)s", number=number)
    if state_ == "unsent":
        return _("La risposta non è partita: %(number)s", number=number)
    if state_ == "won":
        return _("Contestazione vinta: %(number)s", number=number)
    if state_ == "lost":
        return _("Contestazione persa: %(number)s", number=number)
    if state_ in {"warning_closed", "prevented"}:
        return _("Contestazione chiusa: %(number)s", number=number)
    return _("Pagamento contestato: %(number)s", number=number)
