"""The names of journals, and of how Stripe's events stand."""

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


def journal(kind: str) -> str:
    return str(JOURNALS.get(kind, kind))
