"""The names of journals, and of Stripe's events: what they are about, how they stand, and what became of them."""

from collections.abc import Mapping

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

JOURNALS = {
    "payment": _l("Pagamento"),
    "deposit": _l("Acconto"),
    "deposit_back": _l("Acconto da restituire"),
    "late_payment": _l("Pagamento arrivato tardi"),
    "late_refund": _l("Restituzione di un pagamento tardivo"),
    "late_refund_failed": _l("Rimborso tornato indietro"),
    "late_by_hand": _l("Rimborso fatto a mano"),
    "transfer": _l("Trasferimento al produttore"),
    "reversal": _l("Trasferimento ripreso"),
    "application_fee": _l("Trattenuta della piattaforma"),
    "late_transfer": _l("Trasferimento al produttore"),
    "late_fee": _l("Trattenuta della piattaforma"),
    "late_reversal": _l("Trasferimento ripreso"),
    "netting": _l("Compensazione"),
    "refund": _l("Rimborso"),
    "refund_sent": _l("Rimborso partito"),
    "refund_by_hand": _l("Rimborso fatto a mano"),
    "credit_sale": _l("Credito venduto"),
    "credit_adjusted": _l("Credito corretto"),
    "credit_expired": _l("Credito scaduto"),
    "credit_refund": _l("Rimborso di un acquisto di credito"),
    "credit_refund_sent": _l("Rimborso partito"),
    "credit_refund_failed": _l("Rimborso tornato indietro"),
    "credit_refund_by_hand": _l("Rimborso fatto a mano"),
    "points_converted": _l("Punti diventati credito"),
    "refund_failed": _l("Rimborso tornato indietro"),
    "dispute": _l("Contestazione"),
    "dispute_lost": _l("Contestazione persa"),
    "late_lost": _l("Contestazione persa"),
    "credit_voided": _l("Credito annullato dopo una contestazione"),
    "credit_back": _l("Credito restituito"),
    "credit_gift": _l("Credito dato dal negozio"),
    "adjustment": _l("Rettifica spiegata"),
    "stripe_fee": _l("Costo di Stripe"),
    "payout": _l("Versamento in banca"),
    "payout_reversal": _l("Versamento tornato indietro"),
    "topup": _l("Ricarica dalla banca"),
    "topup_reversal": _l("Ricarica tornata indietro"),
}
EVENT_STATES = {
    "received": (_l("In attesa"), "warm"),
    "done": (_l("Fatto"), "good"),
    "ignored": (_l("Lasciato stare"), "plain"),
    "failed": (_l("Non riuscito"), "bad"),
}
# By the beginning of its type; the longest that fits.
EVENT_KINDS = {
    "checkout.session.": _l("Pagina di pagamento"),
    "payment_intent.": _l("Pagamento"),
    "charge.": _l("Addebito"),
    "charge.dispute.": _l("Contestazione"),
    "charge.refund.": _l("Rimborso"),
    "refund.": _l("Rimborso"),
    "transfer.": _l("Trasferimento al produttore"),
    "payout.": _l("Versamento in banca"),
    "account.": _l("Conto di un produttore"),
}
# What handlers of events return, and webhooks.py notes itself; kept as these words, told in the reader's language.
UNHANDLED, ELSEWHERE, NOTHING, FAULT = "unhandled", "elsewhere", "nothing", "fault:"
_OF_ALL: Mapping[str, object] = {
    UNHANDLED: _l("Di questo tipo non ci occupiamo."),
    ELSEWHERE: _l("Riguarda un altro negozio."),
    NOTHING: _l("Non c’era niente da fare."),
    "paid": _l("Il pagamento è arrivato."),
    "late": _l("Pagato troppo tardi: il denaro torna indietro."),
    "processing": _l("La banca ci sta ancora lavorando."),
    "authorized": _l("Autorizzato: si addebita quando è pesato."),
    "open": _l("Si può ancora pagare."),
    "over": _l("Nessuno può più pagarlo."),
    "looked": _l("Autorizzazione controllata."),
    "ready": _l("Il conto è pronto."),
    "not ready": _l("Al conto manca ancora qualcosa."),
}
# By the beginning of a type; the first that fits.
_OF_KIND: Mapping[str, Mapping[str, object]] = {
    "charge.dispute.": {
        "warning_needs_response": _l("La banca chiede spiegazioni."),
        "warning_under_review": _l("La richiesta della banca è in esame."),
        "warning_closed": _l("La richiesta della banca è chiusa."),
        "needs_response": _l("La contestazione aspetta risposta."),
        "under_review": _l("La contestazione è in esame."),
        "prevented": _l("La contestazione è stata evitata."),
        "won": _l("La contestazione è vinta."),
        "lost": _l("La contestazione è persa."),
    },
    "refund.": {
        "planned": _l("Il rimborso aspetta di partire."),
        "sending": _l("Il rimborso è in viaggio."),
        "sent": _l("Il rimborso è partito."),
        "failed": _l("Il rimborso è tornato indietro."),
        "late": _l("È tornato indietro il rimborso di un pagamento tardivo."),
    },
    "transfer.reversed": {
        "sent": _l("Il trasferimento è stato ripreso, in parte o tutto."),
    },
    "transfer.": {
        "due": _l("Il trasferimento aspetta di partire."),
        "sending": _l("Il trasferimento sta partendo."),
        "sent": _l("Il trasferimento è partito."),
        "failed": _l("Stripe ha rifiutato il trasferimento."),
        "cancelled": _l("Non c’è più niente da trasferire."),
    },
    "payout.": {
        "pending": _l("Il versamento sta partendo."),
        "in_transit": _l("Il versamento è in viaggio."),
        "paid": _l("Il versamento è in banca."),
        "failed": _l("Il versamento è tornato indietro."),
        "canceled": _l("Il versamento è stato annullato."),
    },
}


def event_kind(type_: str) -> str:
    """What an event is about; its type itself where we have no word for it."""
    known = [prefix for prefix in EVENT_KINDS if type_.startswith(prefix)]
    return str(EVENT_KINDS[max(known, key=len)]) if known else type_


def event_note(type_: str, note: str) -> str:
    """What became of an event. A word that we do not know is shown as it is; older rows have Italian sentences."""
    if note.startswith(FAULT):
        return _("Non riuscito: %(fault)s", fault=note.removeprefix(FAULT))
    about = "refund." if type_.startswith("charge.refund.") else type_
    own = next((words for prefix, words in _OF_KIND.items() if about.startswith(prefix)), {})
    known = {**_OF_ALL, **own}
    if note in known:
        return str(known[note])
    return " ".join(str(known.get(word, word)) for word in note.split(", "))


def journal(kind: str) -> str:
    return str(JOURNALS.get(kind, kind))
