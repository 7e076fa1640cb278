"""The names of journals, findings and events."""

from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

JOURNALS = {
    "payment": _l("Pagamento"),
    "late_payment": _l("Pagamento arrivato tardi"),
    "late_refund": _l("Restituzione di un pagamento tardivo"),
    "late_refund_failed": _l("Rimborso tornato indietro"),
    "transfer": _l("Trasferimento al produttore"),
    "reversal": _l("Trasferimento ripreso"),
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
    "stripe_fee": _l("Costo di Stripe"),
    "payout": _l("Versamento in banca"),
    "payout_reversal": _l("Versamento tornato indietro"),
    "topup": _l("Ricarica dalla banca"),
}
EVENT_STATES = {
    "received": (_l("In attesa"), "warm"),
    "done": (_l("Fatto"), "good"),
    "ignored": (_l("Lasciato stare"), "plain"),
    "failed": (_l("Non riuscito"), "bad"),
}


def journal(kind: str) -> str:
    return str(JOURNALS.get(kind, kind))


def finding(what: str) -> str:
    """What a line of a report is about."""
    if what == "movement":
        return _("Stripe ha mosso denaro, il nostro libro no")
    if what == "journal":
        return _("Il nostro libro ha mosso denaro, Stripe no")
    return _("Le due somme non tornano")
