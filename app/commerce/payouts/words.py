"""The names of a payout's states, why one came back, and what is being done about it."""

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

PAYOUTS = {
    "pending": (_l("In partenza"), "plain"),
    "in_transit": (_l("In viaggio"), "plain"),
    "paid": (_l("In banca"), "good"),
    "failed": (_l("Tornato indietro"), "bad"),
    "canceled": (_l("Annullato"), "warm"),
}
# The codes are those that docs.stripe.com/api/payouts/failures names.
FAILURES = {
    "account_closed": _l("Il conto in banca è chiuso."),
    "account_frozen": _l("Il conto in banca è bloccato."),
    "bank_account_restricted": _l("Il conto in banca ha delle limitazioni."),
    "bank_ownership_changed": _l("Il conto in banca ha cambiato proprietario."),
    "could_not_process": _l("La banca non è riuscita a eseguire il versamento."),
    "debit_not_authorized": _l("La banca non autorizza gli addebiti su questo conto."),
    "declined": _l("La banca ha rifiutato il versamento."),
    "expired": _l("Il versamento è scaduto."),
    "incorrect_account_holder_name": _l("Il nome del titolare non è quello del conto."),
    "incorrect_account_holder_tax_id": _l("Il codice fiscale del titolare non è quello del conto."),
    "insufficient_funds": _l("Sul saldo Stripe non c’era abbastanza denaro."),
    "invalid_account_number": _l("L’IBAN non è giusto."),
    "invalid_currency": _l("Il conto in banca non prende questa valuta."),
    "no_account": _l("In banca non c’è un conto con questo IBAN."),
    "unsupported_card": _l("La carta non prende versamenti."),
}


def payout(state: str) -> tuple[str, str]:
    """(name, tone); a state that Stripe invents later is shown in Stripe's word."""
    name, tone = PAYOUTS.get(state, (state, "plain"))
    return str(name), tone


def failure(reason: str | None) -> str:
    """Why it came back; a reason that we have no sentence for is shown as Stripe gave it."""
    return str(FAILURES.get(reason, reason)) if reason else ""


def being_done(state: str, again: str | None, *, pays_out: bool | None) -> str:
    """What is being done about one that came back. again, pays_out: as of overview.Returned."""
    if again == "paid":
        return _("Il versamento dopo è arrivato in banca.")
    if again in {"pending", "in_transit"}:
        return _("Ne è già partito un altro.")
    if state == "canceled":
        return _("Annullato prima di partire: il denaro è sul suo conto Stripe e parte con il prossimo versamento.")
    if pays_out is False:
        return _("Abbiamo scritto al produttore. Il denaro è sul suo conto Stripe e riparte quando corregge l’IBAN.")
    return _("Abbiamo scritto al produttore. Il denaro è sul suo conto Stripe: parte con il prossimo versamento.")
